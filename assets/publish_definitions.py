"""Dagster: the contracts' checks and the published snapshot, last of all, once the contracts hold."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from assets.contract_checks import check_contracts, refuse_broken_marts
from assets.data_docs.build import build_data_docs
from assets.definitions import OWNERS
from assets.marts.build import MARTS
from assets.publish import publish
from assets.session import Session
from data_contracts.contract import load_contract, names
from queries.snapshot import current_snapshot


@dg.asset(
    key=["ops", "check_results"],
    deps=[
        *([load_contract(layer, name).schema, name] for layer in ("sources", "marts") for name in names(layer)),
    ],
    group_name="publish",
    kinds={"duckdb", "greatexpectations"},
    owners=OWNERS,
    description="What every rule of every contract said of its table, as Great Expectations found it inside DuckDB.",
)
def check_results(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    figures = warehouse.step("contracts", lambda: check_contracts(warehouse.con))
    pages = warehouse.step("data docs", lambda: build_data_docs(warehouse.con, warehouse.run))
    docs = dg.MetadataValue.path(warehouse.run.workspace.reports / "data_docs" / "en" / "index.html")
    return dg.MaterializeResult(metadata={**figures, **pages, "data_docs": docs})


@dg.asset(
    key=["published", "snapshot"],
    deps=[
        ["ops", "check_results"],
        *(["marts", mart] for mart in MARTS),
        ["staging", "ledger"],
        ["ml", "scores"],
        ["ml", "forecast"],
        ["ops", "alerts"],
        ["marts", "alert_outcomes"],
        ["marts", "recovered_value"],
        ["exports", "alerts"],
        ["reports", "weekly"],
    ],
    group_name="publish",
    kinds={"duckdb"},
    owners=OWNERS,
    description="What users read: marts, scores, alerts and data health, switched in one atomic step.",
    freshness_policy=dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=3), warn_window=timedelta(hours=1, minutes=15)
    ),
)
def snapshot(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    refuse_broken_marts(warehouse.con)
    figures = warehouse.step("publish", lambda: {"tables": len(publish(warehouse.con, warehouse.run))})
    current = current_snapshot(warehouse.run.workspace.published)
    return dg.MaterializeResult(
        metadata={
            **figures,
            "as_of": dg.MetadataValue.timestamp(warehouse.run.as_of),
            "snapshot": dg.MetadataValue.path(str(current)),
        }
    )


definitions = dg.Definitions(assets=[check_results, snapshot])
