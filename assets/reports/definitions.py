"""Dagster: the weekly leadership report."""

from __future__ import annotations

import dagster as dg

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
    ],
    group_name="reports",
    kinds={"html", "excel"},
    owners=["team:sales-analytics"],
    description="The weekly report as one HTML file and an XLSX, in zh-CN and en.",
)
def weekly_report(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    figures = warehouse.step("report", lambda: {"files": len(build_reports(warehouse.con, warehouse.run))})
    return dg.MaterializeResult(metadata=figures)


definitions = dg.Definitions(assets=[weekly_report])
