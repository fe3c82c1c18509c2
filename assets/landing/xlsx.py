"""Excel workbooks: looked over before they are opened, then read row by row as text.

A workbook is a zip of XML that others made. Size, ratio, entities and cell references are checked on the
archive itself; only then does openpyxl stream the sheets. Cells become the text a person would write: a date
ISO, a whole number without `.0`, every other number with all its digits.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from assets.landing.layout import HEADER_ROWS_SEARCHED, Table
from data_contracts.errors import StagewatchError

MAX_ENTRIES = 10_000
MAX_UNPACKED = 4 << 30
MAX_SHARED_STRINGS = 400 << 20
MAX_RATIO, RATIO_COUNTS_FROM = 60, 64 << 20
MAX_COLUMNS = 2_000
CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,4})(\d{1,8})"')
ROW = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="(\d+)"')


def check_archive(path: Path) -> None:
    """Raise where the workbook is cut, a bomb, or made to exhaust its reader."""
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
            _check_sizes(entries, path.stat().st_size)
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    _check_part(archive, entry)
    except (BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise StagewatchError(
            f"the workbook is cut or damaged ({error})", remedy="export or copy it again; then send it"
        ) from error


def _check_sizes(entries: list[ZipInfo], packed: int) -> None:
    unpacked = sum(e.file_size for e in entries)
    strings = max((e.file_size for e in entries if e.filename.lower().endswith("sharedstrings.xml")), default=0)
    too_dense = unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * max(packed, 1)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or strings > MAX_SHARED_STRINGS or too_dense:
        raise StagewatchError(
            f"unpacks to {unpacked:,} bytes in {len(entries):,} parts, which no ordinary workbook does",
            remedy="save it as CSV",
        )
    if "xl/workbook.xml" not in {e.filename for e in entries}:
        raise StagewatchError("is a zip archive, but no Excel workbook", remedy="save it as .xlsx or CSV")


def _check_part(archive: ZipFile, entry: ZipInfo) -> None:
    with archive.open(entry) as stream:
        head = stream.read(4096)
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise StagewatchError("holds XML entities, which no workbook needs", remedy="save it anew from Excel")
        if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
            _check_references(head, stream, entry.filename)


def _check_references(head: bytes, stream: IO[bytes], name: str) -> None:
    """A few cells far apart make a reader fill billions between: compare the last place with what is there."""
    rest, cells, last_row, last_column, rows = head, 0, 0, 0, 0
    while rest:
        for letters, number in CELL.findall(rest):
            cells += 1
            last_row = max(last_row, int(number))
            last_column = max(last_column, _column_number(letters))
        found = ROW.findall(rest)
        rows += len(found)
        last_row = max([last_row, *map(int, found)])
        tail = rest[rest.rfind(b"<") :][:400]
        chunk = stream.read(1 << 20)
        rest = tail + chunk if chunk else b""
    if last_column > MAX_COLUMNS or last_row > 1_048_576 or last_row > 100_000 + 100 * rows:
        raise StagewatchError(
            f"{name} has cells as far as row {last_row:,}, column {last_column:,} with {cells:,} cells in it",
            remedy="delete what stands far off the table, or copy the table to a new sheet",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl raises whatever the damage leads to
        raise StagewatchError(
            f"the workbook cannot be read ({type(error).__name__}: {error})", remedy="save it anew from Excel"
        ) from error
    try:
        yield book
    finally:
        book.close()


def sheet_tables(path: Path) -> list[Table]:
    """Every worksheet with its first rows."""
    with _workbook(path) as book:
        return [
            Table(sheet.title, tuple((n, tuple(cells)) for n, cells in islice(_rows(sheet), HEADER_ROWS_SEARCHED)))
            for sheet in book.worksheets
        ]


def sheet_rows(path: Path, sheet: str, header_row: int) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet below its header, blank ones passed over, as (row number, texts)."""
    with _workbook(path) as book:
        yield from (r for r in _rows(book[sheet]) if r[0] > header_row)


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()
    try:
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells = ["" if value is None else cell_text(value) for value in values]
            if any(cell.strip() for cell in cells):
                yield number, cells
    except StagewatchError:
        raise
    except Exception as error:
        raise StagewatchError(
            f"sheet {sheet.title!r} cannot be read ({type(error).__name__}: {error})", remedy="save it anew from Excel"
        ) from error


def cell_text(value: object) -> str:
    """A cell's value as text: nothing of it is lost, and nothing of Excel's display is added.

    A date and time at midnight is a date: Excel keeps no other difference between the two.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f") if value == value and abs(value) < 1e300 else str(value)
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(value)
