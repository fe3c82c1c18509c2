"""Asking the report's queries."""

from __future__ import annotations

from typing import Any

import duckdb

from assets.warehouse import read_sql

PACKAGE = "assets.reports"
Row = dict[str, Any]


def ask(con: duckdb.DuckDBPyConnection, query: str, **parameters: Any) -> list[Row]:
    """Rows of `sql/QUERY.sql` with its named parameters."""
    cursor = con.execute(read_sql(PACKAGE, f"{query}.sql"), parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def has_table(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """Whether a table is there (the ledger is not where nothing was ever staged)."""
    found = con.execute(
        "select 1 from duckdb_tables() where database_name = current_database() and schema_name = ? and table_name = ?",
        [schema, table],
    ).fetchall()
    return bool(found)
