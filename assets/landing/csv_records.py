"""The careful reader of delimited text: record by record, for files that are not plain enough for DuckDB's.

It keeps the number a spreadsheet would show for every record (blank lines count, a quoted line break does not),
refuses a bad record alone with its text, and lets an unclosed quote cost one line, not the rest of the file.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

from assets.landing.layout import HEADER_ROWS_SEARCHED

MAX_LINES, MAX_CHARACTERS = 2000, 4_000_000
PREVIEW_CHARACTERS = 1 << 20
csv.field_size_limit(MAX_CHARACTERS + 1)


@dataclass(frozen=True)
class Dialect:
    """How columns are parted; `quote` None: no quoting at all."""

    delimiter: str
    quote: str | None


@dataclass(frozen=True)
class Refused:
    """A record that could not be split: its number, why (a code of texts/ingestion.yaml), its text."""

    row: int
    reason: str
    raw: str


@dataclass(frozen=True)
class Record:
    """A record: its number, its cells."""

    row: int
    cells: list[str]


class _RecordTooLongError(Exception):
    pass


class _Lines:
    """Feeds physical lines to csv.reader and can give back those of the record under way."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._source = iter(lines)
        self._again: deque[str] = deque()
        self.record: list[str] = []
        self._characters = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._source)
        self.record.append(line)
        self._characters += len(line)
        if len(self.record) > MAX_LINES or (len(self.record) > 1 and self._characters > MAX_CHARACTERS):
            raise _RecordTooLongError
        return line

    def begin(self) -> None:
        self.record, self._characters = [], 0

    def give_back_all_but_first(self) -> None:
        self._again.extendleft(reversed(self.record[1:]))
        self.record = self.record[:1]


def read_records(lines: Iterable[str], dialect: Dialect, width: int | None = None) -> Iterator[Record | Refused]:
    """Records in order; blank ones are passed over. With `width`, others of another width are refused."""
    feed = _Lines(lines)
    if dialect.quote is None:
        reader = csv.reader(feed, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE, strict=True)
    else:
        reader = csv.reader(feed, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
    row = 0
    while True:
        feed.begin()
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _RecordTooLongError):
            if not feed.record:
                return
            feed.give_back_all_but_first()
            yield Refused(row, "bad_quotes", feed.record[0].rstrip("\r\n"))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        refusal = None if width is None else _width_refusal(cells, width)
        yield Refused(row, refusal, "".join(feed.record).rstrip("\r\n")) if refusal else Record(row, cells)


def _width_refusal(cells: list[str], width: int) -> str | None:
    if len(cells) < width:
        return "too_few_columns"
    return "too_many_columns" if any(cell.strip() for cell in cells[width:]) else None


def preview_records(path: Path, dialect: Dialect) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The first records of a UTF-8 file, as (number, cells)."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        beginning = stream.read(PREVIEW_CHARACTERS)
    records = (r for r in read_records(StringIO(beginning, newline=""), dialect) if isinstance(r, Record))
    return tuple((r.row, tuple(r.cells)) for r in islice(records, HEADER_ROWS_SEARCHED))


def file_records(path: Path, dialect: Dialect, width: int, is_damaged: bool) -> Iterator[Record | Refused]:
    """All records of a UTF-8 file; where it is damaged, those that hold a replaced byte are refused."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        for record in read_records(stream, dialect, width):
            if is_damaged and isinstance(record, Record) and any("\ufffd" in cell for cell in record.cells):
                yield Refused(record.row, "damaged_text", dialect.delimiter.join(record.cells))
            else:
                yield record
