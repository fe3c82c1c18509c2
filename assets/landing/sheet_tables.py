"""The tables of a sheet: one, or several under and beside each other, each with its header and what stands above it.

A sheet of daily reports holds a table per day, rep or topic, with a title over each and signatures under it. Where a
source says `tables: many`, every row with its required columns begins a table; the header row held twice side by side
begins two. `title` columns take their value from the lines above the table, the sheet's name, the lines below, the
file's name, in this order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assets.landing import xlsx
from assets.landing.header_match import words_of
from assets.landing.layout import Layout, Miss, Table, find_layout, tables_at
from assets.landing.workbook_archive import column_letters
from data_contracts.mapping import Source

Lines = Sequence[tuple[int, tuple[str, ...]]]
# 单位：万元, above a table's right corner: so are all its amounts.
_UNIT_ABOVE = r"单位\s*[:：]\s*(?:人民币)?\s*((?:千|万|十万|百万|千万|亿)元?)"


def sheet_layouts(path: Path, table: Table, source: Source) -> list[Layout] | Miss:
    """The tables of a sheet that are this source's, in order; else what the best of its rows is missing."""
    layout = find_layout(table, source)
    if source.tables == "one":
        if isinstance(layout, Miss):
            return layout
        footers: Lines = ()
        if any(column.title for column in source.columns.values()):
            footers = xlsx.header_rows(path, table.sheet or "", words_of(source), source.header_rows).footers
        return [titled(layout, source, table.preview, footers, table.sheet or "")]
    around = xlsx.header_rows(path, table.sheet or "", words_of(source), source.header_rows)
    found: list[Layout] = []
    for number in sorted({n + more for n in around.rows for more in range(source.header_rows)}):
        tables = tables_at(around.context, number, source) if number in around.context else []
        if isinstance(tables, Miss) or not tables:
            continue
        if found and number - source.header_rows < (last := found[-1].header_row):
            # Of two headers that share a row the one that finds more is meant.
            if max(len(t.filled) for t in tables) <= max(len(f.filled) for f in found if f.header_row == last):
                continue
            found = [f for f in found if f.header_row != last]
        found += tables
    if not found:
        return layout if isinstance(layout, Miss) else [layout]
    return _under_each_other(found, source, around, table.sheet or "")


def block_name(sheet: str, layout: Layout) -> str:
    """What a table is known by: its sheet; with its columns (日报!F:J) where it stands right of another."""
    if layout.left == 0:
        return sheet
    return f"{sheet}!{column_letters(layout.left + 1)}:{column_letters(min(layout.right, layout.width))}"


def _under_each_other(found: list[Layout], source: Source, around: xlsx.SheetContext, sheet: str) -> list[Layout]:
    """The tables with where each ends and what stands above it.

    A header repeated without a title goes on with the titles of the table before it.
    """
    tables: list[Layout] = []
    tops = {layout.header_row: layout.header_top for layout in found}
    rows = sorted(tops)
    for row, before, after in zip(rows, [0, *rows], [*rows[1:], None], strict=False):
        above = _above(tops[row], [f for f in found if f.header_row == before], around, source)
        below = [(n, c) for n, c in around.footers if row < n < (after or 1 << 30)]
        more: dict[str, Any] = {}
        if after is not None:
            titles = _above(tops[after], [f for f in found if f.header_row == row], around, source)
            more = {"last_row": tops[after] - 1, "title_rows": tuple(n for n, _ in titles)}
        for layout in (f for f in found if f.header_row == row):
            earlier = next((t for t in reversed(tables) if t.left == layout.left and t.header_row < row), None)
            if above or earlier is None:
                layout = titled(layout, source, above, below, sheet)
            else:
                units = {n: u for n, u in earlier.units.items() if layout.places[n] is not None} | layout.units
                layout = replace(layout, titles=earlier.titles, title_cells=earlier.title_cells, units=units)
            tables.append(replace(layout, **more))
    return tables


def _above(top: int, before: Sequence[Layout], around: xlsx.SheetContext, source: Source) -> Lines:
    """The lines above the header that begins in `top`: all of them, or after other tables those that are titles."""
    first = max((layout.header_row for layout in before), default=0)
    above = [(n, c) for n, c in around.context.items() if first < n < top]
    return _titles_above(above, before, source) if before else above


def _titles_above(above: Lines, before: Sequence[Layout], source: Source) -> Lines:
    """The lines right above a header that are titles: of one text, or with a title column's value and no row of a table
    before."""
    lines: list[tuple[int, tuple[str, ...]]] = []
    for number, cells in sorted(above, reverse=True):
        texts = {c for c in cells if c.strip()}
        is_titled = any(re.search(c.title, _line(cells)) for c in source.columns.values() if c.title)
        if len(texts) > 1 and (not is_titled or any(_is_row(cells, layout, source) for layout in before)):
            break
        lines.append((number, cells))
    return sorted(lines)


def _is_row(cells: Sequence[str], layout: Layout, source: Source) -> bool:
    """Whether a line has a text in each column by which the table is the source's."""
    places = [layout.places[name] for name in source.deciding(layout.filled)]
    return all(p is None or (p < len(cells) and cells[p].strip()) for p in places)


def titled(layout: Layout, source: Source, above: Lines, below: Lines, sheet: str) -> Layout:
    """The layout with what stands nearest to the table: its title columns, and the unit of all its amounts."""
    lines = [line for line in sorted(above, reverse=True) if line[0] < layout.header_top]
    named = (0, (sheet,))
    after = [line for line in below if line[0] > layout.header_row]
    titles: dict[str, str | None] = {}
    places: dict[str, str] = {}
    for name, column in source.columns.items():
        if column.title is not None:
            titles[name], places[name] = _first(column.title, [*lines, named, *after], layout.left, layout.right)
    unit, _ = _first(_UNIT_ABOVE, lines, layout.left, layout.right)
    amounts = [n for n, c in source.columns.items() if any(f.endswith("amount") for f in c.registry_fields)]
    units = {n: unit for n in amounts if unit and layout.places[n] is not None} | layout.units
    cells = {name: cell for name, cell in places.items() if cell}
    return replace(layout, titles=titles, title_cells=cells, units=units)


def titled_by_file(layout: Layout, source: Source, stem: str) -> Layout:
    """The layout with what the file's name (without its ending) says where nothing nearer does."""
    patterns = {name: c.title for name, c in source.columns.items() if c.title is not None}
    titles = {n: layout.titles.get(n) or _first(pattern, [(0, (stem,))], 0, 1)[0] for n, pattern in patterns.items()}
    return replace(layout, titles=titles)


def _line(cells: Sequence[str]) -> str:
    """A row's texts in one line, a merged one once."""
    return " ".join(dict.fromkeys(c.strip() for c in cells if c.strip()))


def _first(pattern: str, lines: Lines, left: int, right: int) -> tuple[str | None, str]:
    """What a pattern finds first in the lines (row 0 is the sheet's name), and the cell where it stands."""
    for number, cells in lines:
        found = re.search(pattern, _line(cells[left:right] if number else cells))
        if found:
            value = (found[1] if found.re.groups else found[0]) or None
            holding = [p for p, c in enumerate(cells) if p >= left and c.strip() and (value or "") in c]
            cell = f"{column_letters(holding[0] + 1)}{number}" if number and holding else ""
            return value, cell
    return None, ""


def doubts_of(layout: Layout, *, is_lettered: bool) -> list[dict[str, Any]]:
    """Our columns that several headers fit, each with the column taken and the others, by letter or number."""

    def told(place: int) -> str:
        header = " ".join(layout.found[place].split())
        return f"{column_letters(place + 1) if is_lettered else place + 1} {header}"

    return [
        {"column": d.column, "taken": None if d.taken is None else told(d.taken), "others": [*map(told, d.others)]}
        for d in layout.doubts
    ]


def cells_of(layout: Layout) -> dict[str, str]:
    """Our columns and the letters of the sheet's columns where they stand, or the one cell above the table."""
    letters = {name: column_letters(place + 1) for name, place in layout.places.items() if place is not None}
    return letters | layout.title_cells
