"""Pipeline movement: worked weeks, and for any event log opening + movements = closing, to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny import Tiny

MARTS = (
    "organisation_segments",
    "opportunity_versions",
    "signing_wins",
    "visits",
    "activity_spans",
    "silences",
    "ordered_events",
    "lapses",
    "opportunity_lives",
    "status_intervals",
    "pipeline_movement",
)
MOVEMENTS = (
    "new",
    "reopened",
    "increased",
    "decreased",
    "moved_in",
    "moved_out",
    "won",
    "lost",
    "lapsed",
)


def opportunity(tiny: Tiny, name: str, when: str | None, amount: Any, owner: str | None = "R1") -> None:
    """What is known of an opportunity from `when` on; its creation is at its first `when`."""
    ((before,),) = tiny.rows("select min(created_at) from staging.opportunities where opportunity_id = ?", name)
    tiny.add(
        "opportunities",
        opportunity_id=name,
        occurred_at=when,
        created_at=before or when,
        expected_amount=amount,
        owner_id=owner,
    )


def moved(tiny: Tiny, scope: str = "company", scope_id: str | None = None) -> dict[str, dict[str, int]]:
    """By Monday: opening, closing, and every movement that is not 0, in whole yuan."""
    rows = tiny.build(*MARTS).rows(
        f"select week_start, opening, {', '.join(MOVEMENTS)}, closing from marts.pipeline_movement"
        " where scope = ? and scope_id is not distinct from ? order by week_start",
        scope,
        scope_id,
    )
    names = ("opening", *MOVEMENTS, "closing")
    return {
        str(week): {
            name: int(value)
            for name, value in zip(names, values, strict=True)
            if value or name in ("opening", "closing")
        }
        for week, *values in rows
    }


@pytest.fixture
def tiny() -> Tiny:
    """As of Wednesday 26 March 2025; R1 sits in 上海 of 华东 and R2 in 广州 of 华南."""
    tiny = Tiny(as_of="2025-03-26 12:00")
    tiny.add("organisation", rep_id="R1", city="上海", region="华东")
    tiny.add("organisation", rep_id="R2", city="广州", region="华南")
    return tiny


def test_new_increased_won_and_the_week_under_way(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-03-05 10:00", 100)
    opportunity(tiny, "B", "2025-03-06 10:00", 30)
    opportunity(tiny, "A", "2025-03-12 10:00", 140)
    opportunity(tiny, "B", "2025-03-13 10:00", 20)
    tiny.events("A | 2025-03-18 10:00 | won")
    # 130 new; + 40 - 10; - 140, at the expected amount whatever is signed; then nothing.
    tiny.add("signings", opportunity_id="A", amount=999, occurred_at="2025-03-18 10:00")
    assert moved(tiny) == {
        "2025-03-03": {"opening": 0, "new": 130, "closing": 130},
        "2025-03-10": {"opening": 130, "increased": 40, "decreased": -10, "closing": 160},
        "2025-03-17": {"opening": 160, "won": -140, "closing": 20},
        "2025-03-24": {"opening": 20, "closing": 20},
    }


def test_several_things_in_one_week_are_each_told(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-03-17 10:00", 100)
    opportunity(tiny, "A", "2025-03-18 10:00", 180)
    opportunity(tiny, "A", "2025-03-19 10:00", 150)
    tiny.events("""
        A | 2025-03-20 10:00 | lost price
        A | 2025-03-21 10:00 | reopened
        A | 2025-03-22 10:00 | won
    """)
    # By the week's ends nothing was ever there; by events: 100 + 80 - 30 - 150 + 150 - 150 = 0.
    assert moved(tiny)["2025-03-17"] == {
        "opening": 0,
        "new": 100,
        "increased": 80,
        "decreased": -30,
        "lost": -150,
        "reopened": 150,
        "won": -150,
        "closing": 0,
    }


def test_within_an_instant_the_amount_changes_before_the_status(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-03-17 10:00", 100)
    opportunity(tiny, "A", "2025-03-18 00:00", 120)
    tiny.events("A | 2025-03-18 00:00 | won")
    assert moved(tiny)["2025-03-17"] == {"opening": 0, "new": 100, "increased": 20, "won": -120, "closing": 0}


def test_created_and_lost_in_one_instant_shows_both(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-03-17 00:00", 100)
    tiny.events("A | 2025-03-17 00:00 | lost price")
    assert moved(tiny)["2025-03-17"] == {"opening": 0, "new": 100, "lost": -100, "closing": 0}


def test_a_move_between_regions_leaves_the_company_as_it_was(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-03-12 10:00", 100)
    opportunity(tiny, "A", "2025-03-18 10:00", 160, owner="R2")
    # It leaves at the amount it had, and is raised where it arrives.
    assert moved(tiny)["2025-03-17"] == {"opening": 100, "increased": 60, "closing": 160}
    assert moved(tiny, "region", "华东")["2025-03-17"] == {"opening": 100, "moved_out": -100, "closing": 0}
    assert moved(tiny, "city", "广州")["2025-03-17"] == {
        "opening": 0,
        "increased": 60,
        "moved_in": 100,
        "closing": 160,
    }


def test_a_rep_who_moves_takes_the_open_pipeline_along(tiny: Tiny) -> None:
    tiny.add("organisation", rep_id="R3", city="上海", region="华东", valid_to=date(2025, 3, 18))
    tiny.add("organisation", rep_id="R3", city="苏州", region="华东", valid_from=date(2025, 3, 18))
    opportunity(tiny, "OPEN", "2025-03-12 10:00", 100, owner="R3")
    opportunity(tiny, "LOST", "2025-03-12 10:00", 50, owner="R3")
    tiny.events("LOST | 2025-03-13 10:00 | lost price")
    assert moved(tiny, "city", "上海")["2025-03-17"] == {"opening": 100, "moved_out": -100, "closing": 0}
    assert moved(tiny, "city", "苏州")["2025-03-17"] == {"opening": 0, "moved_in": 100, "closing": 100}
    # Both cities are of one region: nothing moved there.
    assert moved(tiny, "region", "华东")["2025-03-17"] == {"opening": 100, "closing": 100}


def test_lapsed_and_back(tiny: Tiny) -> None:
    # Lapses after 45 days: 1 January 10:00 + 45 days = Saturday 15 February 10:00. Back on 5 March.
    opportunity(tiny, "A", "2025-01-01 10:00", 100)
    tiny.events("""
        A | 2025-01-01 10:00 | enter first_contact
        A | 2025-03-05 10:00 | enter needs_confirmed
    """)
    weeks = moved(tiny)
    assert weeks["2025-02-10"] == {"opening": 100, "lapsed": -100, "closing": 0}
    assert weeks["2025-03-03"] == {"opening": 0, "reopened": 100, "closing": 100}


def test_a_win_after_a_lapse_is_a_reopening_and_a_win(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-01-01 10:00", 100)
    tiny.events("A | 2025-03-05 10:00 | won")
    assert moved(tiny)["2025-03-03"] == {"opening": 0, "reopened": 100, "won": -100, "closing": 0}


def test_an_unknown_amount_counts_nothing_until_it_is_known(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-03-12 10:00", None)
    opportunity(tiny, "A", "2025-03-18 10:00", 70)
    assert moved(tiny) == {
        "2025-03-10": {"opening": 0, "closing": 0},
        "2025-03-17": {"opening": 0, "increased": 70, "closing": 70},
        "2025-03-24": {"opening": 70, "closing": 70},
    }


def test_an_unknown_beginning_stands_in_the_first_opening(tiny: Tiny) -> None:
    opportunity(tiny, "OLD", None, 500)
    opportunity(tiny, "A", "2025-03-18 10:00", 70)
    assert moved(tiny) == {
        "2025-03-17": {"opening": 500, "new": 70, "closing": 570},
        "2025-03-24": {"opening": 570, "closing": 570},
    }


def test_an_unknown_place_is_a_scope_of_its_own(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-03-18 10:00", 70, owner=None)
    opportunity(tiny, "B", "2025-03-18 10:00", 5)
    assert moved(tiny, "region", None)["2025-03-17"] == {"opening": 0, "new": 70, "closing": 70}
    assert moved(tiny, "company")["2025-03-17"]["closing"] == 75


def test_weeks_begin_on_monday_in_company_time(tiny: Tiny) -> None:
    opportunity(tiny, "SUNDAY", "2025-03-16 23:59", 1)
    opportunity(tiny, "MONDAY", "2025-03-17 00:00", 10)
    weeks = moved(tiny)
    assert weeks["2025-03-10"]["new"] == 1
    assert weeks["2025-03-17"]["new"] == 10


def test_what_is_not_yet_recorded_did_not_move(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-03-18 10:00", 70)
    tiny.events("A | 2025-03-19 10:00 | lost price | recorded 2025-03-27 10:00")
    assert moved(tiny)["2025-03-17"] == {"opening": 0, "new": 70, "closing": 70}


# Any event log. The oracle walks the events in plain Python and asks, just before every Monday, what is open
# and how much it is; it knows nothing of movements.

START = datetime(2025, 1, 6)
AS_OF = START + timedelta(days=100, hours=12)
PLACES = {"R1": ("上海", "华东"), "R2": ("广州", "华南"), "R3": ("苏州", "华东"), None: (None, None)}
STAGES = ("first_contact", "needs_confirmed")
WEEK = timedelta(days=7)
LAPSE = timedelta(days=45)

days = st.integers(0, 99).map(lambda day: START + timedelta(days=day))
versions = st.tuples(
    st.none() | st.decimals(0, 9999, places=2, allow_nan=False), st.sampled_from(["R1", "R2", "R3", None])
)


@dataclass
class Deal:
    created: datetime | None
    versions: dict[datetime, tuple[Decimal | None, str | None]]
    events: list[tuple[datetime, str]]


deals = st.builds(
    Deal,
    created=st.none() | days,
    versions=st.dictionaries(days, versions, min_size=1, max_size=3),
    events=st.lists(
        st.tuples(days, st.sampled_from(["enter 1", "enter 2", "won", "lost", "reopened"])),
        max_size=5,
        unique=True,
    ),
)


def is_open_before(deal: Deal, moment: datetime) -> bool:
    """Whether the deal exists and is open in the last instant before `moment`."""
    first = min((when for when, _ in deal.events), default=None)
    begun = [when for when in (deal.created, first) if when is not None]
    if begun and min(begun) >= moment:
        return False
    is_open = True
    # silence counts from the first thing that happened, also from a creation before any event
    last = min(begun, default=None)
    for instant in sorted({when for when, _ in deal.events if when < moment}):
        names = {name for when, name in deal.events if when == instant}
        assert last is not None
        was_closed = not is_open or last + LAPSE < instant
        is_open = not names & {"won", "lost"} or ("reopened" in names and not was_closed)
        last = instant
    return is_open and not (last is not None and last + LAPSE < moment)


def in_force_before(deal: Deal, moment: datetime) -> tuple[Decimal, str | None]:
    """Amount and owner just before `moment`; the first version holds before it too, gaps keep what was said."""
    said = sorted(deal.versions.items())
    known = [version for when, version in said if when < moment] or [said[0][1]]
    amount: Decimal | None = None
    owner: str | None = None
    for said_amount, said_owner in known:
        amount = amount if said_amount is None else said_amount
        owner = owner if said_owner is None else said_owner
    return amount or Decimal(0), owner


def oracle(log: list[Deal], moment: datetime) -> dict[tuple[str, str | None], Decimal]:
    """Open amount just before `moment` by scope."""
    totals: dict[tuple[str, str | None], Decimal] = {}
    for deal in log:
        amount, owner = in_force_before(deal, moment)
        if is_open_before(deal, moment):
            city, region = PLACES[owner]
            for scope in (("company", None), ("region", region), ("city", city)):
                totals[scope] = totals.get(scope, Decimal(0)) + amount
    return totals


@pytest.fixture(scope="module")
def ledger() -> Tiny:
    tiny = Tiny(as_of=AS_OF.isoformat(sep=" "))
    for rep, (city, region) in PLACES.items():
        if rep is not None:
            tiny.add("organisation", rep_id=rep, city=city, region=region)
    return tiny


@settings(max_examples=40, deadline=None)
@given(log=st.lists(deals, min_size=1, max_size=4))
def test_any_log_balances_and_every_closing_is_the_open_pipeline(ledger: Tiny, log: list[Deal]) -> None:
    for table in ("opportunities", "stage_events"):
        ledger.con.execute(f"delete from staging.{table}")
    for number, deal in enumerate(log):
        for when, (amount, owner) in deal.versions.items():
            ledger.add(
                "opportunities",
                opportunity_id=f"O{number}",
                occurred_at=when.isoformat(sep=" "),
                created_at=deal.created and deal.created.isoformat(sep=" "),
                expected_amount=amount,
                owner_id=owner,
            )
        for when, event in deal.events:
            name, *stage = event.split()
            ledger.add(
                "stage_events",
                opportunity_id=f"O{number}",
                occurred_at=when.isoformat(sep=" "),
                event=name,
                stage=STAGES[int(stage[0]) - 1] if stage else None,
            )
    names = ("opening", *MOVEMENTS, "closing")
    rows = ledger.build(*MARTS).rows(
        f"select week_start, scope, scope_id, {', '.join(names)} from marts.pipeline_movement order by week_start"
    )
    assert rows
    closings: dict[tuple[str, str | None], Decimal] = {}
    weeks: dict[date, dict[str, Decimal]] = {}
    for week, scope, scope_id, *values in rows:
        row = dict(zip(names, values, strict=True))
        monday = datetime.combine(week, datetime.min.time())
        # to the cent, and signs as promised
        assert row["opening"] + sum(row[m] for m in MOVEMENTS) == row["closing"]
        assert all(row[m] <= 0 for m in ("decreased", "moved_out", "won", "lost", "lapsed"))
        assert all(row[m] >= 0 for m in ("new", "reopened", "increased", "moved_in"))
        # one week's closing is the next one's opening
        if (scope, scope_id) in closings:
            assert row["opening"] == closings[scope, scope_id]
        closings[scope, scope_id] = row["closing"]
        # the balances are the open pipeline, counted deal by deal
        assert row["opening"] == oracle(log, monday).get((scope, scope_id), 0)
        end = min(monday + WEEK, AS_OF + timedelta(microseconds=1))
        assert row["closing"] == oracle(log, end).get((scope, scope_id), 0)
        # regions, and cities, add up to the company
        sums = weeks.setdefault(week, {})
        for name in names:
            sums[f"{scope} {name}"] = sums.get(f"{scope} {name}", Decimal(0)) + row[name]
    for sums in weeks.values():
        for name in set(names) - {"moved_in", "moved_out"}:
            assert sums[f"region {name}"] == sums[f"city {name}"] == sums[f"company {name}"]
        for scope in ("region", "city"):
            assert sums[f"{scope} moved_in"] + sums[f"{scope} moved_out"] == 0
