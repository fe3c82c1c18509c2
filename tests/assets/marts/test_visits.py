"""Visits: reschedules, what counts as done, and which opportunity an unnamed visit belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from tiny import Tiny


@pytest.fixture
def tiny() -> Tiny:
    return Tiny(as_of="2025-04-01 00:00")


def build(tiny: Tiny) -> Tiny:
    """Build the visits and what they read."""
    return tiny.build("organisation_segments", "opportunity_versions", "signing_wins", "visits")


def opportunity(tiny: Tiny, name: str, created: str | None, **values: Any) -> None:
    """An opportunity of customer C1 and rep R1."""
    tiny.add(
        "opportunities",
        **{
            "opportunity_id": name,
            "customer_id": "C1",
            "customer_name": "华联超市",
            "owner_id": "R1",
            "created_at": created,
            "occurred_at": created,
            **values,
        },
    )


def visit(tiny: Tiny, name: str, occurred: str, status: str = "done", **values: Any) -> None:
    """A record of a visit of R1 to C1."""
    tiny.add(
        "visits",
        **{
            "visit_id": name,
            "rep_id": "R1",
            "customer_id": "C1",
            "status": status,
            "occurred_at": occurred,
            **values,
        },
    )


def links(tiny: Tiny) -> dict[str, tuple[str, str | None]]:
    rows = build(tiny).rows("select visit_id, link, opportunity_id from marts.visits")
    return {name: (link, opportunity_id) for name, link, opportunity_id in rows}


def local(tiny: Tiny, column: str) -> str:
    ((value,),) = tiny.rows(f"select strftime({column}, '%m-%d %H:%M') from marts.visits")
    return str(value)


def test_a_visit_moved_three_times_has_three_reschedules_and_is_done(tiny: Tiny) -> None:
    visit(tiny, "V1", "2025-03-01 09:00", "planned", planned_at="2025-03-05 10:00")
    visit(tiny, "V1", "2025-03-04 09:00", "rescheduled", rescheduled_to="2025-03-06 10:00")
    visit(tiny, "V1", "2025-03-05 09:00", "rescheduled", rescheduled_to="2025-03-08 10:00")
    visit(tiny, "V1", "2025-03-07 09:00", "rescheduled", rescheduled_to="2025-03-10 15:00")
    # The system repeats the first planned time when the visit is done; the last new time was 03-10 15:00.
    visit(tiny, "V1", "2025-03-10 15:10", recorded_at="2025-03-10 16:00", planned_at="2025-03-05 10:00")
    build(tiny)
    assert tiny.rows("select status, reschedules from marts.visits") == [("done", 3)]
    assert local(tiny, "first_planned_at") == "03-05 10:00"
    assert local(tiny, "planned_at") == "03-10 15:00"
    assert local(tiny, "done_at") == "03-10 15:10"
    assert local(tiny, "done_recorded_at") == "03-10 16:00"


def test_a_record_with_a_new_time_is_a_reschedule_whatever_its_status(tiny: Tiny) -> None:
    # One row tells it all: it took place, after having been moved.
    visit(tiny, "V1", "2025-03-10 15:00", planned_at="2025-03-05 10:00", rescheduled_to="2025-03-10 15:00")
    # Called a reschedule, but no new time is known: that is none.
    visit(tiny, "V2", "2025-03-10 15:00", "rescheduled")
    # A no-show arranged anew.
    visit(tiny, "V3", "2025-03-10 15:00", "no_show", rescheduled_to="2025-03-12 15:00")
    assert build(tiny).rows("select visit_id, status, reschedules from marts.visits order by 1") == [
        ("V1", "done", 1),
        ("V2", "rescheduled", 0),
        ("V3", "no_show", 1),
    ]


def test_done_wins_over_a_later_cancellation_and_else_the_last_record_holds(tiny: Tiny) -> None:
    visit(tiny, "V1", "2025-03-02 10:00")
    visit(tiny, "V1", "2025-03-03 10:00", "cancelled")
    visit(tiny, "V2", "2025-03-02 10:00", "planned", planned_at="2025-03-09 10:00")
    visit(tiny, "V2", "2025-03-03 10:00", "cancelled")
    assert build(tiny).rows("select visit_id, status from marts.visits order by 1") == [
        ("V1", "done"),
        ("V2", "cancelled"),
    ]


def test_check_in_and_evidence_count_on_the_visit_that_took_place(tiny: Tiny) -> None:
    visit(tiny, "V1", "2025-03-01 10:00", "planned", latitude=31.2, longitude=121.5, attachments=["agenda.pdf"])
    visit(tiny, "V2", "2025-03-01 10:00", latitude=31.2, longitude=121.5, attachments=["minutes.pdf"])
    visit(tiny, "V3", "2025-03-01 10:00", latitude=31.2, attachments=[])
    assert build(tiny).rows("select visit_id, is_checked_in, has_evidence from marts.visits order by 1") == [
        ("V1", False, False),
        ("V2", True, True),
        ("V3", False, False),
    ]


def test_the_kind_of_what_took_place_outranks_the_kind_planned(tiny: Tiny) -> None:
    visit(tiny, "V1", "2025-03-01 10:00", "planned", kind="visit")
    visit(tiny, "V1", "2025-03-02 10:00", kind="technical_meeting")
    visit(tiny, "V1", "2025-03-03 10:00", "rescheduled", kind="visit")
    assert build(tiny).rows("select kind from marts.visits") == [("technical_meeting",)]


def test_order_of_arrival_changes_nothing(tiny: Tiny) -> None:
    visit(tiny, "V1", "2025-03-05 10:00", "cancelled")
    visit(tiny, "V1", "2025-03-01 10:00", "planned", planned_at="2025-03-09 10:00")
    assert build(tiny).rows("select status from marts.visits") == [("cancelled",)]


def test_what_daily_reports_tell_of_one_day_is_planned_before_it_is_called_off(tiny: Tiny) -> None:
    for number, statuses in enumerate((("cancelled", "planned"), ("planned", "cancelled"))):
        for status in statuses:
            visit(tiny, f"V{number}", "2025-03-01 00:00", status, occurred_precision="day")
    assert build(tiny).rows("select status from marts.visits") == [("cancelled",), ("cancelled",)]


def test_a_visit_that_names_its_opportunity_keeps_it(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-02-01 09:00")
    visit(tiny, "V1", "2025-03-01 10:00", opportunity_id="B")
    assert links(tiny) == {"V1": ("stated", "B")}


def test_exactly_one_open_opportunity_of_customer_and_rep_is_it(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-02-01 09:00")
    opportunity(tiny, "OTHER_REP", "2025-02-01 09:00", owner_id="R2")
    opportunity(tiny, "OTHER_CUSTOMER", "2025-02-01 09:00", customer_id="C2")
    visit(tiny, "V1", "2025-03-01 10:00")
    assert links(tiny) == {"V1": ("inferred", "A")}


def test_two_open_are_ambiguous_and_none_is_none(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-02-01 09:00")
    opportunity(tiny, "B", "2025-03-10 09:00")
    visit(tiny, "BEFORE", "2025-01-31 10:00")
    visit(tiny, "ONE", "2025-03-09 10:00")
    visit(tiny, "TWO", "2025-03-11 10:00")
    assert links(tiny) == {"BEFORE": ("none", None), "ONE": ("inferred", "A"), "TWO": ("ambiguous", None)}


def test_open_then_not_now(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-02-01 09:00")
    opportunity(tiny, "B", "2025-03-05 09:00")
    tiny.events("""
        A | 2025-02-02 09:00 | enter first_contact
        A | 2025-03-04 09:00 | lost
        A | 2025-03-20 09:00 | reopened
        A | 2025-03-25 09:00 | lost
    """)
    visit(tiny, "V1", "2025-03-01 10:00")  # A alone
    visit(tiny, "V2", "2025-03-04 18:00")  # A lost, B not yet there
    visit(tiny, "V3", "2025-03-10 10:00")  # B alone
    visit(tiny, "V4", "2025-03-21 10:00")  # A reopened: both
    visit(tiny, "V5", "2025-03-26 10:00")  # B alone again
    assert links(tiny) == {
        "V1": ("inferred", "A"),
        "V2": ("none", None),
        "V3": ("inferred", "B"),
        "V4": ("ambiguous", None),
        "V5": ("inferred", "B"),
    }


def test_a_signing_without_a_win_closes_it_too(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-02-01 09:00")
    tiny.add("signings", opportunity_id="A", amount=100, occurred_at="2025-03-01 12:00")
    visit(tiny, "V1", "2025-03-01 12:00")  # the instant of the signing: still open in it
    visit(tiny, "V2", "2025-03-02 10:00")
    assert links(tiny) == {"V1": ("inferred", "A"), "V2": ("none", None)}


def test_silence_does_not_close_for_the_visit_may_be_the_return(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2024-02-01 09:00")
    visit(tiny, "V1", "2025-03-01 10:00")  # 13 months of silence before it
    assert links(tiny) == {"V1": ("inferred", "A")}


def test_a_day_is_the_whole_day(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-03-01 14:00")
    visit(tiny, "V1", "2025-03-01 00:00", occurred_precision="day")  # some time on the day A was created
    visit(tiny, "V2", "2025-02-28 00:00", occurred_precision="day")
    tiny.add("stage_events", opportunity_id="A", event="lost", occurred_at="2025-03-09 00:00", occurred_precision="day")
    visit(tiny, "V3", "2025-03-09 16:00")  # the loss may have come later that day
    visit(tiny, "V4", "2025-03-10 09:00")
    assert links(tiny) == {
        "V1": ("inferred", "A"),
        "V2": ("none", None),
        "V3": ("inferred", "A"),
        "V4": ("none", None),
    }


def test_the_owner_in_force_then_decides(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-02-01 09:00")
    opportunity(tiny, "A", "2025-02-01 09:00", owner_id="R2", occurred_at="2025-03-01 09:00")
    visit(tiny, "V1", "2025-02-20 10:00")
    visit(tiny, "V2", "2025-03-02 10:00")
    visit(tiny, "V3", "2025-03-02 10:00", rep_id="R2")
    assert links(tiny) == {"V1": ("inferred", "A"), "V2": ("none", None), "V3": ("inferred", "A")}


def test_names_compare_where_an_identifier_is_missing(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-02-01 09:00")
    visit(tiny, "V1", "2025-03-01 10:00", customer_id=None, customer_name="华联超市")
    visit(tiny, "V2", "2025-03-01 10:00", customer_id="C9", customer_name="华联超市")  # another of that name
    visit(tiny, "V3", "2025-03-01 10:00", customer_id=None)
    visit(tiny, "V4", "2025-03-01 10:00", rep_id=None)
    assert links(tiny) == {
        "V1": ("inferred", "A"),
        "V2": ("none", None),
        "V3": ("none", None),
        "V4": ("none", None),
    }


def test_a_visit_only_planned_is_linked_when_it_was_arranged(tiny: Tiny) -> None:
    opportunity(tiny, "A", "2025-02-01 09:00")
    tiny.events("A | 2025-03-20 09:00 | lost")
    visit(tiny, "V1", "2025-03-01 10:00", "planned", planned_at="2025-05-01 10:00")
    assert links(tiny) == {"V1": ("inferred", "A")}


def test_within_one_instant_a_reopening_leaves_it_as_it_was(tiny: Tiny) -> None:
    # A was open: lost, then reopened. B was closed: reopened, then lost.
    opportunity(tiny, "A", "2025-02-01 09:00")
    opportunity(tiny, "B", "2025-02-01 09:00", customer_id="C2")
    tiny.events("""
        A | 2025-03-01 00:00 | reopened
        A | 2025-03-01 00:00 | lost
        B | 2025-02-20 00:00 | lost
        B | 2025-03-01 00:00 | lost
        B | 2025-03-01 00:00 | reopened
    """)
    visit(tiny, "V1", "2025-03-02 10:00")
    visit(tiny, "V2", "2025-03-02 10:00", customer_id="C2")
    assert links(tiny) == {"V1": ("inferred", "A"), "V2": ("none", None)}
