"""Dagster metadata from a contract: the column schema that the catalogue shows."""

from __future__ import annotations

import dagster as dg

from data_contracts.contract import Layer, load_contract


def contract_metadata(layer: Layer, name: str) -> dict[str, object]:
    """`dagster/column_schema` of one contracted table, and its contract version."""
    contract = load_contract(layer, name)
    columns = [
        dg.TableColumn(c.name, c.type, c.description, constraints=dg.TableColumnConstraints(nullable=not c.required))
        for c in contract.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "contract_version": contract.version}
