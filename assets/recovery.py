"""Opening the warehouse at the start of a run: sound as it is, or rebuilt from what landed.

A damaged file is refused by DuckDB, but a lost or cut WAL opens silently with rows missing; so the
ledger of what landed is compared with the tables at every start. What cannot be trusted is set
aside and built again from `landed/`; the alerts' history comes back from the last snapshot.
"""

from __future__ import annotations

import logging

import duckdb

from assets.landing.rebuild import audit, rebuild_from_landed
from assets.warehouse import connect
from assets.workspace import Run, Workspace
from data_contracts.sql_names import quote_ident, quote_literal
from queries.snapshot import current_snapshot

log = logging.getLogger("stagewatch")


def open_warehouse(run: Run) -> duckdb.DuckDBPyConnection:
    """A sound warehouse, ready for the run's first step."""
    try:
        con = connect(run)
    except (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException) as e:
        return _rebuilt(run, [f"the warehouse cannot be opened: {e}"])
    faults = audit(con, run)
    if not faults:
        return con
    con.close()
    return _rebuilt(run, faults)


def _rebuilt(run: Run, faults: list[str]) -> duckdb.DuckDBPyConnection:
    for fault in faults:
        log.warning("%s", fault)
    log.warning("rebuilding the warehouse from landed/; the old file is kept in rejected/")
    set_aside(run.workspace, run.run_id)
    con = connect(run)
    rebuild_from_landed(con, run)
    restore_state(con, run.workspace)
    return con


def set_aside(workspace: Workspace, run_id: str) -> None:
    """Move the warehouse and its WAL out of the way, into rejected/."""
    for path in (workspace.warehouse, workspace.warehouse.with_name(workspace.warehouse.name + ".wal")):
        if path.exists():
            path.replace(workspace.rejected / f"{run_id}-{path.name}")


def restore_state(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Copy `ops` (alerts, their events, deliveries) back from the last published snapshot, if there is one."""
    snapshot = current_snapshot(workspace.published)
    if snapshot is None:
        return
    con.execute(f"attach {quote_literal(str(snapshot))} as last_snapshot (read_only)")
    try:
        tables = con.execute(
            "select table_name from duckdb_tables() where database_name = 'last_snapshot' and schema_name = 'ops'"
        ).fetchall()
        for (table,) in tables:
            name = quote_ident(table)
            con.execute(f"create or replace table ops.{name} as from last_snapshot.ops.{name}")
    finally:
        con.execute("detach last_snapshot")
