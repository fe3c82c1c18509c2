"""What each rule's query finds, at its threshold and just below, with the facts that the alert tells."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from assets.alerts.conditions import observe
from data_contracts.settings import Alerts, Settings
from hand_marts import HandMarts

AS_OF = "2025-04-07 00:00"  # a Monday


@pytest.fixture
def marts(tmp_path: Path) -> HandMarts:
    marts = HandMarts(tmp_path, as_of=AS_OF)
    for rep, city in (("R1", "杭州"), ("R2", "宁波")):
        marts.add(
            "organisation", rep_id=rep, rep_name=rep, supervisor_id="S1", supervisor_name="沈主管", city=city,
            region="华东", role="rep",
        )  # fmt: skip
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


def raised(marts: HandMarts, rule: str) -> dict[str, dict[str, Any]]:
    """Conditions of one rule by subject: severity, since, recipient, amount and the facts."""
    observe(marts.con, marts.run)
    rows = marts.rows(
        "select subject_id, severity, since, recipient_id, superior_id, amount, facts from alert_conditions"
        " where rule = ? order by 1",
        rule,
    )
    return {
        row[0]: {
            "severity": row[1], "since": row[2], "to": row[3], "above": row[4], "amount": row[5], **json.loads(row[6]),
        }
        for row in rows
    }  # fmt: skip


def test_stage_overrun_tells_since_when_and_doubles_are_grave(marts: HandMarts) -> None:
    usual = {"stage": "quotation", "sla_days": 7, "is_overrun": True}
    marts.put(
        "opportunity_state", opportunity_id="A", entered_at="2025-03-30 00:00", overrun_days=1, dwell_days=8, **usual
    )
    marts.put(
        "opportunity_state", opportunity_id="B", entered_at="2025-03-24 00:00", overrun_days=7, dwell_days=14, **usual
    )
    marts.put("opportunity_state", opportunity_id="C", stage="quotation", sla_days=7, dwell_days=7)
    found = raised(marts, "stage_overrun")
    assert list(found) == ["A", "B"]
    assert (found["A"]["severity"], found["B"]["severity"]) == ("medium", "high")
    assert found["A"]["since"] == marts.time("2025-04-06 00:00")
    assert (found["A"]["to"], found["A"]["above"]) == ("S1", "M1")
    assert (found["A"]["overrun_days"], found["A"]["sla_days"], found["A"]["stage_zh"]) == (1, 7, "报价")


def test_a_business_sla_is_overrun_at_least_since_as_many_days(marts: HandMarts) -> None:
    marts.put(
        "opportunity_state", opportunity_id="A", stage="contract_signed", sla_days=5, is_overrun=True, overrun_days=2,
        entered_at="2025-03-27 00:00",
    )  # fmt: skip
    assert raised(marts, "stage_overrun")["A"]["since"] == marts.time("2025-04-05 00:00")


def test_a_customer_is_silent_beyond_a_third_of_the_lapse_days(marts: HandMarts) -> None:
    """The playbook lapses after 45 days: silent after 15, grave after 30."""
    for name, days, last in (
        ("A", 14.9, "2025-03-23 02:00"),
        ("B", 15.1, "2025-03-22 21:00"),
        ("C", 31, "2025-03-07 00:00"),
    ):
        marts.put("opportunity_state", opportunity_id=name, silent_days=days, last_activity_at=last)
    marts.put("opportunity_state", opportunity_id="D", silent_days=40, status="won")
    found = raised(marts, "silent_customer")
    assert {name: c["severity"] for name, c in found.items()} == {"B": "medium", "C": "high"}
    assert found["C"]["lapses_at"] == "2025-04-21"
    assert found["C"]["since"] == marts.time("2025-03-22 00:00")


def test_a_planned_visit_does_not_end_a_silence_but_is_told(marts: HandMarts) -> None:
    marts.put(
        "opportunity_state", opportunity_id="A", silent_days=20, last_activity_at="2025-03-18 00:00",
        next_planned_at="2025-04-09 10:00",
    )  # fmt: skip
    assert raised(marts, "silent_customer")["A"]["next_planned_on"] == "2025-04-09"


def test_required_actions_are_missed_on_the_way_or_overdue(marts: HandMarts) -> None:
    usual = {"stage": "quotation", "sla_days": 7, "technical_meetings": 1}
    marts.put("opportunity_state", opportunity_id="A", dwell_days=2, **usual)
    marts.put(
        "transition_compliance",
        opportunity_id="A",
        stage="solution_demo",
        action_code="sample_trial",
        moved_at="2025-04-05 00:00",
    )
    marts.put("opportunity_state", opportunity_id="B", dwell_days=2, **usual)
    marts.put(
        "transition_compliance",
        opportunity_id="B",
        stage="solution_demo",
        action_code="sample_trial",
        moved_at="2025-03-23 00:00",
    )
    marts.put(
        "opportunity_state",
        opportunity_id="C",
        dwell_days=5.25,
        next_required_actions=["credit_approval"],
        entered_at="2025-04-01 18:00",
        **usual,
    )
    marts.put(
        "opportunity_state", opportunity_id="D", dwell_days=5.24, next_required_actions=["credit_approval"], **usual
    )
    marts.put(
        "transition_compliance",
        opportunity_id="C",
        stage="solution_demo",
        action_code="sample_trial",
        moved_at="2025-04-01 18:00",
        verdict="late",
    )
    found = raised(marts, "action_missing")
    assert list(found) == ["A", "C"], "B moved more than 14 days ago; D has not used 3/4 of its 7 days"
    assert found["A"]["left_without"] == [{"zh": "样品试用", "en": "Sample trial"}]
    assert found["A"]["overdue"] == []
    assert (found["A"]["to"], found["A"]["severity"]) == ("R1", "low"), "a reminder to the owner"
    assert found["C"]["overdue"] == [{"zh": "账期审批", "en": "Credit terms approved"}]
    assert found["C"]["left_without"] == [], "late is not missing"


RISKS = (
    # opportunity, supervisor, amount, p_fail, p_sign, and amount x p_fail x p_sign
    ("A", "S1", 100_000, 0.95, 0.01),  # 950: as good as lost
    ("B", "S1", 100_000, 0.60, 0.35),  # 21,000
    ("C", "S1", 400_000, 0.50, 0.40),  # 80,000
    ("D", "S1", None, 0.55, 0.40),  # 22,000 by the supervisor's median of 100,000
    ("E", "S2", 50_000, 0.40, 0.50),  # 10,000
    ("F", "S2", 900_000, 0.34, 0.60),  # below the floor
)


def _put_risks(marts: HandMarts) -> None:
    for name, supervisor, amount, p_fail, p_sign in RISKS:
        marts.put(
            "opportunity_state", opportunity_id=name, supervisor_id=supervisor, amount=amount, p_fail=p_fail,
            p_sign=p_sign, risk_band="medium",
        )  # fmt: skip


def test_failure_risk_spends_the_supervisors_budget_where_most_can_be_saved(tmp_path: Path) -> None:
    marts = HandMarts(tmp_path, AS_OF, settings=Settings(alerts=Alerts(weekly_budget=2)))
    _put_risks(marts)
    for name, amount in (("H", 10_000), ("I", 30_000), ("J", 20_000)):
        marts.put(
            "opportunity_state", opportunity_id=name, supervisor_id="S4", amount=amount, risk_band="high",
            risk_method="rules",
        )  # fmt: skip
    found = raised(marts, "failure_risk")
    assert {name: c["rank"] for name, c in found.items()} == {"C": 1, "D": 2, "E": 1, "I": 1, "J": 2}


def test_a_threshold_set_by_the_rule_alerts_whatever_the_rank(tmp_path: Path) -> None:
    rules = (files("data_contracts") / "rules" / "default.yaml").read_text(encoding="utf-8")
    (tmp_path / "rules").mkdir()
    text = rules.replace("{budget_floor: 0.35}", "{budget_floor: 0.35, p_fail: 0.6, weekly_budget: 1}")
    (tmp_path / "rules" / "default.yaml").write_text(text, encoding="utf-8")
    marts = HandMarts(tmp_path, AS_OF)
    _put_risks(marts)
    found = raised(marts, "failure_risk")
    assert {name: c["is_above_threshold"] for name, c in found.items()} == {
        "A": True,
        "B": True,
        "C": False,
        "E": False,
    }


def test_three_reschedules_without_a_technical_meeting(marts: HandMarts) -> None:
    for name, times, meetings in (("A", 3, 0), ("B", 2, 0), ("C", 9, 1)):
        marts.put("opportunity_state", opportunity_id=name, reschedules=times, technical_meetings=meetings)
    assert list(raised(marts, "rescheduled_no_technical_meeting")) == ["A"]


def test_a_city_is_silent_after_two_complete_weeks_with_its_surprise(marts: HandMarts) -> None:
    for city, weeks, p in (("杭州", 2, 0.018), ("宁波", 3, 0.2), ("温州", 2, 0.6), ("绍兴", 1, 0.01)):
        marts.put(
            "city_signings", city=city, region="华东", week_start="2025-03-31", is_complete=True, weeks_silent=weeks,
            expected_per_week=2, p_silence=p,
        )  # fmt: skip
    marts.put("city_signings", city="杭州", region="华东", week_start="2025-04-07", is_complete=False, weeks_silent=0)
    marts.put("opportunity_state", opportunity_id="A", amount=70_000, last_activity_at="2025-04-01 10:00")
    found = raised(marts, "city_silent")
    assert {city: c["severity"] for city, c in found.items()} == {"宁波": "medium", "杭州": "high", "温州": "low"}
    hangzhou = found["杭州"]
    assert (hangzhou["p_silence"], hangzhou["weeks_silent"], hangzhou["silent_since"]) == (0.018, 2, "2025-03-24")
    assert hangzhou["since"] == marts.time("2025-04-07 00:00")
    assert found["宁波"]["since"] == marts.time("2025-03-31 00:00"), "the second silent week ended then"
    assert (hangzhou["to"], hangzhou["amount"], hangzhou["open_opportunities"]) == ("M1", 70_000, 1)


def test_a_city_that_reported_and_stopped(marts: HandMarts) -> None:
    """Hangzhou reported on ten days and last on Monday 31 March; Ningbo went on until Sunday."""
    for day in range(17, 27):
        for rep in ("R1", "R2"):
            marts.add("visits", visit_id=f"{rep}{day}", rep_id=rep, status="done", occurred_at=f"2025-03-{day} 10:00")
    marts.add("visits", visit_id="last", rep_id="R1", status="done", occurred_at="2025-03-31 10:00")
    marts.add("visits", visit_id="goes on", rep_id="R2", status="done", occurred_at="2025-04-06 10:00")
    found = raised(marts, "city_no_data")
    assert list(found) == [], (
        "1 to 3 April are three working days (4 to 6 are the Qingming holiday): not more than three"
    )
    marts.go_to("2025-04-07 12:00")
    found = raised(marts, "city_no_data")
    assert list(found) == ["杭州"]
    assert found["杭州"]["quiet_working_days"] == 3.5
    assert (found["杭州"]["last_report_on"], found["杭州"]["active_days"]) == ("2025-03-31", 11)


def test_a_forecast_that_will_probably_miss_its_target(marts: HandMarts) -> None:
    for scope, scope_id, target, p in (
        ("company", None, 1e6, 0.34), ("region", "华东", 5e5, 0.05), ("region", "华南", 5e5, 0.35),
        ("city", "杭州", 1e5, 0.0),
    ):  # fmt: skip
        marts.con.execute(
            "insert into ml.forecast_quarter values (?, ?, '2025-Q2', ?, 2e5, 4e5, 3e5, 5e5, ?, 1e5)",
            [scope, scope_id, target, p],
        )
    marts.con.execute(
        "insert into ml.forecast_quarter values ('region', '西南', '2025-Q2', null, 2e5, 4e5, 3e5, 5e5, null, null)"
    )
    found = raised(marts, "forecast_shortfall")
    assert {subject: c["severity"] for subject, c in found.items()} == {
        "company 2025-Q2": "medium", "华东 2025-Q2": "high",
    }  # fmt: skip
    assert found["华东 2025-Q2"]["to"] == "M1"
    assert found["company 2025-Q2"]["to"] == "company"


def test_a_region_that_reports_late_with_its_slowest_teams(marts: HandMarts) -> None:
    for n in range(30):
        recorded = f"2025-04-0{3 + n % 3} 10:00"
        marts.add(
            "visits",
            visit_id=f"V{n}",
            rep_id="R1",
            status="done",
            occurred_at="2025-04-01 10:00",
            recorded_at=recorded,
            source_kind="excel",
        )
    found = raised(marts, "reporting_latency")
    assert list(found) == ["华东"]
    assert (found["华东"]["median_hours"], found["华东"]["records"], found["华东"]["source_kind"]) == (72, 30, "excel")
    assert found["华东"]["slowest_teams"] == ["沈主管"]
    assert found["华东"]["severity"] == "low"


def test_too_few_reports_say_nothing_of_latency(marts: HandMarts) -> None:
    for n in range(29):
        marts.add(
            "visits",
            visit_id=f"V{n}",
            rep_id="R1",
            status="done",
            occurred_at="2025-04-01 10:00",
            recorded_at="2025-04-05 10:00",
        )
    assert raised(marts, "reporting_latency") == {}


def test_a_source_that_pauses_longer_than_ever(marts: HandMarts) -> None:
    for day in range(10, 22):
        marts.add("visits", visit_id=f"V{day}", rep_id="R1", status="done", occurred_at=f"2025-03-{day} 10:00")
        marts.add(
            "visits",
            visit_id=f"W{day}",
            rep_id="R1",
            status="done",
            occurred_at=f"2025-03-{day} 10:00",
            source_kind="wechat",
        )
    marts.add(
        "visits", visit_id="now", rep_id="R1", status="done", occurred_at="2025-04-06 10:00", source_kind="wechat"
    )
    found = raised(marts, "source_quiet")
    assert list(found) == ["visits/form"]
    assert found["visits/form"]["last_record_on"] == "2025-03-21"
    assert found["visits/form"]["to"] == "company"


def test_nothing_is_raised_where_there_is_nothing(marts: HandMarts) -> None:
    assert observe(marts.con, marts.run) == 0
