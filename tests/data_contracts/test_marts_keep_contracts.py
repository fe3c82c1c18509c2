"""Marts built from a random, messy history keep every promise of their contracts, whatever the as-of time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from data_contracts.contract import Contract, Rule, load_contract, names
from data_contracts.expectations import bad_rows_query, validate
from data_contracts.predicates import row_predicates
from tiny import Tiny

STAGES = ["first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed"]
CITIES = {"上海": "华东", "杭州": "华东", "成都": "西南", None: None}
START = datetime(2024, 9, 2, 9)


def history(tiny: Tiny, seed: int, opportunities: int) -> None:
    """Opportunities that skip, return, tie, close twice, reopen, lapse and are recorded late or ahead."""
    dice = random.Random(seed)
    reps = [f"R{n}" for n in range(6)]
    for n, rep in enumerate(reps):
        city = list(CITIES)[n % len(CITIES)]
        place = {"office": city, "city": city, "region": CITIES[city], "province": city}
        person = {"rep_id": rep, "rep_name": f"姓名{n}", "supervisor_id": "S1", "supervisor_name": "主管"}
        tiny.add("organisation", **person, **place, valid_to="2024-12-01")
        tiny.add("organisation", **{**person, **place, "city": "成都", "region": "西南"}, valid_from="2024-12-01")
    tiny.add(
        "targets", period="2025-Q1", period_start="2025-01-01", period_end="2025-04-01", scope="company", amount=90
    )
    tiny.add(
        "targets",
        period="2025-Q1",
        period_start="2025-01-01",
        period_end="2025-04-01",
        scope="city",
        scope_id="上海",
        amount=50,
    )
    for n in range(opportunities):
        one_opportunity(tiny, dice, f"OPP-{n:04}", dice.choice([*reps, None]))


def one_opportunity(tiny: Tiny, dice: random.Random, opportunity: str, rep: str | None) -> None:
    now = START + timedelta(days=dice.randrange(240), hours=dice.randrange(8))

    def at(when: datetime) -> str:
        return when.isoformat(sep=" ")

    def add(record: str, **values: Any) -> None:
        late = dice.choice([0, 0, 1, 60 * 24, 60 * 24 * 5])
        if record == "stage_events" and dice.random() < 0.05:
            late = -60 * 24
        values = {"opportunity_id": opportunity, "occurred_at": at(now), **values}
        tiny.add(record, recorded_at=at(now + timedelta(minutes=late)), **values)

    if dice.random() < 0.95:
        for _ in range(dice.choice([1, 1, 2])):
            amount = dice.choice([None, 0, dice.randrange(1, 10**6) / 100])
            created = at(now) if dice.random() < 0.9 else None
            customer = f"C{dice.randrange(40)}"
            add("opportunities", owner_id=rep, expected_amount=amount, created_at=created, customer_id=customer)
            now += timedelta(days=dice.choice([0, 3]))
    for _ in range(dice.randrange(9)):
        draw = dice.random()
        if draw < 0.5:
            add("stage_events", event="enter", stage=dice.choices(STAGES, [5, 4, 4, 3, 2])[0])
        elif draw < 0.6:
            add("stage_events", event="lost", lost_reason=dice.choice([None, "价格"]))
        elif draw < 0.67:
            add("stage_events", event="won")
        elif draw < 0.74:
            add("stage_events", event="reopened", stage=dice.choice([None, *STAGES]))
        elif draw < 0.8:
            add("signings", amount=dice.randrange(1, 10**6) / 100)
        elif draw < 0.9:
            status = dice.choice(["planned", "done", "rescheduled", "cancelled", "no_show"])
            where = {"latitude": 31.2, "longitude": 121.5} if dice.random() < 0.5 else {}
            moved = {"rescheduled_to": at(now + timedelta(days=9))} if status == "rescheduled" else {}
            kind = dice.choice(["visit", "technical_meeting", "demo", None])
            visit, linked = f"V{dice.randrange(60)}", dice.choice([opportunity, None])
            planned = at(now + timedelta(days=dice.choice([0, 20])))
            plan = {"status": status, "kind": kind, "planned_at": planned, "rep_id": rep, "customer_id": "C1"}
            add("visits", visit_id=visit, **{**plan, **where, **moved, "opportunity_id": linked})
        else:
            action = dice.choice(["store_survey", "technical_meeting", "quotation_sheet", "needs_minutes"])
            waived = {"waived_by": "S1"} if dice.random() < 0.2 else {}
            add("actions", action_code=action, evidence=dice.choice([None, "纪要.pdf"]), **waived)
        now += timedelta(days=dice.choice([0, 0, 1, 5, 12, 50]), minutes=dice.choice([0, 1]))


def built(seed: int, as_of: str) -> Tiny:
    """A warehouse with the marts of a random history, bad source rows set aside as the quarantine would."""
    tiny = Tiny(as_of=as_of)
    history(tiny, seed, opportunities=120)
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
