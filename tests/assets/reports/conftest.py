"""A company whose report has something in every section, with hostile names in its data."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assets.alerts.evaluate import ensure_tables
from assets.reports.data import report_data
from assets.reports.model import WeeklyReport
from data_contracts.settings import Settings
from data_contracts.texts import Name
from hand_marts import HandMarts

HOSTILE = "<script>alert(1)</script>&\"'{{7*7}}"
WEEK = date(2025, 9, 22)


def full_company(folder: Path) -> HandMarts:
    """As of 1 October 2025, the week of 22 September."""
    settings = Settings(company=Name(zh=f"晨曦{HOSTILE}", en=f"Dawn {HOSTILE}"))
    marts = HandMarts(folder, as_of="2025-10-01 09:00", settings=settings)
    ensure_tables(marts.con)
    for n, (entered, won) in enumerate(
        (("2024-09-20 09:00", None), ("2025-05-01 09:00", "2025-05-20 09:00"), ("2025-05-02 09:00", None),
         ("2025-09-10 09:00", "2025-09-24 09:00"), ("2025-09-12 09:00", "2025-09-18 09:00"))
    ):  # fmt: skip
        at, won_at = marts.time(entered), None if won is None else marts.time(won)
        stages = [at if n == 0 or won else None for n in range(5)]
        marts.put(
            "funnel_paths", opportunity_id=f"P{n}", cohort_at=at, reached_at=stages, observed_at=stages,
            is_direct=[False] * 5, furthest_stage_no=5 if won else 1, won_at=won_at,
        )  # fmt: skip
    for day, amount in (("2025-09-24 09:00", 120_000), ("2025-09-18 09:00", 100_000), ("2025-06-20 09:00", 5_000)):
        marts.add("signings", opportunity_id="P3", amount=amount, occurred_at=day)
    reasons = f'[{{"zh": "{HOSTILE[:25]}", "en": "=1+1"}}]'
    marts.put(
        "opportunity_state", opportunity_id="=cmd", customer_name=f"{HOSTILE} 13812341234", owner_name="@SUM(A1)",
        amount=80_000, p_fail=0.75, stage="quotation", risk_band="high", risk_reasons=reasons, is_overrun=True,
        next_required_actions=["credit_approval"], risk_method="model", city=HOSTILE, region=HOSTILE,
    )  # fmt: skip
    for scope, region in (("company", None), ("region", HOSTILE), ("region", "华南")):
        marts.put(
            "signing_target", period="2025-Q3", period_start="2025-07-01", period_end="2025-10-01", scope=scope,
            scope_id=region, target=1_000_000, signed=400_000, gap=600_000, elapsed_share=0.97, pace=0.41,
        )  # fmt: skip
        marts.con.execute(
            "insert into ml.forecast_quarter values (?, ?, '2025-Q3', 1e6, 4e5, 5e5, 4.5e5, 5.5e5, 0.02, 5e5)",
            [scope, region],
        )
    marts.con.execute("insert into ml.forecast values ('2025-09-29', 'company', null, 1, 0, 2, 10000, 8000, 15000)")
    marts.put(
        "city_signings", city=HOSTILE, region=HOSTILE, week_start=WEEK, is_complete=True, weeks_silent=4,
        p_silence=0.01, expected_per_week=1.2,
    )  # fmt: skip
    marts.put(
        "alert_outcomes", alert_key="stage_overrun|1|1", rule="stage_overrun", status="open", severity="high",
        episode=1, opened_at="2025-09-23 00:00", region=HOSTILE, responded_at="2025-09-23 04:12", response_hours=4.2,
        reporting_source_kind="excel", is_replayed=True,
    )  # fmt: skip
    marts.put(
        "recovered_value", period_type="all", scope="company", span_from="2025-07-01 00:00", span_to="2025-10-01 09:00",
        intervened_opportunities=10, scored_opportunities=10, signed_opportunities=4, gross=400_000,
        gross_scored=400_000, expected_anyway=250_000, incremental=150_000, cost=50_000, roi_gross=7.0,
        roi_incremental=2.0, payback_months=1.0,
    )  # fmt: skip
    marts.put(
        "transition_compliance", opportunity_id="A1", stage="solution_demo", action_code="sample_trial",
        verdict="missing", moved_at="2025-09-24 00:00", region=HOSTILE,
    )  # fmt: skip
    marts.put(
        "reporting_latency", record="visits", source_kind="excel", month=date(2025, 9, 1), records=50,
        recorded_p50_minutes=3120.0, recorded_p90_minutes=6000.0, share_within_15_minutes=0.02,
    )  # fmt: skip
    return marts


@pytest.fixture(scope="session")
def full_report(tmp_path_factory: pytest.TempPathFactory) -> WeeklyReport:
    """The report of the full company."""
    marts = full_company(tmp_path_factory.mktemp("company"))
    return report_data(marts.con, marts.run, WEEK)


@pytest.fixture(scope="session")
def empty_report(tmp_path_factory: pytest.TempPathFactory) -> WeeklyReport:
    """The report of a warehouse without any data."""
    marts = HandMarts(tmp_path_factory.mktemp("nobody"), as_of="2025-10-01 09:00")
    ensure_tables(marts.con)
    return report_data(marts.con, marts.run, WEEK)
