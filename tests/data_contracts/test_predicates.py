"""What the quarantine sets aside: one bad row for every row rule of the sources, and nothing of a good one."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.contract import load_contract, names
from data_contracts.odcs import Severity
from data_contracts.predicates import RowPredicate, row_predicates
from tiny import Tiny

DAY = "2025-03-03 09:00"
GOOD: dict[str, dict[str, Any]] = {
    "opportunities": {"opportunity_id": "A", "expected_amount": 100, "occurred_at": DAY, "created_at": DAY},
    "stage_events": {"opportunity_id": "A", "event": "enter", "stage": "quotation", "occurred_at": DAY},
    "visits": {
        "visit_id": "V",
        "kind": "demo",
        "status": "done",
        "occurred_at": DAY,
        "planned_at": DAY,
        "latitude": 31.2,
        "longitude": 121.5,
    },
    "actions": {"opportunity_id": "A", "action_code": "store_survey", "occurred_at": DAY},
    "signings": {"opportunity_id": "A", "amount": 100, "occurred_at": DAY},
    "interventions": {
        "intervention_id": "I",
        "action": "snoozed",
        "alert_key": "k",
        "occurred_at": DAY,
        "snoozed_until": "2025-03-09",
    },
    "aliases": {"what": "customer", "alias": "联华", "decision": "same", "settled_as": "K1", "occurred_at": DAY},
    "organisation": {"rep_id": "R1", "role": "rep", "valid_from": "2024-01-01", "valid_to": "2025-01-01"},
    "targets": {
        "period": "2025-Q1",
        "period_start": "2025-01-01",
        "period_end": "2025-04-01",
        "scope": "city",
        "scope_id": "上海",
        "amount": 5,
    },
    "costs": {
        "period": "2025-03",
        "period_start": "2025-03-01",
        "period_end": "2025-04-01",
        "category": "marketing",
        "item": "展会",
        "channel": "展会",
        "amount": 5,
    },
}


def broken(record: str, severity: Severity = "error", **values: Any) -> set[str]:
    """The rules that a good row of `record` breaks once `values` are changed."""
    tiny = Tiny(as_of="2025-04-01 00:00")
    contract = load_contract("sources", record)
    tiny.con.execute(f"create or replace table {contract.table} as from {contract.table}")  # lets null in
    tiny.add(record, **{**GOOD[record], **values})
    return {
        p.rule_id
        for p in row_predicates(contract, severity=severity)
        if tiny.rows(f"select * from {contract.table} where {p.bad_sql}")
    }


@pytest.mark.parametrize("record", names("sources"))
def test_a_good_row_breaks_nothing(record: str) -> None:
    assert broken(record) == set()


@pytest.mark.parametrize(
    ("record", "values", "rules"),
    [
        ("opportunities", {"opportunity_id": None}, {"opportunity_id_required", "opportunity_key_required"}),
        ("opportunities", {"expected_amount": "-0.01"}, {"expected_amount_range"}),
        ("opportunities", {"expected_amount": 0}, set()),
        ("opportunities", {"occurred_at": "1994-12-31 23:59:59"}, {"occurred_at_sane"}),
        ("opportunities", {"occurred_at": "1995-01-01 00:00"}, set()),
        ("opportunities", {"source_row": 0}, {"source_row_range"}),
        ("stage_events", {"event": "entered"}, {"event_accepted_values"}),
        ("stage_events", {"event": None}, {"event_required"}),
        ("stage_events", {"stage": "quotaton"}, {"stage_of_playbook"}),
        ("stage_events", {"stage": None}, {"enter_names_stage"}),
        ("stage_events", {"event": "won", "stage": None}, set()),
        ("stage_events", {"event": "reopened", "stage": None}, set()),
        ("stage_events", {"occurred_at": None, "recorded_at": DAY}, {"occurred_at_required"}),
        ("stage_events", {"occurred_at": "2041-01-01 00:00"}, {"occurred_at_sane"}),
        ("stage_events", {"occurred_at": DAY, "recorded_at": "2025-03-01 09:00"}, set()),  # recorded ahead
        ("visits", {"latitude": 90.5}, {"latitude_range"}),
        ("visits", {"latitude": float("nan")}, {"latitude_range"}),
        ("visits", {"longitude": -180.01}, {"longitude_range"}),
        ("visits", {"longitude": 180}, set()),
        ("visits", {"planned_at": "2205-03-03 09:00"}, {"planned_at_sane"}),
        ("visits", {"rescheduled_to": "0225-03-03 09:00"}, {"rescheduled_to_sane"}),
        ("visits", {"status": "finished"}, {"status_accepted_values"}),
        ("visits", {"kind": None}, set()),
        ("visits", {"kind": "dinner"}, {"kind_accepted_values"}),
        ("visits", {"recorded_at": "2025-03-03 08:59"}, {"done_before_recorded"}),
        ("visits", {"recorded_at": DAY}, set()),
        ("visits", {"recorded_at": "2025-03-03 08:59", "is_recorded_at_filled": True}, set()),
        ("visits", {"status": "planned", "recorded_at": "2025-03-01 09:00"}, set()),
        ("actions", {"action_code": None}, {"action_code_required"}),
        ("signings", {"amount": -1}, {"amount_range"}),
        ("signings", {"amount": None}, {"amount_required"}),
        ("interventions", {"action": "prayed"}, {"action_accepted_values"}),
        ("aliases", {"decision": "perhaps"}, {"decision_accepted_values"}),
        ("aliases", {"settled_as": None}, {"decision_complete"}),
        ("aliases", {"decision": "new", "settled_as": None}, set()),
        ("aliases", {"what": "dog"}, {"what_accepted_values"}),
        ("organisation", {"valid_to": "2024-01-01"}, {"validity_not_empty"}),
        ("organisation", {"valid_to": None, "valid_from": None}, set()),
        ("organisation", {"role": "boss"}, {"role_accepted_values"}),
        ("targets", {"period": "2025Q1"}, {"period_pattern"}),
        ("targets", {"period": "2025-13"}, {"period_pattern"}),
        ("targets", {"period": "2025"}, set()),
        ("targets", {"period_end": "2025-01-01"}, {"period_not_empty"}),
        ("targets", {"scope_id": None}, {"scope_named"}),
        ("targets", {"scope": "company", "scope_id": None}, set()),
        ("costs", {"amount": None}, {"amount_or_hours"}),
        ("costs", {"amount": None, "hours": 3}, set()),
        ("costs", {"hours": -1}, {"hours_range"}),
        ("costs", {"hours": float("nan")}, {"hours_range"}),  # no number is in no range
        ("costs", {"hours": float("inf")}, set()),
        ("costs", {"source_kind": "form", "source_rank": 5}, {"source_rank_range"}),
        ("costs", {"occurred_precision": "week"}, {"occurred_precision_accepted_values"}),
    ],
)
def test_a_bad_row_breaks_its_rule_and_no_other(record: str, values: dict[str, Any], rules: set[str]) -> None:
    assert broken(record, **values) == rules


@pytest.mark.parametrize(
    ("record", "values", "rules"),
    [
        ("stage_events", {"event": "won"}, {"outcome_names_no_stage", "opportunity_known"}),
        ("visits", {"latitude": None}, {"coordinates_in_pairs"}),
        ("visits", {"status": "rescheduled"}, {"reschedule_names_time"}),
        ("visits", {"landed_at": "2025-03-01 00:00"}, {"recorded_before_landed"}),
        ("actions", {"action_code": "dance"}, {"action_of_playbook", "opportunity_known"}),
        ("aliases", {"what": "rep"}, {"settled_as_known"}),
        (
            "signings",
            {"recorded_at": "2025-03-01"},
            {"signed_before_recorded", "opportunity_known", "contract_stage_entered"},
        ),
        ("interventions", {"alert_key": None}, {"answers_something"}),
        ("interventions", {"snoozed_until": DAY}, {"snoozed_into_future"}),
        ("organisation", {"supervisor_id": "R1"}, {"supervisor_is_another"}),
        ("organisation", {"supervisor_id": "R9"}, {"supervisor_id_known"}),
        ("targets", {"scope": "company"}, {"company_names_no_scope"}),
        ("costs", {"channel": None}, {"marketing_names_channel"}),
        ("opportunities", {"created_at": "1900-01-01"}, {"created_at_sane"}),
        ("opportunities", {"recorded_at": "2025-03-01", "created_at": DAY}, {"created_before_recorded"}),
    ],
)
def test_what_only_warns_is_not_set_aside(record: str, values: dict[str, Any], rules: set[str]) -> None:
    assert broken(record, **values) == set()
    assert broken(record, severity="warning", **values) == rules


def test_no_predicate_is_ever_null() -> None:
    """`not (bad)` keeps a row whose values are all null or unknown."""
    for record in names("sources"):
        contract = load_contract("sources", record)
        nulls = ", ".join(f"null::{c.type} as {c.name}" for c in contract.columns)
        tiny = Tiny(as_of="2025-04-01 00:00")
        for predicate in row_predicates(contract, severity=None):
            assert tiny.rows(f"select ({predicate.bad_sql}) is null from (select {nulls})") == [(False,)]


def test_a_predicate_names_what_it_needs() -> None:
    predicates = {p.rule_id: p for p in row_predicates(load_contract("sources", "visits"))}
    assert predicates["done_before_recorded"] == RowPredicate(
        rule_id="done_before_recorded",
        column=None,
        columns=("status", "occurred_at", "recorded_at", "is_recorded_at_filled"),
        severity="error",
        bad_sql="(status = 'done' and recorded_at < occurred_at and not is_recorded_at_filled) is true",
        reason=predicates["done_before_recorded"].reason,
    )
    assert predicates["latitude_range"].bad_sql == '("latitude" < -90 or "latitude" > 90) is true'


def test_only_the_rules_that_the_columns_allow() -> None:
    contract = load_contract("sources", "visits")
    some = row_predicates(contract, columns=["visit_id", "status", "latitude"])
    assert [p.rule_id for p in some] == [
        "visit_id_required",
        "status_required",
        "status_accepted_values",
        "latitude_range",
    ]
