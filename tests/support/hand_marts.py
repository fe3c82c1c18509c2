"""Marts written by hand: every table of the contracts, empty, and `put` to fill a row's few columns that matter.

    marts = HandMarts(tmp_path, as_of="2025-04-01 00:00")
    marts.put("opportunity_state", opportunity_id="A", stage="quotation", is_overrun=True, overrun_days=3)
    marts.rows("select * from ops.alerts")

Required columns that are not given get a harmless value; times are local to the company. Canonical records are
added as in `tiny.Tiny`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from assets.warehouse import set_as_of
from assets.workspace import Run, Workspace
from data_contracts.contract import create_table_sql, load_contract, names
from data_contracts.settings import Settings
from tiny import Tiny

HARMLESS: dict[str, Any] = {"VARCHAR": "x", "BOOLEAN": False, "DATE": "2025-01-01", "VARCHAR[]": []}
USUAL: dict[str, dict[str, Any]] = {
    "opportunity_state": {
        "status": "open",
        "customer_name": "Customer {opportunity_id}",
        "city": "杭州",
        "region": "华东",
        "supervisor_id": "S1",
        "supervisor_name": "沈主管",
        "owner_id": "R1",
        "owner_name": "任业务",
        "technical_meetings": 1,
        "risk_band": "unknown",
        "amount": 100_000,
    },
    "stage_spells": {"exit": "open"},
    "funnel_paths": {"outcome": "open"},
    "transition_compliance": {"verdict": "missing"},
}


class HandMarts(Tiny):
    """A tiny warehouse whose marts are filled by hand, with a run as of a local time."""

    def __init__(self, folder: Path, as_of: str, settings: Settings | None = None) -> None:
        super().__init__(as_of, settings=settings)
        self.folder = folder
        Workspace(folder).make_folders()
        for name in names("marts"):
            self.con.execute(create_table_sql(load_contract("marts", name)))
        self.build("organisation_segments")

    def add(self, record: str, **values: Any) -> None:
        """One canonical record; who stands where in the organisation follows at once."""
        super().add(record, **values)
        if record == "organisation":
            self.build("organisation_segments")

    def key(self, opportunity_id: str) -> int:
        """The integer key of an opportunity."""
        return self._keys.setdefault(opportunity_id, len(self._keys) + 1)

    @property
    def run(self) -> Run:
        """The run as of the present time."""
        return Run(Workspace(self.folder), self.settings, self.playbook, "test", self.as_of, self.as_of)

    def go_to(self, local: str) -> datetime:
        """Move the as-of time."""
        self.as_of = self.time(local)
        set_as_of(self.con, self.as_of)
        return self.as_of

    def clear(self, *marts: str) -> None:
        """Empty marts, to fill them anew as of another time."""
        for name in marts:
            self.con.execute(f"delete from {load_contract('marts', name).table}")

    def put(self, mart: str, **values: Any) -> None:
        """One row of a mart."""
        contract = load_contract("marts", mart)
        row = {**USUAL.get(mart, {}), **values}
        if "opportunity_key" in contract.column_names and row.get("opportunity_id") is not None:
            row.setdefault("opportunity_key", self.key(row["opportunity_id"]))
        if isinstance(row.get("customer_name"), str):
            row["customer_name"] = row["customer_name"].format(**row)
        for column in contract.columns:
            if column.required and column.name not in row:
                row[column.name] = HARMLESS.get(column.type, self.as_of if column.type == "TIMESTAMPTZ" else 0)
        unknown = set(row) - set(contract.column_names)
        assert not unknown, f"{mart} has no {unknown}"
        bound = [
            self.time(v) if isinstance(v, str) and contract.column(n).type == "TIMESTAMPTZ" else v
            for n, v in row.items()
        ]
        columns, places = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        self.con.execute(f"insert into {contract.table} ({columns}) values ({places})", bound)
