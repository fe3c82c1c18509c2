"""The report's charts: which figures each shows, and how they are labelled."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from assets.reports.charts import Bar, Point, bar_chart, column_chart, line_chart
from assets.reports.words import Words
from data_contracts.figures import percent


@dataclass(frozen=True)
class Picture:
    """A chart under its title, with what its signs mean."""

    title: str
    svg: Markup
    note: str = ""


def pictures(words: Words) -> dict[str, list[Picture]]:
    """Charts by section; a section whose figures are missing has none."""
    made = {
        "performance": [*_conversion(words), *_signings(words)],
        "funnel": [*_funnel(words), *_overruns(words)],
        "targets": _targets(words),
        "alerts": [*_opened(words), *_responses(words)],
        "recovered": _recovered(words),
    }
    return {section: charts for section, charts in made.items() if charts}


def _conversion(words: Words) -> list[Picture]:
    months = words.report.months
    if not any(month.rate.value is not None for month in months):
        return []
    points = [
        Point(
            f"{month.month:%y-%m}",
            None if month.rate.value is None else float(month.rate.value),
            None if month.rate.low is None else float(month.rate.low),
            None if month.rate.high is None else float(month.rate.high),
        )
        for month in months
    ]
    title = words.text("chart_conversion")
    return [Picture(title, line_chart(points, title, lambda v: percent(v, 0)), words.text("chart_conversion_note"))]


def _funnel(words: Words) -> list[Picture]:
    stages = words.report.funnel.stages
    if not words.report.funnel.cohort:
        return []
    bars = [
        Bar(
            words.name(stage.name),
            float(stage.reached),
            words.count(stage.reached) + ("" if stage.step_rate.value is None else f" ({words.show(stage.step_rate)})"),
        )
        for stage in stages
    ]
    title = words.text("chart_funnel")
    return [Picture(title, bar_chart(bars, title))]


def _overruns(words: Words) -> list[Picture]:
    stages = [stage for stage in words.report.funnel.stages if stage.open_now.value is not None]
    if not any(stage.overrun_now.value for stage in stages):
        return []
    bars = [
        Bar(
            words.name(stage.name),
            float(stage.overrun_now.value or 0),
            f"{words.show(stage.overrun_now)} / {words.show(stage.open_now)}",
            float(stage.open_now.value or 0),
        )
        for stage in stages
    ]
    title = words.text("chart_overruns")
    return [Picture(title, bar_chart(bars, title), words.text("chart_overruns_note"))]


def _opened(words: Words) -> list[Picture]:
    rules = [rule for rule in words.report.alerts.rules if rule.opened]
    if not rules:
        return []
    bars = [Bar(words.name(rule.name), float(rule.opened), words.count(rule.opened)) for rule in rules]
    title = words.text("chart_opened")
    return [Picture(title, bar_chart(bars, title))]


def _signings(words: Words) -> list[Picture]:
    weeks = words.report.weeks
    if not any(week.amount for week in weeks):
        return []
    points = [Point(f"{week.week_start:%m-%d}", week.amount, week.low, week.high) for week in weeks]
    title = words.text("chart_signings")
    first_light = sum(not week.is_forecast for week in weeks)
    note = words.text("chart_signings_note") if first_light < len(points) else ""
    return [Picture(title, column_chart(points, first_light, title, words.money), note)]


def _targets(words: Words) -> list[Picture]:
    regions = words.report.targets.regions
    if not regions:
        return []
    bars = [
        Bar(
            words.said(row.region),
            float(row.signed),
            words.show(row.p_target_met),
            None if row.forecast.value is None else float(row.forecast.value),
            float(row.target),
        )
        for row in regions
    ]
    title = words.text("chart_targets")
    return [Picture(title, bar_chart(bars, title), words.text("chart_targets_note"))]


def _responses(words: Words) -> list[Picture]:
    rows = [row for row in words.report.alerts.regions if row.response.value is not None]
    if not rows:
        return []
    bars = [
        Bar(
            f"{words.said(row.region)}·{words.route(row.route)}",
            float(row.response.value or 0),
            words.show(row.response),
        )
        for row in rows
    ]
    title = words.text("chart_response")
    return [Picture(title, bar_chart(bars, title))]


def _recovered(words: Words) -> list[Picture]:
    whole = next((r for r in words.report.recovered if r.period == "all" and r.region is None), None)
    if whole is None or whole.incremental.value is None or not whole.gross.value:
        return []
    shown = (
        ("column_gross", whole.gross),
        ("column_anyway", whole.expected_anyway),
        ("column_incremental", whole.incremental),
        ("column_cost", whole.cost),
    )
    bars = [
        Bar(words.text(key), float(figure.value), words.show(figure))
        for key, figure in shown
        if figure.value is not None
    ]
    title = words.text("chart_recovered")
    return [Picture(title, bar_chart(bars, title))]
