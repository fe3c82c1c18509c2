"""Dagster: what staging makes, and the check that no row is lost."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.definitions import OWNERS, contract_metadata
from assets.session import Session
from assets.staging.build import build_staging, latest_time, ledger_faults
from assets.staging.review import write_review
from data_contracts.contract import load_contract, names

SIDE_TABLES = {
    "ledger": "Per file: rows read = accepted + quarantined + exact duplicates.",
    "quarantine": "Every refused row with file, row, column and reason.",
    "duplicates": "Every exact duplicate with the row that was kept.",
    "review": "What a person should settle: names that nobody is found for, facts read with little confidence.",
}


def _spec(name: str, description: str, metadata: dict[str, object]) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["staging", name],
        deps=[["landing", "files"]],
        group_name="staging",
        kinds={"duckdb", "sql"},
        owners=OWNERS,
        description=description,
        metadata=metadata,
    )


@dg.multi_asset(
    name="staging",
    specs=[
        *(_spec(n, load_contract("sources", n).description, contract_metadata("sources", n)) for n in names("sources")),
        *(_spec(name, description, {}) for name, description in SIDE_TABLES.items()),
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "ledger_balances",
            asset=["staging", "ledger"],
            blocking=True,
            description="Rows read = accepted + quarantined + exact duplicates, for every file.",
        )
    ],
)
def staging(warehouse: dg.ResourceParam[Session]) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    figures = warehouse.step("staging", lambda: build_staging(warehouse.con, warehouse.run).figures())
    warehouse.settle_as_of(latest_time(warehouse.con))
    for name in (*names("sources"), *SIDE_TABLES):
        yield dg.MaterializeResult(asset_key=["staging", name], metadata={"dagster/row_count": figures.get(name, 0)})
    faults = ledger_faults(warehouse.con)
    yield dg.AssetCheckResult(
        check_name="ledger_balances",
        asset_key=["staging", "ledger"],
        passed=not faults,
        metadata={"faults": "\n".join(faults)},
    )


@dg.asset(
    key=["exports", "review"],
    deps=[["staging", "review"], ["ops", "check_results"]],
    group_name="staging",
    kinds={"csv", "excel"},
    owners=OWNERS,
    description="What a person should settle, as a list to fill in and drop back into the inbox.",
)
def review_list(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    figures = warehouse.step("review", lambda: {"files": len(write_review(warehouse.con, warehouse.run))})
    return dg.MaterializeResult(metadata=figures)


definitions = dg.Definitions(assets=[staging, review_list])
