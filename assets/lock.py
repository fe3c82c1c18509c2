"""The writer lock: one run at a time. It dies with its owner, so a killed run never blocks the next.

The lock is the operating system's, on the file `.lock`; `.lock.holder` only says whose it is. A holder's file that
is there while nobody has the lock was left by a run that was killed.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from assets.workspace import Workspace
from data_contracts.errors import StagewatchError

log = logging.getLogger("stagewatch")

# Somebody may look who holds the lock (`holder`), which takes it for a moment.
PATIENCE_SECONDS = 0.25


@dataclass(frozen=True)
class Holder:
    """The run that holds a workspace, or that held it when it was killed. `started_at`: ISO text."""

    pid: int
    started_at: str
    is_alive: bool

    def __str__(self) -> str:
        return f"process {self.pid}, since {self.started_at}"


@contextmanager
def writer_lock(workspace: Workspace, *, started_at: datetime, wait_seconds: float) -> Iterator[None]:
    """Hold the workspace for one run; waits `wait_seconds`, then raises naming who holds it."""
    lock = FileLock(_path(workspace))
    try:
        _acquire(lock, workspace, wait_seconds)
    except OSError as error:
        raise StagewatchError(
            f"the workspace cannot be written: {error.strerror or error}",
            remedy="run where the folder is writable; status, sql and the dashboard still work",
            file=workspace.root,
        ) from error
    told = _holder_path(workspace)
    try:
        told.write_text(json.dumps({"pid": os.getpid(), "started_at": started_at.isoformat()}), encoding="utf-8")
        yield
    finally:
        told.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, workspace: Workspace, wait_seconds: float) -> None:
    try:
        lock.acquire(timeout=PATIENCE_SECONDS)
        return
    except Timeout:
        if wait_seconds > PATIENCE_SECONDS:
            log.warning("waiting up to %g s for another run: %s", wait_seconds, _told(workspace))
    try:
        lock.acquire(timeout=max(wait_seconds - PATIENCE_SECONDS, 0))
    except Timeout as error:
        raise StagewatchError(
            f"another run holds the workspace: {_told(workspace)}",
            remedy="wait for it to end, or run again with a longer --wait",
            file=workspace.root,
        ) from error


def holder(workspace: Workspace) -> Holder | None:
    """Who holds the lock, or held it when it was killed (`is_alive` tells which); None where every run has ended."""
    try:
        data = json.loads(_holder_path(workspace).read_text(encoding="utf-8"))
        pid, started_at = int(data["pid"]), str(data["started_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    lock = FileLock(_path(workspace))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return Holder(pid, started_at, is_alive=True)
    except OSError:  # a read-only workspace: nobody can be writing to it
        return Holder(pid, started_at, is_alive=False)
    lock.release()
    return Holder(pid, started_at, is_alive=False)


def _path(workspace: Workspace) -> str:
    return str(workspace.root / ".lock")


def _holder_path(workspace: Workspace) -> Path:
    return workspace.root / ".lock.holder"


def _told(workspace: Workspace) -> str:
    known = holder(workspace)
    return str(known) if known is not None else "its process is not known yet"
