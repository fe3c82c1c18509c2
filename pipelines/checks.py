"""Contract checks as Dagster asset checks: one a table, its failing rules and keys in the metadata."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.contract_checks import CheckedTable, check_contracts
from assets.session import Session
from data_contracts.contract import Layer, load_contract, names


def contract_checks(layer: Layer) -> dg.AssetChecksDefinition:
    """The checks of one layer, run together: Great Expectations is loaded once."""
    schema = load_contract(layer, names(layer)[0]).schema

    @dg.multi_asset_check(
        name=f"{schema}_contracts",
        specs=[
            dg.AssetCheckSpec(
                "contract",
                asset=[schema, name],
                blocking=layer == "marts",
                description=f"{schema}.{name} keeps the promises of its contract.",
            )
            for name in names(layer)
        ],
    )
    def check(warehouse: dg.ResourceParam[Session]) -> Iterator[dg.AssetCheckResult]:
        tables: list[CheckedTable] = []

        def work() -> dict[str, int]:
            tables.extend(check_contracts(warehouse.con, layer))
            return {
                "rules": sum(t.rules for t in tables),
                "failed": sum(len(t.failures) for t in tables),
            }

        warehouse.step(f"contracts.{schema}", work)
        for table in tables:
            yield dg.AssetCheckResult(
                asset_key=[schema, table.name],
                check_name="contract",
                passed=not table.failures,
                severity=dg.AssetCheckSeverity.ERROR if table.is_broken else dg.AssetCheckSeverity.WARN,
                metadata={"rules": table.rules, "failures": "\n".join(table.failures) or "none"},
            )

    return check


