"""Rows that hypothesis makes for any contract: what its rules accept, the edges of it, and what nobody would send.

con.execute("create schema marts")
fill(con, contract, data.draw(rows_of(contract)))
"""

from __future__ import annotations

from typing import Any

import duckdb
from hypothesis import strategies as st

from data_contracts.contract import Column, Contract
from data_contracts.sql_names import quote_ident

Row = dict[str, Any]
TEXTS = [
    "", " ", "\t", "a", "A", "Ａ", "乳业", "２０２５-Q1", "2025-Q1", "2025-Q1\n", "2025-13", "\0", "a\0b", "\ufeffa",
    "é", "e\u0301", "👨\u200d👩\u200d👧", "\U0010ffff", "o'x", "{b}", "{{", "50%", ":c", "\\:d", '"', "\\", "null",
    "NaN", "nan", "x" * 300, "open",
]  # fmt: skip
INSTANTS = [
    "infinity", "-infinity", "0044-03-15 (BC) 00:00:00+00", "0001-01-01 00:00:00+00", "1994-12-31 23:59:59.999999+08",
    "1995-01-01 00:00:00+08", "2025-03-03 09:00:00+08", "2025-03-03 09:00:00.000001+08", "2025-03-31 23:59:59+08",
    "2025-04-01 00:00:00+08", "2040-12-31 23:59:59+08", "2041-01-01 00:00:00+08", "9999-12-31 23:59:59.999999+00",
    "10000-01-01 00:00:00+00", "290000-01-01 00:00:00+00",
]  # fmt: skip
DAYS = [
    "infinity", "-infinity", "0044-03-15 (BC)", "0001-01-01", "2025-03-01", "2025-03-03", "2025-03-10", "2025-04-01",
    "9999-12-31", "10000-01-01", "5000000-01-01",
]  # fmt: skip
NUMBERS = [float("nan"), float("inf"), float("-inf"), -0.0, 0.0, 5e-324, -5e-324, 1.0, 1 + 2**-52, 1e308, -1e308, 0.1]
MONEY = ["-0.01", "0.01", "0", "-9999999999999999.99", "9999999999999999.99"]
BITS = {
    "INTEGER": (-(2**31), 2**31 - 1), "BIGINT": (-(2**63), 2**63 - 1), "UTINYINT": (0, 255), "UBIGINT": (0, 2**64 - 1),
}  # fmt: skip


def rows_of(contract: Contract, most: int = 15) -> st.SearchStrategy[list[Row]]:
    """Tables of up to `most` rows; every column may be null, whatever the contract says."""
    return st.lists(st.fixed_dictionaries({c.name: values_of(contract, c) for c in contract.columns}), max_size=most)


def values_of(contract: Contract, column: Column) -> st.SearchStrategy[Any]:
    """Null, what the column's rules name, what lies beside it, and anything of its type."""
    named: list[Any] = []
    for rule in contract.rules:
        if rule.column == column.name and rule.metric == "invalidValues":
            named += rule.arguments.get("validValues", ())
            named += [rule.arguments[bound] for bound in ("minimum", "maximum") if bound in rule.arguments]
    if column.type.endswith("[]"):
        return st.none() | st.lists(st.none() | _of_type(column.type[:-2], named), max_size=6)
    return st.none() | _of_type(column.type, named)


def _of_type(type_: str, named: list[Any]) -> st.SearchStrategy[Any]:
    if type_ == "BOOLEAN":
        return st.booleans()
    if type_ == "VARCHAR":
        common = st.sampled_from([*named, *map(str.upper, named), *TEXTS])
        return common | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    if type_ == "TIMESTAMPTZ":
        return st.sampled_from(INSTANTS)
    if type_ == "DATE":
        return st.sampled_from(DAYS)
    if type_ == "DOUBLE":
        return st.sampled_from([*map(float, named), *NUMBERS]) | st.floats(-1e6, 1e6)
    if type_ == "DECIMAL(18,2)":
        return st.sampled_from([*(f"{n:.2f}" for n in named if abs(n) < 10**16), *MONEY])
    low, high = BITS[type_]
    edges = sorted({n for x in (low, 0, 1, high, *map(int, named)) for n in (x - 1, x, x + 1) if low <= n <= high})
    return st.sampled_from(edges) | st.integers(max(low, -3), 9)


def fill(con: duckdb.DuckDBPyConnection, contract: Contract, rows: list[Row]) -> None:
    """Put the rows in place of those of the contract's table, which takes nulls everywhere; `rowid` tells them."""
    names = [c.name for c in contract.columns]
    columns = ", ".join(f"{quote_ident(c.name)} {c.type}" for c in contract.columns)
    con.execute(f"create or replace table {contract.table} ({columns})")
    places = ", ".join(f"?::{c.type}" for c in contract.columns)
    for row in rows:
        con.execute(f"insert into {contract.table} values ({places})", [row[name] for name in names])
