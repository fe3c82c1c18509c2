"""Old Excel files (.xls, BIFF8 in an OLE container) that are meant to hurt, and odd ones that are sound."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import xlwt

ROWS = [["id", "stage", "at"], ["A", "quotation", "2025-03-05"]]
# Record headers of the same length: what names the writer becomes what says that all after it is encrypted.
WRITEACCESS, FILEPASS = b"\x5c\x00\x70\x00", b"\x2f\x00\x70\x00"
Change = Callable[[Any, Any], object]


def xls(rows: list[list[Any]], change: Change | None = None, *, is_1904: bool = False) -> bytes:
    """A workbook of one sheet; `change` is handed the book and the sheet before it is saved."""
    book, out = xlwt.Workbook(encoding="utf-8"), io.BytesIO()
    book.dates_1904 = is_1904
    sheet, date = book.add_sheet("a"), xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            sheet.write(y, x, value, *([date] if isinstance(value, datetime) else []))
    if change is not None:
        change(book, sheet)
    book.save(out)
    return out.getvalue()


def with_cell(write: Change) -> bytes:
    """A good row, and one whose stage `write` puts into its row."""

    def change(book: Any, sheet: Any) -> None:
        sheet.write(2, 0, "B")
        write(book, sheet.row(2))
        sheet.write(2, 2, "2025-03-06")

    return xls(ROWS, change)


def odd_files() -> dict[str, tuple[bytes, int]]:
    """Files with one good row each, and rows that are set aside."""
    plain = xls(ROWS)
    at_1904 = [ROWS[0], ["A", "quotation", datetime(2025, 3, 5, 9)]]
    return {
        "stages_old.xls": (plain, 0),
        "stages_old_errors.xls": (with_cell(lambda _, row: row.set_cell_error(1, "#REF!")), 1),
        "stages_old_formula.xls": (with_cell(lambda _, row: row.write(1, xlwt.Formula('"quotation"'))), 1),
        "stages_old_1904.xls": (xls(at_1904, is_1904=True), 0),
        "stages_old_hidden.xls": (xls(ROWS, lambda book, _: setattr(book.add_sheet("b"), "visibility", 2)), 0),
        "stages_old_named.xlsx": (xls([ROWS[0], ["N", *ROWS[1][1:]]]), 0),
        "stages_old_a_byte_short.xls": (plain[:-1], 0),
    }


def bad_files() -> dict[str, tuple[bytes, str]]:
    """Files that cannot be read, and what the reason says."""
    plain = xls(ROWS)
    return {
        "stages_old_encrypted.xls": (plain.replace(WRITEACCESS, FILEPASS, 1), "password-protected"),
        "stages_old_cut.xls": (plain[: len(plain) // 2], "cannot be read"),
        "stages_old_head_alone.xls": (plain[:512], "cannot be read"),
        "stages_old_zeros.xls": (plain[:512] + b"\0" * (len(plain) - 512), "reader died|cannot be read"),
        "stages_old_noise.xls": (plain[:8] + bytes(range(256)) * 40, "cannot be read"),
        "stages_old_bits.xls": (_flipped(plain), "cannot be read"),
        "stages_old_far_cells.xls": (xls(ROWS, lambda _, sheet: sheet.write(65_535, 255, "x")), "as far as row"),
        "stages_old_named.csv": (xls([ROWS[0]]), "Excel workbook, not text"),
        "stages_text.xls": (b"id,stage,at\nA,quotation,2025-03-05\n", "not an Excel workbook"),
        "stages_page.xls": (b"<html><table><tr><td>id</td></tr></table></html>", "web page"),
        "stages_xml.xls": (b"<?xml version='1.0'?><Workbook/>", "web page or XML"),
    }


def _flipped(content: bytes) -> bytes:
    """Every 97th byte behind the header turned."""
    return bytes(b ^ (0x5A if n > 512 and n % 97 == 0 else 0) for n, b in enumerate(content))
