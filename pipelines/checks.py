"""Contract checks as Dagster asset checks: one a table, its failing rules and keys in the metadata.

The rules run once, in the asset `ops/check_results`, which the snapshot waits for and which stops it where a
mart is broken; here each table is told what was said of it. (A blocking check over many assets at once would
have to wait for the very assets that wait for it.)
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.contract_checks import failed_rules
from assets.session import Session
from data_contracts.contract import load_contract, names

TABLES = [load_contract(layer, name) for layer in ("sources", "marts") for name in names(layer)]


@dg.multi_asset_check(
    name="contracts",
    specs=[
        dg.AssetCheckSpec(
            "contract",
            asset=[contract.schema, contract.name],
            additional_deps=[["ops", "check_results"]],
            description=f"{contract.table} keeps the promises of its contract.",
        )
        for contract in TABLES
    ],
)
def contract_checks(warehouse: dg.ResourceParam[Session]) -> Iterator[dg.AssetCheckResult]:
    for contract in TABLES:
        failed = failed_rules(warehouse.con, contract.table)
        is_broken = any(broken for _, broken in failed)
        yield dg.AssetCheckResult(
            asset_key=[contract.schema, contract.name],
            check_name="contract",
            passed=not failed,
            severity=dg.AssetCheckSeverity.ERROR if is_broken else dg.AssetCheckSeverity.WARN,
            metadata={"rules": len(contract.rules), "failures": "\n".join(words for words, _ in failed) or "none"},
        )
