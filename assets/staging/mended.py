"""Mended rows: whose place each takes, what was masked put back, and which of several counts.

Everything follows from what landed: from `landing.fixes` (which row says that it stands for which) and the rows
themselves, whatever the order in which the files came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from assets.landing.land import has_table
from assets.landing.mappings import landing_table
from assets.warehouse import read_sql, run_script
from data_contracts.mapping import Mapping
from data_contracts.mended_rows import LONGEST_CELL, is_masked, taken_back
from data_contracts.sql_names import quote_ident, quote_literal

# Where a cell may have lost something on its way out: masked, its lines ended otherwise, cut off.
_LOSSY = (
    "(contains(l.{c}, '****') or (l.{c} is distinct from o.{c}"
    f" and (contains(o.{{c}}, chr(13)) or length(o.{{c}}) > {LONGEST_CELL})))"
)

# A row of a landing table `l` that is no mended row, or the one that counts of those mended for a row.
NOT_SET_ASIDE = (
    "not exists (select 1 from _mends k where k.file_id = l.file_id and k.source_row = l.source_row"
    " and k.source_sheet is not distinct from l.source_sheet and not exists ("
    "select 1 from _standing s where s.file_id = k.file_id and s.source_row = k.source_row"
    " and s.source_sheet is not distinct from k.source_sheet))"
)


def has_mended(con: duckdb.DuckDBPyConnection, mapping: str, source: str) -> bool:
    """Whether any row of a source is a mended one."""
    found = con.execute("select 1 from _mends where mapping = ? and source = ? limit 1", [mapping, source]).fetchall()
    return bool(found)


def settle_mended(con: duckdb.DuckDBPyConnection, mappings: Sequence[Mapping]) -> None:
    """Fill _mends and _standing, and set aside what they replace; staging.duplicates and _faults hold no others yet."""
    run_script(con, "assets.staging", "mended_links.sql")
    known = {m.mapping: m for m in mappings}
    for code, source in con.execute("select distinct mapping, source from _mends order by all").fetchall():
        mapping = known.get(code)
        if mapping is None or source not in mapping.sources or not has_table(con, landing_table(code, source)):
            continue
        table = f"landing.{quote_ident(landing_table(code, source))}"
        columns = list(mapping.sources[source].columns)
        _take_back(con, table, code, source, columns)
        con.execute(
            read_sql("assets.staging", "mended_contents.sql")
            .replace("{{table}}", table)
            .replace("{{columns}}", ", ".join(map(quote_ident, columns)))
            .replace("{{mapping}}", quote_literal(code))
            .replace("{{source}}", quote_literal(source))
        )
    run_script(con, "assets.staging", "mended_rows.sql")


def _take_back(con: duckdb.DuckDBPyConnection, table: str, mapping: str, source: str, columns: list[str]) -> None:
    """Put what was hidden back into the mended rows, file by file: one may have been handed out from another."""
    any_lossy = " or ".join(_LOSSY.format(c=quote_ident(c)) for c in columns)
    own = ", ".join(f"l.{quote_ident(c)}" for c in columns)
    before = ", ".join(f"o.{quote_ident(c)}" for c in columns)
    files = con.execute(
        "select distinct file_id from _mends where mapping = ? and source = ? order by all", [mapping, source]
    ).fetchall()
    for (file_id,) in files:
        rows = con.execute(
            f"""
            select l.source_sheet, l.source_row, {own}, {before}
            from _mends m
            join {table} l on l.file_id = m.file_id and l.source_row = m.source_row
              and l.source_sheet is not distinct from m.source_sheet
            left join {table} o on o.file_id = m.from_file_id and o.source_row = m.from_row
              and o.source_sheet is not distinct from m.from_sheet
            where m.file_id = ? and m.mapping = ? and m.source = ? and ({any_lossy})""",
            [file_id, mapping, source],
        ).fetchall()
        if rows:
            _put_back(con, table, mapping, file_id, columns, rows)


def _put_back(
    con: duckdb.DuckDBPyConnection, table: str, mapping: str, file_id: int, columns: list[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:  # fmt: skip
    """Write the rows' cells as they were; a masked number that is left and did not come so is a fault of its row."""
    whole: list[tuple[Any, ...]] = []
    masked: list[tuple[Any, ...]] = []
    for sheet, row, *cells in rows:
        now, was = cells[: len(columns)], cells[len(columns) :]
        values = taken_back(now, was)
        whole.append((sheet, row, *values))
        left = next((n for n, pair in enumerate(zip(values, was, strict=True)) if is_masked(*pair)), None)
        if left is not None:
            masked.append((mapping, file_id, sheet, row, columns[left], values[left]))
    names = ["source_sheet", "source_row", *columns]
    kinds = [pa.string(), pa.int64(), *[pa.string()] * len(columns)]
    arrays = [pa.array(values, kind) for values, kind in zip(zip(*whole, strict=True), kinds, strict=True)]
    con.register("_whole", pa.table(arrays, names=names))
    sets = ", ".join(f"{quote_ident(c)} = w.{quote_ident(c)}" for c in columns)
    con.execute(
        f"update {table} as l set {sets} from _whole w where l.file_id = {file_id} and l.source_row = w.source_row"
        " and l.source_sheet is not distinct from w.source_sheet"
    )
    con.unregister("_whole")
    if masked:
        con.executemany(
            "insert into _faults values (?, 0, ?, ?, ?, null, null, null,"
            " [{'record': null, 'column_name': ?, 'reason': 'masked_cell', 'value': ?}])",
            masked,
        )
