"""The inbox: what was put in is copied, hashed, read into the warehouse and taken out, or rejected with the reason.

For each file: (1) its bytes stand in landed/ under their hash, (2) its rows stand in the warehouse, uncommitted,
(3) the journal has it, (4) the warehouse commits, (5) it leaves the inbox. A run killed anywhere between leaves
the file in the inbox or in the journal, and the next run goes on from there to the same result.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb

from assets.files import sync, write_atomically
from assets.landing.arrivals import Arrival, copy_and_hash, printable, settled_files
from assets.landing.journal import Delivery, landed_path
from assets.landing.land import apply_standings, land_file, note_delivery, note_file, scratch_folder
from assets.landing.plan import UnmappedError, other_readers
from assets.landing.rebuild import Landing, catch_up, open_landing
from assets.landing.sniff import extension
from assets.workspace import Run
from data_contracts.errors import StagewatchError
from data_contracts.texts import Texts


@dataclass
class LandingResult:
    """What one look into the inbox did. `problems` are for people: the file, what is wrong, what to do."""

    taken: int = 0
    resent: int = 0
    rejected: int = 0
    waiting: int = 0
    rows_read: int = 0
    problems: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """The figures of the step, for the run's journal."""
        return {
            "files_taken": self.taken,
            "files_resent": self.resent,
            "files_rejected": self.rejected,
            "files_waiting": self.waiting,
            "rows_read": self.rows_read,
            "problems": "\n".join(self.problems),
        }


def take_inbox(con: duckdb.DuckDBPyConnection, run: Run, sleep: Callable[[float], None] = time.sleep) -> LandingResult:
    """Take every file that has come to rest in the inbox; one that cannot be read is rejected and the rest goes on."""
    result = LandingResult()
    landing = open_landing(con, run)
    result.problems += [str(fault) for fault in landing.mapping_faults]
    caught = catch_up(con, run, landing)
    result.taken, result.rows_read = caught.files, caught.rows_read
    result.problems += caught.problems
    arrivals, waiting = settled_files(run.workspace.inbox, run.settings.inbox.settle_seconds, sleep)
    result.waiting = len(waiting)
    result.problems += [f"{name}: still being written, taken by a later run" for name in waiting]
    for arrival in arrivals:
        _take(con, run, landing, arrival, result)
    return result


def _take(con: duckdb.DuckDBPyConnection, run: Run, landing: Landing, arrival: Arrival, result: LandingResult) -> None:
    before = landing.journal.same_putting_in(arrival.name, arrival.identity)
    if before is not None and before.outcome != "rejected":
        arrival.path.unlink()
        return
    delivery_no = before.delivery_no if before else landing.journal.next_delivery_no()
    file_id = before.file_id if before else landing.journal.next_file_id()
    delivered_at = run.now.astimezone(UTC).isoformat()

    def delivered(outcome: Any, sha256: str | None, size: int | None, file: int, reason: str | None = None) -> Delivery:
        return Delivery(
            delivery_no, arrival.name, arrival.identity, sha256, size, delivered_at, outcome, file,
            extension(arrival.name), reason,
        )  # fmt: skip

    sha256: str | None = None
    size: int | None = None
    copy = run.workspace.landed / f".{delivery_no}.part"
    try:
        sha256, size = copy_and_hash(arrival.path, copy)
        known = landing.journal.active_with(sha256)
        if known is not None:
            copy.unlink()
            _commit(con, landing, delivered("resent", sha256, size, known))
            arrival.path.unlink()
            result.resent += 1
            return
        delivery = delivered("landed", sha256, size, file_id)
        kept = landed_path(run.workspace.landed, delivery)
        copy.replace(kept)
        sync(run.workspace.landed)
        with scratch_folder(run.workspace.temporary) as scratch:
            landed = land_file(con, kept, delivery, landing.mappings, scratch, lambda d: _journal(con, landing, d))
            others = (
                []
                if landed.is_mended
                else other_readers(kept, arrival.name, landing.mappings, landed.mapping or "", scratch)
            )
        arrival.path.unlink()
        result.taken += 1
        result.rows_read += landed.rows_read
        if others:
            say = Texts("ingestion", run.settings.language)
            result.problems.append(
                say("file_fits_twice", file=arrival.name, mapping=landed.mapping, others=", ".join(others))
            )
    except StagewatchError as error:
        delivery = delivered("rejected", sha256, size, file_id, str(error))
        if landing.mapping_faults and isinstance(error, UnmappedError):
            _drop_copy(run, landing, delivery)
            result.problems.append(f"{arrival.name}: left in the inbox until the mappings above are mended: {error}")
            result.waiting += 1
        else:
            is_moved = _reject(con, run, landing, arrival, delivery, error)
            stays = "" if is_moved else ", and stays in inbox/, for it may not be moved"
            result.problems.append(f"{arrival.name}: rejected{stays}: {error}")
            result.rejected += 1
    finally:
        copy.unlink(missing_ok=True)


def _journal(con: duckdb.DuckDBPyConnection, landing: Landing, delivery: Delivery) -> None:
    """Inside the transaction: the warehouse's own copy of the journal, then the journal itself, flushed."""
    note_delivery(con, delivery)
    before = landing.journal.standings()
    landing.journal.append(delivery)
    apply_standings(con, {f: s for f, s in landing.journal.standings().items() if before.get(f) != s})


def _commit(con: duckdb.DuckDBPyConnection, landing: Landing, delivery: Delivery) -> None:
    con.begin()
    try:
        if delivery.outcome == "rejected":
            note_file(con, delivery, "rejected")
        _journal(con, landing, delivery)
        con.commit()
    except BaseException:
        con.rollback()
        raise


def _reject(
    con: duckdb.DuckDBPyConnection, run: Run, landing: Landing, arrival: Arrival, delivery: Delivery,
    error: StagewatchError,
) -> bool:  # fmt: skip
    """Put a file aside with the reason beside it; False where it may not be moved and stays in the inbox."""
    target = _free_name(run.workspace.rejected, arrival.path, delivery)
    reason = target.with_name(printable(target.name) + ".reason.txt")
    write_atomically(
        reason,
        f"{arrival.name}\nrejected {delivery.delivered_at} in run {run.run_id}\n\n{error.message}\n"
        + (f"what to do: {error.remedy}\n" if error.remedy else "")
        + "Then put the file into inbox/ again.\n",
    )
    _commit(con, landing, delivery)
    _drop_copy(run, landing, delivery)
    try:
        arrival.path.rename(target)
    except PermissionError:
        return False
    except OSError:  # the two folders lie on two disks
        shutil.move(arrival.path, target)
    sync(run.workspace.rejected)
    return True


def _free_name(folder: Path, path: Path, delivery: Delivery) -> Path:
    """The file's name in rejected/; a number is put to it where another file of that name lies there."""
    target = folder / path.name
    number = 2
    while target.exists() and not _is_same(target, delivery.content_sha256):
        target = folder / f"{path.stem}~{number}{path.suffix}"
        number += 1
    return target


def _is_same(path: Path, sha256: str | None) -> bool:
    if sha256 is None or not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == sha256


def _drop_copy(run: Run, landing: Landing, delivery: Delivery) -> None:
    """Take the copy of a file that was not read out of landed/, unless the same content landed under another name."""
    sha256 = delivery.content_sha256
    if sha256 and not any(d.content_sha256 == sha256 and d.outcome != "rejected" for d in landing.journal.deliveries):
        landed_path(run.workspace.landed, delivery).unlink(missing_ok=True)
