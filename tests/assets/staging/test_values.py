"""Written values: dates, numbers, maps and lists as strangers write them, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.staging.values import Column, Habits, add_steps, compile_value
from assets.warehouse import connect_memory, run_script
from data_contracts.mapping_values import Value
from data_contracts.playbook import load_playbook
from data_contracts.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = connect_memory(Settings(), load_playbook("fmcg_five_stage"), datetime(2025, 1, 1, tzinfo=SHANGHAI))
    run_script(con, "assets.staging", "macros.sql")
    yield con
    con.close()


def read(
    con: duckdb.DuckDBPyConnection, text: str | None, target: str | None = None, **spec: Any
) -> tuple[Any, Any, bool]:
    """The value of a text, whether it is a day alone, whether it is a fault."""
    value = Value.model_validate({"column": "a", **spec})
    c = compile_value("x", value, {"a": Column('"a"')}, Habits("Asia/Shanghai"), target)
    sql = add_steps(f"select {', '.join(c.text_columns)} from (select ?::varchar as a)", [c])
    missed = '"m:x"' if c.missed else "false"
    row = con.execute(
        f"select x, is_day, missed or (has_reason and t is not null and x is null) from (select {c.value} as x,"
        f' {c.is_day} as is_day, {missed} as missed, {bool(c.reason)} as has_reason, "t:x" as t from ({sql}))',
        [text],
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def local(*parts: int, zone: str = "Asia/Shanghai") -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone))  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "dates", "instant", "is_day"),
    [
        ("2025-03-05", ["iso"], local(2025, 3, 5), True),
        ("2025-03-05 09:30", ["iso"], local(2025, 3, 5, 9, 30), False),
        ("2025-03-05T09:30:15.123", ["iso"], local(2025, 3, 5, 9, 30, 15, 123000), False),
        ("2025-03-05T09:30:15Z", ["iso"], local(2025, 3, 5, 9, 30, 15, zone="UTC"), False),
        ("2025-03-05T09:30:15.5+02:00", ["iso"], local(2025, 3, 5, 15, 30, 15, 500000), False),
        ("2025-03-05 09:30:15+0200", ["iso"], local(2025, 3, 5, 15, 30, 15), False),
        ("2025-03-05 09:30:15 +02", ["iso"], local(2025, 3, 5, 15, 30, 15), False),
        ("2025-03-05 09:30:15 -05:30", ["iso"], local(2025, 3, 5, 23, 0, 15), False),
        ("2025/3/5", None, local(2025, 3, 5), True),
        ("2025.3.5 9:30 PM", None, local(2025, 3, 5, 21, 30), False),
        ("2025年3月5日", None, local(2025, 3, 5), True),
        ("2025年03月05日 星期三 下午3点", None, local(2025, 3, 5, 15), False),
        ("2025年3月5日 9时5分30秒", None, local(2025, 3, 5, 9, 5, 30), False),
        ("2025年3月5日 上午12:05", None, local(2025, 3, 5, 0, 5), False),
        ("2025年3月5日中午12：30", None, local(2025, 3, 5, 12, 30), False),
        ("5.3.2025", ["dmy"], local(2025, 3, 5), True),
        ("05/03/25 21:30", ["dmy"], local(2025, 3, 5, 21, 30), False),
        ("3/5/2025 9:30:15 am", ["mdy"], local(2025, 3, 5, 9, 30, 15), False),
        ("20250305", ["compact"], local(2025, 3, 5), True),
        ("20250305093015", ["compact"], local(2025, 3, 5, 9, 30, 15), False),
        ("20250305T0930", ["compact"], local(2025, 3, 5, 9, 30), False),
        ("45000", ["excel"], local(2023, 3, 15), True),
        ("45000.416666667", ["excel"], local(2023, 3, 15, 10), False),
        ("1741138215", ["epoch_s"], local(2025, 3, 5, 9, 30, 15), False),
        ("1741138215123", ["epoch_ms"], local(2025, 3, 5, 9, 30, 15, 123000), False),
        ("1741138215123456", ["epoch_us"], local(2025, 3, 5, 9, 30, 15, 123456), False),
        ("1741138215123", ["epoch_s", "epoch_ms"], local(2025, 3, 5, 9, 30, 15, 123000), False),
        ("5-Mar-25", ["%d-%b-%y"], local(2025, 3, 5), True),
        ("Mar 5, 2025 9:30 PM", ["%b %d, %Y", "%b %d, %Y %I:%M %p"], local(2025, 3, 5, 21, 30), False),
        ("Mar 5, 2025", ["%b %d, %Y", "%b %d, %Y %I:%M %p"], local(2025, 3, 5), True),
        ("05 Mar 2025 09:30 +0200", ["%d %b %Y %H:%M %z"], local(2025, 3, 5, 15, 30), False),
        ("2025-03-05 09:30:15.123", ["%Y-%m-%d %H:%M:%S.%f"], local(2025, 3, 5, 9, 30, 15, 123000), False),
    ],
)
def test_dates_are_read(
    con: duckdb.DuckDBPyConnection, text: str, dates: list[str] | None, instant: datetime, is_day: bool
) -> None:
    spec = {} if dates is None else {"dates": dates}
    assert read(con, text, "TIMESTAMPTZ", **spec) == (instant, is_day, False)


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("2025-02-30", ["iso"]), ("infinity", ["iso"]), ("epoch", ["iso"]), ("today", ["iso"]), ("soon", None),
        ("2025-13-05", None), ("31.04.2025", ["dmy"]), ("2025年13月5日", None), ("5", ["excel"]),
        ("1741138215123", ["epoch_s"]), ("20251305", ["compact"]), ("13/25/2025", ["mdy"]), ("2025-03", ["iso"]),
        ("2025-03-05 25:00", ["iso"]), ("2025-03-05 BC", ["iso"]),
    ],
)  # fmt: skip
def test_what_is_no_date_is_a_fault(con: duckdb.DuckDBPyConnection, text: str, dates: list[str] | None) -> None:
    value, _, is_fault = read(con, text, "TIMESTAMPTZ", **({} if dates is None else {"dates": dates}))
    assert (value, is_fault) == (None, True)


def test_a_time_without_offset_is_in_the_zone_of_the_value(con: duckdb.DuckDBPyConnection) -> None:
    instant, _, _ = read(con, "2025-07-01 09:00", "TIMESTAMPTZ", timezone="Europe/Amsterdam")
    assert instant == local(2025, 7, 1, 15)


def test_precision_day_is_the_local_day(con: duckdb.DuckDBPyConnection) -> None:
    assert read(con, "2025-03-05T23:30:00Z", "TIMESTAMPTZ", precision="day")[:2] == (local(2025, 3, 6), True)


def test_a_date_column_takes_the_day_as_written(con: duckdb.DuckDBPyConnection) -> None:
    assert read(con, "2025年3月5日", "DATE")[0] == date(2025, 3, 5)


@given(st.datetimes(datetime(1995, 1, 1), datetime(2040, 12, 31)), st.integers(-12 * 4, 14 * 4))
@settings(max_examples=200, deadline=None)
def test_iso_instants_survive(con: duckdb.DuckDBPyConnection, naive: datetime, quarters: int) -> None:
    from datetime import timezone

    instant = naive.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    assert read(con, instant.isoformat(), "TIMESTAMPTZ", dates=["iso"])[0] == instant


EURO = {"thousands": ".", "decimal": ","}


@pytest.mark.parametrize(
    ("text", "number", "value"),
    [
        ("12300.50", {}, "12300.50"), ("12,300.50", {}, "12300.50"), ("¥12,300.50", {}, "12300.50"),
        ("￥ 12,300", {}, "12300"), ("12,300.50元", {}, "12300.50"), ("-5", {}, "-5"), ("+5", {}, "5"),
        ("(1,200)", {}, "-1200"), ("-¥5", {}, "-5"), ("USD 1,000", {}, "1000"), ("1,000 EUR", {}, "1000"),
        ("1.2万", {}, "12000"), ("3.5 亿元", {}, "350000000"), ("12.5%", {}, "0.13"), ("１２，３００", {}, "12300"),
        ("1.5k", {}, "1500"), (".5", {}, "0.50"), ("1e3", {}, "1000"), ("0", {}, "0"),
        ("1.234,50", EURO, "1234.50"), ("€ 1.234.567,89", EURO, "1234567.89"), ("1234,5", EURO, "1234.50"),
        ("1 234,50", {"thousands": " ", "decimal": ","}, "1234.50"), ("1'234.50", {"thousands": "'"}, "1234.50"),
        ("12", {"unit": 1000}, "12000"), ("85", {"unit": "0.01"}, "0.85"), ("7台", {"suffixes": {"台": 1}}, "7"),
        ("5箱", {"suffixes": {"箱": 12}}, "60"), ("1.234,50-", EURO, "-1234.50"), ("Rs. 1,00,000.50", {}, "100000.50"),
        ("₹ 12,34,567", {}, "1234567"), ("R$ 1.234,50", EURO, "1234.50"), ("HK$1,200", {}, "1200"),
        ("1 234,50 kr", {"thousands": " ", "decimal": ","}, "1234.50"), ("CHF 1'200.00", {"thousands": "'"}, "1200"),
        ("1\u202f234,50 €", {"thousands": " ", "decimal": ","}, "1234.50"), ("人民币12万元", {}, "120000"),
    ],
)  # fmt: skip
def test_numbers_are_read(con: duckdb.DuckDBPyConnection, text: str, number: dict[str, Any], value: str) -> None:
    assert read(con, text, "DECIMAL(18,2)", number=number) == (Decimal(value).quantize(Decimal("0.01")), False, False)


@pytest.mark.parametrize(
    ("text", "number"),
    [("12,30", {}), ("1,2,3", {}), ("1.234,50", {}), ("abc", {}), ("12 abc", {}), ("(5", {}), ("1-2", {}),
     ("1.234.5", EURO), ("12,300.50", EURO), ("9" * 40, {}), ("5箱", {}), ("1_000", {}), ("0x10", {}), ("NaN", {}),
     ("1,00,00", {}), ("FY25", {}), ("(5-)", {}), ("-5-", {}), ("12 XYZ", {})],
)  # fmt: skip
def test_what_is_no_number_is_a_fault(con: duckdb.DuckDBPyConnection, text: str, number: dict[str, Any]) -> None:
    assert read(con, text, "DECIMAL(18,2)", number=number)[::2] == (None, True)


@given(st.decimals(-(10**12), 10**12, places=2))
@settings(max_examples=200, deadline=None)
def test_grouped_amounts_survive(con: duckdb.DuckDBPyConnection, amount: Decimal) -> None:
    assert read(con, f"¥{amount:,.2f}".replace("¥-", "-¥"), "DECIMAL(18,2)")[0] == amount
    swapped = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert read(con, swapped, "DECIMAL(18,2)", number=EURO)[0] == amount


def test_a_value_map_quarantines_what_it_does_not_know(con: duckdb.DuckDBPyConnection) -> None:
    spec = {"values": {"赢单": "won", "作废": None}}
    assert read(con, "赢单", "VARCHAR", **spec)[::2] == ("won", False)
    assert read(con, "作废", "VARCHAR", **spec)[::2] == (None, False)
    assert read(con, "输单", "VARCHAR", **spec)[::2] == (None, True)
    assert read(con, None, "VARCHAR", **spec)[::2] == (None, False)


@pytest.mark.parametrize(
    ("otherwise", "value"), [("keep", "Other"), ("null", None), (None, None), ({"constant": "enter"}, "enter")]
)
def test_otherwise_says_what_becomes_of_the_rest(
    con: duckdb.DuckDBPyConnection, otherwise: Any, value: str | None
) -> None:
    assert read(con, "Other", "VARCHAR", values={"a": "b"}, otherwise=otherwise)[::2] == (value, False)


def test_value_maps_can_ignore_case_and_be_long(con: duckdb.DuckDBPyConnection) -> None:
    assert read(con, "closed WON", "VARCHAR", values={"Closed Won": "won"}, ignore_case=True)[0] == "won"
    long = {f"k{n}": f"v{n}" for n in range(200)}
    assert read(con, "k150", "VARCHAR", values=long)[::2] == ("v150", False)
    assert read(con, "k999", "VARCHAR", values=long)[::2] == (None, True)


def test_extract_default_first_of_and_constant(con: duckdb.DuckDBPyConnection) -> None:
    assert read(con, "客户：江北（南京）", "VARCHAR", extract="（(.+)）")[0] == "南京"
    assert read(con, None, "VARCHAR", default="visit")[0] == "visit"
    assert read(con, None, "TIMESTAMPTZ", default="2025-01-01")[0] == local(2025, 1, 1)


def test_lists_are_split_and_trimmed(con: duckdb.DuckDBPyConnection) -> None:
    assert read(con, "a.jpg; b.pdf;;", "VARCHAR[]", split=";")[0] == ["a.jpg", "b.pdf"]
    assert read(con, "a.jpg、b.pdf", "VARCHAR[]", split="、")[0] == ["a.jpg", "b.pdf"]


@pytest.mark.parametrize(
    ("text", "period"),
    [("2025", "2025"), ("2025年", "2025"), ("2025-3", "2025-03"), ("2025年3月", "2025-03"), ("202503", "2025-03"),
     ("2025Q1", "2025-Q1"), ("2025-q4", "2025-Q4"), ("2025年第一季度", "2025-Q1"), ("2025-13", None), ("Q1", None)],
)  # fmt: skip
def test_periods_are_read(con: duckdb.DuckDBPyConnection, text: str, period: str | None) -> None:
    assert con.execute("select staging.period_of(?)", [text]).fetchone() == (period,)


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [("2025", date(2025, 1, 1), date(2026, 1, 1)), ("2025-Q4", date(2025, 10, 1), date(2026, 1, 1)),
     ("2024-02", date(2024, 2, 1), date(2024, 3, 1))],
)  # fmt: skip
def test_a_period_ends_where_the_next_begins(
    con: duckdb.DuckDBPyConnection, period: str, start: date, end: date
) -> None:
    assert con.execute("select staging.period_start($1), staging.period_end($1)", [period]).fetchone() == (start, end)
