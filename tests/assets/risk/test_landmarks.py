"""Landmark features, worked out by hand: what was known on each Monday, and nothing that was learned later.

2025-03-03, 03-10, 03-17 and 03-24 are Mondays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiny import Tiny

Build = Callable[..., Tiny]
MONDAYS = ("2025-03-03 00:00", "2025-03-10 00:00", "2025-03-17 00:00", "2025-03-24 00:00")


def at(tiny: Tiny, columns: str, when: str, opportunity: str = "A") -> tuple[Any, ...]:
    """Some features of an opportunity at a moment."""
    (row,) = tiny.rows(
        f"select {columns} from ml.landmark_features where landmark_at = ? and opportunity_id = ?",
        tiny.time(when),
        opportunity,
    )
    return row


def mondays(tiny: Tiny, opportunity: str = "A") -> list[str]:
    rows = tiny.rows(
        "select strftime(landmark_at, '%m-%d %H:%M') from ml.landmark_features where opportunity_id = ? order by 1",
        opportunity,
    )
    return [row[0] for row in rows]


def test_a_landmark_is_a_monday_while_open_and_the_as_of_time(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-03-26 12:00")
    tiny.events("""
        A | 2025-03-03 00:00 | enter first_contact
        B | 2025-03-03 00:01 | enter first_contact
        B | 2025-03-16 23:59 | lost  price
        C | 2025-03-05 09:00 | enter first_contact
        C | 2025-03-17 00:00 | won
    """)
    landmarks(tiny)
    # What happens at the very moment is known at it.
    assert mondays(tiny, "A") == ["03-03 00:00", "03-10 00:00", "03-17 00:00", "03-24 00:00", "03-26 12:00"]
    assert mondays(tiny, "B") == ["03-10 00:00"]
    assert mondays(tiny, "C") == ["03-10 00:00"]
    assert tiny.rows("select opportunity_id, landmark_at from ml.landmark_features where is_scoring") == [
        ("A", tiny.as_of)
    ]


def test_what_is_told_late_is_not_known_before(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-03-25 00:00")
    tiny.events("""
        A | 2025-03-03 09:00 | enter first_contact
        A | 2025-03-06 09:00 | enter quotation | recorded 2025-03-12 09:00
    """)
    landmarks(tiny)
    assert [at(tiny, "stage_no", day) for day in MONDAYS[1:]] == [(1,), (4,), (4,)]
    # Once known, the stay is counted from when it began: 10 d 15 h from 03-06 09:00 to 03-17.
    assert at(tiny, "stage_days", MONDAYS[1]) == (6.625,)
    assert at(tiny, "stage_days, skips", MONDAYS[2]) == (10.625, 1)
    # A quotation may wait 7 days: 10.625 / 7.
    assert at(tiny, "sla_ratio", MONDAYS[2])[0] == pytest.approx(10.625 / 7)


def test_a_loss_told_late_leaves_the_opportunity_open_until_then(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-03-25 00:00")
    tiny.events("""
        A | 2025-03-03 09:00 | enter first_contact
        A | 2025-03-06 09:00 | lost price | recorded 2025-03-12 09:00
    """)
    assert mondays(landmarks(tiny)) == ["03-10 00:00"]


def test_lapsed_to_the_second_is_no_landmark(landmarks: Build) -> None:
    """Lapse is 45 days: from 2025-01-17 00:00 exactly until 2025-03-03 00:00; a second more and it is open."""
    tiny = Tiny(as_of="2025-03-04 00:00")
    tiny.events("""
        A | 2025-01-17 00:00:00 | enter first_contact
        B | 2025-01-17 00:00:01 | enter first_contact
    """)
    landmarks(tiny)
    assert mondays(tiny, "A")[-1] == "02-24 00:00"
    assert mondays(tiny, "B")[-1] == "03-03 00:00"


def test_silence_and_rhythm_count_activity_alone(landmarks: Build) -> None:
    """A reschedule and a no-show are no activity; a visit done, an action and a stage event are."""
    tiny = Tiny(as_of="2025-03-25 00:00")
    tiny.events("A | 2025-03-03 00:00 | enter first_contact")
    one = {"opportunity_id": "A", "rep_id": "R1", "kind": "visit"}
    tiny.add("visits", visit_id="V1", status="done", occurred_at="2025-03-05 00:00", **one)
    tiny.add(
        "actions", opportunity_id="A", action_code="store_survey", evidence="a.pdf", occurred_at="2025-03-07 00:00"
    )
    tiny.add("visits", visit_id="V2", status="no_show", occurred_at="2025-03-14 00:00", **one)
    tiny.add("visits", visit_id="V3", status="rescheduled", occurred_at="2025-03-15 00:00",
             planned_at="2025-03-16 00:00", rescheduled_to="2025-03-20 00:00", **one)  # fmt: skip
    landmarks(tiny)
    columns = "silent_days, activities, activities_14d, visits_done, no_shows, reschedules, missed_streak"
    assert at(tiny, columns, MONDAYS[1]) == (3.0, 3, 3, 1, 0, 0, 0)
    assert at(tiny, columns, MONDAYS[2]) == (10.0, 3, 2, 1, 1, 1, 1)
    # 14 days before 03-24 lies 03-10: nothing since. The visit put off to 03-20 has not been told of.
    assert at(tiny, "silent_days, activities_14d, planned_untold, planned_ahead", MONDAYS[3]) == (17.0, 0, 1, 0)
    assert at(tiny, "planned_ahead, days_to_planned, reschedule_share", MONDAYS[2]) == (1, 3.0, 0.5)


def test_reschedules_count_changes_and_end_their_streak_with_a_visit(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-03-25 00:00")
    tiny.events("A | 2025-03-03 00:00 | enter first_contact")
    visit = {"opportunity_id": "A", "rep_id": "R1", "kind": "demo", "visit_id": "V1"}
    for day, to in (("04", "06"), ("05", "07"), ("06", "12")):
        tiny.add("visits", status="rescheduled", occurred_at=f"2025-03-{day} 12:00", planned_at="2025-03-05 09:00",
                 rescheduled_to=f"2025-03-{to} 09:00", **visit)  # fmt: skip
    tiny.add("visits", status="done", occurred_at="2025-03-12 12:00", planned_at="2025-03-12 09:00", **visit)
    landmarks(tiny)
    columns = "reschedules, reschedule_streak, days_since_reschedule, demos_done, technical_meetings"
    assert at(tiny, columns, MONDAYS[1]) == (3, 3, 3.5, 0, 0)
    assert at(tiny, columns, MONDAYS[2]) == (3, 0, 10.5, 1, 0)


def test_a_required_action_passes_with_its_evidence_from_when_it_was_told(landmarks: Build) -> None:
    """The needs' technical meeting asks for a PDF or a photo; a visit of the kind with one passes it, too."""
    tiny = Tiny(as_of="2025-03-25 00:00")
    tiny.events("A | 2025-03-03 00:00 | enter needs_confirmed")
    meeting = {"opportunity_id": "A", "rep_id": "R1", "kind": "technical_meeting", "status": "done"}
    tiny.add("visits", visit_id="T1", occurred_at="2025-03-04 09:00", **meeting)
    tiny.add("visits", visit_id="T2", occurred_at="2025-03-11 09:00", attachments=["纪要.PDF"], **meeting)
    tiny.add("actions", opportunity_id="A", action_code="needs_minutes", evidence="notes.docx",
             occurred_at="2025-03-04 09:00")  # fmt: skip
    tiny.add("actions", opportunity_id="A", action_code="needs_minutes", evidence="notes.pdf",
             occurred_at="2025-03-04 09:00", recorded_at="2025-03-18 09:00")  # fmt: skip
    landmarks(tiny)
    columns = "technical_meetings, actions_missing, actions_passed"
    # A technical meeting was held, though without its evidence: it counts as one, and its action is still missing.
    assert at(tiny, columns, MONDAYS[1]) == (1, 2, [])
    assert at(tiny, columns, MONDAYS[2]) == (2, 1, ["technical_meeting"])
    assert at(tiny, columns, MONDAYS[3]) == (2, 0, ["needs_minutes", "technical_meeting"])
    # Skipped first contact: its two actions were never done.
    assert at(tiny, "actions_missed_before", MONDAYS[3]) == (2,)


def test_a_visit_without_an_opportunity_belongs_to_the_one_open_then(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-03-25 00:00")
    deal = {"customer_id": "C1", "customer_name": "杭州联华", "owner_id": "R1", "office": "杭州"}
    tiny.add("opportunities", opportunity_id="A", created_at="2025-03-03 00:00", occurred_at="2025-03-03 00:00", **deal)
    tiny.add("opportunities", opportunity_id="B", created_at="2025-03-12 00:00", occurred_at="2025-03-12 00:00", **deal)
    tiny.events("""
        A | 2025-03-03 00:00 | enter first_contact
        B | 2025-03-12 00:00 | enter first_contact
    """)
    visit = {"rep_id": "R1", "customer_id": "C1", "kind": "visit", "status": "done"}
    tiny.add("visits", visit_id="V1", occurred_at="2025-03-05 09:00", **visit)
    tiny.add("visits", visit_id="V2", occurred_at="2025-03-13 09:00", **visit)  # two are open: it stays unlinked
    landmarks(tiny)
    assert [at(tiny, "visits_done", day) for day in MONDAYS[1:]] == [(1,), (1,), (1,)]
    assert at(tiny, "visits_done", MONDAYS[3], "B") == (0,)


def test_owner_office_and_amount_are_those_of_the_moment(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-03-25 00:00")
    for rep, office, city, region in (("R1", "杭州办", "杭州", "华东"), ("R2", "广州办", "广州", "华南")):
        tiny.add("organisation", rep_id=rep, rep_name=rep, supervisor_id=f"S-{city}", office=office, city=city,
                 region=region, recorded_at="2025-01-01 00:00")  # fmt: skip
    told = {"opportunity_id": "A", "customer_id": "C1", "created_at": "2025-03-03 00:00"}
    tiny.add("opportunities", occurred_at="2025-03-03 00:00", owner_id="R1", expected_amount=100, **told)
    tiny.add("opportunities", occurred_at="2025-03-08 00:00", owner_id="R2", expected_amount=150,
             recorded_at="2025-03-13 00:00", **told)  # fmt: skip
    tiny.events("A | 2025-03-03 00:00 | enter first_contact")
    landmarks(tiny)
    columns = "team, city, region, amount, amount_change, owner_changes, owner_open"
    assert at(tiny, columns, MONDAYS[1]) == ("S-杭州", "杭州", "华东", 100.0, None, 0, 1)
    assert at(tiny, columns, MONDAYS[2]) == ("S-广州", "广州", "华南", 150.0, 1.5, 1, 1)


def test_shares_of_failure_are_shrunk_and_of_the_past(landmarks: Build) -> None:
    """One of two closed failed by 03-10: the company's share is (1 + 10) / (2 + 20) = 0.5; the owner of the failed
    one has (1 + 20 x 0.5) / (1 + 20) = 0.5238, a lift of 1.0476; what closes on 03-12 counts from 03-17 on."""
    tiny = Tiny(as_of="2025-03-25 00:00")
    for name, owner in (("A", "R1"), ("B", "R1"), ("C", "R2"), ("D", "R1")):
        tiny.add("opportunities", opportunity_id=name, owner_id=owner, customer_id=name, created_at="2025-02-20 00:00",
                 occurred_at="2025-02-20 00:00")  # fmt: skip
    tiny.events("""
        A | 2025-02-20 00:00 | enter first_contact
        B | 2025-02-20 00:00 | enter first_contact
        B | 2025-02-26 00:00 | lost price
        C | 2025-02-20 00:00 | enter first_contact
        C | 2025-02-26 00:00 | won
        D | 2025-02-20 00:00 | enter first_contact
        D | 2025-03-12 00:00 | lost price
    """)
    landmarks(tiny)
    company, owner, lift = at(tiny, "company_share, owner_share, owner_lift", MONDAYS[1])
    assert (company, owner, lift) == (pytest.approx(0.5), pytest.approx(11 / 21), pytest.approx(22 / 21))
    company, owner = at(tiny, "company_share, owner_share", MONDAYS[2])
    assert company == pytest.approx(12 / 23)
    assert owner == pytest.approx((2 + 20 * 12 / 23) / 22)


def test_interventions_count_acknowledgements_do_not(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-03-25 00:00")
    tiny.events("A | 2025-03-03 00:00 | enter first_contact")
    for day, action in (("04", "acknowledged"), ("05", "visited_together"), ("18", "price_approved")):
        tiny.add(
            "interventions", intervention_id=day, opportunity_id="A", action=action, occurred_at=f"2025-03-{day} 00:00"
        )
    landmarks(tiny)
    assert at(tiny, "interventions, days_since_intervention", MONDAYS[2]) == (1, 12.0)
    assert at(tiny, "interventions, days_since_intervention", MONDAYS[3]) == (2, 6.0)


def test_the_daily_report_counts_until_the_form_tells_the_same(landmarks: Build) -> None:
    """One visit of 03-05, told by Excel on 03-06 and by form on 03-12: each Monday knows it once, as it was told."""
    tiny = Tiny(as_of="2025-03-25 00:00")
    tiny.events("A | 2025-03-03 00:00 | enter first_contact")
    visit = {"opportunity_id": "A", "rep_id": "R1", "kind": "visit", "status": "done"}
    tiny.add("visits", visit_id="X1", occurred_at="2025-03-05 00:00", recorded_at="2025-03-06 00:00",
             source_kind="excel", is_primary=False, overruled_at="2025-03-12 00:00", **visit)  # fmt: skip
    tiny.add("visits", visit_id="F1", occurred_at="2025-03-05 15:00", recorded_at="2025-03-12 00:00", **visit)
    landmarks(tiny)
    columns = "visits_done, activities, form_share, silent_days"
    assert at(tiny, columns, MONDAYS[1]) == (1, 2, 0.5, 5.0)
    assert at(tiny, columns, MONDAYS[2]) == (1, 2, 1.0, 11.375)


def test_an_action_waived_was_not_carried_out(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-03-25 00:00")
    tiny.events("A | 2025-03-03 00:00 | enter first_contact")
    tiny.add("actions", opportunity_id="A", action_code="store_survey", waived_by="S1", occurred_at="2025-03-07 00:00")
    landmarks(tiny)
    # It is off the list of what is missing, and yet the opportunity has been silent since the 3rd.
    assert at(tiny, "activities, silent_days, actions_missing", MONDAYS[1]) == (1, 7.0, 1)
