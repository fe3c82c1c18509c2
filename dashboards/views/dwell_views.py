"""Views of dwell: per stage, as a survival curve, where most time is lost, and the open spells beyond their SLA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards.charts import RED, SERIES, band, bars, ranges, styled
from dashboards.choices import choose
from dashboards.context import Context
from dashboards.parts import card, chart, empty, show_sql
from dashboards.tables import Column, show_table
from dashboards.views.behind import stays_behind
from dashboards.views.funnel_views import group_name
from data_contracts.figures import number, percent
from queries.dimensions import DIMENSIONS, label
from queries.dwell import DwellRequest, SpellCell, dwell, dwell_curve
from queries.funnel import Table

STAGE_COLUMNS = (
    Column("stage", "stage"),
    Column("sla_days", "days"),
    Column("spells", "integer"),
    Column("censored", "integer"),
    Column("median_days", "days"),
    Column("p90_days", "days"),
    Column("km_median_days", "days"),
    Column("overrun", "integer"),
    Column("overrun_share", "share"),
    Column("overrun_open", "integer"),
    Column("days_lost", "integer", "column_days_lost"),
    Column("median_days_to_advance", "days"),
    Column("mean_days", "days"),
    Column("completed", "integer"),
    Column("km_median_low", "days"),
    Column("km_median_high", "days"),
)
MOST_CURVES = 6


def stages(context: Context, request: DwellRequest) -> None:
    """Every stage's dwell against its SLA."""
    answer: Table = context.ask(dwell, request)
    rows = answer.frame.to_dicts()
    if not rows:
        empty(context)
        return
    t = context.t
    figure = ranges(
        [context.stage_name(r["stage"]) for r in rows],
        [(0.0, r["median_days"], r["p75_days"], r["p90_days"]) for r in rows],
        [t("dwell_hover", spells=number(r["spells"]), open=number(r["censored"])) for r in rows],
        names_of=(t("to_p75"), t("median_completed"), "P90"),
        marks=[r["km_median_days"] for r in rows],
        mark_name=t("term_km_median"),
        limits=[r["sla_days"] for r in rows],
        limit_name=t("sla"),
        x_title=t(f"clock_{request.clock}"),
    )
    with card(context, "dwell_title", "dwell_caption"):
        chart(figure, "dwell", t("dwell_title"))
    _table(context, request, answer.frame, STAGE_COLUMNS, "dwell")
    show_sql(context, answer.sql)


def _table(
    context: Context,
    request: DwellRequest,
    rows: pl.DataFrame,
    columns: Sequence[Column],
    name: str,
    height: int | Literal["auto"] = "auto",
) -> None:
    """The figures as a table; below it, of a selected row, its stays, the longest over their limit first."""
    st.caption(context.t("select_stays"))
    row = show_table(context, rows, columns, name=name, height=height, is_selectable=True)
    if row is None:
        return
    chosen = rows.row(row, named=True)
    cell = SpellCell.model_validate({"stage": chosen["stage"], "values": {d: chosen[d] for d in request.by}})
    with st.container(border=True):
        stays_behind(context, request, cell, f"{name}-list", "stays_length")


def survival(context: Context, request: DwellRequest) -> None:
    """Who is still in the stage after so many days, the open spells counted for as long as they are seen."""
    t = context.t
    left, right = st.columns(2)
    with left:
        codes = [s.stage for s in context.process.stages]
        stage = choose(t("at_stage"), "curve", codes, codes[0], context.stage_name)
    with right:
        by = choose(
            t("break_down_by"), "curveby", ["none", *DIMENSIONS], "none",
            lambda code: t("no_break_down") if code == "none" else label(code, context.language),
        )  # fmt: skip
    narrowed = request.model_copy(update={"by": () if by == "none" else (by,), "stages": (stage,)})
    answer: Table = context.ask(dwell, narrowed)
    curve: Table = context.ask(dwell_curve, narrowed, stage)
    if curve.frame.is_empty():
        empty(context)
        return
    largest = answer.frame.sort("spells", descending=True).head(MOST_CURVES).to_dicts()
    figure = go.Figure()
    for n, row in enumerate(largest):
        points = curve.frame
        if by != "none":
            points = points.filter(pl.col(by).eq_missing(pl.lit(row[by])))
        name = group_name(context, row, narrowed.by) if by != "none" else context.stage_name(stage)
        _curve(figure, points, name, SERIES[n], has_band=by == "none")
    sla = largest[0]["sla_days"]
    if sla is not None:
        figure.add_vline(x=sla, line={"color": RED, "width": 1.5, "dash": "dash"}, annotation_text=f" {t('sla')}")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
    longest = max(row["p90_days"] or 0 for row in largest) * 1.6
    figure.update_xaxes(title=t(f"clock_{request.clock}"), range=[0, longest or None])
    with card(context, "survival_title", "survival_caption"):
        chart(styled(figure, height=400, has_legend=len(largest) > 1), "survival", t("survival_title"))
    if answer.frame.height > MOST_CURVES:
        st.caption(t("survival_cut", shown=MOST_CURVES, groups=answer.frame.height))
    show_sql(context, curve.sql)


def _curve(figure: go.Figure, points: pl.DataFrame, name: str, color: str, *, has_band: bool) -> None:
    """One step curve from (0, 100%), thinned to what a screen can show."""
    thin = points.gather_every(max(1, points.height // 600))
    days, values = [0.0, *thin["days"]], [1.0, *thin["survival"]]
    if has_band:
        figure.add_traces(band(days, [1.0, *thin["low"]], [1.0, *thin["high"]], color, "", is_step=True))
    figure.add_scatter(
        x=days, y=values, mode="lines", name=name, line={"color": color, "width": 2.2, "shape": "hv"},
        hovertemplate="%{x:.1f} · %{y:.1%}<extra></extra>",
    )  # fmt: skip


def bottlenecks(context: Context, request: DwellRequest) -> None:
    """Where most days are lost beyond the SLA: by stage, and by stage and dimension."""
    t = context.t
    by = choose(t("break_down_by"), "lostby", list(DIMENSIONS), "city", lambda code: label(code, context.language))
    whole: Table = context.ask(dwell, request)
    narrowed = request.model_copy(update={"by": (by,)})
    answer: Table = context.ask(dwell, narrowed)
    lost = answer.frame.filter(pl.col("days_lost") > 0).sort("days_lost", descending=True)
    if lost.is_empty():
        empty(context, "nothing_lost")
        return
    left, right = st.columns([5, 7])
    with left, card(context, "lost_by_stage", "lost_caption"):
        rows = whole.frame.filter(pl.col("days_lost") > 0).sort("days_lost", descending=True).to_dicts()
        chart(
            bars(
                [context.stage_name(r["stage"]) for r in rows],
                [r["days_lost"] for r in rows],
                [t("days", days=number(r["days_lost"])) for r in rows],
                hovers=[
                    t("overrun_hover", overrun=number(r["overrun"]), share=percent(r["overrun_share"])) for r in rows
                ],
                row=46,
            ),
            "lost-stage",
            t("lost_by_stage"),
        )  # fmt: skip
    with right, card(context, "lost_by_group", "lost_group_caption"):
        rows = lost.head(12).to_dicts()
        chart(
            bars(
                [f"{group_name(context, r, (by,))} · {context.stage_name(r['stage'])}" for r in rows],
                [r["days_lost"] for r in rows],
                [
                    t("days_per_spell", days=number(r["days_lost"]), each=number(r["days_lost"] / r["spells"], 1))
                    for r in rows
                ],
                row=32,
                room=1.5,
            ),
            "lost-group",
            t("lost_by_group"),
        )  # fmt: skip
    columns = [Column(by), *STAGE_COLUMNS]
    if DIMENSIONS[by] != by:
        columns.insert(0, Column(f"{by}_label", "text", f"column_{by}_label"))
    _table(context, narrowed, lost, columns, "bottlenecks", 320)
    show_sql(context, answer.sql)


def overrun(context: Context, request: DwellRequest) -> None:
    """The open spells beyond their SLA, the longest over first."""
    stays_behind(context, request, SpellCell(what="overrun_open"), "overrun", "overrun_length")
