"""Workbooks of mended rows: a file's quarantined rows, as they were exported, mended, and put back into the inbox.

Such a workbook is named `ORIGINAL.fix-HASH.xlsx` and is read by the sources that read the original, whatever their
format. Its last column says of each row which row of which file it takes the place of; staging keeps that row out from
then on, in whichever order the two files come, and however often.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
from python_calamine import CalamineWorkbook

from assets.landing.mappings import name_fits
from assets.landing.plan import Plan, plan_file
from data_contracts.mapping import Mapping, Source

REFERENCE = "stagewatch_ref"
NAME = re.compile(r"(?P<original>.+)\.fix-[0-9a-f]{8}\.xlsx")
TABLE = """
    create table if not exists landing.fixes (
      file_id integer not null, source_sheet varchar, source_row bigint not null,
      original_file_id integer not null, original_name varchar not null, original_sheet varchar,
      original_row bigint not null)"""
_REFERENCE = re.compile(r"(?P<file>\d+)\|(?P<row>\d+)\|(?P<sheet>[^|]*)\|(?P<name>.+)", re.DOTALL)


def reference(file_id: int, name: str, sheet: str | None, row: int) -> str:
    """What a mended row says of the row that it takes the place of."""
    return f"{file_id}|{row}|{(sheet or '').replace('|', '/')}|{name}"


def original_name(name: str) -> str | None:
    """The file whose rows a workbook of this name mends; None for any other file."""
    found = NAME.fullmatch(name)
    return found["original"] if found else None


def plan_any(path: Path, name: str, mappings: Sequence[Mapping], scratch: Path) -> Plan:
    """`plan_file`, also for workbooks of mended rows: those are planned as the original's sources, in XLSX."""
    original = original_name(name)
    if original is None:
        return plan_file(path, name, mappings, scratch)
    as_workbooks = [
        m.model_copy(update={"sources": {c: _as_workbook(s, original, name) for c, s in m.sources.items()}})
        for m in mappings
    ]
    plan = plan_file(path, name, as_workbooks, scratch)
    mapping = next(m for m in mappings if m.mapping == plan.mapping.mapping)
    return Plan(mapping, tuple(replace(p, source=mapping.sources[p.code]) for p in plan.parts), plan.unused_sheets)


def note_fixes(con: duckdb.DuckDBPyConnection, path: Path, file_id: int, name: str) -> None:
    """Keep which rows a workbook of mended rows takes the place of; any other file has none."""
    con.execute(TABLE)
    con.execute("delete from landing.fixes where file_id = ?", [file_id])
    original = original_name(name)
    if original is None:
        return
    rows = [(file_id, *found) for found in _references(path) if found[3] == original]
    if rows:
        con.executemany("insert into landing.fixes values (?, ?, ?, ?, ?, ?, ?)", rows)


def _as_workbook(source: Source, original: str, name: str) -> Source:
    """The source as one that reads the workbook: by its own headers, or where it has none by our columns' names."""
    columns = {
        ours: column.model_copy(
            update={"headers": (*(h for h in column.headers if isinstance(h, str)), ours), "title": None}
        )
        for ours, column in source.columns.items()
    }
    fits = name_fits(original, source)
    return source.model_copy(
        update={
            "files": (glob.escape(name),) if fits else ("\0",), "format": "xlsx", "columns": columns,
            "header_row": None, "header_rows": 1, "tables": "one",
            "sheet": source.sheet if isinstance(source.sheet, str) and source.format == "xlsx" else "*",
        }
    )  # fmt: skip


def _references(path: Path) -> Iterator[tuple[str, int, int, str, str | None, int]]:
    """(sheet, row, original file id, its name, its sheet, its row) of every row that refers to one."""
    workbook = CalamineWorkbook.from_path(path)
    for title in workbook.sheet_names:
        for number, cells in enumerate(workbook.get_sheet_by_name(title).to_python(skip_empty_area=False), start=1):
            found = next((m for m in map(_REFERENCE.fullmatch, map(str, reversed(cells))) if m), None)
            if found:
                yield title, number, int(found["file"]), found["name"], found["sheet"] or None, int(found["row"])
