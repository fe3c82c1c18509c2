"""Reasons as a supervisor reads them."""

from __future__ import annotations

from typing import Any

import pytest

from assets.risk.words import Reason, Words
from data_contracts.playbook import load_playbook


@pytest.fixture(scope="module")
def words() -> Words:
    return Words(load_playbook("fmcg_five_stage"))


def said(words: Words, feature: str, value: float | None, usual: float | None, **row: Any) -> tuple[str, str]:
    entry = words.entry(Reason("group", feature, value, usual, 0.05), {"stage_no": 4, **row})
    return entry["zh"], entry["en"]


@pytest.mark.parametrize(
    ("feature", "value", "usual", "zh", "en"),
    [
        ("stage_days", 12.0, 5.0, "报价已发出12天（通常5天）", "quotation out 12 days (usually 5 days)"),
        ("silent_days", 1.0, 0.5, "已1天没有任何动静（通常0.5天）",
         "nothing has happened for 1 day (usually 0.5 days)"),
        ("reschedules", 3.0, 0.0, "已改约3次（通常0次）", "reschedules so far: 3 (usually 0)"),
        ("technical_meetings", 0.0, 1.0, "还没有开技术对接会（通常1次）", "no technical meeting yet (usually 1)"),
        ("activities_28d", 0.0, 6.0, "近四周没有任何活动（通常6次）", "no activity in the last four weeks (usually 6)"),
        ("amount", 743200.0, 83300.0, "预计金额743,200元（通常83,300元）",
         "expected amount 743,200 (usually 83,300)"),
        ("days_to_planned", None, 3.0, "没有约好下一次拜访", "no next visit arranged"),
        ("passed_quotation_sheet", 0.0, 1.0, "“报价单”还没有完成", "Quotation sheet: not done"),
    ],
)  # fmt: skip
def test_a_reason_in_both_languages(
    words: Words, feature: str, value: float | None, usual: float | None, zh: str, en: str
) -> None:
    assert said(words, feature, value, usual) == (zh, en)


def test_a_category_is_named_with_its_record(words: Words) -> None:
    zh, en = said(words, "channel", 0.78, 0.72, channel="现代商超")
    assert zh == "渠道“现代商超”的商机以往失败78%（通常72%）"
    assert en == "channel 现代商超: 78% failed in the past (usually 72%)"


@pytest.mark.parametrize(
    ("feature", "value", "usual", "is_plain"),
    [
        ("owner_lift", 1.083, 1.019, True),
        ("owner_lift", 1.021, 1.019, False),  # both read 1.02
        ("owner_lift", 1.06, 1.02, False),  # nearly the usual rate
        ("lead_source", 0.77, 0.70, True),
        ("office_lift", 0.91, 1.0, False),
        ("days_since_visit", 0.2, 5.0, False),  # visited this morning: no danger to anybody's eyes
        ("days_since_visit", 21.0, 5.0, True),
        ("activities_14d", 1.0, 5.0, True),
        ("reschedules", 2.0, 2.0, False),
        ("passed_quotation_sheet", 1.0, 0.0, False),  # nobody takes what was done for a danger
        ("passed_quotation_sheet", 0.0, 1.0, True),
        ("days_to_planned", None, 3.0, True),
    ],
)
def test_what_a_supervisor_would_not_take_for_a_reason_is_not_told(
    words: Words, feature: str, value: float | None, usual: float | None, is_plain: bool
) -> None:
    assert words.is_plain(Reason("group", feature, value, usual, 0.05)) is is_plain
