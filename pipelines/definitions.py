"""Everything Dagster runs, gathered: `dagster dev`, `stagewatch serve` and `stagewatch run` all load this."""

from __future__ import annotations

import dagster as dg

import assets.alerts.definitions
import assets.archive.definitions
import assets.landing.definitions
import assets.marts.definitions
import assets.publish_definitions
import assets.reports.definitions
import assets.risk.definitions
import assets.staging.definitions
from pipelines.checks import contract_checks
from pipelines.jobs import archive_job, main_job
from pipelines.resources import warehouse
from pipelines.schedules import dead_runs, inbox_sensor, schedules

definitions = dg.Definitions.merge(
    assets.landing.definitions.definitions,
    assets.staging.definitions.definitions,
    assets.marts.definitions.definitions,
    assets.risk.definitions.definitions,
    assets.alerts.definitions.definitions,
    assets.reports.definitions.definitions,
    assets.publish_definitions.definitions,
    assets.archive.definitions.definitions,
    dg.Definitions(
        asset_checks=[contract_checks],
        jobs=[main_job, archive_job],
        schedules=schedules(),
        sensors=[inbox_sensor, dead_runs],
        resources={"warehouse": warehouse},
        executor=dg.in_process_executor,
    ),
)
