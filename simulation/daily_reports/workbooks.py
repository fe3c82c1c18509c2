"""Sheets as files: .xlsx (also under the name .xlsm), .xls, GB18030 CSV. The same sheets give the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from simulation.daily_reports.cells import Cell, Formula, Sheet

DATE = "yyyy-m-d"


def write_sheets(path: Path, sheets: Sequence[Sheet], *, from_1904: bool = False) -> None:
    """Write the sheets by the ending of `path`; a CSV holds the first that is not hidden."""
    if path.suffix == ".csv":
        path.write_bytes(_csv(next(sheet for sheet in sheets if not sheet.is_hidden)))
    elif path.suffix == ".xls":
        _xls(path, sheets, from_1904=from_1904)
    else:
        _xlsx(path, sheets, from_1904=from_1904)


def _xlsx(path: Path, sheets: Sequence[Sheet], *, from_1904: bool) -> None:
    options = {
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "date_1904": from_1904,
    }  # fmt: skip
    with path.open("wb") as raw, xlsxwriter.Workbook(raw, options) as book:
        book.set_properties({"created": datetime(2025, 1, 1), "author": "内勤"})
        dates, bold = book.add_format({"num_format": DATE}), book.add_format({"bold": True, "align": "center"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            if sheet.is_hidden:
                page.hide()
            for number, row in enumerate(sheet.rows):
                for column, cell in enumerate(row):
                    if cell is None:
                        continue
                    if isinstance(cell, Formula):
                        page.write_formula(number, column, cell.text, None, "" if cell.cached is None else cell.cached)
                    elif isinstance(cell, str):
                        page.write_string(number, column, cell)
                    elif isinstance(cell, date):
                        page.write_datetime(number, column, datetime(cell.year, cell.month, cell.day), dates)
                    else:
                        page.write_number(number, column, cell)
            for first, left, last, right in sheet.merges:
                cell = sheet.rows[first - 1][left - 1]
                style = dates if isinstance(cell, date) else bold
                page.merge_range(first - 1, left - 1, last - 1, right - 1, "", style)
                if isinstance(cell, str):
                    page.write_string(first - 1, left - 1, cell, style)
                elif isinstance(cell, date):
                    page.write_datetime(first - 1, left - 1, datetime(cell.year, cell.month, cell.day), style)
                elif isinstance(cell, int | float):
                    page.write_number(first - 1, left - 1, cell, style)
            for number in sheet.hidden_rows:
                page.set_row(number - 1, None, None, {"hidden": True})


def _xls(path: Path, sheets: Sequence[Sheet], *, from_1904: bool) -> None:
    import xlwt  # a tool of tests and benchmarks: not installed with the product

    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = from_1904
    dates = xlwt.easyxf(num_format_str=DATE)
    for sheet in sheets:
        page = book.add_sheet(sheet.name, cell_overwrite_ok=True)
        page.visibility = int(sheet.is_hidden)
        merged = {(first - 1, left - 1): (last - 1, right - 1) for first, left, last, right in sheet.merges}
        for number, row in enumerate(sheet.rows):
            for column, cell in enumerate(row):
                if cell is None:
                    continue
                value: object = cell
                if isinstance(cell, Formula):  # its cached value is not written; a sum is a number already
                    value = cell.cached
                elif isinstance(cell, date):
                    value = datetime(cell.year, cell.month, cell.day)
                style = dates if isinstance(cell, date) else xlwt.Style.default_style
                if (number, column) in merged:
                    last, right = merged[number, column]
                    page.write_merge(number, last, column, right, value, style)
                else:
                    page.write(number, column, value, style)
        for number in sheet.hidden_rows:
            page.row(number - 1).hidden = True
    book.save(str(path))


def _csv(sheet: Sheet) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in sheet.rows:
        writer.writerow([_text(cell) for cell in row])
    return out.getvalue().encode("gb18030")


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Formula):
        return "" if cell.cached is None else f"{cell.cached:g}"
    if isinstance(cell, date):
        return f"{cell.year}/{cell.month}/{cell.day}"
    return str(cell)
