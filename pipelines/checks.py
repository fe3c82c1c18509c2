"""Contract checks as Dagster asset checks: one a table, its failing rules and keys in the metadata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from assets.contract_checks import CheckedTable, check_contracts
from assets.marts.build import MARTS
from assets.session import Session
from data_contracts.contract import Layer, load_contract, names


def all_contract_checks() -> list[dg.AssetChecksDefinition]:
    """Three groups: what staging made, what the marts' SQL made, and the marts that sum up alerts.

    A group runs when all its tables are there, and what reads them waits for it; so the marts that
    come from the alerts cannot stand in one group with those the alerts are made from.
    """
    from_alerts = [name for name in names("marts") if name not in MARTS]
    return [
        contract_checks("staging_contracts", "sources", names("sources")),
        contract_checks("marts_contracts", "marts", [name for name in names("marts") if name in MARTS]),
        contract_checks("alert_marts_contracts", "marts", from_alerts),
    ]


def contract_checks(group: str, layer: Layer, tables: Sequence[str]) -> dg.AssetChecksDefinition:
    """The checks of some tables, run together: Great Expectations is loaded once."""
    schema = load_contract(layer, tables[0]).schema

    @dg.multi_asset_check(
        name=group,
        specs=[
            dg.AssetCheckSpec(
                "contract",
                asset=[schema, name],
                blocking=layer == "marts",
                description=f"{schema}.{name} keeps the promises of its contract.",
            )
            for name in tables
        ],
    )
    def check(warehouse: dg.ResourceParam[Session]) -> Iterator[dg.AssetCheckResult]:
        checked: list[CheckedTable] = []

        def work() -> dict[str, int]:
            checked.extend(check_contracts(warehouse.con, layer, tables))
            return {
                "rules": sum(t.rules for t in checked),
                "failed": sum(len(t.failures) for t in checked),
            }

        warehouse.step(group, work)
        for table in checked:
            yield dg.AssetCheckResult(
                asset_key=[schema, table.name],
                check_name="contract",
                passed=not table.failures,
                severity=dg.AssetCheckSeverity.ERROR if table.is_broken else dg.AssetCheckSeverity.WARN,
                metadata={"rules": table.rules, "failures": "\n".join(table.failures) or "none"},
            )

    return check
