"""Days in cells read against a day, a month, or nothing."""

from __future__ import annotations

from datetime import date

import pytest

from data_contracts.spoken_bases import day_on


@pytest.mark.parametrize(
    ("text", "base", "day"),
    [
        ("5日", "2025-03", date(2025, 3, 5)),
        ("3月5日", "2025-03", date(2025, 3, 5)),
        ("2月28日", "2025-03", date(2025, 2, 28)),
        ("12.30", "2025-01", date(2024, 12, 30)),
        ("月底", "2025-03", date(2025, 3, 31)),
        ("31号", "2025-02", None),
        ("上周五", "2025-03", None),
        ("昨天", "2025-03", None),
        ("周三", "2025-03", None),
        ("昨天", "2025-03-05", date(2025, 3, 4)),
        ("上周五", "2025-03-05", date(2025, 2, 28)),
        ("3/5", None, None),
        ("２０２５．３．５", None, date(2025, 3, 5)),
        ("3月5日", "2025-13", None),
        ("合计", "2025-03", None),
    ],
)
def test_a_day_is_told_by_what_it_was_said_on_or_not_at_all(text: str, base: str | None, day: date | None) -> None:
    assert day_on(text, base, "happened") == day


@pytest.mark.parametrize(
    ("text", "base", "day"), [("下周三", "2025-03-05", date(2025, 3, 12)), ("20号", "2025-03-21", date(2025, 4, 20))]
)
def test_days_of_plans_lie_ahead(text: str, base: str, day: date) -> None:
    assert day_on(text, base, "plan") == day


@pytest.mark.parametrize(
    ("text", "base", "day"),
    [
        ("45721", "2025-03", date(2025, 3, 5)),
        ("45721.0", "2025-03-20", date(2025, 3, 5)),
        ("44259", "2025-03", date(2025, 3, 5)),  # counted from 1904
        ("45721", None, None),
        ("45721", "2020-01", None),
    ],
)
def test_a_bare_number_is_counted_from_whichever_beginning_leads_near(
    text: str, base: str | None, day: date | None
) -> None:
    assert day_on(text, base, "happened") == day
