"""Signing targets: what counts as signed, the gap, and the pace, worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tiny import Tiny

MARTS = ("organisation_segments", "opportunity_versions", "signing_target")


def target(
    tiny: Tiny, amount: int | Decimal, scope: str = "company", scope_id: str | None = None, **values: Any
) -> None:
    """A target for March 2025."""
    month = {"period": "2025-03", "period_start": date(2025, 3, 1), "period_end": date(2025, 4, 1)}
    tiny.add("targets", **{**month, "scope": scope, "scope_id": scope_id, "amount": amount, **values})


def sign(tiny: Tiny, name: str, when: str, amount: int | Decimal, owner: str | None = "R1", **values: Any) -> None:
    tiny.add("opportunities", opportunity_id=name, owner_id=owner)
    tiny.add("signings", opportunity_id=name, amount=amount, occurred_at=when, **values)


def targets(tiny: Tiny, columns: str = "target, signed, gap") -> dict[tuple[str, str | None], tuple[Any, ...]]:
    rows = tiny.build(*MARTS).rows(f"select scope, scope_id, {columns} from marts.signing_target")
    return {(scope, scope_id): tuple(values) for scope, scope_id, *values in rows}


@pytest.fixture
def tiny() -> Tiny:
    tiny = Tiny(as_of="2025-04-10 00:00")
    tiny.add("organisation", rep_id="R1", city="上海", region="华东")
    tiny.add("organisation", rep_id="R2", city="广州", region="华南")
    return tiny


def test_the_period_begins_at_its_first_instant_and_ends_before_its_last(tiny: Tiny) -> None:
    target(tiny, 1000)
    sign(tiny, "A", "2025-02-28 23:59:59", 1)
    sign(tiny, "B", "2025-03-01 00:00:00", 20)
    sign(tiny, "C", "2025-03-31 23:59:59", 300)
    sign(tiny, "D", "2025-04-01 00:00:00", 4000)
    assert targets(tiny) == {("company", None): (1000, 320, 680)}


def test_regions_and_cities_by_the_owners_place_when_it_was_signed(tiny: Tiny) -> None:
    tiny.add("organisation", rep_id="R3", city="上海", region="华东", valid_to=date(2025, 3, 10))
    tiny.add("organisation", rep_id="R3", city="广州", region="华南", valid_from=date(2025, 3, 10))
    for scope, scope_id in (("company", None), ("region", "华东"), ("region", "华南"), ("city", "广州")):
        target(tiny, 100, scope, scope_id)
    sign(tiny, "A", "2025-03-05 10:00", 10)
    sign(tiny, "B", "2025-03-09 23:00", 20, "R3")
    sign(tiny, "C", "2025-03-10 01:00", 40, "R3")
    sign(tiny, "D", "2025-03-11 10:00", 80, None)
    # Of the 150 signed, 80 have no owner and count for the company alone.
    assert targets(tiny) == {
        ("company", None): (100, 150, -50),
        ("region", "华东"): (100, 30, 70),
        ("region", "华南"): (100, 40, 60),
        ("city", "广州"): (100, 40, 60),
    }


def test_money_is_exact_to_the_cent(tiny: Tiny) -> None:
    target(tiny, Decimal("0.30"))
    for name, amount in (("A", "0.10"), ("B", "0.20")):  # in binary fractions more than 0.3
        sign(tiny, name, "2025-03-05 10:00", Decimal(amount))
    assert targets(tiny) == {("company", None): (Decimal("0.30"), Decimal("0.30"), Decimal("0.00"))}


def test_all_signings_of_an_opportunity_are_money(tiny: Tiny) -> None:
    target(tiny, 1000)
    sign(tiny, "A", "2025-03-05 10:00", 100)
    tiny.add("signings", opportunity_id="A", amount=50, occurred_at="2025-03-06 10:00")
    assert targets(tiny, "signed") == {("company", None): (150,)}


@pytest.mark.parametrize(
    ("as_of", "elapsed", "pace"),
    [
        ("2025-02-20 00:00", 0.0, None),  # not begun: 0 / 0
        ("2025-03-01 00:00", 0.0, None),
        ("2025-03-16 12:00", 0.5, 0.6),  # 15.5 of 31 days, 300 of 1000 signed: 300 / 500
        ("2025-05-01 00:00", 1.0, 0.3),
    ],
)
def test_elapsed_and_pace(as_of: str, elapsed: float, pace: float | None) -> None:
    tiny = Tiny(as_of=as_of)
    target(tiny, 1000)
    sign(tiny, "A", "2025-03-05 10:00", 300)
    assert targets(tiny, "elapsed_share, pace") == {
        ("company", None): (pytest.approx(elapsed), pace if pace is None else pytest.approx(pace))
    }


def test_a_target_of_nothing_has_no_pace(tiny: Tiny) -> None:
    target(tiny, 0)
    sign(tiny, "A", "2025-03-05 10:00", 300)
    assert targets(tiny, "gap, pace") == {("company", None): (-300, None)}


def test_the_last_recorded_target_holds_as_known(tiny: Tiny) -> None:
    target(tiny, 100, recorded_at="2025-02-01 09:00")
    target(tiny, 150, recorded_at="2025-03-01 09:00")
    target(tiny, 900, recorded_at="2025-04-20 09:00")
    assert targets(tiny, "target") == {("company", None): (150,)}


def test_what_is_recorded_later_is_not_yet_signed(tiny: Tiny) -> None:
    target(tiny, 100)
    sign(tiny, "A", "2025-03-05 10:00", 30, recorded_at="2025-04-11 09:00")
    assert targets(tiny, "signed") == {("company", None): (0,)}
