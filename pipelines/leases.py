"""A lease a run: a lock that its process holds to its end, so a run whose process died can be told from a slow one.

Dagster's own launcher never looks after a run that has started: one that was killed would stand as "started" for
ever, and keep every later run in the queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

# From a run's start until its lease is taken its process loads libraries; on a slow disk that takes its time.
STARTING = timedelta(minutes=2)


@contextmanager
def run_lease(root: Path, run_id: str) -> Iterator[None]:
    """Hold the lease of a run of the workspace at `root`. Where nothing can be written there is none, and no run."""
    path = lease_path(root, run_id)
    lock = FileLock(str(path))
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):
            path.unlink(missing_ok=True)


def lease_path(root: Path, run_id: str) -> Path:
    return root / ".state" / "runs" / f"{run_id}.lock"


def end_dead_runs(instance: dg.DagsterInstance, root: Path, now: datetime) -> list[str]:
    """Mark the started runs as failed whose process is gone; their ids."""
    in_progress = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    dead = []
    for record in instance.get_run_records(in_progress):
        run = record.dagster_run
        if now.timestamp() - (record.start_time or record.create_timestamp.timestamp()) < STARTING.total_seconds():
            continue
        if not _is_held(lease_path(root, run.run_id)):
            instance.report_run_failed(run, "Its process ended before it did. Nothing of it was published; run again.")
            dead.append(run.run_id)
    return dead


def _is_held(path: Path) -> bool:
    if not path.is_file():
        return False
    lock = FileLock(str(path))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    path.unlink(missing_ok=True)
    return False
