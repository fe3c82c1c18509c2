"""The review list as a file: what a person should settle, with a column for the decision, to be dropped into the inbox.

The shipped mapping `review_decisions` reads the file back, in either language; what is settled stays settled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from assets.exports.writer import Field, Kind, Reader, Sheet, write_csv, write_xlsx
from assets.workspace import Run
from data_contracts.texts import Language, Texts

FILES = ("review_list.xlsx", "review_list.csv")
COLUMNS: tuple[tuple[str, Kind, int | None], ...] = (
    ("what", "text", 10),
    ("scope", "text", 14),
    ("alias", "text", 24),
    ("decision", "text", 16),
    ("decided_by", "text", 12),
    ("decided_at", "text", 18),
    ("reason", "text", 18),
    ("candidates", "text", 60),
    ("facts", "integer", 8),
    ("said", "text", 60),
    ("file_name", "text", 28),
    ("source_sheet", "text", 14),
    ("source_row", "integer", 8),
    ("first_at", "instant", None),
    ("exported_at", "instant", None),
)


def write_review(con: duckdb.DuckDBPyConnection, run: Run) -> list[Path]:
    """Write exports/review_list.xlsx and .csv; where there is nothing to settle, none is there."""
    paths = [run.workspace.exports / name for name in FILES]
    sheet = review_sheet(con, run)
    if not sheet.rows:
        for path in paths:
            path.unlink(missing_ok=True)
        return []
    run.workspace.exports.mkdir(parents=True, exist_ok=True)
    reader = Reader(run.settings.language, ZoneInfo(run.settings.timezone))
    write_xlsx(paths[0], [sheet], reader)
    write_csv(paths[1], sheet, reader)
    return paths


def review_sheet(con: duckdb.DuckDBPyConnection, run: Run) -> Sheet:
    """What is to settle, the most wanted first."""
    language = run.settings.language
    say = Texts("review", language)
    rows = con.execute(
        "select what, scope, alias, reason, candidates, facts, said, file_name, source_sheet, source_row, first_at"
        " from staging.review order by facts desc, what, scope, alias"
    ).fetchall()
    fields = tuple(Field(name, say(f"column_{name}"), kind, width) for name, kind, width in COLUMNS)
    return Sheet(say("sheet"), fields, [_row(row, say, language, run) for row in rows])


def _row(row: tuple[Any, ...], say: Texts, language: Language, run: Run) -> tuple[Any, ...]:
    what, scope, alias, reason, candidates, facts, said, file_name, sheet, number, first_at = row
    undecided = (None, None, None)
    why = (say(f"reason_{reason}"), candidates_text(candidates, language))
    return (say(f"what_{what}"), scope or None, alias, *undecided, *why, facts, said, file_name, sheet, number,
            first_at, run.now)  # fmt: skip


def candidates_text(candidates: str, language: Language) -> str:
    """The candidates in a line: who, and how like."""
    comma = "；" if language == "zh-CN" else "; "
    return comma.join(
        f"{c['id']} {c['name']}" + (f" ({float(c['score']):.2f})" if c["score"] is not None else "")
        for c in json.loads(candidates)
    )
