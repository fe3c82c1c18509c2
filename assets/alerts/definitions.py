"""Dagster: alerts and the files that carry them."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.alerts.build import OUTCOMES, build_alerts
from assets.alerts.exports import write_alert_exports
from assets.contract_checks import refuse_broken_marts
from assets.definitions import OWNERS, contract_metadata
from assets.session import Session
from assets.warehouse import count
from data_contracts.contract import load_contract

READS = [
    *(["marts", name] for name in ("opportunity_state", "visits", "transition_compliance", "city_signings")),
    *(["marts", name] for name in ("reporting_latency", "signing_target")),
    *(["ml", name] for name in ("scores", "backtest_scores", "forecast_quarter")),
    *(["staging", name] for name in ("interventions", "organisation", "costs", "ledger")),
]


def _spec(key: list[str], description: str, metadata: dict[str, object] | None = None) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        deps=READS,
        group_name="alerts",
        kinds={"duckdb", "sql"},
        owners=OWNERS,
        description=description,
        metadata=metadata,
    )


@dg.multi_asset(
    name="alerts",
    specs=[
        _spec(["ops", "alerts"], "Who must act now: deduplicated, explained, escalated, followed until answered."),
        *(
            _spec(["marts", mart], load_contract("marts", mart).description, contract_metadata("marts", mart))
            for mart in OUTCOMES
        ),
    ],
)
def alerts(warehouse: dg.ResourceParam[Session]) -> Iterator[dg.MaterializeResult]:
    figures = warehouse.step("alerts", lambda: build_alerts(warehouse.con, warehouse.run))
    rows = {"dagster/row_count": count(warehouse.con, "ops.alerts")}
    yield dg.MaterializeResult(asset_key=["ops", "alerts"], metadata={**figures, **rows})
    for mart in OUTCOMES:
        yield dg.MaterializeResult(asset_key=["marts", mart], metadata={"dagster/row_count": figures[mart]})


@dg.asset(
    key=["exports", "alerts"],
    deps=[["ops", "alerts"], ["ops", "check_results"]],
    group_name="alerts",
    kinds={"csv", "excel"},
    owners=OWNERS,
    description="The open alerts as CSV, XLSX and JSONL, and one message per recipient and rule.",
)
def alert_exports(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    refuse_broken_marts(warehouse.con)
    folder = dg.MetadataValue.path(warehouse.run.workspace.exports)
    figures = warehouse.step("exports", lambda: {"files": len(write_alert_exports(warehouse.con, warehouse.run))})
    return dg.MaterializeResult(metadata={**figures, "folder": folder})


definitions = dg.Definitions(assets=[alerts, alert_exports])
