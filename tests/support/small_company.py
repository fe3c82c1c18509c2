"""A small seeded company for tests of the risk step: opportunities with a cause of failure that shows, and noise.

    tiny = small_company(opportunities=400, as_of="2025-10-06 00:00")

Failure is more likely after reschedules, without a technical meeting, and when nothing happens; facts are
recorded hours to days late. Nothing of it is tuned to any figure: tests ask for properties, not for skill.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from data_contracts.contract import load_contract
from data_contracts.settings import Settings
from tiny import RANK, Tiny

STAGES = ("first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed")
REGIONS = {"east": ("hangzhou", "suzhou"), "south": ("foshan", "xiamen")}


class _Rows:
    """Canonical records in the making: one dict each, by record name."""

    def __init__(self, tiny: Tiny) -> None:
        self.tiny, self.rows = tiny, dict[str, list[dict[str, Any]]]()

    def add(self, record: str, occurred_at: datetime, delay_hours: float, **values: Any) -> None:
        rows = self.rows.setdefault(record, [])
        number = sum(len(r) for r in self.rows.values()) + 1
        recorded = occurred_at + timedelta(hours=delay_hours)
        rows.append(
            {
                "occurred_at": occurred_at, "recorded_at": recorded, "is_recorded_at_filled": False,
                "occurred_precision": "instant", "landed_at": recorded, "source_kind": "form",
                "source_rank": RANK["form"], "mapping": "small", "file_id": 1, "source_row": number,
                "content_hash": number, "fact_key": number, "is_primary": True, **values,
            }
        )  # fmt: skip

    def insert(self) -> None:
        for record, rows in self.rows.items():
            contract = load_contract("sources", record)
            frame = pl.DataFrame(rows, infer_schema_length=None)
            self.tiny.con.register("_rows", frame)
            names = ", ".join(frame.columns)
            casts = ", ".join(f"{c}::{contract.column(c).type}" for c in frame.columns)
            self.tiny.con.execute(f"insert into {contract.table} ({names}) select {casts} from _rows")
            self.tiny.con.unregister("_rows")


def small_company(
    opportunities: int = 400,
    as_of: str = "2025-10-06 00:00",
    start: str = "2025-01-06 09:00",
    seed: int = 7,
    settings: Settings | None = None,
) -> Tiny:
    """A Tiny warehouse full of a small company's records from `start` to `as_of`."""
    tiny = Tiny(as_of=as_of, settings=settings)
    rng = np.random.default_rng(seed)
    rows = _Rows(tiny)
    first, last = tiny.time(start), tiny.as_of
    reps = [(f"R{n:02d}", region, city) for n, (region, city) in enumerate(
        (region, city) for region, cities in REGIONS.items() for city in cities for _ in range(3))]  # fmt: skip
    for rep, region, city in reps:
        rows.add("organisation", tiny.time("2024-01-01 00:00"), 0, rep_id=rep, rep_name=rep, supervisor_id=f"S-{city}",
                 office=city, city=city, region=region)  # fmt: skip
    for scope, scope_id, amount in (("company", None, 4e6), ("region", "east", 2e6), ("region", "south", 2e6)):
        rows.add("targets", tiny.time("2025-01-01 00:00"), 0, period="2025-Q4", scope=scope, scope_id=scope_id,
                 period_start=date(2025, 10, 1), period_end=date(2026, 1, 1), amount=amount)  # fmt: skip
    days = (last - first).days
    for number in range(opportunities):
        rep = reps[int(rng.integers(len(reps)))]
        _live(
            rows, rng, f"O{number:05d}", number + 1, first + timedelta(days=float(rng.uniform(0, days))), last, rep[0]
        )
    rows.insert()
    return tiny


def _live(rows: _Rows, rng: np.random.Generator, name: str, key: int, at: datetime, last: datetime, rep: str) -> None:
    """One opportunity, a day at a time, until it is signed, lost or falls silent."""
    amount = round(float(np.exp(rng.normal(11.3, 0.7))), 2)
    strength = rng.normal()
    ids = {"opportunity_id": name, "opportunity_key": key}

    def delay() -> float:
        return float(rng.exponential(20.0))

    rows.add("opportunities", at, delay(), **ids, customer_id=f"C{key % 300}", customer_name=f"客户{key % 300}",
             office=None, owner_id=rep, product_line=("a", "b")[key % 2], channel=("store", "online")[key % 3 == 0],
             lead_source=("fair", "call", "web")[key % 3], expected_amount=amount, created_at=at)  # fmt: skip
    rows.add("stage_events", at, delay(), **ids, event="enter", stage=STAGES[0], actor_id=rep)
    stage, reschedules, met, silent = 0, 0, False, False
    while at < last:
        at += timedelta(days=1, minutes=float(rng.uniform(0, 60)))
        if silent:
            continue
        trouble = 0.5 * min(reschedules, 3) + 0.8 * (stage >= 2 and not met) - 0.5 * strength
        u = rng.random(6)
        if u[0] < 0.012 * np.exp(trouble):
            rows.add("stage_events", at, delay(), **ids, event="lost", lost_reason="price", actor_id=rep)
            return
        if u[1] < 0.008 * np.exp(trouble):
            silent = True
        if u[2] < 0.16 * np.exp(0.3 * strength):
            stage += 1
            if stage == len(STAGES):
                rows.add("stage_events", at, delay(), **ids, event="won", actor_id=rep)
                rows.add("signings", at, delay(), **ids, amount=round(amount * float(rng.uniform(0.8, 1.1)), 2),
                         contract_no=f"K{key}")  # fmt: skip
                return
            rows.add("stage_events", at, delay(), **ids, event="enter", stage=STAGES[stage], actor_id=rep)
        _visit(rows, rng, ids, rep, at, u, delay())
        if u[3] < 0.04:
            reschedules += 1
        met = met or (stage in (1, 2) and u[5] < 0.06)
        if stage in (1, 2) and u[5] < 0.06:
            rows.add("visits", at, delay(), **ids, visit_id=f"T{key}-{at:%m%d%H%M}", rep_id=rep, status="done",
                     customer_id=f"C{key % 300}", kind="technical_meeting", planned_at=None, rescheduled_to=None,
                     attachments=["minutes.pdf"])  # fmt: skip
        if u[4] > 0.93:
            rows.add("actions", at, delay(), **ids, action_code=("store_survey", "needs_minutes", "demo_feedback",
                     "quotation_sheet", "contract_scan")[stage], evidence="proof.pdf", actor_id=rep)  # fmt: skip


def _visit(
    rows: _Rows, rng: np.random.Generator, ids: dict[str, Any], rep: str, at: datetime, u: Any, delay: float
) -> None:
    """A visit done, or put off; now and then without the opportunity's number."""
    named = ids if rng.random() > 0.05 else {"opportunity_id": None, "opportunity_key": None}
    common = {"visit_id": f"V{ids['opportunity_key']}-{at:%m%d%H%M}", "rep_id": rep, "kind": "visit",
              "customer_id": f"C{ids['opportunity_key'] % 300}"}  # fmt: skip
    if u[3] < 0.04:
        moved = at + timedelta(days=float(rng.uniform(1, 6)))
        rows.add("visits", at, delay, **named, **common, status="rescheduled", planned_at=at, rescheduled_to=moved,
                 attachments=None)  # fmt: skip
    elif u[3] > 0.7:
        rows.add("visits", at, delay, **named, **common, status="done", planned_at=at, rescheduled_to=None,
                 attachments=None)  # fmt: skip
