"""Great Expectations over a DuckDB connection that is already open.

Great Expectations wants a connection string and opens, rolls back and closes connections as it likes. Our
warehouse is held by one process through one connection, whose time zone, variables (`as_of`) and attached
databases the rules rely on; a second connection would have none of them. So SQLAlchemy is handed that very
connection behind a thin DBAPI shell (`creator`, one-connection pool) which

- fetches a result as soon as its statement has run, because DuckDB has one result a connection, and Great
  Expectations reads a result after it has given the connection back;
- ignores begin, commit, rollback and close, because transaction and connection are not its own.

The dialect is duckdb-engine's but for reflection: that asks PostgreSQL's catalog, which takes 0.4 s a table and
fails on keys (`regclass`), where one look into `duckdb_columns()` does.

Nothing is copied and nothing is patched: the datasource is Great Expectations' generic SQL datasource. A result
is cut at `MAX_ROWS`; reading beyond raises, so no list is short in silence. Importing Great Expectations takes
seconds, so this module is imported only when contracts are validated.
"""

from __future__ import annotations

import os
import warnings
from typing import Any, Self

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when great_expectations is imported

import duckdb
import great_expectations as gx
from duckdb_engine import Dialect
from sqlalchemy import types
from sqlalchemy.dialects import registry
from sqlalchemy.pool import StaticPool

MAX_ROWS = 10_000
TYPES = {
    "VARCHAR": types.String,
    "BOOLEAN": types.Boolean,
    "DOUBLE": types.Double,
    "DATE": types.Date,
    "TIMESTAMP WITH TIME ZONE": types.TIMESTAMP,
    **dict.fromkeys(("INTEGER", "BIGINT", "UTINYINT", "UBIGINT"), types.BigInteger),
}


class HeldDialect(Dialect):
    """duckdb-engine's dialect with reflection by DuckDB's own catalog."""

    supports_statement_cache = False

    def get_columns(
        self, connection: Any, table_name: str, schema: str | None = None, **_: Any
    ) -> list[dict[str, Any]]:
        """Names and types of a table's columns, in order; a type that rules do not compare has no name here."""
        found = connection.exec_driver_sql(
            "select column_name, data_type, is_nullable from duckdb_columns()"
            " where database_name = current_database() and schema_name = coalesce($1, current_schema())"
            " and table_name = $2 order by column_index",
            (schema, table_name),
        )
        return [
            {"name": name, "type": TYPES.get(type_, types.NullType)(), "nullable": nullable, "default": None}
            for name, type_, nullable in found.fetchall()
        ]

    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        """Ours have none: that keys are unique is a rule of the contract."""
        return {"constrained_columns": [], "name": None}


registry.register("duckdb.held", __name__, HeldDialect.__name__)


class HeldCursor:
    """A DBAPI cursor over the held connection; holds its own rows (at most MAX_ROWS)."""

    arraysize = 1
    rowcount = -1

    def __init__(self, connection: HeldConnection) -> None:
        self.connection = connection
        self.description: Any = None
        self._rows: list[tuple[Any, ...]] = []
        self._next = 0

    def execute(self, statement: str, parameters: Any = None, context: Any = None) -> None:
        """Run one statement and fetch what it answers."""
        answer = self.connection.held.execute(statement, parameters or None)
        self.description = answer.description
        self._rows = answer.fetchmany(MAX_ROWS + 1) if answer.description else []
        self._next = 0

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        """The next `size` rows; OverflowError beyond MAX_ROWS."""
        rows = self._rows[self._next : self._next + size]
        self._next += len(rows)
        if self._next > MAX_ROWS:
            raise OverflowError(f"a validation query answered with more than {MAX_ROWS:,} rows")
        return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows left; OverflowError beyond MAX_ROWS."""
        return self.fetchmany(len(self._rows) - self._next)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, None after the last."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def close(self) -> None:
        self._rows = []


class HeldConnection:
    """A DBAPI connection that leaves the DuckDB connection behind it open."""

    notices: tuple[str, ...] = ()

    def __init__(self, held: duckdb.DuckDBPyConnection) -> None:
        self.held = held

    def cursor(self) -> HeldCursor:
        return HeldCursor(self)

    def begin(self) -> None:
        pass

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        pass

    def close(self) -> None:
        pass


class Validator:
    """A Great Expectations context (ephemeral, silent, offline) over one open DuckDB connection.

    To be used in a `with`: on leaving it lets go of the connection, which the library's registries would
    otherwise keep alive (DuckDB complains of that when the interpreter ends).
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        self._warnings = warnings.catch_warnings()
        self._held = held = HeldConnection(con)
        self._source = context.data_sources.add_sql(
            name="warehouse",
            connection_string="duckdb+held:///:memory:",
            kwargs={"creator": lambda: held, "poolclass": StaticPool},
        )

    def __enter__(self) -> Self:
        self._warnings.__enter__()
        # One datasource serves all schemas of the connection, so the asset names its schema, which the library
        # would rather see elsewhere.
        warnings.simplefilter("ignore", DeprecationWarning)
        return self

    def __exit__(self, *error: Any) -> None:
        self._warnings.__exit__(*error)
        del self._held.held

    def batch(self, schema: str, table: str) -> Any:
        """The whole table as a batch; raises Great Expectations' TestAssetError where it is not there."""
        asset = self._source.add_table_asset(f"{schema}.{table}", table_name=table, schema_name=schema)
        return asset.add_batch_definition_whole_table("whole").get_batch()
