"""The writer lock: one run at a time. It dies with its owner, so a killed run never blocks the next."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from assets.workspace import Workspace
from data_contracts.errors import StagewatchError


@contextmanager
def writer_lock(workspace: Workspace, *, started_at: datetime, wait_seconds: float) -> Iterator[None]:
    """Hold the workspace for one run; waits `wait_seconds`, then raises naming who holds it."""
    holder = workspace.root / ".lock.holder"
    lock = FileLock(str(workspace.root / ".lock"))
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise StagewatchError(
            f"another run holds the workspace: {_describe(holder)}",
            remedy="wait for it to end, or run again with a longer --wait",
            file=workspace.root,
        ) from error
    except OSError as error:
        raise StagewatchError(
            f"the workspace cannot be written: {error.strerror or error}",
            remedy="run where the folder is writable; status, sql and the dashboard still work",
            file=workspace.root,
        ) from error
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "started_at": started_at.isoformat()}), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _describe(holder: Path) -> str:
    try:
        data = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {data['pid']}, since {data['started_at']}"
    except (OSError, ValueError, KeyError):
        return "its process is not known yet"
