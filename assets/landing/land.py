"""One file from its bytes in landed/ to rows in the warehouse, and what follows for the files before it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path

import duckdb

from assets.landing.fixes import note_fixes, plan_any
from assets.landing.journal import Delivery, Standing
from assets.landing.load import IrregularError, load_plan
from assets.landing.mappings import landing_table
from assets.landing.plan import Plan
from data_contracts.errors import StagewatchError
from data_contracts.mapping import Mapping as SourceMapping
from data_contracts.sql_names import quote_ident


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A folder for unpacked and transcoded copies, gone afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="landing-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def only_plain_words() -> Iterator[None]:
    """Whatever a reader trips over in a file becomes a reason to reject that file; a full disk or memory does not."""
    try:
        yield
    except (StagewatchError, IrregularError, OSError, MemoryError):
        raise
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InternalException, duckdb.FatalException):
        raise
    except Exception as error:
        raise StagewatchError(
            f"cannot be read ({type(error).__name__}: {error})", remedy="save it anew, or as CSV in UTF-8, and send it"
        ) from error


def land_file(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    delivery: Delivery,
    mappings: Sequence[SourceMapping],
    scratch: Path,
    before_commit: Callable[[Delivery], None],
) -> Delivery:
    """Read a file's bytes into its landing tables in one transaction; the delivery with what reading gave.

    `before_commit` gets it when all is in place and nothing is committed. Raises StagewatchError, with nothing
    changed, where no mapping reads the file or it holds no rows.
    """
    with only_plain_words():
        plan = plan_any(path, delivery.name, mappings, scratch)
    con.execute("set preserve_insertion_order = true")
    try:
        try:
            return _land_in_transaction(con, plan, delivery, False, scratch, before_commit)
        except IrregularError:
            return _land_in_transaction(con, plan, delivery, True, scratch, before_commit)
    finally:
        con.execute("set preserve_insertion_order = false")


def _land_in_transaction(
    con: duckdb.DuckDBPyConnection, plan: Plan, delivery: Delivery, careful: bool, scratch: Path,
    before_commit: Callable[[Delivery], None],
) -> Delivery:  # fmt: skip
    con.begin()
    try:
        with only_plain_words():
            landed = _land(con, plan, delivery, careful, scratch)
        before_commit(landed)
        con.commit()
    except BaseException:
        con.rollback()
        raise
    return landed


def _land(con: duckdb.DuckDBPyConnection, plan: Plan, delivery: Delivery, careful: bool, scratch: Path) -> Delivery:
    forget_rows(con, delivery.file_id)
    loaded = load_plan(con, plan, delivery.file_id, careful, scratch)
    rows = sum(part.rows_landed + part.rows_refused for part in loaded)
    if rows == 0:
        raise StagewatchError(
            "holds a header but no rows", remedy="export it again; where it is right that it is empty, leave it out"
        )
    landed = replace(
        delivery,
        mapping=plan.mapping,
        source=", ".join(dict.fromkeys(part.code for part in plan.parts)),
        # Mended rows are no sign of life of the source that sent them first.
        source_kind=None if plan.is_mended else plan.mappings[0].source_kind,
        encoding=next((part.encoding for part in loaded if part.encoding), None),
        rows_read=rows,
        rows_refused=sum(part.rows_refused for part in loaded),
        nul_bytes=sum(part.nul_bytes for part in loaded),
        is_mended=plan.is_mended,
    )
    note_file(con, landed, "active")
    note_fixes(con, plan, delivery.file_id)
    return landed


def note_file(con: duckdb.DuckDBPyConnection, delivery: Delivery, status: str) -> None:
    """Put a file into landing.files as its delivery tells it; apply_standings sets the rest."""
    con.execute("delete from landing.files where file_id = ?", [delivery.file_id])
    con.execute(
        "insert into landing.files values (?, ?, ?, ?, ?, ?, ?, ?, ?, null, ?, ?, ?, 1, ?, ?)",
        [delivery.file_id, delivery.name, delivery.content_sha256, delivery.bytes, delivery.mapping, delivery.source,
         delivery.source_kind, delivery.delivered_at, delivery.encoding, delivery.rows_read, delivery.rows_refused,
         delivery.nul_bytes, status, delivery.reason],
    )  # fmt: skip


def forget_rows(con: duckdb.DuckDBPyConnection, file_id: int) -> None:
    """Take a file's rows out of the warehouse; its bytes stay in landed/."""
    for mapping, source in con.execute(
        "select distinct mapping, source from landing.parts where file_id = ?", [file_id]
    ).fetchall():
        table = landing_table(mapping, source)
        if has_table(con, table):
            con.execute(f"delete from landing.{quote_ident(table)} where file_id = ?", [file_id])
    con.execute("delete from landing.refused where file_id = ?", [file_id])
    con.execute("delete from landing.parts where file_id = ?", [file_id])
    con.execute("delete from landing.fixes where file_id = ?", [file_id])


def note_delivery(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Keep one delivery in the warehouse as the journal has it."""
    con.execute("delete from landing.deliveries where delivery_no = ?", [delivery.delivery_no])
    con.execute("insert into landing.deliveries values (" + ", ".join("?" * 18) + ")", list(astuple(delivery)))


def apply_standings(con: duckdb.DuckDBPyConnection, standings: Mapping[int, Standing]) -> None:
    """Give files the standing that the journal says; what was superseded loses its rows."""
    for file_id, standing in standings.items():
        if standing.status == "superseded":
            forget_rows(con, file_id)
        con.execute(
            "update landing.files set status = ?, superseded_by = ?, deliveries = ? where file_id = ?",
            [standing.status, standing.superseded_by, standing.deliveries, file_id],
        )


def out_of_line(con: duckdb.DuckDBPyConnection, standings: Mapping[int, Standing]) -> dict[int, Standing]:
    """The standings that landing.files does not have as the journal says."""
    known = {
        file_id: Standing(file_id, status, superseded_by, deliveries)
        for file_id, status, superseded_by, deliveries in con.execute(
            "select file_id, status, superseded_by, deliveries from landing.files"
        ).fetchall()
    }
    return {file_id: s for file_id, s in standings.items() if file_id in known and known[file_id] != s}


def has_table(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether schema landing has a table of this name."""
    found = con.execute(
        "select 1 from duckdb_tables() where schema_name = 'landing' and table_name = ?"
        " and database_name = current_database()",
        [table],
    ).fetchall()
    return bool(found)
