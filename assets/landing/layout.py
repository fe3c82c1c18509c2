"""Where a source's columns stand in a table: the header row found, each of our columns at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from assets.landing.header_match import Doubt, HeaderRow, match_headers
from data_contracts.header_text import header_unit, normal_header
from data_contracts.mapping import Source, SourceColumn

HEADER_ROWS_SEARCHED = 30


@dataclass(frozen=True)
class Table:
    """A table of a file before it is read: its sheet, and its first rows as (row number, cells)."""

    sheet: str | None
    preview: tuple[tuple[int, tuple[str, ...]], ...]
    is_hidden: bool = False


@dataclass(frozen=True)
class Layout:
    """How a table is read: its header's last row (0: none), its columns, ours -> place from 0 (None: absent).

    `header_cells`: the header's rows as they stand in the file. `last_row`: where the table ends (None: the sheet's
    end), `title_rows`: those at its end that are the next table's titles; `left`, `right`: its columns, from `left` and
    before `right`. `titles`: what stands above the table, by our columns, and `title_cells` where; `units`: what a
    header says of its numbers, so that they are read as 3.5万元. `doubts`: columns that several headers fit.
    """

    header_row: int
    width: int
    places: dict[str, int | None]
    found: tuple[str, ...]
    unused: tuple[str, ...]
    header_cells: tuple[tuple[str, ...], ...] = ()
    last_row: int | None = None
    left: int = 0
    right: int = 1 << 20
    title_rows: tuple[int, ...] = ()
    titles: dict[str, str | None] = field(default_factory=dict)
    title_cells: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()

    @property
    def filled(self) -> list[str]:
        """Our columns that the table has, or that a title tells."""
        return [name for name, place in self.places.items() if place is not None or self.titles.get(name)]

    @property
    def header_top(self) -> int:
        """The header's first row."""
        return self.header_row - max(len(self.header_cells), 1) + 1


@dataclass(frozen=True)
class Miss:
    """Why a table is not this source's: the required columns that are missing, beside the columns there are.

    `unclear`: of those missing the ones that several headers fit, with these headers.
    """

    missing: tuple[str, ...]
    found: tuple[str, ...]
    matched: int
    unclear: tuple[tuple[str, tuple[str, ...]], ...] = ()


def find_layout(table: Table, source: Source) -> Layout | Miss:
    """The first row that holds every required column; else what the best row is missing."""
    rows = table.preview
    if source.header_row == 0:
        width = max((len(cells) for _, cells in rows), default=0)
        return layout_of(0, (("",) * width,), source)
    by_number = dict(rows)
    numbers = [n for n, _ in rows if source.header_row is None or n == source.header_row]
    best: Miss | None = None
    for number in numbers:
        tables = tables_at(by_number, number, source)
        if not isinstance(tables, Miss):
            rest = tuple(t for table in tables[1:] for t in table.found[table.left : table.right] if t)
            return replace(tables[0], unused=(*tables[0].unused, *rest))
        if best is None or tables.matched > best.matched:
            best = tables
    return best or Miss(tuple(_wanted(source.columns[c]) for c in source.missing(())), (), 0)


def tables_at(rows: Mapping[int, tuple[str, ...]], number: int, source: Source) -> list[Layout] | Miss:
    """The tables, from left to right, whose header ends in row `number`, or in the next where that completes it."""
    header = _header_cells(rows, number, source.header_rows)
    tables = _beside_each_other(number, header, source)
    if isinstance(tables, Miss) or source.header_row is not None or number + 1 not in rows:
        return tables
    below = rows[number + 1]
    required = {t.places[name] for t in tables for name in source.deciding(t.filled)}
    if any(below[p].strip() not in ("", header[-1][p].strip()) for p in required if p is not None and p < len(below)):
        return tables
    deeper = _beside_each_other(number + 1, _header_cells(rows, number + 1, max(source.header_rows, 2)), source)
    return tables if isinstance(deeper, Miss) or _columns_found(deeper) <= _columns_found(tables) else deeper


def _columns_found(tables: Sequence[Layout]) -> int:
    return sum(place is not None for table in tables for place in table.places.values())


def _beside_each_other(number: int, header: tuple[tuple[str, ...], ...], source: Source) -> list[Layout] | Miss:
    """The table under a header, or the tables: parted by blank columns, or where the header stands several times.

    No table takes a column from one that is a table by itself.
    """
    whole = layout_of(number, header, source)
    width = max((len(cells) for cells in header), default=0)
    is_blank = [not any(cells[p].strip() for cells in header if p < len(cells)) for p in range(width)]
    lefts = [p for p in range(width) if not is_blank[p] and (p == 0 or is_blank[p - 1])]
    rights = [p for p in range(1, width + 1) if not is_blank[p - 1] and (p == width or is_blank[p])]
    starts: list[int] = []
    if len(lefts) > 1:
        blocks = [layout_of(number, header, source, x, y) for x, y in zip(lefts, rights, strict=True)]
        starts = [block.left for block in blocks if isinstance(block, Layout)]
    if len(starts) < 2 and isinstance(whole, Layout):
        places = [p for n in source.deciding(whole.filled) if (p := whole.places[n]) is not None]
        names = [normal_header(text) for text in whole.found]
        first = min(places, default=0)
        starts = [p for p in range(first, whole.width) if names[p] == names[first]]
    edges = [0, *starts[1:], 1 << 20]
    tables = [layout_of(number, header, source, left, right) for left, right in pairwise(edges)]
    found = [table for table in tables if isinstance(table, Layout)]
    if len(found) == len(tables):
        return found
    return whole if isinstance(whole, Miss) else [whole]


def _header_cells(rows: Mapping[int, tuple[str, ...]], last: int, count: int) -> tuple[tuple[str, ...], ...]:
    """The rows of a header that ends in row `last`; a row that is blank or above the sheet is left out."""
    return tuple(rows[n] for n in range(last - count + 1, last + 1) if n in rows)


def layout_of(
    number: int, header: tuple[tuple[str, ...], ...], source: Source, left: int = 0, right: int = 1 << 20
) -> Layout | Miss:
    """How a table whose header's last row is `number` is read, of its columns from `left` and before `right`."""
    width = max((len(cells) for cells in header), default=0)
    joined = _joined(header, width)
    while width and not joined[width - 1].strip() and number:
        width -= 1
    found = tuple(text.strip() for text in joined[:width])
    inside = {place: text for place, text in enumerate(found) if text and left <= place < right}
    lower = {}
    if len(header) > 1:
        lower = {p: text for p, t in enumerate(header[-1]) if (text := t.strip()) and left <= p < right}
    matched = match_headers(source.columns, HeaderRow(inside, lower, width))
    places = matched.places
    # Whether a title tells its column is known when the table is.
    missing = source.missing({n for n, place in places.items() if place is not None or source.columns[n].title})
    if missing:
        unclear = tuple(
            (_wanted(source.columns[d.column]), tuple(found[p] for p in d.others))
            for d in matched.doubts
            if d.column in missing
        )
        wanted = tuple(_wanted(source.columns[name]) for name in missing)
        return Miss(wanted, found[left:right], sum(p is not None for p in places.values()), unclear)
    used = {p for p in places.values() if p is not None}
    unused = tuple(text for place, text in inside.items() if place not in used)
    units = {
        name: unit
        for name, place in places.items()
        if place is not None and source.columns[name].synonyms and (unit := header_unit(found[place]))
    }
    return Layout(
        number, width, places, found, unused, header, left=left, right=right, units=units,
        doubts=tuple(matched.doubts),
    )  # fmt: skip


def _joined(header: Sequence[Sequence[str]], width: int) -> list[str]:
    """A header of several rows as one: 计划/客户. What stands above nothing holds for the columns to its right."""
    rows = [[*cells, *[""] * (width - len(cells))] for cells in header]
    for upper in rows[:-1]:
        for place in range(1, width):
            if not upper[place].strip() and any(row[place].strip() for row in rows):
                upper[place] = upper[place - 1]
    return ["/".join(dict.fromkeys(t for row in rows if (t := row[place].strip()))) for place in range(width)]


def by_name(source: Source) -> Source:
    """The source as one that reads a plain sheet with every column in it: by its own headers or by our names."""
    columns = {
        ours: column.model_copy(
            update={
                "headers": (*(h for h in column.headers if isinstance(h, str)), ours), "title": None, "optional": False,
            }
        )
        for ours, column in source.columns.items()
    }  # fmt: skip
    return source.model_copy(
        update={
            "format": "xlsx", "sheet": "*", "columns": columns, "header_row": None, "header_rows": 1, "tables": "one",
            "fill_down": (), "needs": (),
        }
    )  # fmt: skip


def headers_of(layout: Layout, source: Source) -> dict[str, str]:
    """Our columns and what the file calls them; our own name where theirs alone would not find the column again."""
    names = {ours: None if place is None else layout.found[place] for ours, place in layout.places.items()}
    texts = list(names.values())
    unlike = {ours: name if name and texts.count(name) == layout.found.count(name) == 1 else ours
              for ours, name in names.items()}  # fmt: skip
    again = layout_of(1, (tuple(unlike.values()),), by_name(source))
    places = again.places if isinstance(again, Layout) else {}
    return {ours: name if places.get(ours) == n else ours for n, (ours, name) in enumerate(unlike.items())}


def _wanted(column: SourceColumn) -> str:
    return " / ".join(str(h) for h in column.headers) or " / ".join(column.synonyms) or f"the title {column.title}"
