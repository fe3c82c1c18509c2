"""Overview: the open pipeline, signings against target and forecast, conversion, cycle time, what stands out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards.charts import AMBER, BLUE, GREEN, GREY, PALE_BLUE, RED, band, bars, by_month, styled
from dashboards.choices import set_choice
from dashboards.context import Context
from dashboards.parts import card, chart, empty, head, metric, metric_row
from dashboards.tables import Column, show_table, word
from data_contracts.figures import chance, number, percent
from data_contracts.safe_cells import markdown_text
from queries.dwell import DwellRequest, dwell
from queries.funnel import FunnelAnswer, Table, funnel, time_to_convert
from queries.funnel_request import FunnelRequest
from queries.lists import BANDS, LIVE_ALERTS
from queries.overview import SILENT_DAYS, Overview, overview


def show(context: Context) -> None:
    """The page."""
    head(context, "overview", ("pipeline", "conversion", "cycle", "target", "p_fail", "overrun", "silent_city"))
    found: Overview = context.ask(overview, context.filters)
    request = FunnelRequest(filters=context.filters)
    conversion: FunnelAnswer = context.ask(funnel, request)
    times: Table = context.ask(time_to_convert, request)
    _headline(context, found, conversion, times)
    left, right = st.columns([7, 5])
    with left, card(context, "pipeline_title", "pipeline_caption"):
        _pipeline(context, found.stages)
    with right, card(context, "months_title", "months_caption"):
        _months(context, found.months)
    left, right = st.columns([7, 5])
    with left, card(context, "stands_out_title"):
        _stands_out(context, found, conversion)
    with right, card(context, "alerts_title", "alerts_caption"):
        _alerts(context, found.alerts)
    _outlook(context, found)


def _headline(context: Context, found: Overview, conversion: FunnelAnswer, times: Table) -> None:
    t = context.t
    open_count, amount = found.stages["opportunities"].sum(), found.stages["amount"].sum()
    last = conversion.frame.tail(1).to_dicts()
    overall: dict[str, Any] = last[0] if last else {}
    cycle = times.frame.filter(pl.col("stage_no") == conversion.plan.last)["overall_p50"].to_list()
    with metric_row():
        metric(t("metric_pipeline"), context.money(amount), t("metric_pipeline_note", count=number(open_count)))
        _target_metric(context, found)
        window = conversion.plan.window_days
        metric(
            t("metric_conversion") if window is None else t("metric_conversion_window", days=number(window)),
            percent(overall.get("overall")),
            t("metric_conversion_note", n=number(overall.get("cohort_mature") or overall.get("cohort") or 0)),
            help=t(
                "metric_conversion_help",
                low=percent(overall.get("overall_low")),
                high=percent(overall.get("overall_high")),
            ),
        )  # fmt: skip
        metric(
            t("metric_cycle"),
            t("days", days=number(cycle[0] if cycle else None, 1)),
            t("metric_cycle_note", stage=context.stage_name(context.process.stages[0].stage)),
        )
        high = found.stages["high_risk"].sum()
        metric(
            t("metric_high_risk"),
            context.money(found.stages["amount_high_risk"].sum()),
            t("count_open", count=number(high)),
        )
        unanswered = found.alerts["unanswered"].sum() if not found.alerts.is_empty() else 0
        live = found.alerts["alerts"].sum() if not found.alerts.is_empty() else 0
        metric(t("metric_alerts"), number(unanswered), t("metric_alerts_note", live=number(live)))


def _target_metric(context: Context, found: Overview) -> None:
    t = context.t
    quarters = found.targets.filter(pl.col("period").str.contains("-Q"))
    target = (quarters if not quarters.is_empty() else found.targets).head(1).to_dicts()
    if not target:
        metric(t("metric_target_none"), "—", t("metric_target_none_note"))
        return
    row = target[0]
    share = float(row["signed"]) / float(row["target"]) if row["target"] else None
    metric(
        t("metric_target", period=row["period"]),
        context.money(row["signed"]),
        t("metric_target_note", share=percent(share, 0)),
        help=t("metric_target_help", target=context.money(row["target"]), gap=context.money(row["gap"])),
    )


def _pipeline(context: Context, stages: pl.DataFrame) -> None:
    if stages["opportunities"].sum() == 0:
        empty(context)
        return
    names = [context.t("no_stage") if code is None else context.stage_name(code) for code in stages["stage"]]
    high = stages["amount_high_risk"].to_list()
    rest = (stages["amount"] - stages["amount_high_risk"]).to_list()
    figure = go.Figure()
    for values, color, name in ((rest, BLUE, "other_amount"), (high, RED, "high_risk_amount")):
        figure.add_bar(
            y=names, x=values, orientation="h", name=context.t(name), marker={"color": color},
            customdata=[context.money(v) for v in values],
            hovertemplate=f"%{{y}} · {context.t(name)}: %{{customdata}}<extra></extra>",
        )  # fmt: skip
    for name, row in zip(names, stages.iter_rows(named=True), strict=True):
        text = context.t("pipeline_label", amount=context.money(row["amount"]), count=number(row["opportunities"]))
        if row["overrun"]:
            text += (
                f"<br><span style='color:{AMBER}'>{context.t('pipeline_overrun', count=number(row['overrun']))}</span>"
            )
        figure.add_annotation(
            x=row["amount"], y=name, text=text, showarrow=False, xanchor="left", xshift=8, align="left"
        )
    figure.update_layout(barmode="stack")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showticklabels=False, showgrid=False, range=[0, max([*stages["amount"], 1.0]) * 1.55])
    chart(styled(figure, height=300, has_legend=True), "pipeline", context.t("pipeline_title"))


def _months(context: Context, months: pl.DataFrame) -> None:
    if months.is_empty():
        empty(context)
        return
    t = context.t
    last = context.process.as_of.date().replace(day=1)
    labels = [f"{day:%Y-%m}" for day in months["period_start"]]
    colors = [PALE_BLUE if day == last else BLUE for day in months["period_start"]]
    figure = go.Figure(
        go.Bar(
            x=labels, y=months["won"], name=t("won_count"), marker={"color": colors},
            customdata=[context.money(a) for a in months["amount"]],
            hovertemplate="%{x}: %{y} · %{customdata}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_scatter(
        x=labels, y=months["median_days"], name=t("median_cycle"), yaxis="y2", mode="lines+markers",
        line={"color": AMBER, "width": 2}, hovertemplate="%{x}: %{y:.1f}<extra></extra>",
    )  # fmt: skip
    by_month(styled(figure, height=300, has_legend=True), months["period_start"].to_list())
    figure.update_layout(
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "rangemode": "tozero",
            "showgrid": False,
            "automargin": True,
            "tickmode": "auto",
            "nticks": 5,
            "zeroline": False,
        }
    )
    chart(figure, "months", t("months_title"))


@dataclass(frozen=True)
class Finding:
    """One sentence with its figure, and the page, with the choices on it, that shows what is behind."""

    icon: str
    text: str
    page: str
    choices: Mapping[str, Sequence[str]]


def _stands_out(context: Context, found: Overview, conversion: FunnelAnswer) -> None:
    findings = list(_findings(context, found, conversion))
    if not findings:
        st.markdown(context.t("nothing_stands_out"))
    for number_of, finding in enumerate(findings):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(f"{finding.icon} {finding.text}")
            if st.button(context.t("look_into"), key=f"finding_{number_of}", type="tertiary",
                         icon=":material/arrow_forward:", width="content"):  # fmt: skip
                for name, values in finding.choices.items():
                    set_choice(name, *values)
                st.switch_page(context.pages[finding.page])
    if not found.silent_cities.is_empty():
        with st.expander(context.t("silent_cities"), icon=":material/location_off:"):
            columns = (Column("region"), Column("city"), Column("weeks_silent", "integer"),
                       Column("expected_per_week", "days"), Column("p_silence", "share"))  # fmt: skip
            show_table(context, found.silent_cities, columns, name="silent-cities")


def _findings(context: Context, found: Overview, conversion: FunnelAnswer) -> Iterator[Finding]:
    """One sentence each: the leakiest step, the largest bottleneck, silent customers and cities, unanswered alerts."""
    t = context.t
    steps = conversion.frame.drop_nulls("step").filter(pl.col("stage_no") > conversion.plan.first)
    if not steps.is_empty():
        worst = steps.sort("step").row(0, named=True)
        before = context.stage_name(context.process.stages[worst["stage_no"] - 2].stage)
        text = t("out_leak", before=before, stage=context.stage_name(worst["stage"]), rate=percent(worst["step"]))
        yield Finding(":material/filter_alt:", text, "funnel", {"view": ["steps"]})
    dwelt: Table = context.ask(dwell, DwellRequest(filters=context.filters))
    lost = dwelt.frame.filter(pl.col("days_lost") > 0)
    if not lost.is_empty():
        worst = lost.sort("days_lost", descending=True).row(0, named=True)
        text = t(
            "out_bottleneck", stage=context.stage_name(worst["stage"]), days=number(worst["days_lost"]),
            share=percent(worst["overrun_share"], 0), open=number(worst["overrun_open"]),
        )  # fmt: skip
        yield Finding(":material/hourglass_top:", text, "dwell", {"dwell": ["bottlenecks"]})
    silent = found.stages["silent"].sum()
    if silent:
        choices = {"list": ["opportunities"], "band": BANDS, "silent": ["1"], "overrun": [], "stage": [], "q": []}
        text = t("out_silent", count=number(silent), days=SILENT_DAYS)
        yield Finding(":material/phone_disabled:", text, "risk", {**choices, "order": ["silent_days"]})
    if not found.silent_cities.is_empty():
        first = found.silent_cities.row(0, named=True)
        text = t(
            "out_city", count=number(found.silent_cities.height), city=markdown_text(first["city"]),
            weeks=number(first["weeks_silent"]), expected=number(first["expected_per_week"], 1),
        )  # fmt: skip
        choices = {"list": ["alerts"], "rule": ["city_silent"], "state": LIVE_ALERTS}
        yield Finding(":material/location_off:", text, "risk", choices)
    if not found.alerts.is_empty():
        first = found.alerts.sort("unanswered", descending=True).row(0, named=True)
        text = t(
            "out_alerts", rule=word(context, "rule", first["rule"]), count=number(first["alerts"]),
            unanswered=number(first["unanswered"]),
        )  # fmt: skip
        choices = {"list": ["alerts"], "rule": [first["rule"]], "state": ["open"]}
        yield Finding(":material/notification_important:", text, "risk", choices)


def _alerts(context: Context, alerts: pl.DataFrame) -> None:
    if alerts.is_empty():
        empty(context, "no_alerts")
        return
    rows = alerts.to_dicts()
    figure = bars(
        [word(context, "rule", r["rule"]) for r in rows],
        [r["alerts"] for r in rows],
        [f"{r['alerts']:,}" for r in rows],
        color=[RED if r["high"] * 2 > r["alerts"] else AMBER if r["high"] else GREY for r in rows],
        hovers=[context.t("alerts_hover", unanswered=r["unanswered"], high=r["high"]) for r in rows],
    )
    chart(figure, "alerts", context.t("alerts_title"))


def _outlook(context: Context, found: Overview) -> None:
    """Targets by region, and the weeks ahead where a forecast was published."""
    if found.regions.is_empty() and found.forecast.is_empty():
        return
    left, right = st.columns([5, 7])
    if not found.regions.is_empty():
        with left, card(context, "regions_title", "regions_caption"):
            rows = [r for r in found.regions.to_dicts() if r["target"]]
            shares = [float(r["signed"]) / float(r["target"]) for r in rows]
            figure = bars(
                [str(r["scope_id"]) for r in rows],
                shares,
                [percent(share, 0) for share in shares],
                color=[GREEN if r["signed"] >= r["target"] * Decimal(r["elapsed_share"]) else AMBER for r in rows],
                hovers=[f"{context.money(r['signed'])} / {context.money(r['target'])}" for r in rows],
            )  # fmt: skip
            chart(figure, "regions", context.t("regions_title"))
    if not found.forecast.is_empty():
        with right, card(context, "forecast_title", "forecast_caption"):
            _forecast(context, found)


def _forecast(context: Context, found: Overview) -> None:
    weeks = [f"{day:%m-%d}" for day in found.forecast["week_start"]]
    low, high = found.forecast["signings_low"].to_list(), found.forecast["signings_high"].to_list()
    figure = go.Figure(band(weeks, low, high, BLUE, context.t("interval_80")))
    figure.add_scatter(
        x=weeks, y=found.forecast["signings"], mode="lines+markers", name=context.t("expected_signings"),
        line={"color": BLUE, "width": 2.2}, hovertemplate="%{x}: %{y:.1f}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(type="category", showgrid=False)
    figure.update_yaxes(rangemode="tozero")
    chart(styled(figure, height=280, has_legend=True), "forecast", context.t("forecast_title"))
    if found.quarter is not None:
        quarter = found.quarter
        st.markdown(
            context.t(
                "forecast_quarter",
                period=quarter["period"],
                forecast=context.money(quarter["forecast"]),
                low=context.money(quarter["low"]),
                high=context.money(quarter["high"]),
                chance=chance(quarter["p_target_met"]),
            )
        )
