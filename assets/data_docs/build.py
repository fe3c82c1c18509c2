"""The pages that show what every contract promises and what the run found: one index, and one page a table.

Static HTML in both languages under `reports/data_docs/`: no script, no request to anywhere, everything that comes
from data or contracts escaped by Jinja. Made anew in every run and swapped in as a whole, also in a run that stops
because a mart is broken: that is when they are needed. (Great Expectations' own pages load scripts from elsewhere and
print cell values unescaped.)
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import duckdb
from jinja2 import Environment, FunctionLoader, StrictUndefined

from assets.workspace import Run
from data_contracts.contract import Contract, load_contract, names
from data_contracts.safe_cells import clean_text
from data_contracts.texts import Language, Texts

Outcome = Literal["passed", "warned", "failed", "not_run"]
OUTCOMES: tuple[Outcome, ...] = ("not_run", "failed", "warned", "passed")
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
MOST_PLACES = 20
MOST_RUNS = 30


@dataclass(frozen=True)
class Result:
    """What one rule said: rows that break it (None: not counted), where the first stand, or why it could not run."""

    rule_id: str
    column: str | None
    severity: str
    outcome: Outcome
    count: int | None
    places: tuple[dict[str, Any], ...]
    error: str
    text_zh: str
    text_en: str

    def text(self, language: Language) -> str:
        return self.text_zh if language == "zh-CN" else self.text_en


@dataclass(frozen=True)
class Page:
    """One table's page. `runs`: (as-of, rows, rules, failed, warned, errors), the newest first."""

    contract: Contract
    results: tuple[Result, ...]
    runs: tuple[tuple[Any, ...], ...]

    @property
    def file(self) -> str:
        return f"{self.contract.table}.html"

    @property
    def rows(self) -> int | None:
        return self.runs[0][1] if self.runs else None

    def count(self, outcome: Outcome) -> int:
        """How many rules came out so."""
        return sum(r.outcome == outcome for r in self.results)

    @property
    def worst(self) -> Outcome:
        return next((o for o in OUTCOMES if self.count(o)), "passed")


def build_data_docs(con: duckdb.DuckDBPyConnection, run: Run) -> dict[str, int]:
    """Write the pages of both languages; how many."""
    pages = read_pages(con)
    sources = dict(con.execute("select file_id, name from landing.files").fetchall())
    target = run.workspace.reports / "data_docs"
    fresh, old = target.with_name(".data_docs.part"), target.with_name(".data_docs.old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    count = 0
    for language in LANGUAGES:
        (fresh / language).mkdir(parents=True)
        for name, text in render(pages, sources, run.as_of, ZoneInfo(run.settings.timezone), language).items():
            (fresh / language / name).write_text(text, encoding="utf-8")
            count += 1
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return {"pages": count}


def read_pages(con: duckdb.DuckDBPyConnection) -> list[Page]:
    """Every contract with its results and runs, sources before marts."""
    results: dict[str, list[Result]] = {}
    for table, *row in con.execute(
        "select table_name, rule_id, column_name, severity, success, is_error, unexpected_count, details, text_zh,"
        " text_en from ops.check_results order by rowid"
    ).fetchall():
        results.setdefault(table, []).append(_result(*row))
    runs: dict[str, list[tuple[Any, ...]]] = {}
    for table, *figures in con.execute(
        "select table_name, as_of, rows, rules, failed, warned, errors from ops.contract_runs"
        " order by table_name, as_of desc"
    ).fetchall():
        runs.setdefault(table, []).append(tuple(figures))
    contracts = [load_contract(layer, name) for layer in ("sources", "marts") for name in names(layer)]
    return [
        Page(c, tuple(results.get(c.table, ())), tuple(runs.get(c.table, ())[:MOST_RUNS])) for c in contracts
    ]  # fmt: skip


def render(
    pages: Sequence[Page], sources: dict[int, str], as_of: datetime, zone: ZoneInfo, language: Language
) -> dict[str, str]:
    """The pages of one language by file name. `sources`: file names by id, for the rows of sources."""
    say = Texts("data_docs", language)
    environment = Environment(
        loader=FunctionLoader(_template), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["plain"] = lambda value: clean_text(str(value))
    shared = {
        "say": say,
        "language": language,
        "other": "en" if language == "zh-CN" else "zh-CN",
        "css": _template("docs.css"),
        "as_of": say("as_of", time=f"{as_of.astimezone(zone):%Y-%m-%d %H:%M}"),
        "time": lambda instant: f"{instant.astimezone(zone):%Y-%m-%d %H:%M}",
        "place": lambda found: _place(found, sources, say),
        "outcomes": OUTCOMES,
    }
    texts = {"index.html": environment.get_template("index.html").render(pages=pages, **shared)}
    table = environment.get_template("table.html")
    return texts | {page.file: table.render(page=page, **shared) for page in pages}


def _result(
    rule_id: str, column: str | None, severity: str, success: bool, is_error: bool, count: int | None, details: str,
    text_zh: str, text_en: str,
) -> Result:  # fmt: skip
    outcome: Outcome = "passed" if success else "not_run" if is_error else "failed" if severity == "error" else "warned"
    places = () if is_error or success else tuple(json.loads(details)[:MOST_PLACES])
    return Result(
        rule_id, column, severity, outcome, count, places, details if is_error else "", text_zh, text_en
    )  # fmt: skip


def _place(found: dict[str, Any], sources: dict[int, str], say: Texts) -> str:
    """Where a row stands, in words: file, sheet and row, else its key."""
    if found.get("file_id") in sources and "source_row" in found:
        sheet = f" [{found['source_sheet']}]" if found.get("source_sheet") else ""
        return say("place", file=sources[found["file_id"]], sheet=sheet, row=f"{found['source_row']:,}")
    return ", ".join(f"{name} {'-' if value is None else value}" for name, value in found.items())


def _template(name: str) -> str:
    return (files("assets.data_docs") / "templates" / Path(name).name).read_text(encoding="utf-8")
