"""Rows of a planned file into its landing tables: every declared column as text, with sheet and row.

A plain delimited file streams through DuckDB's own reader; one that is irregular in any way is read again record
by record. Both give the same rows under the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from assets.landing import columnar, xlsx
from assets.landing.csv_records import Record, Refused, file_records, read_records
from assets.landing.layout import Layout, headers_of
from assets.landing.mappings import landing_table, signature
from assets.landing.messages.reader import read_messages
from assets.landing.plan import Part, Plan
from assets.landing.sheet_tables import cells_of, doubts_of
from assets.landing.text_files import CHUNK, has_blank_line, verified
from data_contracts.safe_cells import BLANKS
from data_contracts.sql_names import quote_ident, quote_literal

BATCH_ROWS = 20_000
MAX_LINE_BYTES = 16 << 20
MAX_RAW = 2000
# 〃, 同上, ": as above.
DITTO = '[〃"″＂“”]{1,2}|同上|ditto|do[.]'
BARE_NUMBER, _UNIT_BEHIND = "^([+-]?[0-9０-９][0-9０-９,，.．]*)$", r"\1"


class IrregularError(Exception):
    """DuckDB's reader cannot be trusted with this file: read it record by record."""


@dataclass(frozen=True)
class Loaded:
    """What one part gave, and what its text came in."""

    rows_landed: int
    rows_refused: int
    encoding: str | None
    nul_bytes: int


def load_plan(con: duckdb.DuckDBPyConnection, plan: Plan, file_id: int, careful: bool, scratch: Path) -> list[Loaded]:
    """Load every part of a file inside the caller's transaction; IrregularError where `careful` is called for.

    The connection must preserve the order of insertion: rows are numbered by it.
    """
    try:
        return [_load_part(con, plan, part, n, file_id, careful, scratch) for n, part in enumerate(plan.parts, 1)]
    finally:
        xlsx.close()


def ensure_table(con: duckdb.DuckDBPyConnection, mapping: str, code: str, columns: Iterable[str]) -> str:
    """The source's landing table, made anew where the mapping's columns changed; its quoted name."""
    name = landing_table(mapping, code)
    table = f"landing.{quote_ident(name)}"
    wanted = ["file_id", "source_sheet", "source_row", "row_kind", *columns]
    have = [
        row[0]
        for row in con.execute(
            "select column_name from duckdb_columns() where schema_name = 'landing' and table_name = ?"
            " and database_name = current_database() order by column_index",
            [name],
        ).fetchall()
    ]
    if have != wanted:
        con.execute(f"drop table if exists {table}")
        declared = "".join(f", {quote_ident(c)} varchar" for c in columns)
        con.execute(
            f"create table {table} (file_id integer not null, source_sheet varchar, source_row bigint,"
            f" row_kind varchar{declared})"
        )
    return table


def clean(expression: str) -> str:
    """A text without blanks at its ends, null where nothing is left.

    Nearly no cell has a blank at an end, and looking for one is cheaper than trimming: the first character is
    judged by comparison (nothing between NBSP and U+3001 passes), the last by looking it up.
    """
    return (
        f"case when {expression} > '!' and ({expression} < '\u00a0' or {expression} > '\u3001')"
        f" and not contains('{BLANKS}', right({expression}, 1)) then {expression}"
        f" else nullif(trim({expression}, '{BLANKS}'), '') end"
    )


def _load_part(
    con: duckdb.DuckDBPyConnection, plan: Plan, part: Part, number: int, file_id: int, careful: bool, scratch: Path
) -> Loaded:
    table = ensure_table(con, part.mapping, part.code, part.source.columns)
    before = _refused(con, file_id)
    if part.form in ("csv", "tsv") and not careful:
        _load_by_duckdb(con, part, table, file_id)
    elif part.form == "parquet":
        _load_parquet(con, part, table, file_id)
    elif part.form == "xlsx":
        _load_workbook(con, plan, part, table, file_id)
    else:
        # A reader of messages splits no bytes: it is told of a byte that is no text before it begins.
        if part.text is not None and (careful or part.form == "messages"):
            part = replace(part, text=verified(part.text, part.path, part.source.encoding, scratch))
        _load_rows(con, part, table, file_id)
    _fill_down(con, table, part, file_id)
    landed = _count(con, f"select count(*) from {table} where {_is_of_part(part, file_id)}", [])
    refused = _refused(con, file_id) - before
    is_workbook = part.form == "xlsx"
    of_hidden = "true" if part.is_hidden else "row_kind = 'hidden'"
    hidden = _count(con, f"select count(*) from {table} where {_is_of_part(part, file_id)} and {of_hidden}", [])
    con.execute(
        "insert into landing.parts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [file_id, number, part.mapping, part.code, part.source_sheet, part.layout.header_row, landed, refused,
         list(part.layout.found), list(part.layout.unused), signature(part.source), part.layout.last_row,
         cells_of(part.layout) if is_workbook else {}, hidden, doubts_of(part.layout, is_lettered=is_workbook),
         headers_of(part.layout, part.source)],
    )  # fmt: skip
    text = part.text
    return Loaded(landed, refused, text.encoding if text else None, text.nul_bytes if text else 0)


def _load_by_duckdb(con: duckdb.DuckDBPyConnection, part: Part, table: str, file_id: int) -> None:
    assert part.dialect is not None and part.text is not None
    if part.text.is_damaged or part.text.nul_bytes:
        raise IrregularError
    _check_header_lines(part)
    names = [f"c{n}" for n in range(part.layout.width)]
    spec = ", ".join(f"'{n}': 'VARCHAR'" for n in names)
    quote = part.dialect.quote or ""
    values = ", ".join(
        quote_literal(part.layout.titles.get(column)) if p is None else _with_unit(clean(names[p]), column, part.layout)
        for column, p in part.layout.places.items()
    )
    try:
        con.execute(
            f"insert into {table} select {file_id}, null, null, null, {values}"
            f" from read_csv({quote_literal(str(part.path))},"
            f" header = false, skip = {part.layout.header_row}, auto_detect = false, compression = 'none',"
            f" delim = {quote_literal(part.dialect.delimiter)}, quote = {quote_literal(quote)},"
            f" escape = {quote_literal(quote)}, columns = {{{spec}}}, max_line_size = {MAX_LINE_BYTES})"
        )
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise IrregularError from error
    rows = _count(con, f"select count(*) from {table} where file_id = ?", [file_id])
    lines = _lines(part.path)
    if lines not in (rows + part.layout.header_row, rows + part.layout.header_row - 1) and has_blank_line(part.path):
        raise IrregularError
    # The insert kept the file's order, so a row's place in the table is its place in the file.
    con.execute(
        f"update {table} set source_row = rowid - (select min(rowid) from {table} where file_id = {file_id})"
        f" + {part.layout.header_row + 1} where file_id = {file_id}"
    )
    present = ", ".join(quote_ident(c) for c, p in part.layout.places.items() if p is not None)
    con.execute(f"delete from {table} where file_id = {file_id} and coalesce({present}) is null")


def _load_parquet(con: duckdb.DuckDBPyConnection, part: Part, table: str, file_id: int) -> None:
    columns = columnar.parquet_columns(part.path, part.source.rows)
    places = part.layout.places.values()
    texts = ", ".join(f"{columns[part.layout.found[p]]} as c{p}" for p in dict.fromkeys(places) if p is not None)
    values = ", ".join("null" if p is None else clean(f"c{p}") for p in places)
    rows = columnar.parquet_rows_sql(part.path, part.source.rows)
    con.execute(
        f'insert into {table} select {file_id}, null, "row:", null, {values}'
        f' from (select "row:", {texts} from ({rows}))'
    )


def _load_rows(con: duckdb.DuckDBPyConnection, part: Part, table: str, file_id: int) -> None:
    schema = pa.schema([("source_row", pa.int64()), *((c, pa.string()) for c in part.source.columns)])
    names = ", ".join(["source_row, null", *map(quote_ident, part.source.columns)])
    refused: list[Refused] = []
    rows = _placed(_records(part), part, refused)
    while batch := list(islice(rows, BATCH_ROWS)):
        columns = [pa.array(v, f.type) for v, f in zip(zip(*batch, strict=True), schema, strict=True)]
        con.register("_rows", pa.table(columns, schema=schema))
        con.execute(f"insert into {table} select {file_id}, {quote_literal(part.source_sheet)}, {names} from _rows")
        con.unregister("_rows")
    if refused:
        texts = [_encodable(r.raw[:MAX_RAW]) for r in refused]
        con.register("_refused", pa.table({"row": [r.row for r in refused], "reason": [r.reason for r in refused],
                                           "raw": texts}))  # fmt: skip
        con.execute(
            f"insert into landing.refused select {file_id}, {quote_literal(part.source_sheet)}, row, reason, raw, null"
            " from _refused"
        )
        con.unregister("_refused")


def _load_workbook(con: duckdb.DuckDBPyConnection, plan: Plan, part: Part, table: str, file_id: int) -> None:
    """The rows as the process that reads workbooks sends them; what a row is besides data stands in row_kind."""
    layout, sheet = part.layout, quote_literal(part.source_sheet)
    values = ", ".join(_workbook_value(name, layout) for name in part.source.columns)
    # An amount that is merged over the rows of several visits is one amount, whatever else holds for all of them.
    mapping = next(m for m in plan.mappings if m.mapping == part.mapping)
    amounts, days = mapping.columns_read_as("DECIMAL"), mapping.columns_read_as("TIMESTAMPTZ", "DATE")
    batches = xlsx.row_batches(
        part.path, part.sheet or "", layout, required=part.source.deciding(layout.filled), once=amounts, days=days
    )
    for batch in batches:
        con.register("_rows", pa.table(batch))
        con.execute(
            f"insert into {table} select {file_id}, {sheet}, source_row, kind, {values} from _rows where reason is null"
        )
        con.execute(
            f"insert into landing.refused select {file_id}, {sheet}, source_row, reason, raw, cell from _rows"
            " where reason is not null"
        )
        con.unregister("_rows")


def _workbook_value(name: str, layout: Layout) -> str:
    """Our column as SQL over a batch: a title's value, or the cell's text, with the unit that its header says."""
    if name in layout.titles:
        return quote_literal(layout.titles[name])
    place = layout.places[name]
    if place is None:
        return "null"
    return _with_unit(clean(f"replace(c{place}, chr(0), '')"), name, layout)


def _with_unit(text: str, name: str, layout: Layout) -> str:
    """A cell's text as SQL, a bare number with the unit that its header says."""
    unit = layout.units.get(name)
    return text if unit is None else f"regexp_replace({text}, '{BARE_NUMBER}', {quote_literal(_UNIT_BEHIND + unit)})"


def _records(part: Part) -> Iterator[tuple[int, Sequence[str | None]] | Refused]:
    """The part's data rows in order, cells in the order of its header."""
    if part.form == "messages":
        assert part.shape is not None
        text = part.text
        yield from read_messages(text.path if text else part.path, part.shape, text is not None and text.is_damaged)
    elif part.form == "jsonl":
        for item in columnar.json_objects(part.path, part.source.rows):
            yield item if isinstance(item, Refused) else (item[0], [item[1].get(name) for name in part.layout.found])
    else:
        assert part.dialect is not None and part.text is not None
        for record in file_records(part.text.path, part.dialect, part.layout.width, part.text.is_damaged):
            if record.row > part.layout.header_row:
                yield record if isinstance(record, Refused) else (record.row, record.cells)


def _placed(
    records: Iterable[tuple[int, Sequence[str | None]] | Refused], part: Part, refused: list[Refused]
) -> Iterator[tuple[int | str | None, ...]]:
    """Rows as (row number, our columns cleaned); blank ones are passed over, refused ones put aside."""
    places = list(part.layout.places.items())
    titles = part.layout.titles
    units = [(at, part.layout.units[name]) for at, (name, _) in enumerate(places) if name in part.layout.units]
    for record in records:
        if isinstance(record, Refused):
            refused.append(record)
            continue
        number, cells = record
        values = [None if p is None or p >= len(cells) else _cleaned(cells[p]) for _, p in places]
        if any(v is not None for v in values):
            values = [titles.get(n) if p is None else v for v, (n, p) in zip(values, places, strict=True)]
            for at, unit in units:
                cell = values[at]
                if cell is not None:
                    values[at] = re.sub(BARE_NUMBER, _UNIT_BEHIND + unit, cell)
            yield (number, *values)


def _cleaned(cell: str | None) -> str | None:
    if cell is None:
        return None
    if not cell.isascii() or "\0" in cell:
        cell = _encodable(cell)
    return cell.strip(BLANKS) or None


def _encodable(text: str) -> str:
    """The text without NULs, and ? for each half of a character, which JSON can write and UTF-8 cannot."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _is_of_part(part: Part, file_id: int) -> str:
    """Of a landing table's rows, those of one part."""
    last = f" and source_row <= {part.layout.last_row}" if part.layout.last_row is not None else ""
    first = f" and source_row > {part.layout.header_row}" if part.form == "xlsx" else ""
    return f"file_id = {file_id} and source_sheet is not distinct from {quote_literal(part.source_sheet)}{first}{last}"


def _fill_down(con: duckdb.DuckDBPyConnection, table: str, part: Part, file_id: int) -> None:
    """Give cells that say ditto, and in columns that are filled down also blank ones (merged cells), the value above.

    A subtotal and the like have none to give.
    """
    columns, filled = dict.fromkeys((*part.source.fill_down, *part.source.dittos)), []
    for column in columns:
        name = quote_ident(column)
        said = f"if(regexp_full_match({name}, '{DITTO}'), null, {name})"
        is_open = f"{said} is null" if column in part.source.fill_down else f"{name} is not null and {said} is null"
        above = f"last_value(if(row_kind is null or row_kind = 'hidden', {said}, null) ignore nulls)"
        filled.append(f"if({is_open}, {above} over (order by source_row), {name}) as {name}")
    if columns:
        con.execute(
            f"update {table} as t set {', '.join(f'{name} = f.{name}' for name in map(quote_ident, columns))}"
            f" from (select source_row, {', '.join(filled)} from {table} where {_is_of_part(part, file_id)}) f"
            f" where t.file_id = {file_id} and t.source_sheet is not distinct from {quote_literal(part.source_sheet)}"
            " and t.source_row = f.source_row"
        )


def _check_header_lines(part: Part) -> None:
    """DuckDB skips lines, not records: the two must be the same down to the header."""
    assert part.dialect is not None
    with part.path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        lines = list(islice(stream, part.layout.header_row))
    records = list(read_records(lines, part.dialect))
    if [r.row for r in records if isinstance(r, Record)] != list(range(1, part.layout.header_row + 1)):
        raise IrregularError


def _lines(path: Path) -> int:
    """Line feeds in a file."""
    lines = 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            lines += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == 10))
    return lines


def _refused(con: duckdb.DuckDBPyConnection, file_id: int) -> int:
    return _count(con, "select count(*) from landing.refused where file_id = ?", [file_id])


def _count(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[object]) -> int:
    # Read to the end: DuckDB lets nothing be registered on a connection that still has a result to give.
    ((rows,),) = con.execute(sql, parameters).fetchall()
    return int(rows)
