"""What an alert says to somebody with a phone in hand: what, whose, how much, why, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from assets.alerts.wording import Subject, Wording

ZH, EN = Wording("zh-CN", "CNY", 90), Wording("en", "CNY", 90)
OPPORTUNITY = {
    "customer": "上海宏华超市", "owner": "张伟", "stage": "solution_demo", "stage_zh": "方案演示",
    "stage_en": "Solution demonstrated", "dwell_days": 26.1, "silent_days": 8.2, "reschedules": 1,
    "technical_meetings": 0, "p_sign": 0.104,
    "next_actions": [{"zh": "样品试用", "en": "Sample trial"}],
}  # fmt: skip


def subject(rule: str, amount: int | None = 314_000, city: str | None = "上海", **facts: Any) -> Subject:
    since = datetime(2025, 12, 19, 9, tzinfo=UTC)
    return Subject(rule, "SJ1", city, "华东", None if amount is None else Decimal(amount), since, facts)


def test_an_overrun_says_where_since_when_whose_and_what_to_do() -> None:
    alert = subject("stage_overrun", **OPPORTUNITY, overrun_days=12.1, sla_days=14, sla_clock="calendar")
    assert ZH.title(alert) == "上海宏华超市：方案演示超期 12 天"
    assert ZH.body(alert).split("\n") == [
        "在“方案演示”已停留 26 天，时限 14 天，2025-12-19 起超期。",
        "负责人 张伟（上海）；金额 ¥31.4万，签约概率 10%",
        "原因：客户 8 天无互动；改约 1 次；未开技术对接会",
        "下一步：完成“样品试用”",
    ]
    assert EN.title(alert) == "上海宏华超市: Solution demonstrated overrun by 12 days"
    assert EN.body(alert).split("\n")[1] == "Owner: 张伟 (上海); At stake: ¥314K, 10% chance to sign"


def test_less_than_a_day_is_not_zero_days() -> None:
    alert = subject("stage_overrun", **OPPORTUNITY, overrun_days=0.4, sla_days=14, sla_clock="calendar")
    assert ZH.title(alert) == "上海宏华超市：方案演示超期 <1 天"


def test_what_was_left_out_on_the_way_is_what_to_make_up() -> None:
    missed = [{"zh": "终端摸底表", "en": "Store survey"}]
    alert = subject("action_missing", **OPPORTUNITY, left_without=missed, overdue=[])
    assert ZH.body(alert).split("\n")[0] == "推进时未完成：终端摸底表。"
    assert ZH.body(alert).split("\n")[-1] == "下一步：补做“终端摸底表”并上传证据"
    assert EN.body(alert).split("\n")[-1] == "Next: make up “Store survey” and hand in the evidence"


def test_a_risk_says_its_rank_by_what_can_be_saved() -> None:
    reasons = [{"zh": "改约 3 次", "en": "rescheduled 3 times"}]
    alert = subject("failure_risk", **OPPORTUNITY, p_fail=0.71, rank=2, risk_reasons=reasons, advised_zh="样品试用")
    assert ZH.body(alert).split("\n")[0] == "90 天内失败概率 71%；按可挽回金额列本主管第 2 位；当前方案演示。"
    assert ZH.body(alert).split("\n")[2] == "原因：改约 3 次"


def test_an_estimated_chance_is_never_told_as_certain() -> None:
    risk = subject("failure_risk", **OPPORTUNITY | {"p_sign": 0.004}, p_fail=0.996, rank=1, risk_reasons=[])
    assert EN.title(risk) == "上海宏华超市: failure risk >99%"
    assert "签约概率 <1%" in ZH.body(risk)
    region = subject("forecast_shortfall", scope_id="华东", period="2025-Q4", p_target_met=0.0, gap=1)
    assert ZH.title(region) == "华东 2025-Q4：达标概率 <1%"


def test_a_silent_city_says_its_usual_rate_without_rounding_it_to_nothing() -> None:
    facts = {"weeks_silent": 28, "silent_since": "2025-06-16", "p_silence": 0.311, "open_opportunities": 0}
    rare = subject("city_silent", None, expected_per_week=0.04, **facts)
    assert "此前平均每 25 周 1 家" in ZH.body(rare)
    assert "没有在跟商机" in ZH.body(rare)
    busy = subject("city_silent", None, expected_per_week=1.52, **facts)
    assert "此前平均每周 1.5 家" in ZH.body(busy)
    assert "before it 1.5 a week" in EN.body(busy)
    assert "—" not in ZH.body(rare) + EN.body(rare)


def test_a_text_from_the_data_is_told_as_it_is() -> None:
    """No markup and no formula is made or lost here: channels and exports see to that."""
    alert = subject("silent_customer", **{**OPPORTUNITY, "customer": "=1+1<b>"}, last_activity_on="2025-12-04")
    assert ZH.title(alert) == "=1+1<b>：已沉默 8 天"
