"""Opportunity state: status, the two clocks, reschedules, technical meetings, what is still to do."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from assets.marts.build import MARTS, build_marts
from assets.warehouse import scratch_as_of
from data_contracts.contract import load_contract
from tiny import Tiny

# What the state reads, and the ledger that must agree with it.
NEEDED = (*MARTS[: MARTS.index("funnel_paths") + 1], "actions_done", "pipeline_movement", "opportunity_state")


@pytest.fixture
def tiny() -> Tiny:
    """As of Tuesday 1 April 2025, midnight; lapse after 45 days."""
    return Tiny(as_of="2025-04-01 00:00")


def visit(tiny: Tiny, name: str, occurred: str, status: str = "done", **values: Any) -> None:
    tiny.add(
        "visits",
        **{"visit_id": name, "opportunity_id": "A", "status": status, "occurred_at": occurred, **values},
    )


def action(tiny: Tiny, code: str, occurred: str, evidence: str | None = None, **values: Any) -> None:
    tiny.add(
        "actions",
        **{"opportunity_id": "A", "action_code": code, "occurred_at": occurred, "evidence": evidence, **values},
    )


def state(tiny: Tiny, columns: str, opportunity: str = "A") -> tuple[Any, ...]:
    (row,) = tiny.build(*NEEDED).rows(
        f"select {columns} from marts.opportunity_state where opportunity_id = ?", opportunity
    )
    return row


def test_columns_are_the_contracts(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-20 09:00 | enter first_contact")
    tiny.build(*NEEDED)
    names = [name for (name,) in tiny.rows("select column_name from (describe marts.opportunity_state)")]
    assert names == list(load_contract("marts", "opportunity_state").column_names)


def test_an_open_opportunity(tiny: Tiny) -> None:
    tiny.add("organisation", rep_id="S1", rep_name="李强")
    tiny.add(
        "organisation", rep_id="R1", rep_name="王芳", supervisor_id="S1", office="沪一", city="上海", region="华东"
    )
    tiny.add(
        "opportunities",
        opportunity_id="A",
        customer_id="C1",
        owner_id="R1",
        expected_amount=1000,
        created_at="2025-03-12 00:00",
    )
    tiny.events("""
        A | 2025-03-12 12:00 | enter first_contact
        A | 2025-03-22 00:00 | enter quotation
    """)
    assert state(tiny, "status, stage, stage_no, furthest_stage_no, closed_at") == ("open", "quotation", 4, 4, None)
    # 20 days old; in quotation since 22 March 00:00, 10 days against an SLA of 7.
    assert state(tiny, "age_days, dwell_days, sla_days, is_overrun, overrun_days") == (20, 10, 7, True, 3)
    assert state(tiny, "amount, signed_amount, customer_id") == (1000, None, "C1")
    assert state(tiny, "owner_name, supervisor_name, office, city, region") == (
        "王芳",
        "李强",
        "沪一",
        "上海",
        "华东",
    )
    assert state(tiny, "p_fail, risk_band, model_id") == (None, None, None)


def test_exactly_at_the_sla_is_no_overrun(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-25 00:00 | enter quotation")
    assert state(tiny, "dwell_days, is_overrun, overrun_days") == (7, False, None)


def test_overrun_on_the_business_clock(tiny: Tiny) -> None:
    # Contract: 5 working days. From Monday 24 March 00:00 to Tuesday 1 April 00:00 are 8 days, 6 of them
    # working (Monday to Friday, and Monday).
    tiny.events("A | 2025-03-24 00:00 | enter contract_signed")
    assert state(tiny, "dwell_days, dwell_business_days, is_overrun, overrun_days") == (8, 6, True, 1)


def test_silent_and_overrun_are_two_clocks(tiny: Tiny) -> None:
    # In quotation for 31 days, but visited 4 days ago: long overrun, hardly silent.
    tiny.events("A | 2025-03-01 00:00 | enter quotation")
    visit(tiny, "V1", "2025-03-28 00:00")
    assert state(tiny, "dwell_days, overrun_days, silent_days") == (31, 24, 4)


@pytest.mark.parametrize("status", ["planned", "rescheduled", "cancelled", "no_show"])
def test_only_a_visit_done_is_activity(tiny: Tiny, status: str) -> None:
    tiny.events("A | 2025-03-01 00:00 | enter quotation")
    visit(tiny, "V1", "2025-03-28 00:00", status)
    assert state(tiny, "silent_days, visits_done") == (31, 0)


def test_activity_is_also_an_action_and_a_signing(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-01 00:00 | enter quotation")
    action(tiny, "quotation_sheet", "2025-03-20 00:00")
    assert state(tiny, "silent_days") == (12,)
    tiny.add("signings", opportunity_id="A", amount=10, occurred_at="2025-03-30 00:00")
    assert state(tiny, "silent_days, status") == (2, "won")


def test_a_planned_visit_resets_neither_clock_and_is_shown(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-11 00:00 | enter quotation")
    visit(tiny, "V1", "2025-03-30 09:00", "planned", planned_at="2025-04-20 10:00")
    visit(tiny, "V2", "2025-03-29 09:00", "planned", planned_at="2025-04-05 10:00")
    visit(tiny, "V2", "2025-03-30 09:00", "rescheduled", rescheduled_to="2025-04-12 10:00")
    visit(tiny, "V3", "2025-03-29 09:00", "planned", planned_at="2025-04-02 10:00")
    visit(tiny, "V3", "2025-03-30 09:00", "cancelled")
    visit(tiny, "V4", "2025-03-01 09:00", "planned", planned_at="2025-03-31 10:00")  # gone by
    assert state(tiny, "dwell_days, silent_days, strftime(next_planned_at, '%m-%d %H:%M')") == (21, 21, "04-12 10:00")


def test_a_missed_visit_with_a_new_time_is_planned(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-11 00:00 | enter quotation")
    visit(tiny, "V1", "2025-03-30 09:00", "no_show", rescheduled_to="2025-04-03 10:00")
    visit(tiny, "V2", "2025-03-30 09:00", "no_show", planned_at="2025-03-30 09:00")  # missed, and that was it
    assert state(tiny, "silent_days, reschedules, strftime(next_planned_at, '%m-%d')") == (21, 1, "04-03")


def test_reschedules_count_over_the_whole_life(tiny: Tiny) -> None:
    tiny.events("""
        A | 2025-02-01 00:00 | enter first_contact
        A | 2025-03-01 00:00 | lost price
        A | 2025-03-05 00:00 | reopened
    """)
    visit(tiny, "V1", "2025-02-02 09:00", "rescheduled", rescheduled_to="2025-02-10 09:00")
    visit(tiny, "V1", "2025-02-09 09:00", "rescheduled", rescheduled_to="2025-02-12 09:00")
    visit(tiny, "V1", "2025-02-12 09:00")
    visit(tiny, "V2", "2025-03-10 09:00", "no_show", rescheduled_to="2025-03-20 09:00", kind="call")
    assert state(tiny, "reschedules, visits_done") == (3, 1)


def test_an_unnamed_visit_counts_for_the_opportunity_it_was_linked_to(tiny: Tiny) -> None:
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", customer_id="C1", created_at="2025-03-01 00:00")
    visit(tiny, "V1", "2025-03-30 00:00", opportunity_id=None, rep_id="R1", customer_id="C1")
    assert state(tiny, "visits_done, silent_days") == (1, 2)


def test_technical_meetings_are_visits_done_or_the_action_with_its_evidence(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-01 09:00 | enter needs_confirmed")
    visit(tiny, "V1", "2025-03-05 09:00", kind="technical_meeting")
    visit(tiny, "V2", "2025-03-06 09:00", "planned", kind="technical_meeting", planned_at="2025-04-09 09:00")
    action(tiny, "technical_meeting", "2025-03-05 18:00", "minutes.pdf")  # the minutes of V1
    action(tiny, "technical_meeting", "2025-03-12 09:00", "minutes.pdf")  # held, without a visit of its own
    action(tiny, "technical_meeting", "2025-03-12 10:00", "photo.jpg")  # the same meeting
    action(tiny, "technical_meeting", "2025-03-13 09:00")  # no evidence
    action(tiny, "technical_meeting", "2025-03-14 09:00", waived_by="S1")
    assert state(tiny, "technical_meetings") == (2,)


def test_next_required_actions_are_the_open_stages_not_yet_proved_or_waived(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-25 09:00 | enter quotation")
    assert state(tiny, "next_required_actions") == (["quotation_sheet", "credit_approval", "signed_confirmation"],)
    action(tiny, "quotation_sheet", "2025-03-26 09:00", "报价单.pdf")
    action(tiny, "credit_approval", "2025-03-26 09:00")  # done, not proved
    action(tiny, "signed_confirmation", "2025-03-26 09:00", waived_by="S1")
    assert state(tiny, "next_required_actions") == (["credit_approval"],)
    action(tiny, "credit_approval", "2025-03-27 09:00", "审批.png")
    assert state(tiny, "next_required_actions") == ([],)


def test_a_closed_opportunity_owes_no_action_and_has_no_dwell(tiny: Tiny) -> None:
    tiny.events("""
        A | 2025-03-20 00:00 | enter quotation
        A | 2025-03-30 00:00 | lost price
    """)
    assert state(tiny, "status, stage, lost_reason, is_overrun") == ("lost", "quotation", "price", False)
    assert state(tiny, "dwell_days, overrun_days, next_required_actions") == (None, None, None)


def test_age_ends_with_the_closing_in_force(tiny: Tiny) -> None:
    tiny.add("opportunities", opportunity_id="A", created_at="2025-03-01 00:00")
    tiny.events("""
        A | 2025-03-02 00:00 | enter first_contact
        A | 2025-03-11 00:00 | lost price
    """)
    assert state(tiny, "age_days, lost_at = closed_at") == (10, True)


def test_without_stage_events_there_is_a_state_and_it_can_lapse_from_creation(tiny: Tiny) -> None:
    tiny.add("opportunities", opportunity_id="A", created_at="2025-02-15 00:00")  # + 45 days = 1 April 00:00
    tiny.add("opportunities", opportunity_id="B", created_at="2025-02-15 00:00:01")
    assert state(tiny, "status, stage, stage_no, age_days, silent_days, next_required_actions") == (
        "lapsed",
        None,
        None,
        45,
        None,
        None,
    )
    assert state(tiny, "status, closed_at, lapsed_at", "B") == ("open", None, None)


def test_unknown_creation_has_no_age_and_cannot_lapse_without_activity(tiny: Tiny) -> None:
    tiny.add("opportunities", opportunity_id="A")
    assert state(tiny, "status, age_days, silent_days") == ("open", None, None)
    visit(tiny, "V1", "2025-01-01 00:00")
    assert state(tiny, "status, age_days, silent_days") == ("lapsed", None, 90)


def test_an_opportunity_known_by_its_events_alone_has_a_row(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-20 00:00 | enter quotation")
    visit(tiny, "V1", "2025-03-20 00:00", opportunity_id="B")
    tiny.build(*NEEDED)
    assert tiny.rows("select opportunity_id, owner_id, amount from marts.opportunity_state order by 1") == [
        ("A", None, None),
        ("B", None, None),
    ]


def test_lapsed_and_back_keeps_the_stage_and_counts_the_lapse(tiny: Tiny) -> None:
    tiny.events("A | 2025-01-01 00:00 | enter quotation")
    visit(tiny, "V1", "2025-03-28 00:00")
    assert state(tiny, "status, lapses, stage, dwell_days, lapsed_at") == ("open", 1, "quotation", 90, None)


def test_rework_and_a_second_signing(tiny: Tiny) -> None:
    tiny.events("""
        A | 2025-03-01 00:00 | enter needs_confirmed
        A | 2025-03-05 00:00 | enter quotation
        A | 2025-03-09 00:00 | enter needs_confirmed
        A | 2025-03-20 00:00 | won
    """)
    tiny.add("signings", opportunity_id="A", amount=100, occurred_at="2025-03-20 00:00")
    tiny.add("signings", opportunity_id="A", amount=30, occurred_at="2025-03-25 00:00")
    assert state(tiny, "status, stage, reworks, signed_amount, strftime(won_at, '%m-%d')") == (
        "won",
        "needs_confirmed",
        1,
        130,
        "03-20",
    )


def test_owner_and_amount_are_those_in_force_now(tiny: Tiny) -> None:
    tiny.add("organisation", rep_id="R2", city="上海", valid_to=date(2025, 4, 1))
    tiny.add("organisation", rep_id="R2", city="苏州", valid_from=date(2025, 4, 1))
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", expected_amount=10, occurred_at="2025-03-01 00:00")
    tiny.add("opportunities", opportunity_id="A", owner_id="R2", expected_amount=20, occurred_at="2025-03-09 00:00")
    assert state(tiny, "owner_id, city, amount") == ("R2", "苏州", 20)


def test_risk_fields_come_from_the_scores_of_this_as_of_time(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-20 00:00 | enter quotation")
    insert = "insert into ml.scores values (1, 'A', ?, 90, ?, 0.2, 'high', '[]', 'quotation_sheet', 'model', 'm1')"
    tiny.con.execute(insert, [tiny.as_of, 0.7])
    tiny.con.execute(insert, [tiny.time("2025-03-25 00:00"), 0.1])
    assert state(tiny, "p_fail, p_sign, risk_band, risk_reasons, risk_next_action, risk_method, model_id") == (
        0.7,
        0.2,
        "high",
        "[]",
        "quotation_sheet",
        "model",
        "m1",
    )


def test_the_closing_of_the_pipeline_is_the_open_amount_of_the_state(tiny: Tiny) -> None:
    tiny.add("organisation", rep_id="R1", city="上海", region="华东")
    for name, amount, created in (("A", 100, "2025-03-01"), ("B", 20, "2025-01-01"), ("C", None, "2025-03-01")):
        tiny.add(
            "opportunities",
            opportunity_id=name,
            owner_id="R1",
            expected_amount=amount,
            created_at=f"{created} 00:00",
        )
    tiny.build(*NEEDED)
    # B lapsed in February.
    assert tiny.rows("select sum(amount) from marts.opportunity_state where status = 'open'") == [(100,)]
    assert tiny.rows(
        "select closing from marts.pipeline_movement where scope = 'region' order by week_start desc limit 1"
    ) == [(100,)]


def test_a_weeks_closing_is_the_open_amount_of_the_state_as_it_was_known_then(tiny: Tiny) -> None:
    # Nothing is recorded late here, so looking back must tell what looking then told; also of B, which
    # lapsed in February, came back in March, and was lost.
    for name, amount, created in (("A", 100, "2025-01-06"), ("B", 20, "2025-01-07"), ("C", 3, "2025-03-05")):
        tiny.add("opportunities", opportunity_id=name, expected_amount=amount, occurred_at=f"{created} 09:00")
    tiny.add("opportunities", opportunity_id="A", expected_amount=150, occurred_at="2025-02-05 09:00")
    tiny.events("""
        A | 2025-01-06 09:00 | enter first_contact
        A | 2025-02-05 09:00 | enter quotation
        A | 2025-03-10 00:00 | won
        B | 2025-01-07 09:00 | enter first_contact
        B | 2025-03-04 09:00 | enter quotation
        B | 2025-03-20 09:00 | lost price
        C | 2025-03-05 09:00 | enter first_contact
    """)
    tiny.build(*NEEDED)
    closings = tiny.rows(
        "select week_start, closing from marts.pipeline_movement where scope = 'company' order by week_start"
    )
    assert [int(closing) for _, closing in closings] == [120] * 4 + [170] * 2 + [150] * 2 + [173, 23, 3, 3, 3]
    # the weeks of the lapse, the return, the win and the loss
    for week, closing in (closings[n] for n in (6, 8, 9, 10)):
        end = datetime.combine(week + timedelta(days=7), datetime.min.time(), tiny.zone)
        with scratch_as_of(tiny.con, end - timedelta(microseconds=1)):
            build_marts(tiny.con, NEEDED)
            assert tiny.rows("select coalesce(sum(amount), 0) from marts.opportunity_state where status = 'open'") == [
                (closing,)
            ]
