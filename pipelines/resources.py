"""The one resource: a session (lock, warehouse, run) that lives as long as its Dagster run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from assets.definitions import WORKSPACE_VARIABLE
from assets.session import Session, Step, open_session
from assets.workspace import Run
from data_contracts.errors import StagewatchError
from pipelines.journal import write_journal
from pipelines.leases import run_lease
from pipelines.progress import beginning, listener

CONFIG = {
    "workspace": dg.Field(str, is_required=False, description=f"Its folder; default: ${WORKSPACE_VARIABLE}."),
    "as_of": dg.Field(dg.Noneable(str), default_value=None, description="ISO time; default: the workspace's clock."),
    "now": dg.Field(dg.Noneable(str), default_value=None, description="ISO time taken for the wall clock's."),
    "wait_seconds": dg.Field(float, default_value=600.0, description="How long to wait for a run under way."),
}


@dg.resource(config_schema=CONFIG, description="The workspace's writer lock, warehouse and run.")
def warehouse(context: dg.InitResourceContext) -> Iterator[Session]:
    began = beginning()
    config = context.resource_config
    root = config.get("workspace") or os.environ.get(WORKSPACE_VARIABLE)
    if not root:
        raise StagewatchError("no workspace is named", remedy=f"set {WORKSPACE_VARIABLE}, or pass --workspace")
    now = datetime.fromisoformat(config["now"]) if config["now"] else datetime.now(UTC)
    as_of = datetime.fromisoformat(config["as_of"]) if config["as_of"] else None
    run = Run.of(Path(root), run_id=(context.run_id or "manual")[:8], now=now, as_of=as_of)
    report = listener()

    def tell(name: str, step: Step | None) -> None:
        if step is not None and context.log is not None:
            context.log.info(f"{name}: {step.seconds:.2f} s, {dict(step.figures)}")
        report(name, step)

    with (
        run_lease(Path(root), context.run_id or "manual"),
        open_session(
            run, is_as_of_given=as_of is not None, wait_seconds=config["wait_seconds"], report=tell
        ) as session,
    ):
        try:
            yield session
        finally:
            write_journal(session, began=began, finished_at=datetime.now(UTC) if not config["now"] else now)
