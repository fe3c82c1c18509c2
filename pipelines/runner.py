"""One whole run from the command line: Dagster's main job, executed in this process."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.faults import in_words
from assets.files import write_atomically
from assets.lock import writer_lock
from assets.workspace import Workspace
from data_contracts.errors import StagewatchError
from data_contracts.settings import load_settings
from pipelines.journal import read_journal
from pipelines.progress import Listener, listening
from pipelines.shipped import shipped_file


def dagster_home(workspace: Workspace) -> Path:
    """The workspace's own Dagster storage, with our dagster.yaml in it."""
    home = workspace.root / ".dagster"
    home.mkdir(parents=True, exist_ok=True)
    text = shipped_file("dagster.yaml").read_text(encoding="utf-8")
    target = home / "dagster.yaml"
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        write_atomically(target, text)
    return home


def run_workspace(
    root: Path,
    *,
    as_of: datetime | None,
    now: datetime | None,
    wait_seconds: float,
    listener: Listener,
) -> dict[str, Any]:
    """Run the main job on a workspace; returns the journal's entry, raises StagewatchError on failure."""
    began = time.perf_counter()
    # Before Dagster loads: a misspelt setting, a run under way or a folder that is read-only is told in a second.
    load_settings(root)
    workspace = Workspace(root)
    with mendable():
        with writer_lock(workspace, started_at=now or datetime.now(UTC), wait_seconds=wait_seconds):
            pass
        return _run(workspace, as_of, now, wait_seconds, listener, began)


def _run(
    workspace: Workspace,
    as_of: datetime | None,
    now: datetime | None,
    wait_seconds: float,
    listener: Listener,
    began: float,
) -> dict[str, Any]:
    root = workspace.root
    os.environ["DAGSTER_HOME"] = str(dagster_home(workspace).resolve())
    os.environ["STAGEWATCH_WORKSPACE"] = str(root.resolve())

    import dagster as dg

    from pipelines.definitions import definitions

    quiet_dagster()
    config = {
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        "resources": {
            "warehouse": {
                "config": {
                    "workspace": str(root.resolve()),
                    "as_of": as_of.isoformat() if as_of else None,
                    "now": now.isoformat() if now else None,
                    "wait_seconds": wait_seconds,
                }
            }
        },
    }
    with dg.DagsterInstance.get() as instance, listening(listener, began=began):
        job = definitions.resolve_job_def("main")
        result = job.execute_in_process(run_config=config, instance=instance, raise_on_error=True)
    entry = read_journal(workspace)
    if not result.success or entry is None or entry["status"] != "succeeded":
        failed = [
            f"{check.asset_key.to_user_string()}: {check.check_name}"
            for check in result.get_asset_check_evaluations()
            if not check.passed and check.blocking
        ]
        raise StagewatchError(
            f"nothing was published: {'; '.join(failed) or 'a step failed'}",
            remedy="see `stagewatch status` and the run's events in `stagewatch serve`",
            file=root,
        )
    return entry


def quiet_dagster() -> None:
    """Our own progress is enough on a terminal: Dagster's events stay in its storage."""
    for name in ("dagster", "dagster.builtin"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def mendable() -> Iterator[None]:
    """Raise what a person can mend as a StagewatchError; of all else the innermost error, without its wrapping."""
    try:
        yield
    except StagewatchError:
        raise
    except Exception as error:
        cause: BaseException = error
        while not isinstance(cause, StagewatchError):
            inner = getattr(cause, "user_exception", None) or cause.__cause__
            if not isinstance(inner, BaseException):
                break
            cause = inner
        raise (cause if isinstance(cause, StagewatchError) else in_words(error) or cause) from error
