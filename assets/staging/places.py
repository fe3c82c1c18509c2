"""Where a row was refused: the column as people know it, by the headers of its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from assets.landing.header_match import HeaderRow, place_of
from data_contracts.mapping import Mapping

# The headers of the table that a row of staging.quarantine q stands in.
FOUND_SQL = """
coalesce((select p.columns_found from landing.parts p
          where p.file_id = q.file_id and p.source_sheet is not distinct from q.source_sheet
            and p.header_row < q.source_row order by p.header_row desc limit 1), [])"""


def place_text(mapping: Mapping | None, record: str | None, column: str | None, found: Sequence[str]) -> str:
    """The refused column as people know it: ours, and in brackets the one of the headers `found` that is behind it."""
    if column is None:
        return "-"
    row = _header_row(tuple(found))
    theirs = [] if mapping is None else list(dict.fromkeys(_headers(mapping, record, column, row, found)))
    return f"{column} ({', '.join(theirs)})" if theirs and theirs != [column] else column


@lru_cache(maxsize=256)
def _header_row(found: tuple[str, ...]) -> HeaderRow:
    return HeaderRow(dict(enumerate(found)), {}, len(found))


def _headers(mapping: Mapping, record: str | None, column: str, row: HeaderRow, found: Sequence[str]) -> Iterator[str]:
    """The headers behind a record's column; behind a source's own column, where no record has one of that name."""
    values = [value for _, _, kind, name, value in mapping.placed_values() if (kind, name) == (record, column)]
    for name in [name for value in values for name in value.columns] if values else [column]:
        yield from (" ".join(found[p].split()) for p in _places_of(mapping, name.split(".")[-1], row))


def _places_of(mapping: Mapping, name: str, row: HeaderRow) -> Iterator[int]:
    for source in mapping.sources.values():
        if name in source.columns:
            place = place_of(source.columns[name], row)
            if place is not None:
                yield place
        elif name in source.derive:
            for other in source.derive[name].columns:
                yield from _places_of(mapping, other, row)
    side, _, paired = name.partition("_")
    if side in ("start", "complete") and paired:
        yield from _places_of(mapping, paired, row)
