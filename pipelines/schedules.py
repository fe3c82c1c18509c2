"""When things run: the inbox at once, alerts hourly, the model and the report on Mondays, the archive every two weeks.

Dagster launches only the last tick that downtime missed, so nothing hangs on a tick of its own: every main run takes
all that waits, trains where the week's model is not there yet and writes the reports that are missing, and the
archive's schedule looks daily whether the last archive that was due was made.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from assets.archive.build import is_archive_due
from assets.definitions import WORKSPACE_VARIABLE, company_timezone
from assets.landing.arrivals import Arrival, settled_files
from assets.workspace import Workspace
from data_contracts.errors import StagewatchError
from data_contracts.settings import load_settings
from pipelines.jobs import archive_job, main_job
from pipelines.leases import end_dead_runs

# The hourly run keeps clear of the full hour, when everybody's robots speak; on Mondays it comes after the training.
HOURLY, RETRAINING, REPORT, DAILY = "7 * * * *", "1 0 * * 1", "0 8 * * 1", "0 3 * * *"
MAIN_SCHEDULES = {
    "hourly_alerts": (HOURLY, "Time alone makes a stage overrun or a customer silent: look every hour."),
    "weekly_retraining": (
        RETRAINING,
        "The first run of the week: it trains on what was known on Monday 00:00, and scores with the new model.",
    ),
    "weekly_report": (REPORT, "The leadership report of the week that ended, with what is known on Monday 08:00."),
}


def workspace_root() -> Path | None:
    """The workspace that this Dagster serves; None where none is named or it is none (as in `dagster dev`)."""
    root = Path(os.environ.get(WORKSPACE_VARIABLE, "."))
    return root if (root / "stagewatch.yaml").is_file() else None


def inbox_fingerprint(root: Path, arrivals: list[Arrival]) -> str:
    """What waits, and the mappings and settings by which it would be read: mending one is a reason to look again."""
    rules = sorted((root / "mappings").glob("*.yaml"))
    read_by = [(path.name, path.stat().st_mtime_ns) for path in (*rules, root / "stagewatch.yaml")]
    return hashlib.sha256(repr(([(a.name, a.identity) for a in arrivals], read_by)).encode()).hexdigest()[:16]


@dg.sensor(
    job=main_job,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run when files wait in the inbox that did not change between two looks.",
)
def inbox_sensor() -> Iterator[dg.RunRequest | dg.SkipReason]:
    root = workspace_root()
    if root is None:
        yield dg.SkipReason("no workspace is named: use `stagewatch serve`, or set STAGEWATCH_WORKSPACE")
        return
    try:
        settle_seconds = load_settings(root).inbox.settle_seconds
    except StagewatchError as error:
        yield dg.SkipReason(str(error))
        return
    arrivals, changing = settled_files(Workspace(root).inbox, min(settle_seconds, 10.0), time.sleep)
    if arrivals:
        yield dg.RunRequest(run_key=inbox_fingerprint(root, arrivals))
    else:
        yield dg.SkipReason(f"still being written: {', '.join(changing)}" if changing else "the inbox is empty")


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose process was killed: they would stand as started, and keep every later run waiting.",
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    root = workspace_root()
    ended = end_dead_runs(context.instance, root, datetime.now(UTC)) if root else []
    return dg.SkipReason(f"marked as failed: {', '.join(ended)}" if ended else "every started run is alive")


@dg.schedule(
    job=archive_job,
    cron_schedule=DAILY,
    execution_timezone=company_timezone(),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Packs the raw files, every second Sunday 03:00; a Sunday that was missed is made up the next day.",
)
def raw_archive(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    root = workspace_root()
    if root is not None and is_archive_due(Workspace(root), context.scheduled_execution_time):
        return dg.RunRequest()
    return dg.SkipReason("everything that landed before the last archive Sunday is packed")


def schedules() -> list[dg.ScheduleDefinition]:
    """The schedules, in the company's timezone, running as soon as the daemon does."""
    main = [
        dg.ScheduleDefinition(
            name=name,
            job=main_job,
            cron_schedule=cron,
            execution_timezone=company_timezone(),
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=description,
        )
        for name, (cron, description) in MAIN_SCHEDULES.items()
    ]
    return [*main, raw_archive]
