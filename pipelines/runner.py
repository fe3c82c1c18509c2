"""One whole run from the command line: Dagster's main job, executed in this process."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from assets.files import write_atomically
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
    load_settings(root)  # before Dagster loads: a misspelt setting is told in a second
    workspace = Workspace(root)
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
    with dg.DagsterInstance.get() as instance, listening(listener):
        job = definitions.resolve_job_def("main")
        try:
            result = job.execute_in_process(run_config=config, instance=instance, raise_on_error=True)
        except Exception as error:
            raise _mendable(error) from error
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


def _mendable(error: BaseException) -> BaseException:
    """The StagewatchError inside Dagster's wrapping, if there is one; else the innermost error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StagewatchError):
            return cause
        cause = getattr(cause, "user_exception", None) or cause.__cause__
    return error
