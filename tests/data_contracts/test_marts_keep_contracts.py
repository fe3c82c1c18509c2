"""Marts built from a random, messy history keep every promise of their contracts, whatever the as-of time."""

from __future__ import annotations

from typing import Any

import pytest
from messy import messy_history

from data_contracts.contract import Contract, Rule, load_contract, names
from data_contracts.expectations import bad_rows_query, validate
from data_contracts.predicates import row_predicates
from tiny import Tiny


def built(seed: int, as_of: str) -> Tiny:
    """A warehouse with the marts of a random history, bad source rows set aside as the quarantine would."""
    tiny = Tiny(as_of=as_of)
    messy_history(tiny, seed, opportunities=120)
    for source, status in (("form", "no_show"), ("wechat", "done")):  # one visit, two stories
        told = {"source_kind": source, "status": status, "fact_key": 1, "occurred_at": "2024-09-01 10:00"}
        tiny.add("visits", visit_id=source, rep_id="R", customer_name="C", **told)
    for record in names("sources"):
        contract = load_contract("sources", record)
        for predicate in row_predicates(contract):
            tiny.con.execute(f"delete from {contract.table} where {predicate.bad_sql}")
    return tiny.build()


def contracts_of(tiny: Tiny) -> list[Contract]:
    """The contracts whose tables the mart step makes, and those of the sources."""
    made = {name for (name,) in tiny.rows("select table_name from duckdb_tables() where schema_name = 'marts'")}
    marts = [load_contract("marts", name) for name in names("marts") if name in made]
    assert len(marts) >= 15
    return [*marts, *(load_contract("sources", name) for name in names("sources"))]


def bad_rows(tiny: Tiny, contract: Contract, rule: Rule) -> list[tuple[Any, ...]]:
    return tiny.rows(f"with checked as (select * from {contract.table}) {bad_rows_query(contract, rule)}")


def broken(tiny: Tiny) -> dict[str, list[tuple[Any, ...]]]:
    """Every rule of severity error that is broken, with its bad rows."""
    return {
        f"{contract.table} {rule.rule_id}": rows
        for contract in contracts_of(tiny)
        for rule in contract.rules
        if rule.severity == "error" and rule.metric != "rowCount" and (rows := bad_rows(tiny, contract, rule))
    }


@pytest.fixture(scope="module")
def messy() -> Tiny:
    return built(seed=1, as_of="2025-04-01 00:00")


def test_a_messy_history_has_something_in_every_mart(messy: Tiny) -> None:
    for contract in contracts_of(messy):
        if contract.layer == "marts":
            assert messy.rows(f"select 1 from {contract.table} limit 1"), contract.table


def test_marts_of_a_messy_history_keep_their_contracts(messy: Tiny) -> None:
    assert broken(messy) == {}


@pytest.mark.parametrize(("seed", "as_of"), [(2, "2024-12-25 10:30"), (3, "2025-08-01 00:00"), (4, "2024-09-02 09:00")])
def test_marts_keep_their_contracts_at_any_time(seed: int, as_of: str) -> None:
    assert broken(built(seed, as_of)) == {}


def test_marts_of_nothing_keep_their_contracts() -> None:
    assert broken(Tiny(as_of="2025-04-01 00:00").build()) == {}


@pytest.mark.slow
def test_great_expectations_says_the_same_of_every_rule(messy: Tiny) -> None:
    contracts = contracts_of(messy)
    outcomes = {(o.table, o.rule_id): o for o in validate(messy.con, contracts)}
    for contract in contracts:
        for rule in contract.rules:
            outcome = outcomes[contract.table, rule.rule_id]
            assert not outcome.is_error, outcome.error
            if rule.metric != "rowCount":
                assert outcome.unexpected_count == len(bad_rows(messy, contract, rule)), rule.rule_id


# How each promise of a mart could be broken, and the rule that notices: table, change, rule.
BREACHES = [
    ("stage_spells", "stage_no = stage_no + 1", "stage_of_playbook"),
    ("stage_spells", "left_at = entered_at - interval 1 second where left_at is not null", "left_after_entered"),
    ("stage_spells", "is_censored = not is_censored", "open_means_not_left"),
    ("stage_spells", "exit = 'won' where exit = 'open'", "open_means_not_left"),
    ("stage_spells", "dwell_days = dwell_days + 1e-5", "dwell_is_exact"),
    ("stage_spells", "dwell_days = -1", "dwell_days_range"),
    ("stage_spells", "dwell_business_days = dwell_days + 1", "working_days_fit"),
    ("stage_spells", "is_overrun = not is_overrun", "overrun_follows_sla"),
    ("stage_spells", "next_stage = null where exit = 'advanced'", "move_names_next_stage"),
    ("stage_spells", "spell_no = spell_no + 1", "numbered_without_gap"),
    ("stage_spells", "left_at = left_at + interval 900 day where spell_no = 1", "spells_do_not_overlap"),
    ("stage_spells", "spell_no = 1", "key_unique"),
    ("opportunity_state", "stage = null where stage is not null", "stage_has_number"),
    ("opportunity_state", "furthest_stage_no = 0 where stage_no is not null", "furthest_not_before_stage"),
    ("opportunity_state", "closed_at = null where status <> 'open'", "closed_means_not_open"),
    ("opportunity_state", "won_at = null where status = 'won'", "status_has_its_time"),
    ("opportunity_state", "overrun_days = null where is_overrun", "overrun_has_days"),
    ("opportunity_state", "is_overrun = true where status = 'lost'", "only_open_is_overrun"),
    ("opportunity_state", "next_planned_at = getvariable('as_of')", "planned_in_future"),
    ("opportunity_state", "p_fail = 0.7, p_sign = 0.4", "probabilities_fit"),
    ("opportunity_state", "p_fail = 1.5", "p_fail_range"),
    ("opportunity_state", "opportunity_key = -opportunity_key", "every_spell_has_state"),
    ("funnel_paths", "reached_at = reached_at[1:3]", "one_entry_a_stage"),
    ("funnel_paths", "reached_at = list_reverse(reached_at)", "reached_is_monotone"),
    ("funnel_paths", "observed_at = list_transform(reached_at, lambda t: t - interval 1 day)", "observed_was_reached"),
    ("funnel_paths", "is_direct = list_transform(reached_at, lambda t: true)", "direct_was_observed"),
    ("funnel_paths", "cohort_at = cohort_at + interval 1 second", "cohort_is_first_reach"),
    ("funnel_paths", "furthest_stage_no = furthest_stage_no + 1", "furthest_is_last_reached"),
    ("funnel_paths", "outcome_at = null where outcome = 'lost'", "open_has_no_outcome_time"),
    ("funnel_paths", "failed_at = null where outcome = 'lapsed'", "failed_is_lost_or_lapsed"),
    ("funnel", "direct = observed + 1", "counts_nest"),
    ("funnel", "observed_mature = reached_mature + 1", "counts_nest"),
    ("funnel", "cohort_immature = cohort_immature + 1", "cohort_adds_up"),
    ("funnel", "rate_overall = coalesce(rate_overall, 0) / 2 + 0.01", "rate_is_share"),
    ("funnel", "rate_overall = 0 where cohort_mature = 0", "rate_is_share"),
    ("funnel", "rate_step = rate_step_high + 0.01", "rate_in_interval"),
    ("funnel", "reached = reached - 1 where stage_no = 1", "first_stage_is_cohort"),
    ("funnel", "reached = reached + 900 where stage_no = 5", "reached_does_not_grow"),
    ("funnel", "cohort = cohort + 1 where dimension = 'all'", "cohort_is_all_paths"),
    ("dwell", "completed = completed + 1", "spells_add_up"),
    ("dwell", "advanced = completed + 1", "counts_nest"),
    ("dwell", "median_days = p90_days + 1", "median_below_p90"),
    ("dwell", "mean_days = null", "nothing_completed_no_mean"),
    ("dwell", "km_median_days = km_median_high + 1", "km_in_interval"),
    ("dwell", "spells = spells + 1", "spells_are_all_spells"),
    ("funnel", "stage = 'quotation' where stage_no = 1", "stage_of_playbook"),
    ("dwell", "stage_no = 9", "stage_of_playbook"),
    ("transition_compliance", "stage = 'quote'", "stage_of_playbook"),
    ("reporting_latency", "month = month + 1", "month_is_first_day"),
    ("signing_target", "period_end = period_start", "period_not_empty"),
    ("transitions", "opportunities = transitions + 1", "counts_nest"),
    ("transitions", "kind = 'advance' where kind = 'rework'", "kind_follows_stages"),
    ("transitions", "kind = 'end' where kind = 'start'", "kind_follows_stages"),
    ("visits", "opportunity_key = null where opportunity_id is not null", "opportunity_has_key"),
    ("visits", "link = 'none' where opportunity_id is not null", "link_follows_opportunity"),
    ("visits", "done_at = null where status = 'done'", "done_has_time"),
    ("visits", "is_checked_in = true, done_at = null", "evidence_means_done"),
    ("transition_compliance", "is_met_before_move = true, is_met = false", "before_move_means_met"),
    ("transition_compliance", "verdict = 'pass' where not is_met_before_move", "pass_means_before_move"),
    ("transition_compliance", "verdict = 'waived', waived_by = null", "waived_names_who"),
    ("compliance", "required = required + 1", "required_adds_up"),
    ("compliance", "score = 50.5", "score_is_share"),
    ("compliance", "month = month + 1", "month_is_first_day"),
    ("reporting_latency", "recorded_p50_minutes = recorded_p90_minutes + 1", "p50_below_p90"),
    ("city_signings", "week_start = week_start + 1", "week_start_is_monday"),
    ("city_signings", "new_customers = signings + 1", "new_customers_signed"),
    ("city_signings", "week_start = week_start + 7 where week_start > '2025-02-01'", "weeks_without_gap"),
    ("signing_target", "gap = gap + 0.01", "gap_is_difference"),
    ("signing_target", "scope_id = null", "scope_named"),
    ("pipeline_movement", "closing = closing + 0.01", "opening_and_movements_are_closing"),
    ("pipeline_movement", "opening = opening + 0.01, closing = closing + 0.02", "closing_is_next_opening"),
    ("pipeline_movement", "week_start = week_start + 1", "week_start_is_monday"),
    ("opportunity_timeline", "seq = seq + 1", "numbered_without_gap"),
    ("stage_days", "stage_no = stage_no + 1", "stage_of_playbook"),
    ("stage_days", "stage_days = stage_days + 0.001", "sums_its_spells"),
    ("contradictions", "other_value = believed_value", "values_differ"),
    ("variants", "share = share / 2", "shares_add_up"),
    ("variants", "opportunities = opportunities + 1", "every_path_has_a_variant"),
]


@pytest.mark.parametrize(("table", "change", "rule_id"), BREACHES)
def test_a_broken_promise_is_noticed(messy: Tiny, table: str, change: str, rule_id: str) -> None:
    contract = load_contract("marts", table)
    (rule,) = [rule for rule in contract.rules if rule.rule_id == rule_id]
    messy.con.execute("begin")
    try:
        messy.con.execute(f"update {contract.table} set {change}")
        assert bad_rows(messy, contract, rule)
    finally:
        messy.con.execute("rollback")


def test_every_statement_of_a_mart_contract_is_tried(messy: Tiny) -> None:
    """What a contract of the mart step states in SQL of its own is broken above at least once."""
    tried = {(table, rule_id) for table, _, rule_id in BREACHES}
    stated = {
        (contract.name, rule.rule_id)
        for contract in contracts_of(messy)
        for rule in contract.rules
        if contract.layer == "marts" and rule.metric == "sql" and rule.severity == "error"
    }
    assert stated - tried == set()
