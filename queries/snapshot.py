"""The published snapshot: found, held and opened in one place, and in no way that leads out of it.

`published/CURRENT` names the snapshot in force; the publisher writes a new file, then switches the name.
A reader holds a shared lock on the file it reads, which the operating system drops when the reader ends,
however it ends; the publisher deletes only what it can lock for itself.

A read-only DuckDB connection still reads and writes other files of the machine. What stands here may not:
no file system, no extensions, no Python objects, settings locked, one statement, rows and time limited.
Everything inside the snapshot can be read, so what nobody may see must not be in it.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import duckdb
import polars as pl

from data_contracts.errors import StagewatchError
from data_contracts.sql_names import quote_ident
from queries.endless import endless_as_text

try:
    import fcntl
except ImportError:  # Windows: an open file cannot be renamed there, which serves as the lock
    fcntl = None  # type: ignore[assignment]

CURRENT = "CURRENT"
ROW_LIMIT = 1_000_000
TIMEOUT_SECONDS = 60.0
AGAIN_SECONDS = 0.1
_NAME = re.compile(r"snapshot-[A-Za-z0-9][A-Za-z0-9_.+-]*\.duckdb")
_READABLE = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
# Connections of one process to one file share one DuckDB instance and must agree on every option.
_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "2GB",
    "threads": "2",
    "max_temp_directory_size": "8GB",
}
_opening = threading.Lock()


class OtherVersionError(StagewatchError):
    """What is asked for is not in the snapshot: another version of the program published it."""


Parameters = Mapping[str, Any] | Sequence[Any] | None


def current_snapshot(published: Path) -> Path | None:
    """The snapshot in force; None before the first. Raises StagewatchError where CURRENT names none."""
    pointer = published / CURRENT
    try:
        name = pointer.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not _NAME.fullmatch(name):
        raise StagewatchError(
            f"does not name a snapshot: {name[:80]!r}", remedy="publish anew with `stagewatch run`", file=pointer
        )
    return published / name


def unused_snapshots(published: Path) -> list[Path]:
    """Snapshots that are not in force and that no reader holds: the publisher may delete them.

    A reader that comes between this answer and the deletion finds its file gone and takes the current one.
    """
    current = current_snapshot(published)
    old = sorted(p for p in published.glob("snapshot-*.duckdb") if p != current and _NAME.fullmatch(p.name))
    return [path for path in old if not _is_held(path)]


def open_snapshot(published: Path) -> Snapshot:
    """Open the snapshot in force; close it, or use it in `with`. Raises StagewatchError where there is none."""
    for _ in range(10):  # a new snapshot may be published, and this one dropped, while it is being opened
        path = current_snapshot(published)
        if path is None:
            raise StagewatchError(
                "nothing is published yet", remedy="run `stagewatch run` in this workspace first", file=published
            )
        try:
            lease = _hold(path)
        except FileNotFoundError:
            continue
        try:
            return Snapshot(path, _connect(path), lease)
        except BaseException:
            lease.close()
            if path.exists():
                raise
    raise StagewatchError(
        f"is named by {CURRENT} and is not there", remedy="publish anew with `stagewatch run`", file=path
    )


class Snapshot:
    """An open snapshot. Threads may share it; it stays readable until closed, whatever is published meanwhile."""

    def __init__(self, path: Path, con: duckdb.DuckDBPyConnection, lease: BinaryIO) -> None:
        self.path = path
        self.id = path.name.removeprefix("snapshot-").removesuffix(".duckdb")
        self._con = con
        self._lease = lease
        self._guard = threading.Lock()
        self._running: set[duckdb.DuckDBPyConnection] = set()
        self._is_closing = False

    def query(
        self,
        sql: str,
        parameters: Parameters = None,
        *,
        limit: int = ROW_LIMIT,
        timeout: float = TIMEOUT_SECONDS,
    ) -> pl.DataFrame:
        """Rows of a SELECT that our own code wrote, its values bound; at most `limit` rows, in their order.

        Raises StagewatchError when it takes longer than `timeout` seconds, OtherVersionError where the snapshot has
        no such table or column.
        """
        with self._cursor(timeout) as cursor:
            try:
                return cursor.sql(sql, params=parameters).limit(int(limit)).pl()
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                raise OtherVersionError(
                    f"snapshot {self.id} was published by another version: {str(error).splitlines()[0]}",
                    remedy="run `stagewatch run`, which publishes a new one",
                ) from error

    def sql_text(self, statement: str, *, limit: int = 10_000, timeout: float = TIMEOUT_SECONDS) -> pl.DataFrame:
        """Rows of one SELECT that a person wrote; raises StagewatchError for anything else."""
        with self._cursor(timeout) as cursor:
            try:
                statements = cursor.extract_statements(statement)
                if len(statements) != 1 or _kind(statements[0]) not in _READABLE:
                    raise StagewatchError(_refusal(statements), remedy="give one SELECT")
                relation = cursor.sql(_without_end(statement))
                if relation is None:
                    return pl.DataFrame()
                return endless_as_text(_strange_as_text(relation).limit(int(limit)).pl())
            except duckdb.InterruptException:
                raise
            except duckdb.Error as error:
                raise StagewatchError(str(error).strip() or type(error).__name__, remedy=_remedy(error)) from error

    def close(self) -> None:
        """Close it once its running queries have ended, and let the publisher delete it."""
        with self._guard:
            self._is_closing = True
            if not self._running:
                self._end()

    def interrupt(self) -> None:
        """Stop every query under way, each of which raises StagewatchError in its own thread."""
        with self._guard:
            for cursor in self._running:
                cursor.interrupt()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _cursor(self, timeout: float) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._guard:
            if self._is_closing:
                raise StagewatchError(f"snapshot {self.id} is closed", remedy="open the current one")
            cursor = self._con.cursor()
            self._running.add(cursor)
        is_done = threading.Event()
        threading.Thread(target=_interrupt_after, args=(cursor, timeout, is_done), daemon=True).start()
        try:
            yield cursor
        except duckdb.InterruptException as error:
            raise StagewatchError(
                f"the query took longer than {timeout:g} s and was stopped", remedy="ask for less, or allow more time"
            ) from error
        finally:
            is_done.set()
            with self._guard:
                self._running.remove(cursor)
                cursor.close()
                if self._is_closing and not self._running:
                    self._end()

    def _end(self) -> None:
        self._con.close()
        self._lease.close()


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    """A locked-down connection whose time zone is the company's, as the snapshot itself says."""
    with _opening:
        con = duckdb.connect(str(path), read_only=True, config={**_CONFIG, "temp_directory": _temporary_folder()})
        try:
            is_locked = con.execute("select current_setting('lock_configuration')").fetchone()
            if is_locked != (True,):
                zone = con.execute("select value from ref.settings where key = 'timezone'").fetchone()
                con.execute("set global TimeZone = ?", [zone[0] if zone else "UTC"])
                con.execute("set enable_progress_bar = false")  # it would be drawn between the data on stdout
                con.execute("set lock_configuration = true")
        except duckdb.CatalogException as error:
            con.close()
            raise StagewatchError(
                "is not a stagewatch snapshot (it has no ref.settings)", remedy="publish anew", file=path
            ) from error
        except BaseException:
            con.close()
            raise
        return con


def _refusal(statements: Sequence[duckdb.Statement]) -> str:
    if len(statements) != 1:
        return f"{len(statements)} statements were given"
    kind = _kind(statements[0])
    return f"{'this statement' if kind is None else kind.name} is not allowed here"


def _kind(statement: duckdb.Statement) -> duckdb.StatementType | None:
    """None for a kind that DuckDB's binding has no name for."""
    try:
        return statement.type
    except ValueError:
        return None


def _interrupt_after(cursor: duckdb.DuckDBPyConnection, seconds: float, is_done: threading.Event) -> None:
    """Interrupt what runs on a cursor after so long, and again: one that comes before a query begins is lost."""
    is_over = is_done.wait(seconds)
    while not is_over:
        with suppress(duckdb.Error):  # closed meanwhile
            cursor.interrupt()
        is_over = is_done.wait(AGAIN_SECONDS)


def _strange_as_text(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """What Polars has no type for, alone or within a list or struct: an interval of months and days, a union."""
    are_strange = [re.search(r"\bINTERVAL\b|\bUNION\(", str(kind)) is not None for kind in relation.types]
    if not any(are_strange):
        return relation
    columns = zip(map(quote_ident, relation.columns), are_strange, strict=True)
    return relation.project(", ".join(f"{c}::varchar as {c}" if is_strange else c for c, is_strange in columns))


def _remedy(error: duckdb.Error) -> str:
    if isinstance(error, duckdb.PermissionException):
        return "a statement can read the snapshot's own tables and nothing else"
    if isinstance(error, duckdb.CatalogException | duckdb.BinderException):
        return "`show all tables` lists the tables, `describe SCHEMA.TABLE` their columns"
    if isinstance(error, duckdb.OutOfMemoryException):
        return "ask for less: filter or aggregate first"
    return "mend the statement"


def _without_end(statement: str) -> str:
    """One statement's text up to its semicolon: a relation of DuckDB refuses one that a comment follows."""
    text = statement.encode("utf-8")
    ends = [at for at, kind in duckdb.tokenize(statement) if kind == duckdb.token_type.operator and text[at] == 0x3B]
    return text[: ends[0]].decode("utf-8") if ends else statement


def _hold(path: Path) -> BinaryIO:
    """An open file that keeps `path` from being deleted; raises FileNotFoundError where it is gone already."""
    lease = path.open("rb")
    try:
        if fcntl is not None:
            fcntl.flock(lease, fcntl.LOCK_SH)
            if os.fstat(lease.fileno()).st_ino != path.stat().st_ino:
                raise FileNotFoundError(path)
    except BaseException:
        lease.close()
        raise
    return lease


def _is_held(path: Path) -> bool:
    with suppress(FileNotFoundError):
        if fcntl is None:
            try:
                path.rename(path)
            except PermissionError:
                return True
            return False
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


@cache
def _temporary_folder() -> str:
    """This process's own folder for spilled queries, gone when it ends."""
    folder = tempfile.mkdtemp(prefix="stagewatch-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
