"""Where a source's columns stand in a table: the header row found, each of our columns at its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_contracts.mapping import Source, SourceColumn, normal_header

HEADER_ROWS_SEARCHED = 30


@dataclass(frozen=True)
class Table:
    """A table of a file before it is read: its sheet, and its first rows as (row number, cells)."""

    sheet: str | None
    preview: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Layout:
    """How a table is read: its header's row (0: none), how many columns it has, ours -> place from 0 (None: absent)."""

    header_row: int
    width: int
    places: dict[str, int | None]
    found: tuple[str, ...]
    unused: tuple[str, ...]


@dataclass(frozen=True)
class Miss:
    """Why a table is not this source's: the required columns that are missing, beside the columns there are."""

    missing: tuple[str, ...]
    found: tuple[str, ...]
    matched: int


def find_layout(table: Table, source: Source) -> Layout | Miss:
    """The first row that holds every required column; else what the best row is missing."""
    rows = table.preview
    if source.header_row == 0:
        width = max((len(cells) for _, cells in rows), default=0)
        return _layout(0, ("",) * width, source)
    if source.header_row is not None:
        rows = tuple(r for r in rows if r[0] == source.header_row)
    best: Miss | None = None
    for number, cells in rows:
        layout = _layout(number, cells, source)
        if isinstance(layout, Layout):
            return layout
        if best is None or layout.matched > best.matched:
            best = layout
    return best or Miss(tuple(_wanted(source.columns[c]) for c in source.required), (), 0)


def _layout(number: int, cells: Sequence[str], source: Source) -> Layout | Miss:
    exact: dict[str, int] = {}
    loose: dict[str, int] = {}
    for place, cell in enumerate(cells):
        exact.setdefault(cell.strip(), place)
        loose.setdefault(normal_header(cell), place)
    width = len(cells)
    while width and not cells[width - 1].strip() and number:
        width -= 1
    places = {name: _place(column, exact, loose, width) for name, column in source.columns.items()}
    found = tuple(c.strip() for c in cells[:width])
    missing = tuple(_wanted(source.columns[name]) for name in source.required if places[name] is None)
    if missing:
        return Miss(missing, found, sum(p is not None for p in places.values()))
    used = {p for p in places.values() if p is not None}
    unused = tuple(c for i, c in enumerate(found) if i not in used and c)
    return Layout(number, width, places, found, unused)


def _place(column: SourceColumn, exact: dict[str, int], loose: dict[str, int], width: int) -> int | None:
    for header in column.headers:
        if isinstance(header, int):
            if 1 <= header <= width:
                return header - 1
        elif header in exact:
            return exact[header]
        elif normal_header(header) in loose:
            return loose[normal_header(header)]
    return None


def _wanted(column: SourceColumn) -> str:
    return " / ".join(str(h) for h in column.headers)
