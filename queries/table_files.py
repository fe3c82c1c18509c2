"""Tables as CSV, XLSX and JSONL: the one place where rows become cells that people open.

Whatever the data says, a cell of text never becomes a formula, numbers stay numbers, times are real dates in
the company's time, and mobile numbers are masked unless the reader may see them. Equal data gives equal bytes.
Files of a workspace are written through `assets.exports.writer`, which makes them whole or not at all.
"""

from __future__ import annotations

import csv
import json
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, TextIO
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from data_contracts.safe_cells import clean_text, is_formula_like, without_formula
from data_contracts.texts import Language

# verbatim: text in a cell that takes what is typed into it as text, too: 007 stays 007, and 3/7 no date.
Kind = Literal["text", "verbatim", "integer", "decimal", "share", "date", "instant", "boolean"]
EXCEL_ROWS, EXCEL_TEXT, EXCEL_EXACT_INTEGER = 1_048_575, 32_767, 10**15
NUMBER_FORMATS: dict[Kind, str] = {
    "verbatim": "@",
    "integer": "#,##0",
    "decimal": "#,##0.00",
    "share": "0.0%",
    "date": "yyyy-mm-dd",
    "instant": "yyyy-mm-dd hh:mm",
}
# Written into the workbook as its creation time: a file's bytes must not depend on when it was made.
NO_TIME = datetime(2000, 1, 1)


@dataclass(frozen=True)
class Field:
    """A column: the key in JSONL, the header for people, what it holds; width in characters, None by content."""

    name: str
    header: str
    kind: Kind = "text"
    width: int | None = None


@dataclass(frozen=True)
class Sheet:
    """A table to write: rows hold a value for each field, None where there is none."""

    title: str
    fields: Sequence[Field]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Reader:
    """For whom: language, the company's time, and whether mobile numbers may be seen."""

    language: Language
    zone: ZoneInfo
    may_see_phones: bool = False


def csv_to(file: TextIO, sheet: Sheet, reader: Reader) -> None:
    """CSV as Excel reads it, to a file opened with encoding utf-8-sig and newline "": CRLF, quotes where needed."""
    writer = csv.writer(file)
    writer.writerow([without_formula(field.header) for field in sheet.fields])
    for row in sheet.rows:
        writer.writerow([_csv_value(plain(v, f.kind, reader), f.kind) for v, f in _pairs(sheet, row)])


def jsonl_to(file: TextIO, sheet: Sheet, reader: Reader) -> None:
    """One JSON object a row, by field name; times in ISO with the company's offset."""
    for row in sheet.rows:
        values = {f.name: _json_value(plain(v, f.kind, reader, is_for_json=True)) for v, f in _pairs(sheet, row)}
        file.write(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")


def machine_csv_to(file: TextIO, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """CSV for programs: LF, times with offset, true and false, nested values as JSON; text that a spreadsheet would
    take for a formula is guarded here too, since people open what programs wrote (JSON leaves it as it is)."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([without_formula(name) for name in names])
    for row in rows:
        writer.writerow([_machine_cell(value) for value in row])


def machine_json(value: Any) -> Any:
    """A value as JSON has it: numbers as numbers, times in ISO with their offset, no NaN."""
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): machine_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [machine_json(inner) for inner in value]
    return value if value is None or isinstance(value, int | str) else str(value)


def xlsx_to(target: Path | BytesIO, sheets: Iterable[Sheet], reader: Reader) -> None:
    """A workbook, one sheet a table (more where a table has more rows than Excel), frozen headers, filters."""
    workbook = open_workbook(target)
    cells = Cells(workbook, reader)
    for sheet in sheets:
        for part, start in enumerate(range(0, max(len(sheet.rows), 1), EXCEL_ROWS), start=1):
            title = sheet.title if part == 1 else f"{sheet.title} {part}"
            cells.table(workbook.add_worksheet(sheet_name(title)), sheet, start=start)
    workbook.close()


def open_workbook(target: Path | BytesIO) -> Workbook:
    """A workbook that takes no text for a formula, a number or a link, and holds no clock."""
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(str(target) if isinstance(target, Path) else target, options)
    workbook.set_properties({"created": NO_TIME})
    return workbook


class Cells:
    """Writes cells of one workbook; every value that comes from data goes through `put`."""

    def __init__(self, workbook: Workbook, reader: Reader) -> None:
        self.reader = reader
        self._workbook = workbook
        self._formats: dict[tuple[str, bool], Format] = {}
        self.header = workbook.add_format(
            {"bold": True, "bg_color": "#E8EDF3", "bottom": 1, "valign": "vcenter", "text_wrap": True}
        )

    def put(self, worksheet: Worksheet, row: int, column: int, value: Any, kind: Kind) -> None:
        """One cell. Text is text whatever it looks like; what Excel cannot hold as a number stays text."""
        value = plain(value, kind, self.reader)
        if value is None:
            return
        if isinstance(value, str):
            is_risky = is_formula_like(value)
            look: Kind = "verbatim" if kind == "verbatim" else "text"
            worksheet.write_string(row, column, value[:EXCEL_TEXT], self._format(look, is_quoted=is_risky))
        elif isinstance(value, date) and value.year < 1900:
            worksheet.write_string(row, column, value.isoformat(), self._format("text"))
        elif isinstance(value, date):
            worksheet.write_datetime(row, column, value, self._format(kind))
        elif isinstance(value, int) and abs(value) >= EXCEL_EXACT_INTEGER:
            worksheet.write_string(row, column, str(value), self._format("text"))
        else:
            worksheet.write_number(row, column, value, self._format(kind))

    def table(self, worksheet: Worksheet, sheet: Sheet, *, start: int = 0, top: int = 0) -> int:
        """Header and rows from row `top` on; the first row below. At the top it is frozen and filtered."""
        rows = sheet.rows[start : start + EXCEL_ROWS]
        for column, field in enumerate(sheet.fields):
            worksheet.write_string(top, column, field.header, self.header)
        for number, row in enumerate(rows, start=top + 1):
            for column, (value, field) in enumerate(_pairs(sheet, row)):
                self.put(worksheet, number, column, value, field.kind)
        if top == 0:
            for column, field in enumerate(sheet.fields):
                blank = self._format("verbatim") if field.kind == "verbatim" else None
                worksheet.set_column(column, column, field.width or self._width(field, column, rows), blank)
            worksheet.freeze_panes(1, 0)
            worksheet.autofilter(0, 0, len(rows), max(len(sheet.fields) - 1, 0))
        return top + len(rows) + 1

    def _width(self, field: Field, column: int, rows: Sequence[Sequence[Any]]) -> float:
        if field.kind not in ("text", "verbatim"):
            return max(display_width(field.header) + 4, {"instant": 17, "date": 12}.get(field.kind, 12))
        texts = (str(row[column]) for row in rows[:200] if row[column] is not None)
        widest = max((display_width(line) for text in texts for line in text.split("\n")), default=0)
        return min(max(widest + 2, display_width(field.header) + 4), 60)

    def _format(self, kind: Kind, *, is_quoted: bool = False) -> Format:
        key = (kind, is_quoted)
        if key not in self._formats:
            properties: dict[str, Any] = {"valign": "top"}
            if kind in NUMBER_FORMATS:
                properties["num_format"] = NUMBER_FORMATS[kind]
            if kind in ("text", "verbatim"):
                properties |= {"text_wrap": True, "quote_prefix": is_quoted}
            self._formats[key] = self._workbook.add_format(properties)
        return self._formats[key]


def plain(value: Any, kind: Kind, reader: Reader, *, is_for_json: bool = False) -> Any:
    """A value as files hold it: text cleaned, times naive and local (with offset for JSON), no NaN."""
    if value is None or (isinstance(value, float | Decimal) and not math.isfinite(value)):
        return None
    if isinstance(value, bool):
        return value if is_for_json else _yes_no(value, reader.language)
    if isinstance(value, datetime):
        local = value.astimezone(reader.zone) if value.tzinfo is not None else value.replace(tzinfo=reader.zone)
        if kind == "date":
            return local.date()
        return local if is_for_json else local.replace(tzinfo=None)
    if isinstance(value, int | float | Decimal | date):
        return value
    if isinstance(value, list | tuple):
        return clean_text("; ".join(map(str, value)), may_see_phones=reader.may_see_phones)
    return clean_text(str(value), may_see_phones=reader.may_see_phones)


def sheet_name(title: str) -> str:
    """A title as Excel allows it for a sheet: 31 characters, none of []:*?/\\ and no apostrophe at the ends."""
    return "".join(" " if c in "[]:*?/\\" else c for c in title)[:31].strip("' ") or "Sheet"


def display_width(text: str) -> int:
    """Columns that a text takes: Chinese characters two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pairs(sheet: Sheet, row: Sequence[Any]) -> Iterable[tuple[Any, Field]]:
    return zip(row, sheet.fields, strict=True)


def _yes_no(value: bool, language: Language) -> str:
    if language == "zh-CN":
        return "是" if value else "否"
    return "yes" if value else "no"


def _machine_cell(value: Any) -> str:
    if isinstance(value, str):
        return without_formula(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    shown = machine_json(value)
    if shown is None:
        return ""
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)


def _csv_value(value: Any, kind: Kind) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return without_formula(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value
