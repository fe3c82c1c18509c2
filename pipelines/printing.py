"""What the command line prints: frames as table, CSV or JSON; alerts, reports and file checks."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assets.workspace import Run, Workspace
from data_contracts.errors import StagewatchError
from data_contracts.settings import load_settings
from queries.table_files import machine_csv_to, machine_json

ALERTS = """
    select alert_key, status, severity, rule, opened_at, due_at, recipient_name, city, amount, {title} as title
    from ops.alerts
    where status in ('open', 'acknowledged', 'answered', 'snoozed')
      and ($recipient is null or recipient_id = $recipient) and ($rule is null or rule = $rule)
    order by case severity when 'high' then 1 when 'medium' then 2 else 3 end, opened_at, alert_key"""


def ask_interruptibly(published: Path, statement: str, *, limit: int, timeout: float) -> pl.DataFrame:
    """The rows of a person's statement. Ctrl-C stops it at once: DuckDB would not hear it in the main thread."""
    from queries.snapshot import open_snapshot

    with open_snapshot(published) as snapshot, ThreadPoolExecutor(1) as thread:
        answer = thread.submit(snapshot.sql_text, statement, limit=limit, timeout=timeout)
        try:
            while not wait([answer], timeout=0.2).done:  # without a timeout Windows would not hear it either
                pass
        except KeyboardInterrupt:
            while not wait([answer], timeout=0.1).done:
                snapshot.interrupt()
            raise
        return answer.result()


def print_frame(frame: pl.DataFrame, format: str) -> None:
    """Print a frame on stdout. Whoever reads it may stop reading, as `head` does."""
    try:
        if format == "csv":
            machine_csv_to(sys.stdout, frame.columns, frame.iter_rows())
        elif format == "json":
            print(json.dumps([machine_json(row) for row in frame.iter_rows(named=True)], ensure_ascii=False))
        else:
            print(_as_table(frame))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_table(frame: pl.DataFrame) -> str:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, type_ in frame.schema.items():
        table.add_column(Text(name), justify="right" if type_.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    is_terminal = sys.stdout.isatty()
    page = Console(file=StringIO(), force_terminal=is_terminal, width=None if is_terminal else 200)
    page.print(table)
    assert isinstance(page.file, StringIO)
    return page.file.getvalue().rstrip("\n")


def open_alerts(root: Path, *, recipient: str | None, rule: str | None) -> pl.DataFrame:
    """The open alerts of the snapshot, in the workspace's language."""
    from queries.snapshot import open_snapshot

    settings = load_settings(root)
    title = "title_zh" if settings.language == "zh-CN" else "title_en"
    with open_snapshot(root / "published") as snapshot:
        return snapshot.query(ALERTS.format(title=title), {"recipient": recipient, "rule": rule})


def review_list(root: Path, what: str | None) -> pl.DataFrame:
    """What the snapshot has for a person to settle, the most wanted first."""
    from queries.lists import review
    from queries.snapshot import open_snapshot

    load_settings(root)
    with open_snapshot(root / "published") as snapshot:
        return review(snapshot, what)


def report_files(root: Path, week: str | None) -> list[Path]:
    """The files of one week's report, the latest by default."""
    load_settings(root)
    files = [p for p in Workspace(root).reports.glob("*-W*.*") if re.match(r"\d{4}-W\d\d\.", p.name)]
    wanted = week or max((p.name[:8] for p in files), default="")
    chosen = sorted(p for p in files if p.name.startswith(f"{wanted}."))
    if not wanted or not chosen:
        have = ", ".join(sorted({p.name[:8] for p in files}))
        remedy = f"there are: {have}" if have else "`stagewatch run` writes that of the last complete week"
        raise StagewatchError(f"there is no report of {wanted or 'any week'}", remedy=remedy)
    return chosen


def print_check(files: Sequence[Path], root: Path, as_json: bool) -> bool:
    """Print what would happen to files sent together; True where all of them would be accepted whole."""
    from assets.landing.check import check_files

    checks = check_files(files, Run.of(root, run_id="check", now=datetime.now(UTC)))
    if as_json:
        found = [asdict(check) for check in checks]
        print(json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, default=str, indent=2))
    else:
        print("\n\n".join(check.text() for check in checks))
    return all(check.is_clean for check in checks)
