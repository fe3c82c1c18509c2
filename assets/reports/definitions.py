"""Dagster: the weekly leadership report."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from assets.contract_checks import refuse_broken_marts
from assets.definitions import OWNERS, company_timezone
from assets.marts.build import MARTS
from assets.reports.build import build_reports
from assets.session import Session


@dg.asset(
    key=["reports", "weekly"],
    deps=[
        *(["marts", mart] for mart in MARTS),
        *(["ml", name] for name in ("scores", "forecast", "forecast_quarter", "forecast_backtest", "backtest")),
        ["ops", "alerts"],
        ["marts", "alert_outcomes"],
        ["marts", "recovered_value"],
        ["staging", "ledger"],
        ["ops", "check_results"],
    ],
    group_name="reports",
    kinds={"html", "excel"},
    owners=OWNERS,
    description="The weekly report as one HTML file and an XLSX, in zh-CN and en.",
    # Leadership reads it on Monday at nine: by then it must tell what was known at eight.
    freshness_policy=dg.FreshnessPolicy.cron(
        deadline_cron="0 9 * * 1", lower_bound_delta=timedelta(hours=1), timezone=company_timezone()
    ),
)
def weekly_report(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    refuse_broken_marts(warehouse.con)
    folder = dg.MetadataValue.path(warehouse.run.workspace.reports)
    figures = warehouse.step("report", lambda: {"files": len(build_reports(warehouse.con, warehouse.run))})
    return dg.MaterializeResult(metadata={**figures, "folder": folder})


definitions = dg.Definitions(assets=[weekly_report])
