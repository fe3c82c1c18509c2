"""A tiny warehouse for worked examples: write events as text, build marts, read figures.

    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events('''
        A | 2025-03-01 09:00 | enter first_contact
        A | 2025-03-04 09:00 | enter quotation      | recorded 2025-03-06 10:00
        A | 2025-03-09 09:00 | lost  price
    ''')
    tiny.add("visits", visit_id="V1", rep_id="R1", status="done", occurred_at="2025-03-02 10:00")
    tiny.build()
    tiny.rows("select stage, dwell_days from marts.stage_spells order by spell_no")

Times are local to the company (Asia/Shanghai). `recorded_at` defaults to `occurred_at`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from assets.warehouse import connect_memory, run_script
from data_contracts.contract import load_contract
from data_contracts.playbook import Playbook, load_playbook
from data_contracts.settings import Settings

RANK = {"form": 1, "crm": 2, "excel": 3, "wechat": 4}


class Tiny:
    """One in-memory warehouse as of a local time."""

    def __init__(
        self, as_of: str, playbook: Playbook | str = "fmcg_five_stage", settings: Settings | None = None
    ) -> None:
        self.settings = settings or Settings()
        self.zone = ZoneInfo(self.settings.timezone)
        self.playbook = load_playbook(playbook) if isinstance(playbook, str) else playbook
        self.as_of = self.time(as_of)
        self.con = connect_memory(self.settings, self.playbook, self.as_of)
        run_script(self.con, "assets.landing", "tables.sql")
        self._keys: dict[str, int] = {}
        self._row = 0

    def time(self, text: str) -> datetime:
        """A local time as an instant."""
        return datetime.fromisoformat(text.strip()).replace(tzinfo=self.zone)

    def events(self, text: str) -> None:
        """Stage events, a line each: `opportunity | when | event [stage or reason] [| recorded when]`."""
        for line in filter(None, map(str.strip, text.splitlines())):
            opportunity, when, what, *rest = [part.strip() for part in line.split("|")]
            event, *argument = what.split()
            values: dict[str, Any] = {"opportunity_id": opportunity, "occurred_at": when, "event": event}
            if argument:
                values["lost_reason" if event == "lost" else "stage"] = argument[0]
            for extra in rest:
                values["recorded_at"] = extra.removeprefix("recorded").strip()
            self.add("stage_events", **values)

    def add(self, record: str, **values: Any) -> None:
        """One canonical record; timestamps as local text, everything not given is null or its default."""
        contract = load_contract("sources", record)
        self._row += 1
        kind = values.get("source_kind", "form")
        recorded = values.get("recorded_at") or values.get("occurred_at") or "2000-01-01 00:00"
        row: dict[str, Any] = {
            "recorded_at": recorded,
            "is_recorded_at_filled": "recorded_at" not in values,
            "occurred_precision": "instant",
            "landed_at": recorded,
            "source_kind": kind,
            "source_rank": RANK[kind],
            "mapping": "tiny",
            "file_id": 1,
            "source_row": self._row,
            "content_hash": self._row,
            "fact_key": self._row,
            "is_primary": True,
            **values,
        }
        if "opportunity_key" in contract.column_names and row.get("opportunity_id") is not None:
            row["opportunity_key"] = self._keys.setdefault(row["opportunity_id"], len(self._keys) + 1)
        unknown = set(row) - set(contract.column_names)
        assert not unknown, f"{record} has no {unknown}"
        names = list(row)
        bound = [
            self.time(row[n]) if contract.column(n).type == "TIMESTAMPTZ" and isinstance(row[n], str) else row[n]
            for n in names
        ]
        self.con.execute(
            f"insert into {contract.table} ({', '.join(names)}) values ({', '.join('?' * len(names))})", bound
        )

    def build(self, *marts: str) -> Tiny:
        """Build the named marts (all by default) in their order."""
        from assets.marts.build import build_marts

        build_marts(self.con, marts or None)
        return self

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self.con.execute(sql, list(parameters)).fetchall()
