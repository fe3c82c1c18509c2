"""The report's step of a run: the last complete week, and any week that was missed since the last report.

The latest week's files are written anew by every run until the week after has ended, so they tell what was known
at the run's as-of time, which they show; those of earlier weeks are left as they are.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from assets.files import write_atomically
from assets.reports.data import last_complete_week, report_data
from assets.reports.html import render_html
from assets.reports.reading import ask
from assets.reports.workbook import write_xlsx
from assets.workspace import Run
from data_contracts.texts import LANGUAGES

# After a longer downtime older weeks are not made up: nobody waits for them, and what is `now` is not theirs.
MOST_MISSED = 8
# The file of a week that is written last: a run that died before it wrote the week in part.
LAST_FILE = re.compile(rf"(\d{{4}})-W(\d\d)\.{re.escape(LANGUAGES[-1])}\.xlsx")


def build_reports(con: duckdb.DuckDBPyConnection, run: Run) -> list[Path]:
    """Write the reports that are due into reports/; their files, the latest week's last. None without data."""
    run.workspace.reports.mkdir(parents=True, exist_ok=True)
    return [path for week in weeks_due(con, run) for path in write_report(con, run, week)]


def write_report(con: duckdb.DuckDBPyConnection, run: Run, week: date) -> list[Path]:
    """One week's report in both languages, HTML and XLSX."""
    report = report_data(con, run, week)
    files = []
    for language in LANGUAGES:
        page, book = (run.workspace.reports / f"{report.name}.{language}.{ending}" for ending in ("html", "xlsx"))
        write_atomically(page, render_html(report, language))
        write_xlsx(report, book, language)
        files += [page, book]
    return files


def weeks_due(con: duckdb.DuckDBPyConnection, run: Run) -> list[date]:
    """The last complete week before as-of, and before it those missed since the last report; none before the data."""
    zone = ZoneInfo(run.settings.timezone)
    latest = last_complete_week(run.as_of, zone)
    (performance,) = ask(con, "performance", weeks=[latest], cohort_days=1)
    first_entry = performance["first_entry_at"]
    if first_entry is None:
        return []
    there = [week for week in weeks_there(run.workspace.reports) if week < latest]
    oldest = max(latest - timedelta(weeks=MOST_MISSED), max(there) + timedelta(weeks=1)) if there else latest
    weeks = [oldest + timedelta(weeks=n) for n in range((latest - oldest).days // 7 + 1)]
    return [week for week in weeks if week + timedelta(weeks=1) > first_entry.astimezone(zone).date()]


def weeks_there(folder: Path) -> list[date]:
    """The weeks whose report lies whole in the folder."""
    matches = (LAST_FILE.fullmatch(path.name) for path in folder.iterdir())
    return sorted(date.fromisocalendar(int(m[1]), int(m[2]), 1) for m in matches if m)
