"""Files of the inbox, written as chunks come: appended to, never held whole, the same bytes every time."""

from __future__ import annotations

from datetime import datetime
from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl
import xlsxwriter

BOM = b"\xef\xbb\xbf"


class CsvFiles:
    """CSV files of one folder, opened when first written to; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        self._open: dict[str, BufferedWriter] = {}

    def append(self, frame: pl.DataFrame, *, encoding: str) -> None:
        """Append each row to the file its `_file` names. `utf-8-sig` writes a mark first; gb18030 ends lines
        as Windows does."""
        for (name,), rows in frame.partition_by("_file", as_dict=True, maintain_order=True, include_key=False).items():
            file = str(name)
            first = file not in self._open
            if first:
                self._open[file] = (self.folder / file).open("wb")
                self.rows[file] = 0
                if encoding == "utf-8-sig":
                    self._open[file].write(BOM)
            ending = "\r\n" if encoding == "gb18030" else "\n"
            rows = rows.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
            text = rows.write_csv(include_header=first, line_terminator=ending, quote_style="necessary")
            self._open[file].write(text.encode("utf-8" if encoding == "utf-8-sig" else encoding))
            self.rows[file] += len(rows)

    def __enter__(self) -> CsvFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._open.values():
            handle.close()


def write_workbook(path: Path, sheets: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]) -> int:
    """An XLSX of {sheet: (header, rows)}; cells are texts and numbers only. Returns the rows written."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    written = 0
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": datetime(2025, 1, 1), "author": "销售运营部"})
        for name, (header, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, header)
            for number, row in enumerate(rows, start=1):
                sheet.write_row(number, 0, row)
            written += len(rows)
    return written
