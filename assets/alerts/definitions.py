"""Dagster: alerts and the files that carry them."""

from __future__ import annotations

import dagster as dg

from assets.alerts.build import build_alerts
from assets.alerts.exports import write_alert_exports
from assets.session import Session


@dg.asset(
    key=["ops", "alerts"],
    deps=[
        *(["marts", name] for name in ("opportunity_state", "visits", "transition_compliance", "city_signings")),
        *(["marts", name] for name in ("reporting_latency", "signing_target")),
        *(["ml", name] for name in ("scores", "backtest_scores", "forecast_quarter")),
        *(["staging", name] for name in ("interventions", "organisation")),
    ],
    group_name="alerts",
    kinds={"duckdb", "sql"},
    owners=["team:sales-analytics"],
    description="Who must act now: deduplicated, explained, escalated, followed until answered.",
)
def alerts(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata=warehouse.step("alerts", lambda: build_alerts(warehouse.con, warehouse.run)))


@dg.asset(
    key=["exports", "alerts"],
    deps=[["ops", "alerts"]],
    group_name="alerts",
    kinds={"csv", "excel"},
    owners=["team:sales-analytics"],
    description="The open alerts as CSV, XLSX and JSONL, and one message per recipient and rule.",
)
def alert_exports(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    figures = warehouse.step("exports", lambda: {"files": len(write_alert_exports(warehouse.con, warehouse.run))})
    return dg.MaterializeResult(metadata=figures)


definitions = dg.Definitions(assets=[alerts, alert_exports])
