"""A random, messy history of a company, in every canonical record: for what must hold of any data.

tiny = Tiny(as_of="2025-04-01 00:00")
messy_history(tiny, seed=1, opportunities=120)
tiny.build()
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from tiny import Tiny

STAGES = ["first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed"]
CITIES = {"上海": "华东", "杭州": "华东", "成都": "西南", None: None}
START = datetime(2024, 9, 2, 9)


def messy_history(tiny: Tiny, seed: int, opportunities: int) -> None:
    """Opportunities that skip, return, tie, close twice, reopen, lapse and are recorded late or ahead."""
    dice = random.Random(seed)
    reps = [f"R{n}" for n in range(6)]
    for n, rep in enumerate(reps):
        city = list(CITIES)[n % len(CITIES)]
        place = {"office": city, "city": city, "region": CITIES[city], "province": city}
        person = {"rep_id": rep, "rep_name": f"姓名{n}", "supervisor_id": "S1", "supervisor_name": "主管"}
        tiny.add("organisation", **person, **place, valid_to="2024-12-01")
        tiny.add("organisation", **{**person, **place, "city": "成都", "region": "西南"}, valid_from="2024-12-01")
    tiny.add(
        "targets", period="2025-Q1", period_start="2025-01-01", period_end="2025-04-01", scope="company", amount=90
    )
    tiny.add(
        "targets",
        period="2025-Q1",
        period_start="2025-01-01",
        period_end="2025-04-01",
        scope="city",
        scope_id="上海",
        amount=50,
    )
    for n in range(opportunities):
        one_opportunity(tiny, dice, f"OPP-{n:04}", dice.choice([*reps, None]))


def one_opportunity(tiny: Tiny, dice: random.Random, opportunity: str, rep: str | None) -> None:
    now = START + timedelta(days=dice.randrange(240), hours=dice.randrange(8))

    def at(when: datetime) -> str:
        return when.isoformat(sep=" ")

    def add(record: str, **values: Any) -> None:
        late = dice.choice([0, 0, 1, 60 * 24, 60 * 24 * 5])
        if record == "stage_events" and dice.random() < 0.05:
            late = -60 * 24
        values = {"opportunity_id": opportunity, "occurred_at": at(now), **values}
        tiny.add(record, recorded_at=at(now + timedelta(minutes=late)), **values)

    if dice.random() < 0.95:
        for _ in range(dice.choice([1, 1, 2])):
            amount = dice.choice([None, 0, dice.randrange(1, 10**6) / 100])
            created = at(now) if dice.random() < 0.9 else None
            customer = f"C{dice.randrange(40)}"
            add("opportunities", owner_id=rep, expected_amount=amount, created_at=created, customer_id=customer)
            now += timedelta(days=dice.choice([0, 3]))
    for _ in range(dice.randrange(9)):
        draw = dice.random()
        if draw < 0.5:
            add("stage_events", event="enter", stage=dice.choices(STAGES, [5, 4, 4, 3, 2])[0])
        elif draw < 0.6:
            add("stage_events", event="lost", lost_reason=dice.choice([None, "价格"]))
        elif draw < 0.67:
            add("stage_events", event="won")
        elif draw < 0.74:
            add("stage_events", event="reopened", stage=dice.choice([None, *STAGES]))
        elif draw < 0.8:
            add("signings", amount=dice.randrange(1, 10**6) / 100)
        elif draw < 0.9:
            status = dice.choice(["planned", "done", "rescheduled", "cancelled", "no_show"])
            where = {"latitude": 31.2, "longitude": 121.5} if dice.random() < 0.5 else {}
            moved = {"rescheduled_to": at(now + timedelta(days=9))} if status == "rescheduled" else {}
            kind = dice.choice(["visit", "technical_meeting", "demo", None])
            visit, linked = f"V{dice.randrange(60)}", dice.choice([opportunity, None])
            planned = at(now + timedelta(days=dice.choice([0, 20])))
            plan = {"status": status, "kind": kind, "planned_at": planned, "rep_id": rep, "customer_id": "C1"}
            add("visits", visit_id=visit, **{**plan, **where, **moved, "opportunity_id": linked})
        else:
            action = dice.choice(["store_survey", "technical_meeting", "quotation_sheet", "needs_minutes"])
            waived = {"waived_by": "S1"} if dice.random() < 0.2 else {}
            add("actions", action_code=action, evidence=dice.choice([None, "纪要.pdf"]), **waived)
        now += timedelta(days=dice.choice([0, 0, 1, 5, 12, 50]), minutes=dice.choice([0, 1]))
