"""Dagster: the published snapshot, last of all, once every blocking check has passed."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from assets.marts.build import MARTS
from assets.publish import publish
from assets.session import Session


@dg.asset(
    key=["published", "snapshot"],
    deps=[
        *(["marts", mart] for mart in MARTS),
        ["staging", "ledger"],
        ["ml", "scores"],
        ["ml", "forecast"],
        ["ops", "alerts"],
        ["marts", "alert_outcomes"],
        ["marts", "recovered_value"],
        ["reports", "weekly"],
    ],
    group_name="publish",
    kinds={"duckdb"},
    owners=["team:sales-analytics"],
    description="What users read: marts, scores, alerts and data health, switched in one atomic step.",
    freshness_policy=dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=3), warn_window=timedelta(hours=1, minutes=15)
    ),
)
def snapshot(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    figures = warehouse.step("publish", lambda: {"tables": len(publish(warehouse.con, warehouse.run))})
    return dg.MaterializeResult(metadata=figures)


definitions = dg.Definitions(assets=[snapshot])
