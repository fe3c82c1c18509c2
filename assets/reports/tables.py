"""The report's tables, once for HTML and for the workbook: columns by key, cells as figures, texts and dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from assets.reports.model import Compared, Figure
from assets.reports.words import Words

Cell = Figure | str | date | None


@dataclass(frozen=True)
class Table:
    """Columns are keys `column_*` of the report's texts; `is_stacked`: a row becomes a block on a phone."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    is_stacked: bool = False


def count(value: int) -> Figure:
    """A count as a figure."""
    return Figure(value, "count")


def tables(words: Words) -> dict[str, list[Table]]:
    """Tables by section; a table without rows is left out."""
    makers = {
        "funnel": _funnel,
        "targets": _targets,
        "cities": _cities,
        "alerts": _alerts,
        "risk": _risk,
        "recovered": _recovered,
        "compliance": _compliance,
        "health": _health,
    }
    made = {section: [table for table in make(words) if table.rows] for section, make in makers.items()}
    return {"performance": [_performance(words)], **made}


def _performance(words: Words) -> Table:
    return Table(
        ("figure", "now", "week_ago", "against_week", "year_ago", "against_year"),
        tuple(_compared(words, compared) for compared in words.report.performance),
    )


def _compared(words: Words, row: Compared) -> tuple[Cell, ...]:
    return (
        words.text(f"figure_{row.key}"),
        row.now,
        row.week_ago,
        words.short_change(row.now, row.week_ago),
        row.year_ago,
        words.short_change(row.now, row.year_ago),
    )


def _funnel(words: Words) -> list[Table]:
    rows = tuple(
        (
            words.name(stage.name),
            count(stage.reached),
            stage.step_rate,
            stage.step_rate_before,
            stage.failed_here,
            stage.days_to_advance,
            stage.open_now,
            stage.overrun_now,
            stage.overrun_amount,
        )
        for stage in words.report.funnel.stages
    )
    columns = ("stage", "reached", "step", "step_before", "failed_here", "days_to_advance", "open_now", "overrun_now")
    return [Table((*columns, "overrun_amount"), rows)]


def _targets(words: Words) -> list[Table]:
    data = words.report.targets
    rows = [(words.text("company"), data.company)] if data.company is not None else []
    rows += [(words.said(row.region), row) for row in data.regions]
    columns = ("region", "target", "signed", "pace", "forecast", "p_target_met", "gap")
    return [
        Table(
            columns,
            tuple(
                (
                    name,
                    Figure(row.target, "money"),
                    Figure(row.signed, "money"),
                    row.pace,
                    row.forecast,
                    row.p_target_met,
                    row.gap,
                )
                for name, row in rows
            ),
        )
    ]


def _cities(words: Words) -> list[Table]:
    rows = tuple(
        (
            city.city,
            words.said(city.region),
            count(city.weeks),
            city.expected_per_week,
            city.p_silence,
            count(city.open_opportunities),
            city.open_amount,
            words.day(city.last_activity_at),
        )
        for city in words.report.silent_cities
    )
    columns = ("city", "region", "weeks", "expected", "p_silence", "open_opportunities", "open_amount", "last_activity")
    return [Table(columns, rows)]


def _alerts(words: Words) -> list[Table]:
    data = words.report.alerts
    by_rule = tuple(
        (
            words.name(row.name),
            count(row.opened),
            count(row.opened_before),
            count(row.responded),
            row.response,
            count(row.escalated),
            count(row.still_open),
        )
        for row in data.rules
    )
    by_region = tuple(
        (words.said(row.region), words.route(row.route), count(row.opened), count(row.responded), row.response)
        for row in data.regions
    )
    return [
        Table(("rule", "opened", "opened_before", "responded", "response", "escalated", "still_open"), by_rule),
        Table(("region", "route", "opened", "responded", "response"), by_region),
    ]


def _risk(words: Words) -> list[Table]:
    rows = tuple(
        (
            words.said(row.customer) if row.customer is not None else row.opportunity_id,
            words.name(row.stage),
            row.amount,
            Figure(row.p_fail, "share"),
            row.expected_loss,
            words.text("separator").join(map(words.name, row.reasons)) or "—",
            words.name(row.next_action) if row.next_action is not None else "—",
            words.text("list_separator").join(filter(None, (row.owner, row.city))) or words.text("unknown"),
        )
        for row in words.report.risk.rows
    )
    columns = ("customer", "stage", "amount", "p_fail", "expected_loss", "reasons", "next", "owner")
    return [Table(columns, rows, is_stacked=True)]


def _recovered(words: Words) -> list[Table]:
    rows = tuple(
        (
            words.text("company") if row.region is None else row.region,
            words.text(f"period_{row.period}"),
            count(row.intervened),
            count(row.signed),
            row.gross,
            row.expected_anyway,
            row.incremental,
            row.cost,
            row.roi_gross,
            row.roi_incremental,
            row.payback,
        )
        for row in words.report.recovered
        if row.region is None or row.period == "all"
    )
    columns = ("region", "period", "intervened", "signed_after", "gross", "anyway", "incremental", "cost")
    return [Table((*columns, "roi_gross", "roi", "payback"), rows)]


def _compliance(words: Words) -> list[Table]:
    data = words.report.compliance
    by_region = tuple(
        (
            words.text("company") if row.is_company else words.said(row.region),
            count(row.required),
            count(row.passed),
            count(row.late),
            count(row.missing),
            row.rate,
            row.rate_before,
        )
        for row in data.rows
    )
    actions = tuple(
        (words.name(row.stage), words.name(row.action), count(row.required), count(row.missing), count(row.late))
        for row in data.missing
    )
    return [
        Table(("region", "required", "passed", "late", "missing", "pass_rate", "pass_rate_before"), by_region),
        Table(("stage", "action", "required", "missing", "late"), actions),
    ]


def _health(words: Words) -> list[Table]:
    data = words.report.health
    latency = tuple(
        (
            words.route(row.source_kind),
            count(row.records),
            row.median,
            row.median_before,
            row.p90,
            row.within_15_minutes,
        )
        for row in data.latency
    )
    freshness = tuple(
        (
            f"{words.record(row.record)} · {words.route(row.source_kind)}",
            count(row.records),
            words.clock(row.last_recorded_at),
        )
        for row in data.freshness
    )
    aside = tuple(
        (" · ".join(filter(None, (words.record(row.record), row.column, row.reason))), count(row.rows))
        for row in data.quarantine
    )
    return [
        Table(("source", "records", "median", "median_before", "p90", "within"), latency),
        Table(("source", "records", "last_recorded"), freshness),
        Table(("reason", "rows"), aside),
    ]


def header(words: Words, column: str) -> str:
    """A column's header."""
    return words.text(
        column if column in ("now", "week_ago", "year_ago", "against_week", "against_year") else f"column_{column}"
    )


def is_text(column: Sequence[Cell]) -> bool:
    """Whether a column holds no figures (and stands at the left)."""
    return not any(isinstance(cell, Figure) for cell in column)
