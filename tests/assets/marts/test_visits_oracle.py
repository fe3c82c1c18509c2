"""Which opportunity an unnamed visit belongs to, and its reschedules, against a plain walk over random records.

Times are whole days at midnight, so that ends, ties and changes of owner fall on visits; all are instants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny import Tiny

START = datetime(2025, 3, 3)
times = st.integers(0, 12).map(lambda n: START + timedelta(days=n))
owners = st.sampled_from(["R1", "R2"])
customers = st.sampled_from(["C1", "C2"])


@dataclass(frozen=True)
class Deal:
    customer: str
    created: datetime | None
    owners: dict[datetime, str]
    events: list[tuple[datetime, str]]


@dataclass(frozen=True)
class Visit:
    rep: str
    customer: str
    moves: list[datetime]
    done: datetime | None


deals = st.builds(
    Deal,
    customer=customers,
    created=st.none() | times,
    owners=st.dictionaries(times, owners, min_size=1, max_size=2),
    events=st.lists(st.tuples(times, st.sampled_from(["enter", "won", "lost", "reopened"])), max_size=4, unique=True),
)
visits = st.builds(
    Visit, rep=owners, customer=customers, moves=st.lists(times, max_size=3), done=st.none() | times
).filter(lambda visit: visit.moves or visit.done)


@pytest.fixture(scope="module")
def tiny() -> Iterator[Tiny]:
    tiny = Tiny(as_of="2025-06-01 00:00")
    tiny.con.execute("set threads = 1")  # a handful of rows: more threads only wait for each other
    yield tiny.build("organisation_segments")
    tiny.con.close()


@settings(max_examples=60, deadline=None)
@given(log=st.lists(deals, min_size=1, max_size=4), calls=st.lists(visits, min_size=1, max_size=5))
def test_links_and_reschedules_are_those_of_a_walk(tiny: Tiny, log: list[Deal], calls: list[Visit]) -> None:
    for table in ("opportunities", "stage_events", "visits"):
        tiny.con.execute(f"delete from staging.{table}")
    for number, deal in enumerate(log):
        name = f"O{number}"
        for when, owner in deal.owners.items():
            tiny.add("opportunities", opportunity_id=name, customer_id=deal.customer, owner_id=owner,
                     created_at=text(deal.created), occurred_at=text(when))  # fmt: skip
        for when, event in deal.events:
            stage = "quotation" if event == "enter" else None
            tiny.add("stage_events", opportunity_id=name, event=event, stage=stage, occurred_at=text(when))
    for number, visit in enumerate(calls):
        who = {"visit_id": f"V{number}", "rep_id": visit.rep, "customer_id": visit.customer}
        for when in visit.moves:
            tiny.add("visits", **who, status="rescheduled", rescheduled_to=text(when + timedelta(days=9)),
                     occurred_at=text(when))  # fmt: skip
        if visit.done:
            tiny.add("visits", **who, status="done", occurred_at=text(visit.done))
    found = tiny.build("opportunity_versions", "signing_wins", "visits").rows(
        "select link, opportunity_id, reschedules from marts.visits order by visit_id"
    )
    assert found == [(*link(log, visit), len(visit.moves)) for visit in calls]


def text(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat(sep=" ")


def link(log: list[Deal], visit: Visit) -> tuple[str, str | None]:
    """The one opportunity of the customer that the rep owned and that was open when the visit took place."""
    then = visit.done or max(visit.moves)
    fitting = [
        f"O{number}"
        for number, deal in enumerate(log)
        if deal.customer == visit.customer and owner(deal, then) == visit.rep and is_open(deal, then)
    ]
    return ("inferred", fitting[0]) if len(fitting) == 1 else ("ambiguous" if fitting else "none", None)


def owner(deal: Deal, then: datetime) -> str:
    """The last record's by then; the first holds before it, too."""
    return deal.owners[max((when for when in deal.owners if when <= then), default=min(deal.owners))]


def is_open(deal: Deal, then: datetime) -> bool:
    """Whether it had begun and was open just before, in, or just after the instant; silence does not close it."""
    begun = [when for when in (deal.created, *(when for when, _ in deal.events)) if when is not None]
    if begun and min(begun) > then:
        return False
    before = True
    for instant in sorted({when for when, _ in deal.events if when <= then}):
        events = {event for when, event in deal.events if when == instant}
        is_closing, is_opening = events & {"won", "lost"}, events & {"enter", "reopened"}
        after = before if is_closing and "reopened" in events else not is_closing
        if instant == then:
            return bool(before or after or is_opening)
        before = after
    return before
