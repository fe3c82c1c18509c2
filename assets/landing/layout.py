"""Where a source's columns stand in a table: the header row found, each of our columns at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from data_contracts.header_text import unit_in_brackets, without_brackets
from data_contracts.mapping import Source, SourceColumn, normal_header

HEADER_ROWS_SEARCHED = 30
# What a header may say of the numbers under it; they are then read as 3.5万元.


@dataclass(frozen=True)
class Table:
    """A table of a file before it is read: its sheet, and its first rows as (row number, cells)."""

    sheet: str | None
    preview: tuple[tuple[int, tuple[str, ...]], ...]
    hidden_rows: int = 0
    is_hidden: bool = False


@dataclass(frozen=True)
class Layout:
    """How a table is read: its header's last row (0: none), its columns, ours -> place from 0 (None: absent).

    `header_cells`: the header's rows as they stand in the file. `last_row`: where the table ends (None: the sheet's
    end), `title_rows`: those at its end that are the next table's titles; `left`, `right`: its columns, from `left` and
    before `right`. `titles`: what stands above the table, by our columns; `units`: what a header says of its numbers.
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
    units: dict[str, str] = field(default_factory=dict)


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
        return layout_of(0, (("",) * width,), source)
    by_number = dict(rows)
    numbers = [n for n, _ in rows if source.header_row is None or n == source.header_row]
    best: Miss | None = None
    for number in numbers:
        header = _header_cells(by_number, number, source.header_rows)
        layout = layout_of(number, header, source)
        if isinstance(layout, Layout):
            return layout
        if best is None or layout.matched > best.matched:
            best = layout
    return best or Miss(tuple(_wanted(source.columns[c]) for c in source.required), (), 0)


def _header_cells(rows: Mapping[int, tuple[str, ...]], last: int, count: int) -> tuple[tuple[str, ...], ...]:
    """The rows of a header that ends in row `last`; a row that is blank or above the sheet is left out."""
    return tuple(rows[n] for n in range(last - count + 1, last + 1) if n in rows)


def layout_of(
    number: int, header: tuple[tuple[str, ...], ...], source: Source, left: int = 0, right: int = 1 << 20
) -> Layout | Miss:
    """How a table whose header's last row is `number` is read, of its columns from `left` and before `right`."""
    width = max((len(cells) for cells in header), default=0)
    lower = [*header[-1], *[""] * (width - len(header[-1]))] if header else []
    joined = _joined(header, width) if len(header) > 1 else lower
    exact: dict[str, int] = {}
    loose: dict[str, int] = {}
    plain: dict[str, int] = {}
    for place, cell in enumerate(joined):
        if left <= place < right:
            exact.setdefault(cell.strip(), place)
            loose.setdefault(normal_header(cell), place)
            plain.setdefault(without_brackets(normal_header(cell)), place)
    if len(header) > 1:  # where only the lower row's text is given
        for place, cell in enumerate(lower):
            if left <= place < right:
                for names, text in ((exact, cell.strip()), (loose, normal_header(cell)),
                                    (plain, without_brackets(normal_header(cell)))):  # fmt: skip
                    names.setdefault(text, place)
    while width and not joined[width - 1].strip() and number:
        width -= 1
    places = {name: _place(column, exact, loose, plain, width) for name, column in source.columns.items()}
    found = tuple(c.strip() for c in joined[:width])
    missing = tuple(_wanted(source.columns[name]) for name in source.required if places[name] is None)
    if missing:
        return Miss(missing, found[left:right], sum(p is not None for p in places.values()))
    used = {p for p in places.values() if p is not None}
    unused = tuple(c for i, c in enumerate(found) if i not in used and c and left <= i < right)
    units = {
        name: unit
        for name, place in places.items()
        if place is not None
        and source.columns[name].synonyms
        and (unit := unit_in_brackets(normal_header(found[place])))
    }
    return Layout(number, width, places, found, unused, header, left=left, right=right, units=units)


def _joined(header: Sequence[Sequence[str]], width: int) -> list[str]:
    """A header of several rows as one: 计划/客户. What stands above nothing holds for the columns to its right."""
    rows = [[*cells, *[""] * (width - len(cells))] for cells in header]
    for upper in rows[:-1]:
        for place in range(1, width):
            if not upper[place].strip() and any(row[place].strip() for row in rows):
                upper[place] = upper[place - 1]
    return ["/".join(dict.fromkeys(t for row in rows if (t := row[place].strip()))) for place in range(width)]


def _place(
    column: SourceColumn, exact: dict[str, int], loose: dict[str, int], plain: dict[str, int], width: int
) -> int | None:
    for header in column.headers:
        if isinstance(header, int):
            if 1 <= header <= width:
                return header - 1
        elif header in exact:
            return exact[header]
        elif normal_header(header) in loose:
            return loose[normal_header(header)]
    for names in (loose, plain):
        for synonym in column.synonyms:
            if normal_header(synonym) in names:
                return names[normal_header(synonym)]
    return None


def words_of(source: Source) -> set[str]:
    """Every header that a column of the source may have, as headers are compared."""
    return {
        normal_header(text)
        for column in source.columns.values()
        for header in (*column.headers, *column.synonyms)
        if isinstance(header, str)
        for text in (header, header.rpartition("/")[2])
    }


def _wanted(column: SourceColumn) -> str:
    return " / ".join(str(h) for h in column.headers) or " / ".join(column.synonyms)
