"""The one writer of CSV, XLSX and JSONL files of a workspace: a file is whole, or not there.

What its cells may hold is decided in `queries.table_files`, where the dashboard's downloads come from too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from assets.files import atomic_path
from queries.table_files import (
    Cells,
    Field,
    Kind,
    Reader,
    Sheet,
    csv_to,
    jsonl_to,
    open_workbook,
    sheet_name,
    xlsx_to,
)

__all__ = [
    "Cells",
    "Field",
    "Kind",
    "Reader",
    "Sheet",
    "open_workbook",
    "sheet_name",
    "write_csv",
    "write_jsonl",
    "write_xlsx",
]


def write_csv(path: Path, sheet: Sheet, reader: Reader) -> None:
    """CSV as Excel reads it: UTF-8 with a byte-order mark, CRLF, quotes where needed."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as file:
        csv_to(file, sheet, reader)


def write_jsonl(path: Path, sheet: Sheet, reader: Reader) -> None:
    """One JSON object a row, by field name; times in ISO with the company's offset."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        jsonl_to(file, sheet, reader)


def write_xlsx(path: Path, sheets: Iterable[Sheet], reader: Reader) -> None:
    """A workbook, one sheet a table (more where a table has more rows than Excel), frozen headers, filters."""
    with atomic_path(path) as temporary:
        xlsx_to(temporary, sheets, reader)
