"""Dwell as asked: the overrun list, the two clocks, and narrowing; each answer computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from data_contracts.errors import StagewatchError
from queries.dwell import DwellRequest, SpellCell, dwell, dwell_curve, spells_behind
from queries.snapshot import Snapshot

# Quotation, 7 calendar days: A open for 9, B for exactly 7, C left after 10, D left after 2. Contract, 5 working days:
# E open since Monday 24 March, 8 days of which 6 are worked.
EVENTS = """
    A | 2025-03-23 00:00 | enter quotation
    B | 2025-03-25 00:00 | enter quotation
    C | 2025-03-01 00:00 | enter quotation
    C | 2025-03-11 00:00 | won
    D | 2025-03-01 00:00 | enter quotation
    D | 2025-03-03 00:00 | lost price
    E | 2025-03-24 00:00 | enter contract_signed
"""


@pytest.fixture
def snapshot(snapshot_of: Callable[..., Snapshot]) -> Snapshot:
    return snapshot_of(EVENTS, as_of="2025-04-01 00:00")


def test_the_overrun_list_holds_the_open_ones_the_longest_over_first(snapshot: Snapshot) -> None:
    """Exactly at the SLA is not over it; C overran and was left, so it counts and is not on the list."""
    frame = dwell(snapshot, DwellRequest()).frame
    quotation = frame.filter(pl.col("stage") == "quotation").row(0, named=True)
    assert (quotation["spells"], quotation["overrun"], quotation["overrun_open"]) == (4, 2, 1)
    assert (quotation["overrun_share"], quotation["days_lost"]) == (0.5, 2 + 3)
    listed = spells_behind(snapshot, DwellRequest(), SpellCell(what="overrun_open")).frame
    assert listed.select("opportunity_id", "over_sla_days").rows() == [("A", 2), ("E", 1)]


def test_completed_and_censored_are_told_apart(snapshot: Snapshot) -> None:
    """Left after 2 and 10: mean and median 6. Kaplan-Meier: at risk 4 at day 2 (3/4), 1 at day 10 (0): median 10."""
    frame = dwell(snapshot, DwellRequest(stages=("quotation",))).frame
    columns = ["completed", "censored", "mean_days", "median_days", "km_median_days", "advanced"]
    assert frame.select(columns).rows() == [(2, 2, 6, 6, 10, 1)]
    curve = dwell_curve(snapshot, DwellRequest(), "quotation").frame
    assert curve.select("days", "at_risk", "ends", "survival").rows() == [(2, 4, 1, 0.75), (10, 1, 1, 0)]


def test_business_days_are_another_clock(snapshot: Snapshot) -> None:
    """C: 1 and 2 March are a weekend, 8 and 9 too, so 10 days are 6 worked; D: 1 and 2 March are none."""
    frame = dwell(snapshot, DwellRequest(stages=("quotation",), clock="business")).frame
    assert frame.select("mean_days", "median_days").rows() == [(3, 3)]
    assert frame["overrun"].to_list() == [2], "the SLA keeps its own clock"


def test_a_range_is_of_the_entry_by_local_days(snapshot: Snapshot) -> None:
    request = DwellRequest(entered_from=date(2025, 3, 23), entered_to=date(2025, 3, 25))
    assert spells_behind(snapshot, request, SpellCell()).frame["opportunity_id"].sort().to_list() == ["A", "E"]


def test_what_does_not_exist_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(StagewatchError, match="no stage 'quote'"):
        dwell(snapshot, DwellRequest(stages=("quote",)))
    with pytest.raises(StagewatchError, match="no break-down of this answer 'city'"):
        spells_behind(snapshot, DwellRequest(), SpellCell(values={"city": "x"}))
