"""Opening the warehouse at the start of a run: sound as it is, or rebuilt from what landed.

A damaged file is refused by DuckDB, but a lost or cut WAL opens silently with rows missing; so at every start the
ledger of what landed is compared with the tables, and the alerts' history with the last snapshot's. What cannot be
trusted is set aside and built again: the records from `landed/`, the alerts' history from the last snapshot. What
people decided since stands in `landed/` too, for it came by the inbox, and the next evaluation takes it up again.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from assets.contract_checks import RUNS
from assets.faults import is_damage
from assets.files import write_atomically
from assets.landing.rebuild import audit, rebuild_from_landed
from assets.warehouse import connect, read_sql, run_script
from assets.workspace import FOLDERS, Run, Workspace
from data_contracts.errors import StagewatchError
from data_contracts.sql_names import quote_ident, quote_literal
from queries.snapshot import current_snapshot

log = logging.getLogger("stagewatch")

# The tables that outlive a run; staging and marts are made anew by each.
LASTING = (
    ("assets", "core.sql"),
    ("assets.landing", "tables.sql"),
    ("assets.risk", "tables.sql"),
    ("assets.alerts", "tables.sql"),
)
# The alerts' history; beside it the sizes that later runs are compared with outlive a run. The rest of `ops` is new.
HISTORY = ("alerts", "alert_events", "evaluations", "deliveries")
SIZES = "contract_runs"


def open_warehouse(run: Run) -> duckdb.DuckDBPyConnection:
    """A sound warehouse, ready for the run's first step. Raises what is no fault of the file: a full disk, a lock."""
    con, is_new = None, not run.workspace.warehouse.exists()
    try:
        con = connect(run)
        faults = [*distrusted(run.workspace), *other_layout(con), *audit(con, run), *lost_history(con, run.workspace)]
    except duckdb.Error as error:
        if con is not None:
            con.close()
        if not is_damage(error) and not isinstance(error, (duckdb.CatalogException, duckdb.BinderException)):
            raise
        faults = [f"the warehouse cannot be read: {str(error).splitlines()[0]}"]
    if con is not None and not faults:
        return con
    if con is not None:
        con.close()
    for fault in faults:
        log.warning("%s", fault)
    if is_new:  # the old one is lost: what was opened is empty
        run.workspace.warehouse.unlink()
    else:
        set_aside(run.workspace, run.run_id)
    return _rebuilt(run)


def _rebuilt(run: Run) -> duckdb.DuckDBPyConnection:
    log.warning("rebuilding the warehouse from landed/")
    con = connect(run)
    try:
        other_layout(con)
        # In this order: a rebuild that is cut off lacks what landed, and the next start's audit sees that.
        restore_history(con, run.workspace)
        for problem in rebuild_from_landed(con, run):
            log.warning("%s", problem)
        _marker(run.workspace).unlink(missing_ok=True)
    except BaseException:
        con.close()
        raise
    return con


def set_aside(workspace: Workspace, run_id: str) -> None:
    """Move the warehouse and its WAL out of the way, into rejected/, in place of one set aside before."""
    log.warning("the old warehouse is kept in rejected/")
    files = (workspace.warehouse, workspace.warehouse.with_name(workspace.warehouse.name + ".wal"))
    for path in files:
        for older in workspace.rejected.glob(f"*-{path.name}"):
            older.unlink()
    for path in files:
        if path.exists():
            path.replace(workspace.rejected / f"{run_id}-{path.name}")


def distrust(workspace: Workspace, reason: str) -> None:
    """Have the next run rebuild the warehouse: damage may show only when a block is read, in the middle of a run."""
    _marker(workspace).parent.mkdir(exist_ok=True)
    write_atomically(_marker(workspace), reason)


def distrusted(workspace: Workspace) -> list[str]:
    """Why an earlier run distrusted the warehouse; empty where none did."""
    return [_marker(workspace).read_text(encoding="utf-8")] if _marker(workspace).is_file() else []


def _marker(workspace: Workspace) -> Path:
    return workspace.root / ".state" / "damaged"


def other_layout(con: duckdb.DuckDBPyConnection) -> list[str]:
    """A fault where the lasting tables were laid out by another version; a new warehouse is marked with this one's."""
    now = hashlib.sha256("\n".join(re.sub(r"--.*", "", read_sql(*f)) for f in LASTING).encode()).hexdigest()
    is_new = not con.execute(
        "select 1 from duckdb_tables() where schema_name = 'landing' and table_name = 'deliveries'"
        " and database_name = current_database()"
    ).fetchall()
    con.execute("create table if not exists landing.layout (fingerprint varchar not null)")
    if is_new:
        con.execute("delete from landing.layout")
        con.execute("insert into landing.layout values (?)", [now])
    known = con.execute("select fingerprint from landing.layout").fetchall()
    return [] if known == [(now,)] else ["the warehouse was laid out by another version of stagewatch"]


def lost_history(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> list[str]:
    """A fault where the last snapshot tells of alerts that the warehouse has forgotten."""
    with _last_snapshot(con, workspace) as tables:
        if not {"evaluations", "alert_events"} <= tables:
            return []
        run_script(con, "assets.alerts", "tables.sql")
        ((lost,),) = con.execute("""
            select (select count(*) from (
                      select evaluated_at from last_snapshot.ops.evaluations except
                      select evaluated_at from ops.evaluations))
                 + (select count(*) from (
                      select alert_key, seq, event from last_snapshot.ops.alert_events except
                      select alert_key, seq, event from ops.alert_events))""").fetchall()
    return [f"the warehouse lacks {lost:,} of the alerts' events that were published"] if lost else []


def restore_history(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Copy the alerts' history and the tables' earlier sizes back from the last snapshot, if there is one."""
    run_script(con, "assets.alerts", "tables.sql")
    with _last_snapshot(con, workspace) as tables:
        if SIZES in tables:
            con.execute(RUNS)
        for table in tables.intersection((*HISTORY, SIZES)):
            columns = ", ".join(
                quote_ident(name)
                for (name,) in con.execute(
                    "select column_name from duckdb_columns() where schema_name = 'ops' and table_name = ?"
                    " group by column_name having count(distinct database_name) = 2 order by column_name",
                    [table],
                ).fetchall()
            )
            name = f"ops.{quote_ident(table)}"
            con.execute(f"insert into {name} by name select {columns} from last_snapshot.{name}")


@contextmanager
def _last_snapshot(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> Iterator[set[str]]:
    """The last snapshot that can be read, attached as last_snapshot: its tables of `ops`, none where there is none."""
    is_attached = any(_is_attached(con, path) for path in _snapshots(workspace))
    try:
        yield {
            table
            for (table,) in con.execute(
                "select table_name from duckdb_tables() where database_name = 'last_snapshot' and schema_name = 'ops'"
            ).fetchall()
        }
    finally:
        if is_attached:
            con.execute("detach last_snapshot")


def _snapshots(workspace: Workspace) -> list[Path]:
    """The snapshot in force, and after it any other, the newest first."""
    try:
        current = current_snapshot(workspace.published)
    except StagewatchError as error:
        log.warning("%s", error)
        current = None
    others = sorted(workspace.published.glob("snapshot-*.duckdb"), key=lambda p: p.stat().st_mtime, reverse=True)
    return [p for p in (current, *(p for p in others if p != current)) if p is not None]


def _is_attached(con: duckdb.DuckDBPyConnection, snapshot: Path) -> bool:
    try:
        con.execute(f"attach {quote_literal(str(snapshot))} as last_snapshot (read_only)")
    except duckdb.Error as error:
        log.warning("%s: cannot be read: %s", snapshot, str(error).splitlines()[0])
        return False
    return True


def sweep(workspace: Workspace) -> None:
    """Remove what killed runs left half-written. The writer lock must be held: then nobody else writes there."""
    for folder in (*FOLDERS, ".state"):
        if folder != "inbox":
            for left in (workspace.root / folder).rglob(".*.part*"):
                left.unlink(missing_ok=True)
    for left in workspace.temporary.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
