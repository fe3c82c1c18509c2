"""Days and amounts as people say them: each rule by figures, and the arithmetic against a walk over the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.spoken_days import Towards, spoken_day, spoken_shift
from data_contracts.spoken_numbers import spoken_amount, spoken_integer

SENT = date(2025, 3, 12)  # a Wednesday; lunar 二月十三

SAID = {
    # text: (planned, happened)
    "今天": ("03-12", "03-12"), "今晚": ("03-12", "03-12"), "明天上午": ("03-13", "03-13"), "后天": ("03-14", "03-14"),
    "大后天": ("03-15", "03-15"), "昨天": ("03-11", "03-11"), "昨晚": ("03-11", "03-11"), "前天": ("03-10", "03-10"),
    "3天后": ("03-15", "03-15"), "三天后": ("03-15", "03-15"), "两周后": ("03-26", "03-26"), "过五天": ("03-17",
    "03-17"),
    "两天前": ("03-10", "03-10"), "一个星期后": ("03-19", "03-19"), "十二天以后": ("03-24", "03-24"),
    "周三": ("03-12", "03-12"), "周四": ("03-13", "03-06"), "周一": ("03-17", "03-10"), "周四下午": ("03-13", "03-06"),
    "星期日": ("03-16", "03-09"), "礼拜天": ("03-16", "03-09"), "周四下午3点半": ("03-13", "03-06"),
    "这周一": ("03-10", "03-10"), "本周日": ("03-16", "03-16"), "下周三": ("03-19", "03-19"), "下周日": ("03-23",
    "03-23"),
    "上周五": ("03-07", "03-07"), "上个星期一": ("03-03", "03-03"), "下下周二": ("03-25", "03-25"),
    "下个礼拜四 10:30": ("03-20", "03-20"), "上上周日": ("03-02", "03-02"), "周5": ("03-14", "03-07"),
    "5号": ("04-05", "03-05"), "12号": ("03-12", "03-12"), "15日": ("03-15", "02-15"), "31号": ("03-31", "01-31"),
    "二十号": ("03-20", "02-20"), "本月20号": ("03-20", "03-20"), "下个月3号": ("04-03", "04-03"),
    "上月28日": ("02-28", "02-28"), "月底": ("03-31", "02-28"), "这个月底": ("03-31", "03-31"), "下月底": ("04-30",
    "04-30"),
    "4月底": ("04-30", "04-30"), "上个月末": ("02-28", "02-28"),
    "3月5日": ("03-05", "03-05"), "3月5号": ("03-05", "03-05"), "3/5": ("03-05", "03-05"), "3.5": ("03-05", "03-05"),
    "3-15": ("03-15", "03-15"), "三月十五号": ("03-15", "03-15"), "３月５日": ("03-05", "03-05"),
    "2025.3.5": ("03-05", "03-05"), "2025年3月5日 下午3点": ("03-05", "03-05"), "25.3.5": ("03-05", "03-05"),
    "20250305": ("03-05", "03-05"), "2025-03-05T09:30": ("03-05", "03-05"), "2025-03-05 09:30:15": ("03-05", "03-05"),
    "3月5日(周三)": ("03-05", "03-05"), "3月14日 星期五": ("03-14", "03-14"), "今年3月5日": ("03-05", "03-05"),
    "二〇二五年三月五日": ("03-05", "03-05"), "3月5日上午": ("03-05", "03-05"),
    # 2025: 二月初一 is 28 February, 三月初一 29 March, 四月初一 28 April
    "初八": ("04-05", "03-07"), "农历二月十五": ("03-14", "03-14"), "三月初五": ("04-02", "04-02"),
    "正月十五": ("02-12", "02-12"), "除夕": ("01-28", "01-28"), "大年初三": ("01-31", "01-31"),
}  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_a_day_is_read_against_the_day_it_was_said(text: str) -> None:
    planned, happened = SAID[text]
    assert spoken_day(text, SENT, "plan") == date.fromisoformat(f"2025-{planned}")
    assert spoken_day(text, SENT, "happened") == date.fromisoformat(f"2025-{happened}")


@pytest.mark.parametrize(
    "text",
    ["", "周末", "下周", "月初", "月中", "节后", "年后", "2月30日", "2月29日", "2025-02-29", "13月1日", "0号", "32号",
     "周八",
     "2-3号", "周四五", "周三或周四", "过几天", "改天", "3月5日(周四)", "3月", "2025年", "近期", "下午", "3点",
     "客户不在", "45721",
     "9" * 50, "下个月31号", "99999天后", "底", "每周三", "顺延一周"],
)  # fmt: skip
def test_what_is_no_day_is_none(text: str) -> None:
    assert spoken_day(text, SENT, "plan") is None


def test_a_day_without_a_year_is_the_nearest() -> None:
    assert spoken_day("12月30日", date(2025, 1, 3), "happened") == date(2024, 12, 30)
    assert spoken_day("1月3日", date(2024, 12, 30), "plan") == date(2025, 1, 3)
    assert spoken_day("去年12月30日", SENT, "happened") == date(2024, 12, 30)
    assert spoken_day("2月29日", date(2024, 3, 1), "happened") == date(2024, 2, 29)
    assert spoken_day("5号", date(2024, 12, 30), "plan") == date(2025, 1, 5)
    assert spoken_day("上周五", date(2025, 1, 1), "happened") == date(2024, 12, 27)
    assert spoken_day("腊月廿八", date(2025, 1, 10), "plan") == date(2025, 1, 27)


def test_a_shift_counts_from_the_planned_day() -> None:
    assert spoken_day("顺延一周", SENT, "plan", planned=date(2025, 3, 20)) == date(2025, 3, 27)
    assert spoken_day("提前两天", SENT, "plan", planned=date(2025, 3, 20)) == date(2025, 3, 18)
    assert (spoken_shift("推迟3天"), spoken_shift("延后两个星期"), spoken_shift("推迟")) == (3, 14, None)


@settings(max_examples=60, deadline=None)
@given(
    sent=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    weekday=st.integers(0, 6),
    number=st.integers(1, 31),
    weeks=st.integers(-2, 2),
    plan=st.booleans(),
)
def test_the_arithmetic_is_a_walk_over_the_calendar(
    sent: date, weekday: int, number: int, weeks: int, plan: bool
) -> None:
    step = timedelta(1 if plan else -1)
    towards: Towards = "plan" if plan else "happened"

    def walk(is_it: object) -> date:
        day = sent
        while not is_it(day):  # type: ignore[operator]
            day += step
        return day

    name = "一二三四五六日"[weekday]
    assert spoken_day(f"周{name}", sent, towards) == walk(lambda d: d.weekday() == weekday)
    assert spoken_day(f"{number}号", sent, towards) == walk(lambda d: d.day == number)
    monday = sent
    while monday.weekday():
        monday -= timedelta(1)
    which = {-2: "上上", -1: "上", 0: "这", 1: "下", 2: "下下"}[weeks]
    assert spoken_day(f"{which}周{name}", sent, towards) == monday + timedelta(7 * weeks + weekday)


AMOUNTS = {
    "3.5万": "35000", "三万五": "35000", "3w5": "35000", "3万5": "35000", "3万5千": "35000", "3万5000": "35000",
    "约2万": "20000", "大概20万元左右": "200000", "12,300元": "12300", "￥１２００": "1200", "两千八百块": "2800",
    "十万": "100000",
    "十二万五": "125000", "一百二": "120", "一百二十": "120", "二十五": "25", "三万零五百": "30500", "1.2千": "1200",
    "15k": "15000",
    "两万半": "25000", "壹拾贰万叁仟元整": "123000", "1亿2千万": "120000000", "三块五": "3.5", "2万块钱": "20000",
    "一千零五": "1005", "0": "0", "零": "0", "5 000": "5000", "人民币3万": "30000", "四十八万六千": "486000",
    "3.5w": "35000",
}  # fmt: skip


@pytest.mark.parametrize("text", AMOUNTS)
def test_an_amount_is_read_as_said(text: str) -> None:
    assert spoken_amount(text) == Decimal(AMOUNTS[text])


@pytest.mark.parametrize(
    "text",
    ["", "两三万", "2-3万", "2~3万", "2万多", "几万", "上百万", "百万", "万", "三五千", "十来万", "2到3万", "一二",
     "1.2.3", "3万50",
     "客户", "3箱", "25元/箱", "1,23", "千万", "5万3万", "二百五千", "-5", "1" * 50, "3百2千"],
)  # fmt: skip
def test_what_is_no_one_number_is_none(text: str) -> None:
    assert spoken_amount(text) is None


@settings(max_examples=100, deadline=None)
@given(number=st.integers(1, 99_999_999))
def test_a_number_written_out_reads_back(number: int) -> None:
    assert spoken_integer(_written_out(number)) == number


def _written_out(number: int) -> str:
    """A whole number below 亿 in Chinese, as a school teaches it."""
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        return _written_out(high) + "万" + ("" if not low else ("零" if low < 1000 else "") + _written_out(low))
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if gap and text else "") + "零一二三四五六七八九"[digit] + name
        gap = not digit if text else False
    return text
