"""What the definitions of all steps share: a contract as Dagster metadata, the team, the company's clock."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from data_contracts.contract import Layer, load_contract
from data_contracts.errors import StagewatchError
from data_contracts.settings import Settings, load_settings

WORKSPACE_VARIABLE = "STAGEWATCH_WORKSPACE"
OWNERS = ["team:sales-analytics"]


def contract_metadata(layer: Layer, name: str) -> dict[str, object]:
    """`dagster/column_schema` of one contracted table, and its contract version."""
    contract = load_contract(layer, name)
    columns = [
        dg.TableColumn(c.name, c.type, c.description, constraints=dg.TableColumnConstraints(nullable=not c.required))
        for c in contract.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "contract_version": contract.version}


def company_timezone() -> str:
    """The timezone of the workspace that is served; the default where none is named yet (as in `dagster dev`)."""
    try:
        return load_settings(Path(os.environ.get(WORKSPACE_VARIABLE, "."))).timezone
    except StagewatchError:
        return Settings().timezone
