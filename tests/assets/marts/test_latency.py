"""Reporting latency: what counts, what is left out, and percentiles worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from tiny import Tiny

LATENCY = (
    "select record, source_kind, month, records, recorded_p50_minutes, recorded_p90_minutes,"
    " landed_p50_minutes, landed_p90_minutes, share_within_15_minutes, filled"
    " from marts.reporting_latency order by record, source_kind, month"
)


@pytest.fixture
def tiny_year_1() -> Tiny:
    """Records that a rule took for always known; the second's occurrence is unknown, too."""
    tiny = Tiny(as_of="2025-05-01 00:00")
    filled = {"recorded_at": "0001-01-02 00:00", "is_recorded_at_filled": True, "landed_at": "2025-04-20 09:00"}
    visit(tiny, "V1", "2025-03-31 10:00", **filled)
    tiny.add("opportunities", opportunity_id="A", **filled)
    return tiny


def visit(tiny: Tiny, name: str, occurred: str, **values: object) -> None:
    tiny.add("visits", visit_id=name, status="done", occurred_at=occurred, **values)


def test_percentiles_and_the_share_within_15_minutes() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    # Latencies 5, 15, 25, 35 and 100 minutes. Median 25; the 90th percentile stands 0.6 of the way from
    # the 4th (35) to the 5th (100): 35 + 0.6 x 65 = 74. Within 15 minutes, inclusive: 2 of 5.
    for n, minute in enumerate(("10:05", "10:15", "10:25", "10:35", "11:40")):
        visit(
            tiny,
            f"V{n}",
            "2025-03-02 10:00",
            recorded_at=f"2025-03-02 {minute}",
            landed_at="2025-03-02 11:40",
        )
    # Landed - recorded: 95, 85, 75, 65 and 0. Median 75; 90th percentile 85 + 0.6 x 10 = 91.
    assert tiny.build("reporting_latency").rows(LATENCY) == [
        ("visits", "form", date(2025, 3, 1), 5, 25.0, pytest.approx(74), 75.0, pytest.approx(91), 0.4, 0)
    ]


def test_a_filled_recording_time_is_left_out_and_counted() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    visit(tiny, "V1", "2025-03-02 10:00", recorded_at="2025-03-04 14:00")
    visit(tiny, "V2", "2025-03-02 10:00")
    visit(tiny, "V3", "2025-03-03 10:00")
    # The one with its own recording time came 52 hours late; the two filled ones say nothing.
    (row,) = tiny.build("reporting_latency").rows(LATENCY)
    assert row[3:6] == (1, 52 * 60.0, 52 * 60.0)
    assert row[9] == 2


def test_nothing_but_filled_is_null_and_not_zero() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    visit(tiny, "V1", "2025-03-02 10:00")
    (row,) = tiny.build("reporting_latency").rows(LATENCY)
    assert row[3:] == (0, None, None, None, None, None, 1)


def test_months_are_of_recording_in_company_time() -> None:
    tiny = Tiny(as_of="2025-05-01 00:00")
    # 00:30 on 1 April in Shanghai is still 31 March in UTC.
    visit(tiny, "V1", "2025-03-31 23:50", recorded_at="2025-04-01 00:30")
    assert tiny.build("reporting_latency").rows("select month from marts.reporting_latency") == [(date(2025, 4, 1),)]


def test_what_was_filled_stands_in_the_month_it_happened(tiny_year_1: Tiny) -> None:
    assert tiny_year_1.build("reporting_latency").rows(
        "select record, month, records, filled from marts.reporting_latency order by 1"
    ) == [("opportunities", date(2025, 4, 1), 0, 1), ("visits", date(2025, 3, 1), 0, 1)]


def test_an_overruled_source_keeps_its_own_latency() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    visit(tiny, "V1", "2025-03-02 10:00", recorded_at="2025-03-02 10:03")
    overruled = {"source_kind": "wechat", "is_primary": False, "overruled_at": "2025-03-02 10:03"}
    visit(tiny, "V1", "2025-03-02 10:00", recorded_at="2025-03-04 10:00", **overruled)
    assert tiny.build("reporting_latency").rows(
        "select source_kind, recorded_p50_minutes from marts.reporting_latency order by 1"
    ) == [("form", 3.0), ("wechat", 2880.0)]


def test_what_is_recorded_after_the_as_of_time_is_not_known() -> None:
    tiny = Tiny(as_of="2025-03-03 00:00")
    visit(tiny, "V1", "2025-03-02 10:00", recorded_at="2025-03-02 10:10")
    visit(tiny, "V2", "2025-03-02 10:00", recorded_at="2025-03-03 00:01")
    assert tiny.build("reporting_latency").rows("select records from marts.reporting_latency") == [(1,)]


def test_a_record_without_occurrence_counts_but_has_no_latency() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.add("opportunities", opportunity_id="A", recorded_at="2025-03-02 10:00", landed_at="2025-03-02 10:30")
    (row,) = tiny.build("reporting_latency").rows(LATENCY)
    assert row == ("opportunities", "form", date(2025, 3, 1), 1, None, None, 30.0, 30.0, None, 0)
