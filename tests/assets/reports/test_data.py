"""The report's figures against hand-written marts: what each is worth, and why one is missing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from assets.alerts.evaluate import ensure_tables
from assets.reports.data import last_complete_week, report_data
from assets.reports.model import Figure, WeeklyReport
from assets.reports.sentences import all_sentences
from assets.reports.words import Words
from hand_marts import HandMarts

WEEK = date(2025, 9, 22)  # 2025-W39, Monday to 28 September
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def marts(tmp_path: Path) -> HandMarts:
    """As of Wednesday 1 October 2025; the playbook's window is 90 days, so the mature cohort of the week entered from
    1 April to 30 June (91 days up to 28 September 24:00 less 90)."""
    marts = HandMarts(tmp_path, as_of="2025-10-01 09:00")
    ensure_tables(marts.con)
    return marts


def path(marts: HandMarts, name: str, entered: str, *, reached: int = 1, won: str | None = None, **more: Any) -> None:
    """An opportunity that entered then and came so far, each stage at once; won when given."""
    at = marts.time(entered)
    won_at = None if won is None else marts.time(won)
    stages = [at if n < reached or won is not None else None for n in range(5)]
    marts.put(
        "funnel_paths", opportunity_id=name, cohort_at=at, reached_at=stages, observed_at=stages,
        is_direct=[s is not None for s in stages], furthest_stage_no=5 if won else reached, won_at=won_at, **more,
    )  # fmt: skip


def report(marts: HandMarts, week: date = WEEK) -> WeeklyReport:
    return report_data(marts.con, marts.run, week)


def test_the_last_complete_week_has_ended_by_as_of() -> None:
    assert last_complete_week(datetime(2025, 10, 1, 9, tzinfo=SHANGHAI), SHANGHAI) == WEEK
    assert last_complete_week(datetime(2025, 9, 29, 0, 0, tzinfo=SHANGHAI), SHANGHAI) == WEEK
    assert last_complete_week(datetime(2025, 9, 28, 23, 59, tzinfo=SHANGHAI), SHANGHAI) == date(2025, 9, 15)
    utc_sunday = datetime(2025, 9, 28, 17, 0, tzinfo=ZoneInfo("UTC"))  # Monday 01:00 in Shanghai
    assert last_complete_week(utc_sunday, SHANGHAI) == WEEK


def test_a_week_begins_on_a_monday(marts: HandMarts) -> None:
    with pytest.raises(ValueError, match="not a Monday"):
        report(marts, date(2025, 9, 23))


def test_the_week_counts_entries_wins_failures_and_money_against_the_week_before(marts: HandMarts) -> None:
    path(marts, "old", "2024-09-01 09:00")
    path(marts, "A", "2025-09-22 00:00")
    path(marts, "B", "2025-09-28 23:59", failed_at="2025-09-28 23:59", outcome="lost")
    path(marts, "C", "2025-09-29 00:00")  # the next week's
    path(marts, "D", "2025-09-15 09:00", won="2025-09-25 09:00")  # 10 days
    path(marts, "E", "2025-09-05 09:00", won="2025-09-25 09:00")  # 20 days
    path(marts, "F", "2025-09-05 09:00", won="2025-09-18 09:00")  # won the week before, 13 days
    for name, day, amount in (("D", "2025-09-25 09:00", 60_000), ("F", "2025-09-18 09:00", 40_000)):
        marts.add("signings", opportunity_id=name, amount=amount, occurred_at=day)
    made = report(marts)
    shown = {c.key: (c.now.value, c.week_ago.value, c.year_ago.value) for c in made.performance}
    assert shown["entered"] == (2, 1, 0)
    assert shown["wins"] == (2, 1, 0)
    assert shown["failed"] == (1, 0, 0)
    assert shown["signed_amount"] == (60_000, 40_000, 0)
    assert shown["cycle"] == (15.0, 13.0, None)
    assert made.figure("cycle").year_ago.why == "why_no_win"
    assert (made.name, made.week_end) == ("2025-W39", date(2025, 9, 28))


def test_without_last_years_data_it_says_so_and_shows_no_zero(marts: HandMarts) -> None:
    path(marts, "A", "2025-03-01 09:00")
    marts.add("signings", opportunity_id="A", amount=1, occurred_at="2025-09-23 09:00")
    year_ago = [c.year_ago for c in report(marts).performance]
    assert {(figure.value, figure.why) for figure in year_ago} == {(None, "why_no_last_year")}


def test_without_signing_records_there_is_no_amount(marts: HandMarts) -> None:
    path(marts, "A", "2025-03-01 09:00", won="2025-09-25 09:00")
    figure = report(marts).figure("signed_amount").now
    assert (figure.value, figure.why) == (None, "why_no_signings")


def test_conversion_is_of_the_cohort_that_had_the_whole_window(marts: HandMarts) -> None:
    """Four entered on the cohort's first and last day; two of them won within 90 days of entry, one a second late."""
    path(marts, "A", "2025-04-01 00:00", won="2025-06-30 00:00")  # exactly 90 days
    path(marts, "B", "2025-04-01 00:00", won="2025-06-30 00:01")
    path(marts, "C", "2025-06-30 23:59", won="2025-07-01 09:00")
    path(marts, "D", "2025-06-30 23:59")
    path(marts, "too old", "2025-03-31 23:59", won="2025-04-02 09:00")
    path(marts, "too young", "2025-07-01 00:00", won="2025-07-02 09:00")
    now = report(marts).figure("conversion").now
    assert (now.value, now.of) == (0.5, 4)
    assert (now.low, now.high) == (pytest.approx(0.15, abs=0.001), pytest.approx(0.85, abs=0.001))  # Wilson 2/4


def test_an_empty_cohort_has_no_conversion(marts: HandMarts) -> None:
    path(marts, "A", "2025-09-23 09:00")
    now = report(marts).figure("conversion").now
    assert (now.value, now.why) == (None, "why_no_mature_cohort")


def test_a_months_rate_waits_until_all_its_opportunities_had_their_time(marts: HandMarts) -> None:
    """June ends on the 30th: mature on 28 September. July is not by 1 October, whatever was won of it."""
    path(marts, "A", "2025-06-10 09:00", won="2025-06-20 09:00")
    path(marts, "B", "2025-06-10 09:00")
    path(marts, "C", "2025-07-01 09:00", won="2025-07-02 09:00")
    months = {m.month: (m.cohort, m.rate.value, m.rate.why) for m in report(marts).months}
    assert months == {date(2025, 6, 1): (2, 0.5, None), date(2025, 7, 1): (1, None, "why_young")}


def test_the_funnel_leaks_by_stage_and_ends_in_the_win(marts: HandMarts) -> None:
    for n, reached in enumerate((1, 1, 2, 3)):
        path(marts, f"A{n}", "2025-05-01 09:00", reached=reached, failed_at="2025-06-01 09:00", outcome="lost")
    path(marts, "W", "2025-05-01 09:00", won="2025-05-20 09:00")
    path(marts, "before", "2025-02-01 09:00", reached=2)
    marts.put("opportunity_state", opportunity_id="O1", stage="quotation", is_overrun=True, amount=30_000)
    marts.put("opportunity_state", opportunity_id="O2", stage="quotation", amount=10_000)
    funnel = report(marts).funnel
    assert (funnel.cohort, funnel.cohort_before, funnel.why) == (5, 1, None)
    assert [stage.reached for stage in funnel.stages] == [5, 3, 2, 1, 1, 1]
    assert [stage.step_rate.value for stage in funnel.stages] == [None, 3 / 5, 2 / 3, 1 / 2, 1.0, 1.0]
    assert [stage.step_rate_before.value for stage in funnel.stages[:3]] == [None, 1.0, 0.0]
    assert [stage.failed_here.value for stage in funnel.stages] == [2, 1, 1, 0, 0, None]
    quotation = funnel.stages[3]
    assert (quotation.open_now.value, quotation.overrun_now.value, quotation.overrun_amount.value) == (2, 1, 30_000)
    assert funnel.stages[-1].name.en == "Won (outcome)"
    assert funnel.stages[-1].open_now.why == "why_outcome"


def test_the_target_is_of_the_quarter_that_holds_the_weeks_last_day(marts: HandMarts) -> None:
    for period, start, end in (("2025-Q3", "2025-07-01", "2025-10-01"), ("2025", "2025-01-01", "2026-01-01")):
        marts.put(
            "signing_target", period=period, period_start=start, period_end=end, scope="company", target=1_000_000,
            signed=400_000, gap=600_000, elapsed_share=0.99, pace=0.404,
        )  # fmt: skip
    marts.con.execute(
        "insert into ml.forecast_quarter values ('company', null, '2025-Q3', 1e6, 4e5, 5e5, 4.5e5, 5.5e5, 0.02, 5e5)"
    )
    targets = report(marts).targets
    assert targets.period == "2025-Q3"
    company = targets.company
    assert company is not None
    assert (company.forecast.value, company.forecast.low, company.forecast.high) == (500_000, 450_000, 550_000)
    assert (company.p_target_met.value, company.gap.value) == (0.02, 500_000)


def test_without_targets_or_a_forecast_it_says_so(marts: HandMarts) -> None:
    assert (report(marts).targets.company, report(marts).targets.why) == (None, "why_no_target")
    marts.put(
        "signing_target", period="2025-Q3", period_start="2025-07-01", period_end="2025-10-01", scope="company",
        target=1_000_000, signed=400_000, gap=600_000, elapsed_share=1.0,
    )  # fmt: skip
    company = report(marts).targets.company
    assert company is not None
    assert (company.forecast.why, company.pace.why) == ("why_quarter_over", "why_nothing_to_divide")


def test_the_running_weeks_forecast_is_the_rest_and_takes_in_what_is_signed(marts: HandMarts) -> None:
    marts.add("signings", opportunity_id="A", amount=7_000, occurred_at="2025-09-30 09:00")
    marts.con.execute("insert into ml.forecast values ('2025-09-29', 'company', null, 1, 0, 2, 10000, 8000, 15000)")
    weeks = report(marts).weeks
    assert len(weeks) == 27
    last = weeks[-1]
    assert (last.week_start, last.amount, last.low, last.high, last.is_forecast) == (
        date(2025, 9, 29), 17_000, 15_000, 22_000, True,
    )  # fmt: skip


def test_silent_cities_the_most_surprising_first(marts: HandMarts) -> None:
    for city, weeks, p in (("宁波", 2, 0.3), ("杭州", 4, 0.01), ("温州", 5, None), ("绍兴", 1, 0.001)):
        for back in (0, 1):
            marts.put(
                "city_signings", city=city, region="华东", week_start=WEEK - timedelta(weeks=back), is_complete=True,
                weeks_silent=weeks - back, p_silence=p, expected_per_week=None if p is None else 1.2,
            )  # fmt: skip
    made = report(marts)
    assert [(c.city, c.weeks) for c in made.silent_cities] == [("杭州", 4), ("宁波", 2), ("温州", 5)]
    assert made.cities == 4
    assert made.silent_before.value == 2
    said = all_sentences(Words(made, "en"))["cities"]
    assert said[0].startswith("3 of 4 cities (2 last week) have had no new customer for two weeks or more")
    assert said[1] == "New on the list this week: 宁波."
    # nothing is open there: that is an amount of nothing, not an unknown one
    assert [c.open_amount.value for c in made.silent_cities] == [0, 0, 0]
    assert made.silent_cities[-1].p_silence.why == "why_no_base"


def outcome(marts: HandMarts, n: int, opened: str, **values: Any) -> None:
    marts.put(
        "alert_outcomes",
        **{
            "alert_key": f"stage_overrun|{n}|1", "rule": "stage_overrun", "status": "open", "severity": "high",
            "opened_at": opened, "region": "华东", "episode": 1, **values,
        },
    )  # fmt: skip


def test_alerts_of_the_week_and_how_soon_regions_answer_by_route(marts: HandMarts) -> None:
    outcome(
        marts, 1, "2025-09-22 00:00", responded_at="2025-09-22 04:00", response_hours=4, reporting_source_kind="form"
    )
    outcome(marts, 2, "2025-09-28 23:00", reporting_source_kind="form", escalated_at="2025-09-30 00:00")
    outcome(
        marts, 3, "2025-09-21 23:00", responded_at="2025-09-23 19:00", response_hours=44, reporting_source_kind="excel"
    )
    outcome(
        marts, 4, "2025-06-29 00:00", responded_at="2025-06-29 01:00", response_hours=1, reporting_source_kind="form"
    )
    alerts = report(marts).alerts
    assert (alerts.opened, alerts.opened_before) == (2, 1)
    # answered in the week: the first after 4 hours, and last week's third after 44; in the week before none
    assert (alerts.responded, alerts.responded_before) == (2, 0)
    assert (alerts.response.value, alerts.response_before.why) == (24, "why_no_answer")
    (rule,) = alerts.rules
    assert (rule.name.zh, rule.opened, rule.opened_before, rule.escalated) == ("阶段超期", 2, 1, 1)
    assert (rule.responded, rule.response.value) == (2, 24)
    assert [(r.region, r.route, r.opened, r.responded, r.response.value) for r in alerts.regions] == [
        ("华东", "excel", 1, 1, 44), ("华东", "form", 2, 1, 4),
    ]  # fmt: skip
    assert [(r.route, r.response.value) for r in alerts.routes] == [("form", 4), ("excel", 44)]


def test_at_risk_by_expected_loss_with_reasons_and_the_next_action(marts: HandMarts) -> None:
    reasons = '[{"feature": "x", "zh": "改约3次", "en": "rescheduled 3 times"}]'
    for name, amount, p in (("A", 100_000, 0.5), ("B", 60_000, 0.9), ("C", None, 0.99)):
        marts.put(
            "opportunity_state", opportunity_id=name, amount=amount, p_fail=p, stage="quotation", risk_band="high",
            risk_reasons=reasons, next_required_actions=["credit_approval"], risk_method="model",
        )  # fmt: skip
    marts.put("opportunity_state", opportunity_id="D", amount=40_000, risk_band="unknown")
    risk = report(marts).risk
    assert [row.opportunity_id for row in risk.rows] == ["B", "A", "C"]
    first = risk.rows[0]
    assert (first.expected_loss.value, first.reasons[0].en) == (54_000, "rescheduled 3 times")
    assert first.next_action is not None
    assert first.next_action.zh == "账期审批"
    assert (risk.open_opportunities, risk.open_amount.value, risk.high, risk.high_amount.value) == (
        4,
        200_000,
        3,
        160_000,
    )
    assert risk.rows[2].expected_loss.why == "why_no_amount"


def recovered(marts: HandMarts, **values: Any) -> None:
    marts.put(
        "recovered_value",
        **{
            "period_type": "all", "scope": "company", "span_from": "2025-07-01 00:00", "span_to": "2025-10-01 09:00",
            "intervened_opportunities": 10, "scored_opportunities": 10, "signed_opportunities": 4, "gross": 400_000,
            "gross_scored": 400_000, "expected_anyway": 250_000, "incremental": 150_000, "cost": 50_000,
            "roi_gross": 7.0, "roi_incremental": 2.0, "payback_months": 1.0, **values,
        },
    )  # fmt: skip


def test_recovered_value_gross_beside_incremental_with_cost_and_payback(marts: HandMarts) -> None:
    recovered(marts)
    (whole,) = report(marts).recovered
    figures = (
        whole.gross,
        whole.incremental,
        whole.expected_anyway,
        whole.cost,
        whole.roi_gross,
        whole.roi_incremental,
    )
    assert [f.value for f in figures] == [400_000, 150_000, 250_000, 50_000, 7.0, 2.0]
    assert whole.payback.value == 1.0


@pytest.mark.parametrize(
    ("missing", "incremental", "roi", "payback"),
    [
        (
            {"cost": None, "roi_gross": None, "roi_incremental": None, "payback_months": None},
            None, "why_no_cost", "why_no_cost",
        ),
        ({"incremental": -5, "roi_incremental": -1.1, "payback_months": None}, None, None, "why_no_payback"),
        (
            {"expected_anyway": None, "incremental": None, "roi_incremental": None, "payback_months": None},
            "why_young_alerts", "why_young_alerts", "why_young_alerts",
        ),
        (
            {
                "expected_anyway": None, "incremental": None, "scored_opportunities": 0, "roi_incremental": None,
                "payback_months": None,
            },
            "why_no_p_sign", "why_no_p_sign", "why_no_p_sign",
        ),
    ],
)  # fmt: skip
def test_what_is_missing_of_recovered_value_says_why(
    marts: HandMarts, missing: dict[str, Any], incremental: str | None, roi: str | None, payback: str
) -> None:
    recovered(marts, **missing)
    (whole,) = report(marts).recovered
    assert (whole.incremental.why, whole.roi_incremental.why, whole.payback.why) == (incremental, roi, payback)


def test_what_the_acted_on_signed_in_the_week_counts_each_once(marts: HandMarts) -> None:
    """Two alerts of one opportunity were answered; it signed after the first answer, in the week. Another signed before
    its answer, a third the week before."""
    recovered(marts)
    for n, (name, answered) in enumerate(
        (("A", "2025-09-01 09:00"), ("A", "2025-09-10 09:00"), ("B", "2025-09-25 09:00"), ("C", "2025-09-01 09:00"))
    ):
        outcome(marts, n, "2025-08-30 00:00", opportunity_id=name, answered_at=answered)
    for name, day in (("A", "2025-09-24 09:00"), ("B", "2025-09-24 09:00"), ("C", "2025-09-21 23:59")):
        marts.add("signings", opportunity_id=name, amount=70_000, occurred_at=day)
    (whole,) = report(marts).recovered
    assert (whole.signed_in_week, whole.gross_in_week.value) == (1, 70_000)


def test_the_weeks_part_of_the_target_lies_in_both_week_and_quarter(marts: HandMarts) -> None:
    """The week of 29 September holds the first days of October: the quarter that holds its last day is the fourth."""
    marts.put(
        "signing_target", period="2025-Q4", period_start="2025-10-01", period_end="2026-01-01", scope="company",
        target=1_000_000, signed=5_000, gap=995_000, elapsed_share=0.01, pace=0.5,
    )  # fmt: skip
    for day, amount in (("2025-09-30 09:00", 7_000), ("2025-10-01 08:00", 5_000)):
        marts.add("signings", opportunity_id="A", amount=amount, occurred_at=day)
    targets = report(marts, date(2025, 9, 29)).targets
    assert (targets.period, targets.signed_in_week.value) == ("2025-Q4", 5_000)


def test_compliance_of_the_weeks_moves(marts: HandMarts) -> None:
    for n, (verdict, moved) in enumerate(
        (("pass", "2025-09-22 00:00"), ("late", "2025-09-23 00:00"), ("missing", "2025-09-24 00:00"),
         ("waived", "2025-09-24 00:00"), ("pass", "2025-09-15 00:00"), ("missing", "2025-09-29 00:00"))
    ):  # fmt: skip
        marts.put(
            "transition_compliance", opportunity_id=f"A{n}", stage="solution_demo", action_code="sample_trial",
            verdict=verdict, moved_at=moved, region="华东",
        )  # fmt: skip
    compliance = report(marts).compliance
    company, region = compliance.rows
    assert company.is_company
    assert (company.required, company.passed, company.late, company.missing) == (3, 1, 1, 1)
    assert (company.rate.value, company.rate_before.value) == (pytest.approx(1 / 3), 1.0)
    assert (region.region, region.required) == ("华东", 3)
    assert [(a.action.zh, a.required, a.missing, a.late) for a in compliance.missing] == [("样品试用", 3, 1, 1)]


def test_health_reads_the_ledger_and_says_where_there_is_none(marts: HandMarts) -> None:
    if report(marts).health.rows_read.value is None:
        assert report(marts).health.rows_read.why == "why_no_ledger"
    marts.con.execute("""
        create or replace table staging.ledger as
        select 1 as file_id, 100 as rows_read, 90 as accepted, 8 as quarantined, 2 as duplicates""")
    marts.put(
        "reporting_latency", record="visits", source_kind="excel", month=date(2025, 9, 1), records=50,
        recorded_p50_minutes=3120.0, recorded_p90_minutes=6000.0, share_within_15_minutes=0.02,
    )  # fmt: skip
    health = report(marts).health
    figures = (health.files, health.rows_read, health.accepted, health.quarantined, health.duplicates)
    assert [f.value for f in figures] == [1, 100, 90, 8, 2]
    (latency,) = health.latency
    assert (latency.median.value, latency.within_15_minutes.value, latency.median_before.why) == (
        52,
        0.02,
        "why_no_records",
    )


def test_an_empty_warehouse_still_makes_a_report(marts: HandMarts) -> None:
    made = report(marts)
    assert {c.now.why for c in made.performance} == {"why_no_data"}
    assert made.recovered == ()
    assert made.risk.why == "why_nothing_open"


def test_a_figure_has_a_value_or_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Figure(None, "count")
    with pytest.raises(ValueError, match="reason"):
        Figure(Decimal(1), "money", "why_no_amount")
