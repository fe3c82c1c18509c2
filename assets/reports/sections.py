"""The report's sections besides the headline figures: rows of its queries as figures with their reasons."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from assets.alerts.conditions import rules_of
from assets.reports.model import (
    Accuracy,
    Alerts,
    Compliance,
    ComplianceRow,
    Figure,
    Freshness,
    Funnel,
    Health,
    Kind,
    Latency,
    MissingAction,
    Number,
    Quarantined,
    Recovered,
    RegionResponse,
    Risk,
    RiskRow,
    RuleAlerts,
    SilentCity,
    StageLeak,
    TargetRow,
    Targets,
)
from assets.reports.reading import ask, has_table
from assets.workspace import Run
from data_contracts.texts import LANGUAGES, Name, Texts
from queries.statistics import rate, wilson

MOST_AT_RISK, MOST_MISSING, MOST_QUARANTINE = 15, 5, 5
Row = dict[str, Any]


def figure(value: Number | None, kind: Kind, why: str, **more: Any) -> Figure:
    """A figure, or why there is none."""
    return Figure(None, kind, why) if value is None else Figure(value, kind, **more)


def share(count: int, of: int, why: str = "why_nothing_to_divide") -> Figure:
    """count / of with its Wilson interval; 0/0 has no value."""
    interval = wilson(count, of)
    if interval is None:
        return Figure(None, "share", why)
    return Figure(rate(count, of), "share", low=interval.low, high=interval.high, of=of)


def funnel(con: duckdb.DuckDBPyConnection, week: date, cohort_days: int) -> Funnel:
    """Where the mature cohort leaked, beside the cohort before it and what is open in the stages now."""
    reached: dict[str, list[Row]] = {"now": [], "before": []}
    for row in ask(con, "funnel", week_start=week, cohort_days=cohort_days):
        reached[row["cohort"]].append(row)
    stages = ask(con, "stages")
    if not reached["now"]:
        return Funnel(0, 0, (), "why_no_window")
    units = {cohort: rows[0]["units"] for cohort, rows in reached.items()}
    leaks = []
    for position, (now, before, stage) in enumerate(zip(reached["now"], reached["before"], stages, strict=True)):
        leaks.append(
            StageLeak(
                stage_no=now["stage_no"],
                name=Name(zh=now["name_zh"], en=now["name_en"]),
                reached=now["reached"],
                step_rate=_step(now["reached"], reached["now"], position),
                step_rate_before=_step(before["reached"], reached["before"], position),
                failed_here=Figure(now["failed_here"], "count"),
                days_to_advance=figure(stage["median_days_to_advance"], "days", "why_none_advanced"),
                open_now=Figure(stage["open_opportunities"], "count"),
                overrun_now=Figure(stage["overrun"], "count"),
                overrun_amount=figure(stage["overrun_amount"], "money", "why_no_amount")
                if stage["overrun"]
                else Figure(0, "money"),
            )
        )
    leaks.append(_won(reached))
    why = None if units["now"] else "why_no_mature_cohort"
    return Funnel(units["now"], units["before"], tuple(leaks), why)


def _won(reached: dict[str, list[Row]]) -> StageLeak:
    """The step after the last stage: the first win within the window, which is the report's conversion."""
    now, before = reached["now"], reached["before"]
    texts = {language: Texts("reports", language)("stage_won") for language in LANGUAGES}
    return StageLeak(
        stage_no=len(now) + 1,
        name=Name(zh=texts["zh-CN"], en=texts["en"]),
        reached=now[0]["won"],
        step_rate=_step(now[0]["won"], now, len(now)),
        step_rate_before=_step(before[0]["won"], before, len(before)),
        failed_here=Figure(None, "count", "why_outcome"),
        days_to_advance=Figure(None, "days", "why_outcome"),
        open_now=Figure(None, "count", "why_outcome"),
        overrun_now=Figure(None, "count", "why_outcome"),
        overrun_amount=Figure(None, "money", "why_outcome"),
    )


def _step(count: int, rows: list[Row], position: int) -> Figure:
    if position == 0:
        return Figure(None, "share", "why_first_stage")
    return share(count, rows[position - 1]["reached"], "why_no_mature_cohort")


def targets(con: duckdb.DuckDBPyConnection, week: date) -> Targets:
    """Target, signed and forecast of the quarter, company and regions."""
    rows = ask(con, "targets", week_start=week)
    if not rows:
        return Targets(None, None, Figure(None, "money", "why_no_target"), (), "why_no_target")
    made = [_target(row) for row in rows]
    company = next((t for t, row in zip(made, rows, strict=True) if row["scope"] == "company"), None)
    regions = tuple(t for t, row in zip(made, rows, strict=True) if row["scope"] == "region")
    in_week = figure(rows[0]["signed_in_week"], "money", "why_no_signings")
    return Targets(rows[0]["period"], company, in_week, regions, None)


def _target(row: Row) -> TargetRow:
    why = "why_quarter_over" if row["elapsed_share"] >= 1 else "why_no_forecast"
    return TargetRow(
        region=row["scope_id"],
        target=row["target"],
        signed=row["signed"],
        elapsed_share=row["elapsed_share"],
        pace=figure(row["pace"], "ratio", "why_nothing_to_divide"),
        forecast=figure(row["forecast"], "money", why, low=row["low"], high=row["high"]),
        p_target_met=figure(row["p_target_met"], "chance", why),
        gap=figure(row["forecast_gap"], "money", why),
    )


def accuracy(con: duckdb.DuckDBPyConnection) -> Accuracy | None:
    """How forecasts of the past did; None where none was checked."""
    rows = ask(con, "forecast_accuracy") if has_table(con, "ml", "forecast_backtest") else []
    if not rows or rows[0]["forecasts"] is None:
        return None
    (row,) = rows
    return Accuracy(
        row["forecasts"],
        *(
            figure(row[name], "share", "why_nothing_to_divide")
            for name in ("wape", "wape_pipeline", "wape_last_quarter", "coverage")
        ),
    )


def silent_cities(con: duckdb.DuckDBPyConnection, week: date, zone: ZoneInfo) -> tuple[SilentCity, ...]:
    """Cities two complete weeks or more without a new customer."""
    return tuple(
        SilentCity(
            city=row["city"],
            region=row["region"],
            weeks=row["weeks_silent"],
            expected_per_week=figure(row["expected_per_week"], "rate", "why_no_base"),
            p_silence=figure(row["p_silence"], "share", "why_no_base"),
            open_opportunities=row["open_opportunities"] or 0,
            open_amount=figure(row["open_amount"] if row["open_opportunities"] else 0, "money", "why_no_amount"),
            last_activity_at=None
            if row["last_activity_at"] is None
            else row["last_activity_at"].astimezone(zone).replace(tzinfo=None),
        )
        for row in ask(con, "silent_cities", week_start=week)
    )


def silent_before(con: duckdb.DuckDBPyConnection, week_before: date) -> Figure:
    """How many cities were silent the week before, as known now."""
    if not cities(con, week_before):
        return Figure(None, "count", "why_no_week_before")
    return Figure(len(ask(con, "silent_cities", week_start=week_before)), "count")


def cities(con: duckdb.DuckDBPyConnection, week: date) -> int:
    """How many cities there are to be silent."""
    ((count,),) = con.execute("select count(*) from marts.city_signings where week_start = ?", [week]).fetchall()
    return int(count)


def alerts(con: duckdb.DuckDBPyConnection, run: Run, week: date, region_weeks: int) -> Alerts:
    """The week's alerts by rule, and how soon regions answered over the last weeks."""
    names = {rule.rule: rule.name for rule in rules_of(run).alerts}
    now, before = ask(con, "responses", weeks=[week, week - timedelta(weeks=1)])
    by_rule = ask(con, "alerts_by_rule", week_start=week)
    (live,) = ask(con, "live_alerts")
    return Alerts(
        opened=now["opened"],
        opened_before=before["opened"],
        responded=now["responded"],
        responded_before=before["responded"],
        response=_response(now),
        response_before=_response(before),
        replayed=sum(row["replayed"] for row in by_rule),
        live=live["live"],
        unanswered=live["unanswered"],
        rules=tuple(
            RuleAlerts(
                rule=row["rule"],
                name=names.get(row["rule"], Name(zh=row["rule"], en=row["rule"])),
                opened=row["opened"],
                opened_before=row["opened_before"],
                responded=row["responded"],
                escalated=row["escalated"],
                still_open=row["still_open"],
                response=_response(row),
            )
            for row in by_rule
        ),
        regions=tuple(
            RegionResponse(row["region"], row["reporting_source_kind"], row["opened"], row["responded"], _response(row))
            for row in ask(con, "alerts_by_region", week_start=week, weeks=region_weeks)
        ),
        routes=tuple(
            RegionResponse(None, row["reporting_source_kind"], row["opened"], row["responded"], _response(row))
            for row in ask(con, "responses_by_route", week_start=week, weeks=region_weeks)
        ),
        region_weeks=region_weeks,
    )


def _response(row: Row) -> Figure:
    return figure(row["median_response_hours"], "hours", "why_no_answer", of=row["responded"])


def risk(con: duckdb.DuckDBPyConnection) -> Risk:
    """The open opportunities with most at stake."""
    (summary,) = ask(con, "risk_summary")
    rows = tuple(_risk_row(row) for row in ask(con, "at_risk", most=MOST_AT_RISK))
    return Risk(
        open_opportunities=summary["open_opportunities"],
        open_amount=figure(summary["open_amount"], "money", "why_no_amount"),
        high=summary["high"],
        high_amount=figure(summary["high_amount"], "money", "why_no_amount") if summary["high"] else Figure(0, "money"),
        method=summary["method"],
        rows=rows,
        why=None if rows else "why_no_scores" if summary["open_opportunities"] else "why_nothing_open",
    )


def _risk_row(row: Row) -> RiskRow:
    said = json.loads(row["risk_reasons"] or "[]")
    return RiskRow(
        opportunity_id=row["opportunity_id"],
        customer=row["customer_name"],
        city=row["city"],
        region=row["region"],
        owner=row["owner_name"],
        supervisor=row["supervisor_name"],
        stage=None if row["stage_zh"] is None else Name(zh=row["stage_zh"], en=row["stage_en"]),
        amount=figure(row["amount"], "money", "why_no_amount"),
        p_fail=row["p_fail"],
        expected_loss=figure(row["expected_loss"], "money", "why_no_amount"),
        reasons=tuple(Name(zh=reason["zh"], en=reason["en"]) for reason in said[:3]),
        next_action=None if row["action_zh"] is None else Name(zh=row["action_zh"], en=row["action_en"]),
        alerts=row["alerts"],
    )


def recovered(con: duckdb.DuckDBPyConnection, week: date, zone: ZoneInfo) -> tuple[Recovered, ...]:
    """Recovered value, gross beside incremental; empty where no alert ever opened."""
    in_week = {row["region"]: row for row in ask(con, "recovered_in_week", week_start=week)}
    return tuple(_recovered(row, zone, in_week.get(row["scope_id"])) for row in ask(con, "recovered", week_start=week))


def _recovered(row: Row, zone: ZoneInfo, in_week: Row | None) -> Recovered:
    if row["intervened_opportunities"] == 0:
        why = "why_no_intervention"
    else:
        why = "why_no_p_sign" if row["scored_opportunities"] == 0 else "why_young_alerts"
    no_cost = "why_cost_company_only" if row["scope"] == "region" else "why_no_cost"
    no_roi = no_cost if row["cost"] is None else "why_nothing_to_divide"
    no_net = why if row["incremental"] is None else no_roi
    is_nothing_left = row["incremental"] is not None and row["cost"] is not None and row["incremental"] <= Decimal(0)
    return Recovered(
        period=row["period_type"],
        region=row["scope_id"],
        span_from=row["span_from"].astimezone(zone).date(),
        span_to=row["span_to"].astimezone(zone).date(),
        intervened=row["intervened_opportunities"],
        signed=row["signed_opportunities"],
        gross=Figure(row["gross"], "money"),
        gross_scored=Figure(row["gross_scored"], "money"),
        expected_anyway=figure(row["expected_anyway"], "money", why),
        incremental=figure(row["incremental"], "money", why),
        cost=figure(row["cost"], "money", no_cost),
        roi_gross=figure(row["roi_gross"], "ratio", no_roi),
        roi_incremental=figure(row["roi_incremental"], "ratio", no_net),
        payback=figure(row["payback_months"], "months", "why_no_payback" if is_nothing_left else no_net),
        signed_in_week=in_week["signed"] if in_week else 0,
        gross_in_week=Figure(in_week["gross"] if in_week else 0, "money"),
    )


def compliance(con: duckdb.DuckDBPyConnection, week: date) -> Compliance:
    """Required actions of the week's moves."""
    rows = tuple(
        ComplianceRow(
            region=row["region"],
            is_company=row["is_company"],
            required=row["required"],
            passed=row["passed"],
            late=row["late"],
            missing=row["missing"],
            rate=share(row["passed"], row["required"], "why_no_moves"),
            rate_before=share(row["passed_before"], row["required_before"], "why_no_moves"),
        )
        for row in ask(con, "compliance", week_start=week)
        if row["required"] or row["required_before"] or row["is_company"]
    )
    missing = tuple(
        MissingAction(
            Name(zh=row["stage_zh"], en=row["stage_en"]),
            Name(zh=row["name_zh"], en=row["name_en"]),
            row["required"],
            row["missing"],
            row["late"],
        )
        for row in ask(con, "missing_actions", week_start=week, most=MOST_MISSING)
    )
    return Compliance(rows, missing)


def health(con: duckdb.DuckDBPyConnection, week: date, zone: ZoneInfo) -> Health:
    """Rows read and what became of them; lateness; when each source was last heard of."""
    ledger: Row = {}
    if has_table(con, "staging", "ledger"):
        (ledger,) = ask(con, "ledger")
    quarantine = ask(con, "quarantine", most=MOST_QUARANTINE) if has_table(con, "staging", "quarantine") else []
    return Health(
        **{
            key: figure(ledger.get(key), "count", "why_no_ledger")
            for key in ("files", "rows_read", "accepted", "quarantined", "duplicates")
        },
        quarantine=tuple(
            Quarantined(row["record"], row["column_name"], row["reason"], row["rows"]) for row in quarantine
        ),
        latency=tuple(
            Latency(
                source_kind=row["source_kind"],
                records=row["records"] or 0,
                median=_minutes(row["p50_minutes"]),
                p90=_minutes(row["p90_minutes"]),
                median_before=_minutes(row["p50_minutes_before"]),
                within_15_minutes=figure(row["share_within_15_minutes"], "share", "why_no_records"),
            )
            for row in ask(con, "latency", week_start=week)
        ),
        freshness=tuple(
            Freshness(
                row["record"],
                row["source_kind"],
                row["records"],
                row["last_recorded_at"].astimezone(zone).replace(tzinfo=None),
            )
            for row in ask(con, "freshness")
        ),
    )


def _minutes(minutes: float | None) -> Figure:
    return figure(None if minutes is None else minutes / 60, "hours", "why_no_records")
