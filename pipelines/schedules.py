"""When things run: the inbox at once, alerts hourly, the report on Mondays, the archive every second Sunday.

Dagster launches only the last tick that downtime missed; every run catches up on the weekly reports
and archives that are due by what lies in reports/ and archive/, so none is lost.
"""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path

import dagster as dg

from data_contracts.errors import StagewatchError
from data_contracts.settings import load_settings
from pipelines.jobs import archive_job, main_job
from pipelines.resources import WORKSPACE_VARIABLE

# Feishu and many mail servers refuse bursts on the hour, so the hourly alerts run seven past it.
HOURLY, MONDAY, SUNDAY = "7 * * * *", "0 8 * * 1", "0 3 * * 0"


def company_timezone() -> str:
    """The workspace's timezone; the default's where no workspace is named yet (as in `dagster dev`)."""
    try:
        return load_settings(Path(os.environ.get(WORKSPACE_VARIABLE, "."))).timezone
    except StagewatchError:
        return "Asia/Shanghai"


def inbox_fingerprint(inbox: Path) -> str | None:
    """A hash of the names, sizes and times of the files that wait; None when none does."""
    waiting = sorted(
        (p.relative_to(inbox).as_posix(), p.stat().st_size, p.stat().st_mtime_ns)
        for p in inbox.rglob("*")
        if p.is_file() and not p.name.startswith((".", "~$")) and p.suffix != ".part"
    )
    return hashlib.sha256(repr(waiting).encode()).hexdigest()[:16] if waiting else None


@dg.sensor(
    job=main_job,
    minimum_interval_seconds=20,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run when files wait in the inbox and have not changed since the last look.",
)
def inbox_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    inbox = Path(os.environ.get(WORKSPACE_VARIABLE, ".")) / "inbox"
    if not inbox.is_dir():
        return dg.SkipReason("there is no inbox: name a workspace")
    fingerprint = inbox_fingerprint(inbox)
    if fingerprint is None:
        return dg.SkipReason("the inbox is empty")
    if fingerprint != context.cursor:
        return dg.SensorResult(skip_reason="files came or changed: looking again", cursor=fingerprint)
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=fingerprint)], cursor=fingerprint)


def every_second_sunday(at: datetime) -> bool:
    """Every other week by the calendar, so the rhythm does not depend on when the daemon was started."""
    return at.date().toordinal() // 7 % 2 == 0


def schedules() -> list[dg.ScheduleDefinition]:
    """The schedules, in the company's timezone, running as soon as the daemon does."""
    zone = company_timezone()
    running = dg.DefaultScheduleStatus.RUNNING
    return [
        dg.ScheduleDefinition(
            name="hourly_alerts",
            job=main_job,
            cron_schedule=HOURLY,
            execution_timezone=zone,
            default_status=running,
            description="Time alone makes a stage overrun or a customer silent: look every hour.",
        ),
        dg.ScheduleDefinition(
            name="weekly_report",
            job=main_job,
            cron_schedule=MONDAY,
            execution_timezone=zone,
            default_status=running,
            description="The leadership report of the week that ended, Mondays 08:00.",
        ),
        dg.ScheduleDefinition(
            name="raw_archive",
            job=archive_job,
            cron_schedule=SUNDAY,
            execution_timezone=zone,
            default_status=running,
            should_execute=lambda context: every_second_sunday(context.scheduled_execution_time),
            description="The raw files, packed every second Sunday.",
        ),
    ]
