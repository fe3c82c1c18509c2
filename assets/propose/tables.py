"""The tables of a file that no mapping knows: each with its header row found, landed as text in a scratch warehouse.

The file goes through the same readers as in a run, by a throw-away mapping that names columns by position. So what
is proposed is seen in what would be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.landing import columnar, xlsx
from assets.landing.csv_records import Dialect, Refused, preview_records
from assets.landing.journal import Delivery
from assets.landing.land import land_file
from assets.landing.layout import Table
from assets.landing.mappings import landing_table
from assets.landing.plan import DELIMITERS
from assets.landing.sniff import check_magic, extension, format_of
from assets.landing.text_files import open_text, unpack
from data_contracts.errors import StagewatchError
from data_contracts.mapping import Format, Mapping, normal_header
from data_contracts.sql_names import quote_ident

ENCODINGS = ("utf-8", "gb18030")
MAX_COLUMNS = 400


@dataclass(frozen=True)
class Found:
    """A table of the file: its sheet, the row its header stands in (0: none), its headers in order.

    `relation` is its landed rows, quoted: file_id, source_sheet, source_row, then c1, c2, ... as text.
    """

    sheet: str | None
    header_row: int
    headers: tuple[str, ...]
    relation: str
    rows: int


@dataclass(frozen=True)
class Opened:
    """A file as it was read: its format and encoding, the delimiter of text, the path to a document's list of rows,
    its tables, and the sheets left out because they hold none."""

    form: Format
    encoding: str | None
    delimiter: str | None
    tables: tuple[Found, ...]
    left_out: tuple[str, ...]
    rows: str | None = None


def open_tables(con: duckdb.DuckDBPyConnection, path: Path, name: str, scratch: Path, words: set[str]) -> Opened:
    """Find and land the tables of a file. `words`: normal headers that are known, which speak for a header row.

    Raises StagewatchError, as a run would, for a file that cannot be read, and for one without a table.
    """
    form = format_of(name, None)
    plain = unpack(path, scratch)
    check_magic(plain, form)
    encoding = delimiter = rows_path = None
    if form in ("csv", "tsv"):
        text = open_text(plain, ENCODINGS, scratch)
        encoding = text.encoding
        delimiter, table = _best_delimiter(text.path, ("\t",) if form == "tsv" else DELIMITERS, words)
        tables = [table]
    elif form == "xlsx":
        tables = xlsx.sheet_tables(plain)
    else:
        names: list[str]
        if form == "jsonl":
            text = open_text(plain, ENCODINGS, scratch)
            rows_path = _list_of_rows(text.path)
            names = columnar.json_columns(text.path, rows_path)
        else:
            names = list(columnar.parquet_columns(plain, None))
        tables = [Table(None, ((1, tuple(names)),))]
    placed: list[tuple[str | None, int, tuple[str, ...]]] = []
    left_out = []
    for table in tables:
        header = (1, table.preview[0][1]) if form in ("jsonl", "parquet") else header_row(table, words)
        if header is None:
            left_out.append(table.sheet or name)
            continue
        row, cells = header
        placed.append((table.sheet, row, _trimmed(cells)))
    if not placed:
        raise StagewatchError("holds no table with a header and rows under it", remedy="look at the file; export again")
    probe = _probe(name, form, delimiter, rows_path, placed)
    delivery = Delivery(
        1, name, None, None, path.stat().st_size, "2000-01-01T00:00:00+00:00", "landed", 1, extension(name)
    )
    land_file(con, path, delivery, [probe], scratch, lambda _: None)
    found = []
    for number, (sheet, row, headers) in enumerate(placed, start=1):
        relation = f"landing.{quote_ident(landing_table('probe', f't{number}'))}"
        ((rows,),) = con.execute(f"select count(*) from {relation}").fetchall()
        if rows:
            found.append(Found(sheet, row, headers, relation, rows))
        else:
            left_out.append(sheet or name)
    return Opened(form, encoding, delimiter, tuple(found), tuple(left_out), rows_path)


def _list_of_rows(path: Path) -> str | None:
    """The key of a document's list of objects (a reply with its `results`), where its rows stand in one."""
    first = next(columnar.json_objects(path, None), None)
    if first is None or isinstance(first, Refused):
        return None
    lists = {key: len(value) for key, value in first[1].items() if value is not None and value.startswith('[{"')}
    return max(lists, key=lambda key: lists[key], default=None)


def header_row(table: Table, words: set[str]) -> tuple[int, tuple[str, ...]] | None:
    """The row that is most like a header: of different words, the known ones first, and as wide as what follows."""
    best: tuple[float, int, tuple[str, ...]] | None = None
    rows = table.preview
    for place, (number, cells) in enumerate(rows[:-1]):
        score = _header_likeness(cells, [c for _, c in rows[place + 1 : place + 6]], words)
        if best is None or score > best[0] + 1e-9:
            best = (score, number, cells)
    return None if best is None or best[0] <= 0 else (best[1], best[2])


def _header_likeness(cells: Sequence[str], below: Sequence[Sequence[str]], words: set[str]) -> float:
    filled = [c.strip() for c in cells if c.strip()]
    if not filled:
        return 0.0
    names = {normal_header(c) for c in filled}
    wordy = sum(not _is_value(c) for c in filled) / len(filled)
    width = max((sum(bool(c.strip()) for c in row) for row in below), default=0)
    fits = min(len(filled), width) / max(len(filled), width, 1)
    known = len(names & words)
    return (len(names) / len(filled)) * wordy * fits * (1 + known) * (1 if len(filled) > 1 else 0.3)


def _is_value(cell: str) -> bool:
    """Whether a cell looks like something that stands under a header: mostly digits, or a long text."""
    digits = sum(c.isdigit() for c in cell)
    return digits * 2 > len(cell) or len(cell) > 60


def _best_delimiter(path: Path, delimiters: Sequence[str], words: set[str]) -> tuple[str, Table]:
    def worth(table: Table) -> tuple[float, int]:
        header = header_row(table, words)
        return (0, 0) if header is None else (len(_trimmed(header[1])) > 1, len(_trimmed(header[1])))

    tables = [(d, Table(None, preview_records(path, Dialect(d, '"')))) for d in delimiters]
    return max(tables, key=lambda pair: worth(pair[1]))


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return tuple(" ".join(c.split()) for c in cells[: min(width, MAX_COLUMNS)])


def _probe(
    name: str, form: Format, delimiter: str | None, rows: str | None,
    placed: Sequence[tuple[str | None, int, tuple[str, ...]]],
) -> Mapping:  # fmt: skip
    sources = {}
    for number, (sheet, row, headers) in enumerate(placed, start=1):
        by_place = form not in ("jsonl", "parquet")
        columns = {
            f"c{n}": {"from": [n if by_place else header], "optional": True}
            for n, header in enumerate(headers, start=1)
        }
        source: dict[str, object] = {"files": ["*"], "format": form, "columns": columns, "duplicates": "keep"}
        if by_place:
            source["header_row"] = row
        if delimiter is not None:
            source["delimiter"] = delimiter
        if rows is not None:
            source["rows"] = rows
        if sheet is not None:
            source["sheet"] = sheet
        sources[f"t{number}"] = source
    # A mapping feeds a record; this one is never staged.
    record = {"record": "visits", "from": "t1", "fields": {"visit_id": "c1", "status": "c1", "occurred_at": "c1"}}
    return Mapping.model_validate(
        {"mapping": "probe", "version": "1.0.0", "name": {"zh": name, "en": name}, "source_kind": "crm",
         "sources": sources, "records": [record]}
    )  # fmt: skip
