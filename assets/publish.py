"""Publishing: the tables that users may see go into a new snapshot, then one pointer is switched.

A reader sees the old snapshot or the new one, never a half. A run that fails publishes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from assets.files import sync, write_atomically
from assets.workspace import Run
from data_contracts.contract import load_contract, names
from data_contracts.safe_cells import SNAPSHOT_PHONE
from data_contracts.sql_names import quote_ident, quote_literal
from data_contracts.texts import Language
from queries.snapshot import CURRENT, unused_snapshots

# Whole schemas, and single tables of schemas that hold what nobody but the pipeline may see.
SCHEMAS = ("marts", "ml", "ops", "ref")
TABLES = {
    ("landing", "files"),
    ("landing", "parts"),
    *(("staging", t) for t in ("ledger", "quarantine", "duplicates", "review")),
}
# Working tables of the risk model: large, and of no use to a reader.
PRIVATE = {("ml", "landmark_features"), ("ml", "landmarks")}
# Free text may hold phone numbers; no snapshot shows them.
FREE_TEXT = {
    ("marts", "opportunity_timeline"): ("detail",),
    ("staging", "quarantine"): ("value", "raw"),
    ("staging", "review"): ("alias", "said", "candidates"),
}


def publish(con: duckdb.DuckDBPyConnection, run: Run) -> Mapping[str, int]:
    """Write the snapshot, switch the pointer, drop snapshots nobody reads; rows by table."""
    folder = run.workspace.published
    target = folder / f"snapshot-{run.run_id}.duckdb"
    temporary = folder / f".{target.name}.part"
    temporary.unlink(missing_ok=True)
    con.execute(f"attach {quote_literal(str(temporary))} as snapshot")
    try:
        try:
            rows = _copy_tables(con)
            _date(con, run)
            _describe(con, rows, run.settings.language)
            con.execute("checkpoint snapshot")  # all of it in the one file, or an error here
        finally:
            con.execute("detach snapshot")
        sync(temporary)
        temporary.replace(target)
    except BaseException:
        for half in folder.glob(f"{temporary.name}*"):  # where the disk is full, it takes what others need
            half.unlink(missing_ok=True)
        raise
    sync(folder)
    write_atomically(folder / CURRENT, target.name)
    for old in unused_snapshots(folder):
        old.unlink(missing_ok=True)
    return rows


def published_tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Schema and name of every table that a snapshot holds, in order."""
    tables = con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = current_database() order by all"
    ).fetchall()
    return [t for t in tables if (t[0] in SCHEMAS or t in TABLES) and t not in PRIVATE]


def _copy_tables(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows: dict[str, int] = {}
    phone = quote_literal(SNAPSHOT_PHONE.pattern)
    for schema, table in published_tables(con):
        name = f"{quote_ident(schema)}.{quote_ident(table)}"
        masked = ", ".join(
            f"regexp_replace({quote_ident(c)}, {phone}, '\\1****\\2', 'g') as {quote_ident(c)}"
            for c in FREE_TEXT.get((schema, table), ())
        )
        columns = f"* replace ({masked})" if masked else "*"
        con.execute(f"create schema if not exists snapshot.{quote_ident(schema)}")
        written = con.execute(f"create table snapshot.{name} as select {columns} from {name}").fetchone()
        rows[f"{schema}.{table}"] = int(written[0]) if written else 0
    return rows


def _date(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Say in the file what it is of: readers take the as-of time and the run from `ref.settings`."""
    facts = [("as_of", run.as_of.isoformat()), ("run_id", run.run_id), ("published_at", run.now.isoformat())]
    con.executemany("insert into snapshot.ref.settings values (?, ?)", facts)


def _describe(con: duckdb.DuckDBPyConnection, published: Mapping[str, int], language: Language) -> None:
    """Carry the contracts' words into the file, in the company's language: any client shows what a column means."""
    for contract in (load_contract("marts", name) for name in names("marts")):
        if contract.table not in published:
            continue
        table = f"snapshot.{contract.table}"
        con.execute(f"comment on table {table} is {quote_literal(contract.explain(language))}")
        for column in contract.columns:
            meaning = quote_literal(column.explain(language))
            con.execute(f"comment on column {table}.{quote_ident(column.name)} is {meaning}")
