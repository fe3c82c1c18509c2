"""Evaluations over hand-written marts: what people would see in ops.alerts, time after time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.alerts.conditions import observe
from assets.alerts.evaluate import advance, ensure_tables, evaluate
from hand_marts import HandMarts

KEY = "rescheduled_no_technical_meeting|A|1"


@pytest.fixture
def marts(tmp_path: Path) -> HandMarts:
    """Wednesday 2025-03-05 09:00, a working day; a supervisor in Hangzhou and her regional manager."""
    marts = HandMarts(tmp_path, as_of="2025-03-05 09:00")
    marts.add(
        "organisation", rep_id="R1", rep_name="任业务", supervisor_id="S1", city="杭州", region="华东", role="rep"
    )
    marts.add(
        "organisation",
        rep_id="S1",
        rep_name="沈主管",
        supervisor_id="M1",
        city="杭州",
        region="华东",
        role="supervisor",
    )
    marts.add("organisation", rep_id="M1", rep_name="马经理", region="华东", role="manager")
    return marts


def rescheduled(marts: HandMarts, at: str | None = None, **state: Any) -> dict[str, Any]:
    """Opportunity A was rescheduled three times without a technical meeting (unless said otherwise); evaluate."""
    if at is not None:
        marts.go_to(at)
    marts.clear("opportunity_state")
    marts.put("opportunity_state", **{"opportunity_id": "A", "reschedules": 3, "technical_meetings": 0, **state})
    return evaluate(marts.con, marts.run, marts.as_of)


def status(marts: HandMarts, key: str = KEY) -> str:
    ((found,),) = marts.rows("select status from ops.alerts where alert_key = ?", key)
    return str(found)


def events(marts: HandMarts, key: str = KEY) -> list[tuple[Any, ...]]:
    return marts.rows("select event, reason from ops.alert_events where alert_key = ? order by seq", key)


def everything(marts: HandMarts) -> list[list[tuple[Any, ...]]]:
    return [marts.rows(f"from ops.{table} order by all") for table in ("alerts", "alert_events", "evaluations")]


def test_an_alert_opens_once_with_who_what_and_how_much(marts: HandMarts) -> None:
    rescheduled(marts, p_fail=0.5, p_sign=0.2, amount=80_000)
    (alert,) = marts.rows("""
        select alert_key, rule, subject_type, subject_id, episode, status, severity, opened_at, recipient_id,
               recipient_name, opportunity_id, city, region, amount, amount_at_open, p_fail_at_open, p_sign_at_open,
               title_zh, title_en, is_replayed
        from ops.alerts where rule = 'rescheduled_no_technical_meeting'""")
    assert alert[:7] == (KEY, "rescheduled_no_technical_meeting", "opportunity", "A", 1, "open", "high")
    assert alert[7] == marts.as_of
    assert alert[8:17] == ("S1", "沈主管", "A", "杭州", "华东", 80_000, 80_000, 0.5, 0.2)
    assert alert[17] == "Customer A：改约 3 次，未开技术会"
    assert alert[18] == "Customer A: rescheduled 3 times, no technical meeting"
    assert alert[19] is False


def test_evaluating_twice_at_the_same_time_changes_nothing(marts: HandMarts) -> None:
    rescheduled(marts, silent_days=20, last_activity_at="2025-02-13 09:00")
    before = everything(marts)
    again = evaluate(marts.con, marts.run, marts.as_of)
    assert everything(marts) == before
    assert again == {"is_evaluated": True, "at": marts.as_of.isoformat(), "is_replayed": False}


def test_evaluating_before_the_last_evaluation_does_nothing_and_says_so(marts: HandMarts) -> None:
    last = rescheduled(marts)
    before = everything(marts)
    answer = rescheduled(marts, "2025-03-04 09:00", technical_meetings=1)
    assert answer == {"is_evaluated": False, "reason": "earlier_than_last_evaluation", "last_evaluation": last["at"]}
    assert everything(marts) == before


def test_the_marts_must_be_of_the_time_evaluated(marts: HandMarts) -> None:
    with pytest.raises(ValueError, match="the marts stand as of"):
        evaluate(marts.con, marts.run, marts.time("2025-04-01 00:00"))


def test_it_is_updated_rather_than_repeated(marts: HandMarts) -> None:
    rescheduled(marts)
    rescheduled(marts, "2025-03-06 08:00", reschedules=5, amount=50_000, supervisor_id="S2", p_fail=0.9)
    ((count,),) = marts.rows("select count(*) from ops.alerts where rule = 'rescheduled_no_technical_meeting'")
    assert count == 1
    (alert,) = marts.rows(
        "select title_en, amount, amount_at_open, recipient_id, last_seen_at, opened_at, p_fail_at_open"
        " from ops.alerts where alert_key = ?",
        KEY,
    )
    assert alert[:4] == ("Customer A: rescheduled 5 times, no technical meeting", 50_000, 100_000, "S2")
    assert alert[4:] == (marts.as_of, marts.time("2025-03-05 09:00"), None)
    assert events(marts) == [("pending", "condition_began"), ("opened", "hold_passed")]


def test_it_resolves_by_itself_and_the_next_time_is_a_new_episode(marts: HandMarts) -> None:
    rescheduled(marts)
    rescheduled(marts, "2025-03-06 09:00", technical_meetings=1)
    assert status(marts) == "resolved"
    rescheduled(marts, "2025-03-07 09:00")
    assert marts.rows("select alert_key, status from ops.alerts order by episode") == [
        (KEY, "resolved"),
        ("rescheduled_no_technical_meeting|A|2", "open"),
    ]
    assert events(marts, "rescheduled_no_technical_meeting|A|2")[0] == ("pending", "re_armed")


def test_a_pending_alert_that_goes_leaves_only_its_event(marts: HandMarts) -> None:
    overrun = {"technical_meetings": 1, "stage": "quotation", "sla_days": 7, "dwell_days": 7.5}
    rescheduled(marts, is_overrun=True, overrun_days=0.5, entered_at="2025-02-25 21:00", **overrun)
    assert status(marts, "stage_overrun|A|1") == "pending"
    rescheduled(marts, "2025-03-05 10:00", **overrun)
    assert marts.rows("from ops.alerts") == []
    assert events(marts, "stage_overrun|A|1") == [("pending", "condition_began"), ("dropped", "gone_before_hold")]
    rescheduled(marts, "2025-03-07 10:00", is_overrun=True, overrun_days=2.5, entered_at="2025-02-25 21:00", **overrun)
    assert status(marts, "stage_overrun|A|1") == "open", "overrun since longer than the hold time: it opens at once"


def test_a_deed_on_the_opportunity_answers_all_its_live_alerts(marts: HandMarts) -> None:
    rescheduled(marts, silent_days=20, last_activity_at="2025-02-13 09:00")
    marts.add(
        "interventions", intervention_id="I1", opportunity_id="A", action="joint_visit", occurred_at="2025-03-05 15:30"
    )
    rescheduled(marts, "2025-03-06 09:00", silent_days=21, last_activity_at="2025-02-13 09:00")
    assert marts.rows("select rule, status, answered_at from ops.alerts order by rule") == [
        (rule, "answered", marts.time("2025-03-05 15:30"))
        for rule in ("rescheduled_no_technical_meeting", "silent_customer")
    ]


def test_an_acknowledgement_that_names_an_alert_is_for_that_one_alone(marts: HandMarts) -> None:
    rescheduled(marts, silent_days=20, last_activity_at="2025-02-13 09:00")
    marts.add(
        "interventions",
        intervention_id="I1",
        alert_key=KEY,
        opportunity_id="A",
        action="acknowledged",
        occurred_at="2025-03-05 15:30",
    )
    rescheduled(marts, "2025-03-06 08:00", silent_days=21, last_activity_at="2025-02-13 09:00")
    assert status(marts) == "acknowledged"
    assert status(marts, "silent_customer|A|1") == "open"


def test_what_was_done_before_it_opened_is_no_answer(marts: HandMarts) -> None:
    marts.add(
        "interventions", intervention_id="I1", opportunity_id="A", action="coached", occurred_at="2025-03-05 08:59"
    )
    rescheduled(marts)
    assert status(marts) == "open"


def test_a_deed_of_a_day_counts_from_its_end_or_its_recording(marts: HandMarts) -> None:
    rescheduled(marts)
    marts.add(
        "interventions",
        intervention_id="I1",
        opportunity_id="A",
        action="coached",
        occurred_at="2025-03-05 00:00",
        recorded_at="2025-03-05 18:00",
        occurred_precision="day",
    )
    rescheduled(marts, "2025-03-06 08:00")
    ((answered_at,),) = marts.rows("select answered_at from ops.alerts")
    assert answered_at == marts.time("2025-03-05 18:00")


def test_an_answer_recorded_after_it_resolved_is_noted_with_the_time_it_was_given(marts: HandMarts) -> None:
    rescheduled(marts)
    rescheduled(marts, "2025-03-06 09:00", technical_meetings=1)
    marts.add(
        "interventions",
        intervention_id="I1",
        opportunity_id="A",
        action="coached",
        occurred_at="2025-03-05 12:00",
        recorded_at="2025-03-08 12:00",
    )
    rescheduled(marts, "2025-03-07 09:00", technical_meetings=1)
    assert marts.rows("select answered_at from ops.alerts") == [(None,)], "not known yet"
    rescheduled(marts, "2025-03-09 09:00", technical_meetings=1)
    assert marts.rows("select status, answered_at from ops.alerts") == [("resolved", marts.time("2025-03-05 12:00"))]
    assert events(marts)[-1] == ("answered", "answer_recorded_late")


def test_a_snoozed_alert_sleeps_until_its_date(marts: HandMarts) -> None:
    rescheduled(marts)
    marts.add(
        "interventions",
        intervention_id="I1",
        alert_key=KEY,
        action="snoozed",
        snoozed_until="2025-03-10 00:00",
        occurred_at="2025-03-05 10:00",
    )
    rescheduled(marts, "2025-03-07 09:00")
    assert status(marts) == "snoozed"
    rescheduled(marts, "2025-03-10 09:00")
    assert status(marts) == "open"
    ((since, level),) = marts.rows("select unanswered_since, escalation_level from ops.alerts")
    assert (since, level) == (marts.time("2025-03-10 00:00"), 0)


def test_a_snooze_without_a_date_ends_with_the_stage(marts: HandMarts) -> None:
    rescheduled(marts, stage="solution_demo")
    marts.add("interventions", intervention_id="I1", alert_key=KEY, action="snoozed", occurred_at="2025-03-05 10:00")
    rescheduled(marts, "2025-03-20 09:00", stage="solution_demo")
    assert status(marts) == "snoozed"
    rescheduled(marts, "2025-03-21 09:00", stage="quotation")
    assert status(marts) == "open"


def test_a_lost_deal_silences_its_overrun(marts: HandMarts) -> None:
    overrun = {"technical_meetings": 1, "stage": "quotation", "sla_days": 7, "entered_at": "2025-02-20 00:00"}
    rescheduled(marts, is_overrun=True, overrun_days=6.4, **overrun)
    assert status(marts, "stage_overrun|A|1") == "open"
    rescheduled(marts, "2025-03-05 12:00", status="lost", **overrun)
    assert status(marts, "stage_overrun|A|1") == "inhibited"
    rescheduled(marts, "2025-03-06 12:00", status="lost", **overrun)
    assert status(marts, "stage_overrun|A|1") == "resolved"
    assert events(marts, "stage_overrun|A|1")[-1] == ("resolved", "subject_closed")


def test_a_city_that_does_not_report_silences_the_silence_of_its_customers(marts: HandMarts) -> None:
    rescheduled(marts, technical_meetings=1, silent_days=20, last_activity_at="2025-02-13 09:00")
    assert status(marts, "silent_customer|A|1") == "open"
    for day in range(3, 17):
        marts.add("visits", visit_id=f"V{day}", rep_id="R1", status="done", occurred_at=f"2025-02-{day:02} 10:00")
    rescheduled(marts, "2025-03-05 10:00", technical_meetings=1, silent_days=20, last_activity_at="2025-02-13 09:00")
    assert status(marts, "city_no_data|杭州|1") == "open"
    assert status(marts, "silent_customer|A|1") == "inhibited"


def test_it_escalates_to_the_manager_after_the_working_hours_and_not_over_a_weekend(marts: HandMarts) -> None:
    rescheduled(marts, "2025-03-07 09:00")  # a Friday: 15 working hours are left of it
    rescheduled(marts, "2025-03-10 08:59")
    assert marts.rows("select escalation_level from ops.alerts") == [(0,)]
    rescheduled(marts, "2025-03-10 09:00")  # 15 + 9 = 24
    (alert,) = marts.rows(
        "select escalation_level, escalated_at, escalated_to_id, escalated_to_name, recipient_id from ops.alerts"
    )
    assert alert == (1, marts.as_of, "M1", "马经理", "S1")
    assert events(marts)[-1] == ("escalated", "unanswered")


def test_it_says_by_when_to_answer(marts: HandMarts) -> None:
    """24 hours of working days from Friday 09:00: 15 are left of the Friday, 9 come of the Monday. Whoever answers
    has no due time any more, and a rule of low severity has none."""
    rescheduled(marts, "2025-03-07 09:00", is_overrun=True, sla_days=14)
    due = "select due_at from ops.alerts where alert_key = ?"
    assert marts.rows(due, KEY) == [(marts.time("2025-03-10 09:00"),)]
    marts.add("interventions", intervention_id="I1", alert_key=KEY, action="snoozed",
              snoozed_until="2025-03-08 12:00", occurred_at="2025-03-07 10:00")  # fmt: skip
    rescheduled(marts, "2025-03-07 12:00")
    assert marts.rows(due, KEY) == [(None,)]
    rescheduled(marts, "2025-03-08 13:00")
    assert marts.rows(due, KEY) == [(marts.time("2025-03-11 00:00"),)], "a snooze over on Saturday: all of Monday"


def test_what_a_replay_raised_is_not_overdue_when_it_is_first_told(marts: HandMarts) -> None:
    """Opened in a replay on 3 March; the first live evaluation is two weeks later, and the clock starts there."""
    marts.go_to("2025-03-03 00:00")
    ensure_tables(marts.con)
    state = "select opened_at, escalation_level, due_at from ops.alerts"
    for at, is_replayed in (("2025-03-03 00:00", True), ("2025-03-10 00:00", True), ("2025-03-17 09:00", False)):
        marts.go_to(at)
        marts.clear("opportunity_state")
        marts.put("opportunity_state", opportunity_id="A", reschedules=3, technical_meetings=0)
        observe(marts.con, marts.run)
        advance(marts.con, marts.run, marts.as_of, is_replayed=is_replayed)
        if is_replayed:
            assert marts.rows(state) == [(marts.time("2025-03-03 00:00"), 0, None)]
    assert marts.rows(state) == [(marts.time("2025-03-03 00:00"), 0, marts.time("2025-03-18 09:00"))]
    rescheduled(marts, "2025-03-18 09:00")
    assert marts.rows("select escalation_level from ops.alerts") == [(1,)]


def test_moved_weekends_are_working_days(marts: HandMarts) -> None:
    rescheduled(marts, "2025-09-26 12:00")  # a Friday; Sunday 28 September 2025 is worked for the National Day week
    rescheduled(marts, "2025-09-28 12:00")
    assert marts.rows("select escalation_level from ops.alerts") == [(1,)]


def test_integer_keys_dealt_anew_do_not_confuse_alerts(marts: HandMarts) -> None:
    rescheduled(marts)
    marts.go_to("2025-03-06 08:00")
    marts.clear("opportunity_state")
    marts.put("opportunity_state", opportunity_id="A0", opportunity_key=1, technical_meetings=1)
    marts.put("opportunity_state", opportunity_id="A", opportunity_key=2, reschedules=3, technical_meetings=0)
    evaluate(marts.con, marts.run, marts.as_of)
    assert marts.rows("select alert_key, status, opportunity_key from ops.alerts") == [(KEY, "open", 2)]


def test_stepping_only_what_may_change_equals_stepping_everything(tmp_path: Path) -> None:
    """Twenty-five evaluations of a random company, half of the answers late: both ways end in the same tables."""
    results = []
    for is_exhaustive in (False, True):
        marts = HandMarts(tmp_path, as_of="2025-03-03 09:00")
        ensure_tables(marts.con)
        chance = random.Random(7)
        for _ in range(25):
            _random_day(marts, chance)
            observe(marts.con, marts.run)
            advance(marts.con, marts.run, marts.as_of, is_exhaustive=is_exhaustive)
        results.append(everything(marts))
    assert results[0] == results[1]
    statuses = {row[5] for row in results[0][0]}
    assert statuses >= {"resolved", "acknowledged", "snoozed"}, "the company must be lively enough to prove something"


def _random_day(marts: HandMarts, chance: random.Random) -> None:
    at: datetime = marts.as_of + timedelta(hours=chance.choice([6, 18, 30]))
    marts.go_to(at.strftime("%Y-%m-%d %H:%M"))
    marts.clear("opportunity_state")
    for name in "ABCDEF":
        silent = chance.choice([1, 16, 31])
        marts.put(
            "opportunity_state",
            opportunity_id=name,
            status=chance.choice(["open", "open", "open", "lost"]),
            stage=chance.choice(["quotation", "solution_demo"]),
            reschedules=chance.choice([1, 3]),
            technical_meetings=chance.choice([0, 0, 1]),
            silent_days=silent,
            last_activity_at=(at - timedelta(days=silent)).strftime("%Y-%m-%d %H:%M"),
            p_fail=chance.choice([0.2, 0.7]),
        )
    if chance.random() < 0.5:
        name = chance.choice("ABCDEF")
        given = at - timedelta(hours=chance.choice([1, 40]))
        marts.add(
            "interventions",
            intervention_id=f"I{at}",
            opportunity_id=name,
            action=chance.choice(["acknowledged", "joint_visit", "snoozed"]),
            snoozed_until=chance.choice([None, (at + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")]),
            occurred_at=given.strftime("%Y-%m-%d %H:%M"),
            recorded_at=at.strftime("%Y-%m-%d %H:%M"),
        )
