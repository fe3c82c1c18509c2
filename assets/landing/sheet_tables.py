"""The tables of a sheet: one, or several under and beside each other, each with its header and what stands above it.

A sheet of daily reports holds a table per day, rep or topic, with a title over each and signatures under it. Where a
source says `tables: many`, every row with its required columns begins a table; the header row held twice side by side
begins two. `title` columns take their value from the lines above the table, the sheet's name, the lines below, in
this order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from assets.landing import xlsx
from assets.landing.layout import Layout, Miss, Table, find_layout, layout_of, words_of
from assets.landing.workbook_archive import column_letters
from data_contracts.header_text import normal_header
from data_contracts.mapping import Source

Lines = Sequence[tuple[int, tuple[str, ...]]]


def sheet_layouts(path: Path, table: Table, source: Source) -> list[Layout] | Miss:
    """The tables of a sheet that are this source's, in order; else what the best of its rows is missing."""
    layout = find_layout(table, source)
    has_titles = any(column.title for column in source.columns.values())
    if source.tables == "one":
        if isinstance(layout, Miss) or not has_titles:
            return layout if isinstance(layout, Miss) else [layout]
        footers = xlsx.header_rows(path, table.sheet or "", words_of(source), source.header_rows).footers
        return [_titled(layout, source, table.preview, footers, table.sheet or "")]
    around = xlsx.header_rows(path, table.sheet or "", words_of(source), source.header_rows)
    found: list[Layout] = []
    for number in sorted({n + more for n in around.rows for more in range(source.header_rows)}):
        header = tuple(
            around.context[n] for n in range(number - source.header_rows + 1, number + 1) if n in around.context
        )
        if header and number in around.context and (not found or number - source.header_rows >= found[-1].header_row):
            found += _beside_each_other(number, header, source)
    if not found:
        return layout if isinstance(layout, Miss) else [layout]
    return _under_each_other(found, source, around, table.sheet or "")


def block_name(sheet: str, layout: Layout) -> str:
    """What a table is known by: its sheet; with its columns (日报!F:J) where it stands right of another."""
    if layout.left == 0:
        return sheet
    return f"{sheet}!{column_letters(layout.left + 1)}:{column_letters(min(layout.right, layout.width))}"


def _beside_each_other(number: int, header: tuple[tuple[str, ...], ...], source: Source) -> list[Layout]:
    """The table under a header row, or the tables where the header stands there several times."""
    layout = layout_of(number, header, source)
    if isinstance(layout, Miss):
        return []
    places = [p for name, p in layout.places.items() if p is not None and name in source.required]
    first = min(places, default=0)
    names = [normal_header(text) for text in layout.found]
    starts = [p for p in range(first, layout.width) if names[p] == names[first]]
    edges = [0, *starts[1:], 1 << 20]
    blocks = [layout_of(number, header, source, left, right) for left, right in pairwise(edges)]
    tables = [b for b in blocks if isinstance(b, Layout)]
    return tables if len(tables) == len(blocks) else [layout]


def _under_each_other(found: list[Layout], source: Source, around: xlsx.SheetContext, sheet: str) -> list[Layout]:
    """The tables with where each ends and what stands above it.

    A header repeated without a title goes on with the titles of the table before it.
    """
    tables: list[Layout] = []
    rows = sorted({layout.header_row for layout in found})
    for row, before, after in zip(rows, [0, *rows], [*rows[1:], None], strict=False):
        above = _above(row, before, around, source)
        below = [(n, c) for n, c in around.footers if row < n < (after or 1 << 30)]
        more: dict[str, Any] = {}
        if after is not None:
            titles = _above(after, row, around, source)
            more = {"last_row": after - source.header_rows, "title_rows": tuple(n for n, _ in titles)}
        for layout in (f for f in found if f.header_row == row):
            earlier = next((t for t in reversed(tables) if t.left == layout.left and t.header_row < row), None)
            if above or earlier is None:
                layout = _titled(layout, source, above, below, sheet)
            else:
                layout = replace(layout, titles=earlier.titles)
            tables.append(replace(layout, **more))
    return tables


def _above(row: int, before: int, around: xlsx.SheetContext, source: Source) -> Lines:
    """The lines above the header that ends in `row`: all of them, or after another table those that are titles."""
    top = row - source.header_rows + 1
    above = [(n, c) for n, c in around.context.items() if before < n < top]
    return _titles_above(above, source) if before else above


def _titles_above(above: Lines, source: Source) -> Lines:
    """The lines right above a header that are titles: of one text, or with a title column's value."""
    lines: list[tuple[int, tuple[str, ...]]] = []
    for number, cells in sorted(above, reverse=True):
        texts = {c for c in cells if c.strip()}
        is_titled = any(re.search(c.title, _line(cells)) for c in source.columns.values() if c.title)
        if len(texts) > 1 and not is_titled:
            break
        lines.append((number, cells))
    return sorted(lines)


def _titled(layout: Layout, source: Source, above: Lines, below: Lines, sheet: str) -> Layout:
    """The layout with its title columns: what each expression finds nearest to the table."""
    top = layout.header_row - source.header_rows + 1
    lines = [_line(cells[layout.left : layout.right]) for n, cells in sorted(above, reverse=True) if n < top]
    texts = [*lines, sheet, *(_line(cells) for n, cells in below if n > layout.header_row)]
    titles = {name: _first(c.title, texts) for name, c in source.columns.items() if c.title is not None}
    return replace(layout, titles=titles)


def _line(cells: Sequence[str]) -> str:
    """A row's texts in one line, a merged one once."""
    return " ".join(dict.fromkeys(c.strip() for c in cells if c.strip()))


def _first(pattern: str, texts: Sequence[str]) -> str | None:
    for text in texts:
        found = re.search(pattern, text)
        if found:
            return (found[1] if found.re.groups else found[0]) or None
    return None


def cells_of(layout: Layout) -> Mapping[str, str]:
    """Our columns and the letters of the sheet's columns where they stand."""
    return {name: column_letters(place + 1) for name, place in layout.places.items() if place is not None}
