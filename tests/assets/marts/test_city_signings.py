"""City signings: weeks without any, silences, and how surprising they are, worked out by hand."""

from __future__ import annotations

from datetime import date
from math import exp
from typing import Any

import pytest

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
    "city_signings",
)


@pytest.fixture
def tiny() -> Tiny:
    """As of Wednesday 26 March 2025. R1 sits in 上海 since ever; the first record is of 3 March."""
    tiny = Tiny(as_of="2025-03-26 12:00")
    tiny.add("organisation", rep_id="R1", city="上海", region="华东")
    tiny.events("FIRST | 2025-03-03 09:00 | enter first_contact")
    return tiny


def sign(
    tiny: Tiny, name: str, when: str, customer: str | None = None, owner: str | None = "R1", **values: Any
) -> None:
    """A signing of 100 of an opportunity of its own."""
    tiny.add("opportunities", opportunity_id=name, owner_id=owner, customer_id=customer)
    tiny.add("signings", opportunity_id=name, **{"amount": 100, "occurred_at": when, **values})


def weeks(tiny: Tiny, columns: str, city: str = "上海") -> list[tuple[Any, ...]]:
    return tiny.build(*MARTS).rows(
        f"select strftime(week_start, '%m-%d'), {columns} from marts.city_signings where city = ? order by week_start",
        city,
    )


def test_a_city_without_any_signing_has_its_weeks(tiny: Tiny) -> None:
    # Silent since its first week: nothing to expect from, so nothing can surprise.
    assert weeks(tiny, "region, signings, amount, is_complete, weeks_silent, expected_per_week, p_silence") == [
        ("03-03", "华东", 0, 0, True, 1, None, None),
        ("03-10", "华东", 0, 0, True, 2, None, None),
        ("03-17", "华东", 0, 0, True, 3, None, None),
        ("03-24", "华东", 0, 0, False, 3, None, None),
    ]


def test_the_week_under_way_carries_the_silence_until_a_new_customer_ends_it(tiny: Tiny) -> None:
    tiny.add("organisation", rep_id="R2", city="苏州", region="华东")
    sign(tiny, "A", "2025-03-05 10:00")
    sign(tiny, "B", "2025-03-06 10:00")
    sign(tiny, "C", "2025-03-05 10:00", owner="R2")
    sign(tiny, "D", "2025-03-25 10:00", owner="R2")
    # Shanghai: 2 new customers in the 1 complete week before the silence began.
    assert weeks(tiny, "new_customers, weeks_silent, expected_per_week, p_silence") == [
        ("03-03", 2, 0, 2.0, 1.0),
        ("03-10", 0, 1, 2.0, pytest.approx(exp(-2))),
        ("03-17", 0, 2, 2.0, pytest.approx(exp(-4))),
        ("03-24", 0, 2, 2.0, pytest.approx(exp(-4))),
    ]
    # Suzhou: the silence ended on Tuesday; its baseline is the 3 complete weeks before.
    assert weeks(tiny, "new_customers, weeks_silent, expected_per_week, p_silence", "苏州")[-1] == (
        "03-24",
        1,
        0,
        pytest.approx(1 / 3),
        1.0,
    )


def test_expected_is_the_mean_of_the_weeks_before_the_silence(tiny: Tiny) -> None:
    # Weeks of 3, 0, 1 new customers, then silence in the week under way only.
    for name, when in (("A", "03-03"), ("B", "03-04"), ("C", "03-05"), ("D", "03-17")):
        sign(tiny, name, f"2025-{when} 10:00")
    assert weeks(tiny, "new_customers, weeks_silent, expected_per_week") == [
        ("03-03", 3, 0, 3.0),
        ("03-10", 0, 1, 3.0),
        ("03-17", 1, 0, pytest.approx(4 / 3)),
        ("03-24", 0, 0, pytest.approx(4 / 3)),
    ]


def test_no_more_than_26_weeks_are_looked_back_at() -> None:
    # One new customer in week 1, one each in weeks 2 to 27, then 2 complete weeks of silence: the 26 before
    # the silence are weeks 2 to 27. Week 1's second customer does not count any more: 26 / 26.
    tiny = Tiny(as_of="2025-07-28 00:00")
    tiny.add("organisation", rep_id="R1", city="上海", region="华东")
    sign(tiny, "EXTRA", "2025-01-06 09:00")
    monday = date(2025, 1, 6).toordinal()
    for n in range(27):
        sign(tiny, f"W{n}", f"{date.fromordinal(monday + 7 * n)} 10:00")
    assert weeks(tiny, "weeks_silent, expected_per_week")[24:] == [
        ("06-23", 0, pytest.approx(26 / 25)),
        ("06-30", 0, pytest.approx(27 / 26)),
        ("07-07", 0, 1.0),
        ("07-14", 1, 1.0),
        ("07-21", 2, 1.0),
        ("07-28", 2, 1.0),
    ]


def test_a_returning_customer_is_a_signing_but_not_a_new_one(tiny: Tiny) -> None:
    sign(tiny, "A", "2025-03-05 10:00", customer="C1")
    sign(tiny, "B", "2025-03-12 10:00", customer="C1")
    # By name where there is no identifier; an opportunity without either is its own customer.
    sign(tiny, "C", "2025-03-12 11:00")
    assert weeks(tiny, "signings, new_customers, amount, weeks_silent")[:2] == [
        ("03-03", 1, 1, 100, 0),
        ("03-10", 2, 1, 200, 0),
    ]


def test_a_customer_is_new_once_in_the_whole_company(tiny: Tiny) -> None:
    tiny.add("organisation", rep_id="R2", city="苏州", region="华东")
    sign(tiny, "A", "2025-03-05 10:00", customer="C1")
    sign(tiny, "B", "2025-03-06 10:00", customer="C1", owner="R2")
    assert weeks(tiny, "new_customers")[0] == ("03-03", 1)
    assert weeks(tiny, "new_customers", "苏州")[0] == ("03-03", 0)


def test_the_city_is_the_owners_when_it_was_signed(tiny: Tiny) -> None:
    tiny.add("organisation", rep_id="R3", city="上海", region="华东", valid_to=date(2025, 3, 12))
    tiny.add("organisation", rep_id="R3", city="苏州", region="华东", valid_from=date(2025, 3, 12))
    sign(tiny, "A", "2025-03-11 23:59", owner="R3")
    sign(tiny, "B", "2025-03-12 00:00", owner="R3")
    assert weeks(tiny, "signings")[1] == ("03-10", 1)
    # Suzhou's first week is the one in which somebody first sat there.
    assert weeks(tiny, "signings", "苏州") == [("03-10", 1), ("03-17", 0), ("03-24", 0)]


def test_a_closed_office_is_not_silent_for_ever(tiny: Tiny) -> None:
    tiny.add("organisation", rep_id="R2", city="苏州", region="华东", valid_to=date(2025, 3, 17))
    assert weeks(tiny, "weeks_silent", "苏州") == [("03-03", 1), ("03-10", 2)]


def test_a_signing_without_a_city_stands_in_no_row(tiny: Tiny) -> None:
    sign(tiny, "A", "2025-03-05 10:00", owner=None)
    tiny.build(*MARTS)
    assert tiny.rows("select sum(signings) from marts.city_signings") == [(0,)]


def test_a_week_is_complete_at_its_very_end() -> None:
    tiny = Tiny(as_of="2025-03-10 00:00")
    tiny.add("organisation", rep_id="R1", city="上海", region="华东")
    tiny.events("FIRST | 2025-03-03 09:00 | enter first_contact")
    assert weeks(tiny, "is_complete, weeks_silent") == [("03-03", True, 1), ("03-10", False, 1)]


def test_a_signing_recorded_late_is_not_known_yet(tiny: Tiny) -> None:
    sign(tiny, "A", "2025-03-05 10:00", recorded_at="2025-03-27 09:00")
    assert weeks(tiny, "signings")[0] == ("03-03", 0)
