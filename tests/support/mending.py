"""Quarantined rows out and back, as a person does it: publish, export, mend cells in the workbook, drop it.

sheets = Handed(desk, tmp_path)          # the rows that wait, as the dashboard and the command hand them out
sheets.mend("B", 时间="2025-03-07")       # of the rows that begin with B
sheets.drop("mended.xlsx")               # into the inbox, under any name
"""

from __future__ import annotations

import itertools
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
from desk import Desk

from assets.publish import publish
from queries.quarantine import Refused, Selection, quarantined, rows_to_mend
from queries.snapshot import open_snapshot
from queries.table_files import Reader, xlsx_to

READER = Reader("en", ZoneInfo("Asia/Shanghai"))
_runs = itertools.count()


def waiting(desk: Desk, selection: Selection | None = None) -> list[Refused]:
    """What the snapshot of the desk as it is now says that waits."""
    run = desk.context
    publish(desk.con, type(run)(run.workspace, run.settings, run.playbook, f"r{next(_runs)}", run.now, run.as_of))
    with open_snapshot(desk.workspace.published) as snapshot:
        return quarantined(snapshot, selection or Selection())


class Handed:
    """One workbook of rows to mend."""

    def __init__(self, desk: Desk, selection: Selection | None = None) -> None:
        self.desk = desk
        content = BytesIO()
        xlsx_to(content, rows_to_mend(waiting(desk, selection), "en"), READER)
        self.as_handed_out = content.getvalue()
        self.book = openpyxl.load_workbook(content)

    def rows(self, sheet: str | None = None) -> list[list[Any]]:
        """The cells of a sheet, its header first."""
        return [[c.value for c in row] for row in (self.book[sheet] if sheet else self.book.worksheets[0])]

    def mend(self, first: str, **cells: str | None) -> Handed:
        """Write cells, by header, of every row whose first cell is `first`."""
        done = 0
        for sheet in self.book.worksheets:
            headers = [c.value for c in sheet[1]]
            for row in sheet.iter_rows(min_row=2):
                if row[0].value == first:
                    for header, value in cells.items():
                        row[headers.index(header)].value = value
                    done += 1
        assert done, f"no row begins with {first!r}"
        return self

    def content(self) -> bytes:
        saved = BytesIO()
        self.book.save(saved)
        return saved.getvalue()

    def drop(self, name: str = "mended.xlsx") -> Path:
        """Put it into the inbox."""
        return self.desk.put(name, self.content())
