"""What came of alerts, and what interventions brought in: figures worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assets.alerts.build import build_outcomes
from assets.alerts.evaluate import ensure_tables
from hand_marts import HandMarts

OPENED = "2025-01-06 00:00"


@pytest.fixture
def marts(tmp_path: Path) -> HandMarts:
    """As of 30 days after the alerts opened; a rep of Huadong who reports by Excel."""
    marts = HandMarts(tmp_path, as_of="2025-02-05 00:00")
    ensure_tables(marts.con)
    marts.add("organisation", rep_id="R1", supervisor_id="S1", city="杭州", region="华东", role="rep")
    return marts


def alert(marts: HandMarts, opportunity: str | None, **values: Any) -> None:
    """An alert that opened on 6 January, of 100,000 with p_sign 0.3, unless said otherwise."""
    row: dict[str, Any] = {
        "rule": "failure_risk", "subject_type": "opportunity", "subject_id": opportunity or "杭州", "episode": 1,
        "status": "open", "severity": "high", "pending_since": OPENED, "opened_at": OPENED, "updated_at": OPENED,
        "last_seen_at": OPENED, "escalation_level": 0, "opportunity_id": opportunity, "city": "杭州", "region": "华东",
        "recipient_id": "S1", "recipient_name": "沈主管", "amount_at_open": 100_000, "p_sign_at_open": 0.3,
        "p_fail_at_open": 0.6, "facts": "{}", "title_zh": "", "title_en": "", "body_zh": "", "body_en": "",
        "is_replayed": False, "is_inhibited": False, "answers": 0, **values,
    }  # fmt: skip
    row["alert_key"] = f"{row['rule']}|{row['subject_id']}|{row['episode']}"
    bound = [marts.time(v) if k.endswith(("_at", "_since")) and isinstance(v, str) else v for k, v in row.items()]
    marts.con.execute(f"insert into ops.alerts ({', '.join(row)}) values ({', '.join('?' * len(row))})", bound)


def sign(marts: HandMarts, opportunity: str, at: str, amount: int) -> None:
    marts.add("signings", opportunity_id=opportunity, amount=amount, occurred_at=at)


def signed_in_backtest(marts: HandMarts, *days: int, outcome: str = "signed") -> None:
    """Landmarks whose opportunity was signed (or failed) so many days later."""
    for day in days:
        marts.con.execute(
            "insert into ml.backtest_scores values (99, ?, 1, 0.5, 0.3, ?, ?::timestamptz + to_days(?), 'm')",
            [marts.time("2024-06-03 00:00"), outcome, marts.time("2024-06-03 00:00"), day],
        )


def value(marts: HandMarts, columns: str, where: str = "period_type = 'all' and scope = 'company'") -> Any:
    build_outcomes(marts.con)
    (row,) = marts.rows(f"select {columns} from marts.recovered_value where {where}")
    return row


def test_the_response_is_the_first_acknowledgement_or_intervention(marts: HandMarts) -> None:
    alert(marts, "A", acknowledged_at="2025-01-06 04:00", answered_at="2025-01-08 00:00")
    alert(marts, "B", answered_at="2025-01-06 06:00")
    alert(marts, "C", snoozed_at="2025-01-06 01:00")
    alert(marts, None, rule="city_silent", subject_type="city")
    build_outcomes(marts.con)
    assert marts.rows("select subject_id, response_hours from marts.alert_outcomes order by 1") == [
        ("A", 4.0), ("B", 6.0), ("C", None), ("杭州", None),
    ]  # fmt: skip
    assert value(marts, "alerts, responded, median_response_hours, alerted_opportunities") == (4, 2, 5.0, 3)


def test_what_never_opened_or_opened_later_is_no_outcome(marts: HandMarts) -> None:
    alert(marts, "A", opened_at=None, status="pending")
    alert(marts, "B", opened_at="2025-02-06 00:00")
    alert(marts, "C", answered_at="2025-02-06 00:00")
    build_outcomes(marts.con)
    assert marts.rows("select subject_id, answered_at from marts.alert_outcomes") == [("C", None)]


def test_the_reporting_route_is_how_most_visits_of_the_region_came(marts: HandMarts) -> None:
    for n, kind in enumerate(("excel", "excel", "form")):
        marts.add(
            "visits", visit_id=f"V{n}", rep_id="R1", status="done", occurred_at="2024-12-20 10:00", source_kind=kind
        )
    for n in range(5):
        marts.add("visits", visit_id=f"old{n}", rep_id="R1", status="done", occurred_at="2024-11-01 10:00")
    alert(marts, "A")
    build_outcomes(marts.con)
    assert marts.rows("select reporting_source_kind from marts.alert_outcomes") == [("excel",)]


def test_gross_is_what_was_signed_after_the_intervention(marts: HandMarts) -> None:
    alert(marts, "A", answered_at="2025-01-07 00:00")
    sign(marts, "A", "2025-01-20 10:00", 80_000)
    sign(marts, "A", "2025-02-01 10:00", 20_000)
    alert(marts, "B", answered_at="2025-01-21 00:00")
    sign(marts, "B", "2025-01-20 10:00", 70_000)  # before anybody intervened
    alert(marts, "C")  # nobody intervened
    sign(marts, "C", "2025-01-20 10:00", 60_000)
    figures = value(marts, "alerted_opportunities, intervened_opportunities, signed_opportunities, gross")
    assert figures == (3, 2, 1, 100_000)


def test_an_opportunity_counts_once_by_its_first_answered_alert(marts: HandMarts) -> None:
    alert(marts, "A", answered_at="2025-01-07 00:00")
    alert(marts, "A", rule="stage_overrun", answered_at="2025-01-09 00:00", p_sign_at_open=0.9)
    sign(marts, "A", "2025-01-20 10:00", 80_000)
    signed_in_backtest(marts, 10)
    assert value(marts, "gross, expected_anyway") == (80_000, 30_000)


def test_incremental_takes_off_what_would_have_been_signed_anyway_by_now(marts: HandMarts) -> None:
    """Of the backtest's signings within 90 days, 3 of 4 come within 30: 100,000 x 0.3 x 0.75 = 22,500 apiece."""
    signed_in_backtest(marts, 5, 20, 29, 80)
    alert(marts, "A", answered_at="2025-01-07 00:00")
    sign(marts, "A", "2025-01-20 10:00", 80_000)
    alert(marts, "B", answered_at="2025-01-07 00:00")
    figures = value(marts, "gross, gross_scored, expected_anyway, incremental")
    assert figures == (80_000, 80_000, 45_000, 35_000)


def test_only_what_was_still_open_at_the_intervention_could_have_been_signed_after_it(marts: HandMarts) -> None:
    """Half of the signings come before day 10, all by day 30; of the failures (as many landmarks) half before it, too.

    p = 0.3 (1 - 0.5) / (1 - 0.3 x 0.5 - 0.6 x 0.5) = 0.15 / 0.55.
    """
    signed_in_backtest(marts, 5, 20)
    signed_in_backtest(marts, 6, 40, outcome="failed")
    alert(marts, "A", answered_at="2025-01-16 00:00")
    (expected,) = value(marts, "expected_anyway")
    assert float(expected) == pytest.approx(100_000 * 0.15 / 0.55, abs=0.01)


def test_the_last_score_before_the_intervention_says_what_would_have_been_signed_anyway(marts: HandMarts) -> None:
    """Scored 0.3 at the alert and 0.6 on the Monday before somebody stepped in: 100,000 x 0.6, the horizon of 90 days
    counted from that Monday. A score of a Monday after is not known yet."""
    signed_in_backtest(marts, 60)
    marts.go_to("2025-06-01 00:00")
    alert(marts, "A", opportunity_key=marts.key("A"), answered_at="2025-01-22 00:00")
    for monday, p_sign in (("2025-01-13", 0.5), ("2025-01-20", 0.6), ("2025-01-27", 0.9)):
        marts.con.execute(
            "insert into ml.backtest_scores values (?, ?, 1, 0.2, ?, null, null, 'm')",
            [marts.key("A"), marts.time(f"{monday} 00:00"), p_sign],
        )
    sign(marts, "A", "2025-04-10 00:00", 80_000)  # 94 days from the alert, 80 from the score
    assert value(marts, "gross_scored, expected_anyway, incremental") == (80_000, 60_000, 20_000)


def test_between_days_the_share_accrues_evenly(marts: HandMarts) -> None:
    """A day and a half after the alert: of the signings on its second day (all there are) half have come."""
    marts.go_to("2025-01-07 12:00")
    signed_in_backtest(marts, 1)
    alert(marts, "A", answered_at="2025-01-06 06:00")
    assert value(marts, "expected_anyway") == (15_000,)


def test_once_the_horizon_has_passed_all_of_p_sign_counts_and_later_signings_do_not(marts: HandMarts) -> None:
    marts.go_to("2025-06-01 00:00")
    alert(marts, "A", answered_at="2025-01-07 00:00")
    sign(marts, "A", "2025-01-20 10:00", 50_000)
    sign(marts, "A", "2025-04-06 00:01", 40_000)  # a minute after the 90 days
    assert value(marts, "gross, gross_scored, expected_anyway, incremental") == (90_000, 50_000, 30_000, 20_000)


def test_a_young_alert_without_a_backtest_leaves_incremental_unknown_not_zero(marts: HandMarts) -> None:
    alert(marts, "A", answered_at="2025-01-07 00:00")
    sign(marts, "A", "2025-01-20 10:00", 80_000)
    figures = value(marts, "gross, expected_anyway, incremental, roi_incremental, payback_months")
    assert figures == (80_000, None, None, None, None)


def test_without_a_score_there_is_gross_and_no_incremental(marts: HandMarts) -> None:
    signed_in_backtest(marts, 5)
    alert(marts, "A", answered_at="2025-01-07 00:00", p_sign_at_open=None)
    sign(marts, "A", "2025-01-20 10:00", 80_000)
    figures = value(marts, "gross, scored_opportunities, gross_scored, expected_anyway, incremental")
    assert figures == (80_000, 0, 0, None, None)


def test_cost_roi_and_payback(marts: HandMarts) -> None:
    """January's 31,000 for the 26 days from the first alert: 26,000; February's 2,800 for 4 days: 400."""
    signed_in_backtest(marts, 5)
    alert(marts, "A", answered_at="2025-01-07 00:00")
    sign(marts, "A", "2025-01-20 10:00", 108_000)
    for period, end, amount in (("2025-01", "2025-02-01", 31_000), ("2025-02", "2025-03-01", 2_800)):
        marts.add(
            "costs", period=period, period_start=f"{period}-01", period_end=end, category="programme", item="licence",
            amount=amount,
        )  # fmt: skip
    marts.add(
        "costs", period="2025-01", period_start="2025-01-01", period_end="2025-02-01", category="marketing", item="x",
        amount=1_000_000,
    )  # fmt: skip
    gross, incremental, cost, roi_gross, roi, months = value(
        marts, "gross, incremental, cost, roi_gross, roi_incremental, payback_months"
    )
    assert (gross, incremental, cost) == (108_000, 78_000, 26_400)
    assert roi_gross == pytest.approx((108_000 - 26_400) / 26_400)
    assert roi == pytest.approx((78_000 - 26_400) / 26_400)
    assert months == pytest.approx(30 / 30.4375 * 26_400 / 78_000)


def test_no_cost_recorded_is_unknown_not_free(marts: HandMarts) -> None:
    signed_in_backtest(marts, 5)
    alert(marts, "A", answered_at="2025-01-07 00:00")
    sign(marts, "A", "2025-01-20 10:00", 80_000)
    assert value(marts, "cost, roi_gross, roi_incremental, payback_months") == (None, None, None, None)


def test_regions_and_periods_add_up_to_the_company(marts: HandMarts) -> None:
    signed_in_backtest(marts, 5)
    for name, region, opened in (
        ("A", "华东", OPENED),
        ("B", "华南", "2025-02-03 00:00"),
        ("C", "华东", "2025-02-03 00:00"),
    ):
        alert(marts, name, region=region, opened_at=opened, answered_at="2025-02-03 01:00")
        sign(marts, name, "2025-02-04 10:00", 10_000)
    total = value(marts, "gross, alerts")
    regions = marts.rows(
        "select sum(gross), sum(alerts) from marts.recovered_value where period_type = 'all' and scope = 'region'"
    )
    months = marts.rows(
        "select sum(gross), sum(alerts) from marts.recovered_value where period_type = 'month' and scope = 'company'"
    )
    assert [total] == regions == months == [(30_000, 3)]


def test_without_alerts_there_is_no_row(marts: HandMarts) -> None:
    assert build_outcomes(marts.con) == {"alert_outcomes": 0, "recovered_value": 0}
