"""`report_data`: the report of a week out of the marts. No words, no clock, no files.

What cannot be computed is a figure without a value and with the reason; nothing is shown as zero that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from assets.reports import sections
from assets.reports.model import Compared, Figure, MonthRate, WeekAmount, WeeklyReport
from assets.reports.reading import ask
from assets.workspace import Run
from queries.statistics import difference, rate, wilson

COHORT_DAYS, MONTHS, WEEKS_SHOWN, REGION_WEEKS = 91, 13, 26, 13
YEAR = timedelta(weeks=52)
WEEK = timedelta(weeks=1)
Row = dict[str, Any]


def last_complete_week(as_of: datetime, zone: ZoneInfo) -> date:
    """The Monday of the last week that had ended by as-of, in the company's time."""
    today = as_of.astimezone(zone).date()
    return today - timedelta(days=today.weekday()) - WEEK


def report_data(con: duckdb.DuckDBPyConnection, run: Run, week: date) -> WeeklyReport:
    """The report of the week that begins on the Monday `week`, as known at the run's as-of time."""
    if week.weekday() != 0:
        raise ValueError(f"{week} is not a Monday")
    zone = ZoneInfo(run.settings.timezone)
    now, week_ago, year_ago = (_merged(con, day) for day in (week, week - WEEK, week - YEAR))
    data_from = None if now["first_entry_at"] is None else now["first_entry_at"].astimezone(zone).date()
    window = run.playbook.default_window_days
    compared = difference(now["converted"], now["cohort"], week_ago["converted"], week_ago["cohort"])
    return WeeklyReport(
        week_start=week,
        week_end=week + timedelta(days=6),
        as_of_local=run.as_of.astimezone(zone).replace(tzinfo=None),
        company=run.settings.company,
        currency=run.settings.currency,
        process=run.playbook.name,
        window_days=window,
        horizon_days=run.settings.risk.horizon_days,
        cohort_days=COHORT_DAYS,
        data_from=data_from,
        performance=tuple(_performance(now, week_ago, year_ago, data_from, window)),
        months=_months(con, week, window),
        is_conversion_change_chance=compared is None or compared.is_too_small or compared.p_value >= 0.05,
        funnel=sections.funnel(con, week, COHORT_DAYS),
        targets=sections.targets(con, week),
        accuracy=sections.accuracy(con),
        weeks=_weeks(con, week),
        silent_cities=sections.silent_cities(con, week, zone),
        silent_before=sections.silent_before(con, week - WEEK),
        cities=sections.cities(con, week),
        alerts=sections.alerts(con, run, week, REGION_WEEKS),
        risk=sections.risk(con),
        recovered=sections.recovered(con, week, zone),
        compliance=sections.compliance(con, week),
        health=sections.health(con, week, zone),
    )


def _merged(con: duckdb.DuckDBPyConnection, week: date) -> Row:
    (performance,) = ask(con, "performance", weeks=[week], cohort_days=COHORT_DAYS)
    (signings,) = ask(con, "signings", weeks=[week])
    return {**signings, **performance}


def _performance(
    now: Row, week_ago: Row, year_ago: Row, data_from: date | None, window: float | None
) -> Iterable[Compared]:
    rows = (now, week_ago, year_ago)

    def figures(make: Callable[[Row], Figure]) -> tuple[Figure, Figure, Figure]:
        """The three figures; none of a week that lies before the data begins, whatever a count would say."""
        made = []
        for row, why in zip(rows, ("why_no_data", "why_no_week_before", "why_no_last_year"), strict=True):
            is_before = data_from is None or row["week_start"] + WEEK <= data_from
            made.append(Figure(None, make(row).kind, why) if is_before else make(row))
        return made[0], made[1], made[2]

    def counted(key: str) -> tuple[Figure, Figure, Figure]:
        return figures(lambda row: Figure(row[key], "count"))

    yield Compared("entered", *counted("entered"), better="up")
    yield Compared("wins", *counted("wins"), better="up")
    yield Compared("signed_amount", *figures(_signed), better="up")
    yield Compared("failed", *counted("failed"), better="down")
    yield Compared("conversion", *figures(lambda row: conversion(row, window)), better="up")
    yield Compared("cycle", *figures(_cycle), better="down")


def conversion(row: Row, window: float | None) -> Figure:
    """Mature conversion with its Wilson interval; none without a window or without a mature cohort."""
    if window is None:
        return Figure(None, "share", "why_no_window")
    interval = wilson(row["converted"], row["cohort"])
    if interval is None:
        return Figure(None, "share", "why_no_mature_cohort")
    return Figure(
        rate(row["converted"], row["cohort"]), "share", low=interval.low, high=interval.high, of=row["cohort"]
    )


def _signed(row: Row) -> Figure:
    if not row["is_recorded"]:
        return Figure(None, "money", "why_no_signings")
    return Figure(row["amount"], "money", of=row["signings"])


def _cycle(row: Row) -> Figure:
    if row["cycle_days"] is None:
        return Figure(None, "days", "why_no_win")
    return Figure(row["cycle_days"], "days", of=row["wins"])


def _months(con: duckdb.DuckDBPyConnection, week: date, window: float | None) -> tuple[MonthRate, ...]:
    return tuple(
        MonthRate(row["month"], row["cohort"], conversion(row, window) if row["is_mature"] else _unripe(window))
        for row in ask(con, "months", week_start=week, months=MONTHS)
    )


def _unripe(window: float | None) -> Figure:
    return Figure(None, "share", "why_no_window" if window is None else "why_young")


def _weeks(con: duckdb.DuckDBPyConnection, week: date) -> tuple[WeekAmount, ...]:
    """The weeks shown, then the forecast; of the running week the forecast is the rest, so what is signed is added."""
    shown = [week - WEEK * n for n in range(WEEKS_SHOWN - 1, -1, -1)]
    past = ask(con, "signings", weeks=shown)
    ahead = [row for row in ask(con, "forecast") if row["week_start"] > week]
    signed = ask(con, "signings", weeks=[row["week_start"] for row in ahead])
    so_far = {row["week_start"]: float(row["amount"]) for row in signed}
    return (
        *(WeekAmount(row["week_start"], float(row["amount"]), None, None, False) for row in past),
        *(
            WeekAmount(
                row["week_start"],
                row["amount"] + so_far[row["week_start"]],
                row["amount_low"] + so_far[row["week_start"]],
                row["amount_high"] + so_far[row["week_start"]],
                True,
            )
            for row in ahead
        ),
    )
