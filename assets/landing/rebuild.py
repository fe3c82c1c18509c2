"""The warehouse against the journal: caught up with at every run, audited, made again where it was lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path

import duckdb

from assets.landing.arrivals import look
from assets.landing.fixes import plan_any
from assets.landing.journal import Delivery, Journal, landed_path
from assets.landing.land import (
    apply_standings,
    forget_rows,
    has_table,
    land_file,
    note_delivery,
    note_file,
    out_of_line,
    scratch_folder,
)
from assets.landing.mappings import fingerprint, is_append, landing_table, read_mappings, signature
from assets.staging.compiled import try_mapping
from assets.warehouse import run_script
from assets.workspace import Run
from data_contracts.errors import StagewatchError
from data_contracts.mapping import Mapping
from data_contracts.sql_names import quote_ident


@dataclass(frozen=True)
class Landing:
    """What landing works with: the mappings in force, what is wrong with mapping files, the journal."""

    mappings: Sequence[Mapping]
    mapping_faults: Sequence[StagewatchError]
    journal: Journal


@dataclass
class CaughtUp:
    """What catching up landed, and what it could not."""

    files: int = 0
    rows_read: int = 0
    problems: list[str] = field(default_factory=list)
    unread: set[int] = field(default_factory=set)


def open_landing(con: duckdb.DuckDBPyConnection, run: Run) -> Landing:
    """Make sure of the tables, read mappings and journal, and let journal and warehouse complete each other."""
    mappings, faults = mappings_in_force(con, run)
    journal = Journal(run.workspace.landed, lambda name: is_append(name, mappings))
    journal.merge(_deliveries(con))
    return Landing(mappings, faults, journal)


def mappings_in_force(con: duckdb.DuckDBPyConnection, run: Run) -> tuple[list[Mapping], list[StagewatchError]]:
    """The workspace's mappings; in place of one that cannot be used any more, its last good version."""
    run_script(con, "assets.landing", "tables.sql")
    last_good = dict(con.execute("select path, document from landing.mappings").fetchall())
    found, faults = read_mappings(
        run.workspace.root, run.settings, last_good, lambda m: try_mapping(con, m, run.settings.timezone)
    )
    good = {f.path: f.document for f in found if f.is_good}
    if good.items() - last_good.items():
        con.execute("delete from landing.mappings where path in (select unnest(?))", [list(good)])
        con.executemany("insert into landing.mappings values (?, ?)", list(good.items()))
    return [f.mapping for f in found], faults


def catch_up(con: duckdb.DuckDBPyConnection, run: Run, landing: Landing) -> CaughtUp:
    """Do what an interrupted run left: land from landed/ what the journal has and the warehouse has not.

    Also reads again the files that changed mappings would read in another way.
    """
    caught = CaughtUp()
    known = {(d.delivery_no, d.outcome, d.file_id) for d in _deliveries(con)}
    with scratch_folder(run.workspace.temporary) as scratch:
        for delivery in landing.journal.deliveries:
            if (delivery.delivery_no, delivery.outcome, delivery.file_id) not in known:
                _replay(con, run, landing, delivery, scratch, caught)
        con.begin()
        apply_standings(con, out_of_line(con, landing.journal.standings()))
        con.commit()
        _read_again(con, run, landing, scratch, caught)
    return caught


def rebuild_from_landed(con: duckdb.DuckDBPyConnection, run: Run) -> list[str]:
    """Fill an empty warehouse from the journal and the bytes in landed/; problems for people."""
    return catch_up(con, run, open_landing(con, run)).problems


def _replay(
    con: duckdb.DuckDBPyConnection, run: Run, landing: Landing, delivery: Delivery, scratch: Path, caught: CaughtUp
) -> None:
    standing = landing.journal.standings()[delivery.file_id].status
    if delivery.outcome == "landed" and standing == "active":
        path = landed_path(run.workspace.landed, delivery)
        try:
            if not path.is_file():
                raise StagewatchError(
                    f"its bytes are gone from landed/ ({path.name})", remedy="put it into inbox/ again"
                )
            landed = land_file(con, path, delivery, landing.mappings, scratch, lambda d: note_delivery(con, delivery))
            caught.files += 1
            caught.rows_read += landed.rows_read
            return
        except StagewatchError as error:
            caught.problems.append(f"{delivery.name}: cannot be read from landed/: {error}")
            caught.unread.add(delivery.file_id)
            delivery_unread = replace(delivery, reason=str(error), rows_read=0, rows_refused=0, nul_bytes=0)
            _note(con, delivery, delivery_unread, "active")
            return
    _note(con, delivery, None if delivery.outcome == "resent" else delivery, standing)


def _note(con: duckdb.DuckDBPyConnection, delivery: Delivery, file: Delivery | None, status: str) -> None:
    con.begin()
    if file is not None:
        note_file(con, file, status)
    note_delivery(con, delivery)
    con.commit()


def _read_again(con: duckdb.DuckDBPyConnection, run: Run, landing: Landing, scratch: Path, caught: CaughtUp) -> None:
    """Where the mappings changed: plan every active file anew, and read those whose plan is another."""
    now = fingerprint(landing.mappings)
    if con.execute("select fingerprint from landing.reading").fetchone() == (now,):
        return
    files = con.execute("select file_id from landing.files where status = 'active' order by file_id").fetchall()
    for (file_id,) in files:
        if file_id in caught.unread:
            continue
        delivery = landing.journal.first(file_id)
        path = landed_path(run.workspace.landed, delivery)
        try:
            plan = plan_any(path, delivery.name, landing.mappings, scratch)
            wanted = [(p.mapping, p.code, p.source_sheet, signature(p.source)) for p in plan.parts]
            if wanted != _parts(con, file_id):
                land_file(con, path, delivery, landing.mappings, scratch, lambda d: None)
        except (StagewatchError, FileNotFoundError) as error:
            caught.problems.append(f"{delivery.name}: no longer read: {error}")
            con.begin()
            forget_rows(con, file_id)
            note_file(con, replace(delivery, reason=str(error), rows_read=0, rows_refused=0, nul_bytes=0), "active")
            con.commit()
    con.begin()
    con.execute("delete from landing.reading")
    con.execute("insert into landing.reading values (?)", [now])
    apply_standings(con, out_of_line(con, landing.journal.standings()))
    con.commit()


def audit(con: duckdb.DuckDBPyConnection, run: Run) -> list[str]:
    """What the landing tables lack against the ledger of what landed; empty where all is there.

    A write-ahead log that was lost or cut opens in silence with the last commits missing: then deliveries that
    the journal has and whose file has left the inbox are missing here, or rows are.
    """
    landing = open_landing(con, run)
    faults: list[str] = []
    known = {d.delivery_no for d in _deliveries(con)}
    waiting = {(a.name, a.identity) for a in look(run.workspace.inbox)}
    for d in landing.journal.deliveries:
        if d.delivery_no not in known and (d.name, d.inbox_identity) not in waiting:
            faults.append(f"the warehouse lacks {d.name} (delivery {d.delivery_no}), which the journal has")
    parts = con.execute("select distinct mapping, source from landing.parts").fetchall()
    tables = [name for name in (landing_table(mapping, source) for mapping, source in parts) if has_table(con, name)]
    there = _rows_by_file(con, [f"landing.{quote_ident(name)}" for name in tables])
    refused = _rows_by_file(con, ["landing.refused"])
    for file_id, name, rows, rows_refused in con.execute(
        "select file_id, name, rows_read - rows_refused, rows_refused from landing.files where status = 'active'"
        " order by file_id"
    ).fetchall():
        if there.get(file_id, 0) != rows:
            faults.append(f"{name}: {rows:,} rows landed, {there.get(file_id, 0):,} are there")
        if refused.get(file_id, 0) != rows_refused:
            faults.append(f"{name}: {rows_refused:,} rows were refused, {refused.get(file_id, 0):,} are there")
    return faults


def _rows_by_file(con: duckdb.DuckDBPyConnection, tables: list[str]) -> dict[int, int]:
    """Rows of each file over some tables (names that are quoted already)."""
    rows: dict[int, int] = {}
    for table in tables:
        for file_id, count in con.execute(f"select file_id, count(*) from {table} group by file_id").fetchall():
            rows[file_id] = rows.get(file_id, 0) + count
    return rows


def _parts(con: duckdb.DuckDBPyConnection, file_id: int) -> list[tuple[str, str, str | None, str]]:
    return con.execute(
        "select mapping, source, source_sheet, signature from landing.parts where file_id = ? order by part_no",
        [file_id],
    ).fetchall()


def _deliveries(con: duckdb.DuckDBPyConnection) -> list[Delivery]:
    rows = con.execute("from landing.deliveries order by delivery_no").fetchall()
    return [Delivery(*(*row[:5], row[5].astimezone(UTC).isoformat(), *row[6:])) for row in rows]
