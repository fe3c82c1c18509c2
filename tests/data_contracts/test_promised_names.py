"""What users were promised by name: the tables and columns that reports, pages and other people's queries rest on.

A column taken away or renamed breaks them; this list says so before they find out.
"""

from __future__ import annotations

import re

import pytest

from data_contracts.contract import load_contract, names

SOURCES = {
    "opportunities": "customer_id office owner_id product_line channel lead_source expected_amount created_at",
    "stage_events": "stage event actor_id lost_reason",
    "visits": "visit_id rep_id customer_id kind status planned_at rescheduled_to latitude longitude note attachments",
    "actions": "action_code evidence",
    "signings": "amount contract_no",
    "interventions": "alert_key supervisor_id action",
    "aliases": "what scope alias decision settled_as decided_by",
    "organisation": "rep_id supervisor_id office city province region valid_from valid_to",
    "targets": "period scope scope_id amount",
    "costs": "period category amount hours",
}
WITHOUT_OPPORTUNITY = {"aliases", "organisation", "targets", "costs"}
MARTS = {
    "stage_spells": "opportunity_id spell_no stage stage_no entered_at left_at exit dwell_days dwell_business_days"
    " sla_days is_overrun is_rework is_tied owner_id office city region",
    "opportunity_state": "opportunity_id stage status entered_at age_days dwell_days silent_days lapses reschedules"
    " last_activity_at next_planned_at next_required_actions amount owner_id supervisor_id city region p_fail p_sign",
    "funnel_paths": "opportunity_id cohort_at reached_at observed_at furthest_stage_no outcome region city owner_id",
    "funnel": "period_type period_start dimension value stage_no stage cohort reached cohort_mature reached_mature"
    " rate_overall rate_step",
    "dwell": "dimension value stage spells completed censored mean_days median_days p90_days km_median_days"
    " km_median_low km_median_high",
    "stage_days": "opportunity_id stage stage_days",
    "transitions": "from_stage to_stage transitions median_days",
    "variants": "steps opportunities share coverage",
    "reporting_latency": "recorded_p50_minutes recorded_p90_minutes landed_p50_minutes landed_p90_minutes"
    " share_within_15_minutes",
    "compliance": "owner_id month passed required score kpi_points",
    "transition_compliance": "is_met has_evidence is_met_before_move verdict waived_by",
    "city_signings": "city week_start signings weeks_silent expected_per_week p_silence",
    "signing_target": "period scope target signed gap",
    "pipeline_movement": "scope opening new increased decreased won lost lapsed moved_in moved_out closing",
    "visits": "visit_id opportunity_id link reschedules status",
}


@pytest.mark.parametrize("record", SOURCES)
def test_a_record_has_its_columns_its_times_and_its_source(record: str) -> None:
    columns = load_contract("sources", record).column_names
    own = SOURCES[record].split() + ([] if record in WITHOUT_OPPORTUNITY else ["opportunity_id"])
    times = ["occurred_at", "recorded_at", "is_recorded_at_filled", "landed_at"]
    assert set(own + times + ["source_kind", "file_id", "source_row", "mapping"]) - set(columns) == set()
    assert set(SOURCES) == set(names("sources"))


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_has_its_columns(mart: str) -> None:
    assert set(MARTS[mart].split()) - set(load_contract("marts", mart).column_names) == set()


@pytest.mark.parametrize("mart", names("marts"))
def test_a_mart_says_what_it_means_in_both_languages(mart: str) -> None:
    contract = load_contract("marts", mart)
    for explained in (contract, *contract.columns):
        chinese, english = explained.explain("zh-CN"), explained.explain("en")
        assert re.search(r"[\u4e00-\u9fff]|%", chinese), f"{explained.name}: {chinese}"
        assert english.isascii() or "…" in english, f"{explained.name}: {english}"
        assert english.endswith((".", "…")), f"{explained.name}: {english}"
        assert chinese.endswith(("。", "…")), f"{explained.name}: {chinese}"
