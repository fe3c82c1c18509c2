"""Views of one funnel: its steps, broken down, over time, and the opportunities behind every count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards.charts import AMBER, GREY, SERIES, intervals, lines, ranges, share_bars
from dashboards.choices import choose, choose_several
from dashboards.context import Context
from dashboards.parts import card, chart, empty, show_sql
from dashboards.tables import Column, show_table
from dashboards.views.behind import opportunities_behind
from data_contracts.figures import number, percent
from queries.dimensions import DIMENSIONS, label
from queries.funnel import Cell, FunnelAnswer, Table, funnel, projected, skip_rates, time_to_convert
from queries.funnel_request import FunnelRequest

STEP_COLUMNS = (
    Column("stage", "stage"),
    Column("counted", "integer", "column_counted_so_far"),
    Column("basis_counted", "integer", "column_counted"),
    Column("basis_cohort", "integer", "column_cohort"),
    Column("overall", "share", "column_overall"),
    Column("overall_low", "share", "column_low"),
    Column("overall_high", "share", "column_high"),
    Column("step", "share", "column_step"),
    Column("projected", "share", "column_projected"),
    Column("observed", "integer", "column_observed"),
    Column("skip_rate", "share", "column_skip_rate"),
    Column("overall_p50", "days", "column_overall_p50"),
    Column("step_p50", "days", "column_step_p50"),
)


def on_basis(answer: FunnelAnswer, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the counts that enter its rates as basis_counted and basis_cohort."""
    ending = "_mature" if answer.basis == "mature" else ""
    return frame.with_columns(
        pl.col(f"counted{ending}").alias("basis_counted"), pl.col(f"cohort{ending}").alias("basis_cohort")
    )


def steps(context: Context, request: FunnelRequest) -> None:
    """The funnel stage by stage, with time to convert and what the young may still become."""
    answer: FunnelAnswer = context.ask(funnel, request)
    if answer.frame.is_empty():
        empty(context, "empty_cohort")
        return
    ahead: Table = context.ask(projected, request)
    times: Table = context.ask(time_to_convert, request, "calendar")
    skips: Table = context.ask(skip_rates, request)
    frame = _steps_frame(answer, ahead, times, skips)
    _maturity(context, answer)
    left, right = st.columns([7, 5])
    with left, card(context, "funnel_title", f"funnel_caption_{answer.basis}"):
        chart(_funnel_figure(context, answer, frame), "funnel", context.t("funnel_title"))
    with right, card(context, "times_title", "times_caption"):
        _times(context, times.frame)
    _table(context, request, answer, frame, STEP_COLUMNS, "funnel")
    show_sql(context, answer.sql, ahead.sql, times.sql)


def _table(
    context: Context,
    request: FunnelRequest,
    answer: FunnelAnswer,
    rows: pl.DataFrame,
    columns: Sequence[Column],
    name: str,
    height: int | Literal["auto"] = "auto",
) -> None:
    """The counts as a table; below it, of a selected row, the opportunities that it counts in its rate."""
    st.caption(context.t("select_count"))
    unknown = (pl.col(n).fill_null(context.t("unknown")) for d in request.by for n in (d, f"{d}_label") if n in rows)
    row = show_table(context, rows.with_columns(unknown), columns, name=name, height=height, is_selectable=True)
    if row is None:
        return
    chosen = rows.row(row, named=True)
    cell = Cell.model_validate(
        {
            "stage": chosen["stage"],
            "basis": "mature" if answer.basis == "mature" else "all",
            "period_start": chosen.get("period_start"),
            "values": {dimension: chosen[dimension] for dimension in request.by},
        }
    )
    with st.container(border=True):
        opportunities_behind(context, request, cell, f"{name}-list")


def _steps_frame(answer: FunnelAnswer, ahead: Table, times: Table, skips: Table) -> pl.DataFrame:
    frame = on_basis(answer, answer.frame)
    for other, columns in (
        (ahead.frame, ["projected", "low", "high"]),
        (times.frame, ["overall_p50", "step_p50"]),
        (skips.frame, ["observed", "skip_rate"]),
    ):
        frame = frame.join(other.select("stage_no", *columns), on="stage_no", how="left", maintain_order="left")
    return frame


def _maturity(context: Context, answer: FunnelAnswer) -> None:
    """Who enters the rates, and who is too young to."""
    first = answer.frame.row(0, named=True)
    t = context.t
    if answer.plan.window_days is None:
        st.info(t("basis_no_window", cohort=number(first["cohort"])), icon=":material/info:")
    elif first["cohort_mature"] == 0 and answer.basis == "mature":
        st.warning(t("basis_all_young", young=number(first["cohort_young"])), icon=":material/child_care:")
    else:
        st.caption(
            t("basis_counts", cohort=number(first["cohort"]), mature=number(first["cohort_mature"]),
              young=number(first["cohort_young"]))
            + (t("basis_excluded", excluded=number(first["excluded"])) if first["excluded"] else "")
        )  # fmt: skip


def _funnel_figure(context: Context, answer: FunnelAnswer, frame: pl.DataFrame) -> go.Figure:
    rows = frame.to_dicts()
    t = context.t
    texts = []
    for row in rows:
        text = f"<b>{percent(row['overall'])}</b>  {number(row['basis_counted'])}"
        if row["step"] is not None:
            text += f"<br><span style='color:#66758A'>{t('step_label', rate=percent(row['step']))}</span>"
        texts.append(text)
    hovers = [
        t("funnel_hover", counted=number(r["basis_counted"]), cohort=number(r["basis_cohort"]),
          low=percent(r["overall_low"]), high=percent(r["overall_high"]))
        for r in rows
    ]  # fmt: skip
    is_partly_young = answer.plan.window_days is None or rows[0]["cohort_young"]
    marks = [(r["projected"], r["low"], r["high"]) if is_partly_young else (None, None, None) for r in rows]
    return share_bars(
        [context.stage_name(r["stage"]) for r in rows],
        [r["overall"] for r in rows],
        [r["overall_low"] for r in rows],
        [r["overall_high"] for r in rows],
        texts,
        hovers,
        marks=marks,
        mark_name=t("term_projected"),
        bar_name=t(f"basis_{answer.basis}"),
    )


def _times(context: Context, frame: pl.DataFrame) -> None:
    t = context.t
    kind = choose(
        t("times_kind"), "times", ("step", "overall"), "step", lambda code: t(f"times_{code}"), look="segments",
        label_visibility="collapsed",
    )  # fmt: skip
    rows = [r for r in frame.to_dicts() if r[f"{kind}_p50"] is not None]
    if not rows:
        empty(context)
        return
    figure = ranges(
        [context.stage_name(r["stage"]) for r in rows],
        [tuple(r[f"{kind}_p{p}"] for p in (25, 50, 75, 90)) for r in rows],
        [t("times_hover", low=number(r[f"{kind}_p25"], 1), high=number(r[f"{kind}_p75"], 1)) for r in rows],
        names_of=("P25–P75", t("median"), "P90"),
        x_title=t("unit_days"),
    )
    chart(figure, "times", t("times_title"))


def breakdown(context: Context, request: FunnelRequest) -> None:
    """One stage's rate by one or two dimensions, with intervals, so that chance is not taken for a difference."""
    t, process = context.t, context.process
    first, second, third = st.columns([4, 3, 3], vertical_alignment="bottom")
    with first:
        by = choose_several(
            t("break_down_by"), "by", list(DIMENSIONS), lambda code: label(str(code), context.language), most=2,
            default=("region",),
        )  # fmt: skip
    after = [s.stage for s in process.stages if s.stage_no > process.stage(request.entry_stage or "").stage_no]
    with second:
        stage = choose(t("at_stage"), "at", after, after[-1], context.stage_name)
    with third:
        part = choose(
            t("rate_of"), "part", ("overall", "step"), "overall", lambda code: t(f"column_{code}"), look="segments"
        )
    if not by:
        empty(context, "choose_dimension")
        return
    narrowed = request.model_copy(update={"by": tuple(d for d in by if d)})
    answer: FunnelAnswer = context.ask(funnel, narrowed)
    whole: FunnelAnswer = context.ask(funnel, request)
    rows = on_basis(answer, answer.frame).filter(pl.col("stage") == stage).sort("basis_cohort", descending=True)
    if rows.is_empty():
        empty(context, "empty_cohort")
        return
    total = whole.frame.filter(pl.col("stage") == stage).row(0, named=True)
    unknown = rows.filter(pl.any_horizontal(pl.col(d).is_null() for d in by if d))["cohort"].sum()
    st.caption(
        t("breakdown_caption", groups=number(rows.height), total=percent(total[part]),
          unknown=percent(unknown / total["cohort"] if total["cohort"] else None))
    )  # fmt: skip
    shown = rows.drop_nulls(part).head(25).sort(part, descending=True)
    with card(context, "breakdown_title", "breakdown_hint"):
        chart(_breakdown_figure(context, answer, shown, part, total[part]), "breakdown", t("breakdown_title"))
    columns = [*_dimension_columns(context, by), *STEP_COLUMNS[1:8]]
    _table(context, narrowed, answer, rows, columns, "breakdown")
    show_sql(context, answer.sql)


def _breakdown_figure(
    context: Context, answer: FunnelAnswer, rows: pl.DataFrame, part: str, total: float | None
) -> go.Figure:
    def color(row: dict[str, Any]) -> str:
        if total is None or row[f"{part}_low"] is None:
            return GREY
        return SERIES[1] if row[f"{part}_low"] > total else AMBER if row[f"{part}_high"] < total else GREY

    listed = rows.to_dicts()
    return intervals(
        [group_name(context, row, answer.plan.request.by) for row in listed],
        [row[part] for row in listed],
        [row[f"{part}_low"] for row in listed],
        [row[f"{part}_high"] for row in listed],
        [
            f"{percent(row[part])} ({percent(row[f'{part}_low'])} – {percent(row[f'{part}_high'])}) · "
            f"{number(row['basis_counted'])} / {number(row['basis_cohort'])}"
            for row in listed
        ],
        reference=total,
        colors=[color(row) for row in listed],
    )


def group_name(context: Context, row: dict[str, Any], by: tuple[str, ...]) -> str:
    """A group's values for people; two reps of one name stay apart by their id in the table."""
    names = [row.get(f"{d}_label") or row[d] or context.t("unknown") for d in by]
    return " · ".join(str(name) for name in names)


def _dimension_columns(context: Context, by: tuple[str | None, ...]) -> list[Column]:
    columns = []
    for dimension in (d for d in by if d):
        if DIMENSIONS[dimension] != dimension:
            columns.append(Column(f"{dimension}_label", "text", f"column_{dimension}_label"))
        columns.append(Column(dimension))
    return columns


def trend(context: Context, request: FunnelRequest) -> None:
    """Each stage's rate by cohort; young cohorts are projected, and shown apart."""
    t = context.t
    left, right = st.columns([3, 4])
    with left:
        period = choose(
            t("period"), "period", ("week", "month", "quarter"), "month", lambda code: t(f"period_{code}"),
            look="segments",
        )  # fmt: skip
    with right:
        part = choose(
            t("rate_of"), "part", ("overall", "step"), "overall", lambda code: t(f"column_{code}"), look="segments"
        )
    narrowed = request.model_copy(update={"period": period})
    answer: FunnelAnswer = context.ask(funnel, narrowed)
    if answer.frame.is_empty():
        empty(context, "empty_cohort")
        return
    ahead: Table = context.ask(projected, narrowed)
    stages = [s for s in context.process.stages if s.stage_no > answer.plan.first]
    starts = answer.frame["period_start"].unique().sort().to_list()
    by_cell = {(r["stage_no"], r["period_start"]): r for r in answer.frame.to_dicts()}
    series = [
        (s.name.in_language(context.language), [by_cell[s.stage_no, start][part] for start in starts]) for s in stages
    ]
    figure = lines(starts, series, y_format=".0%", height=380)
    figure.update_xaxes(tickformat="%m-%d<br>%Y" if period == "week" else "%Y-%m")
    if period != "week" and len(starts) <= 14:
        figure.update_xaxes(tickvals=starts)
    if part == "overall" and not ahead.frame.is_empty():
        for n, s in enumerate(stages):
            rows = ahead.frame.filter(pl.col("stage_no") == s.stage_no).to_dicts()
            figure.add_trace(_projection(context, rows, SERIES[n % len(SERIES)], is_named=n == 0))
    with card(context, "trend_title", f"trend_caption_{answer.basis}"):
        chart(figure, "trend", t("trend_title"))
    columns = (
        Column("period_start", "date"), *STEP_COLUMNS[:8], Column("cohort_young", "integer", "column_cohort_young")
    )  # fmt: skip
    _table(context, narrowed, answer, on_basis(answer, answer.frame), columns, "trend", 320)
    show_sql(context, answer.sql, ahead.sql)


def _projection(context: Context, rows: list[dict[str, Any]], color: str, *, is_named: bool) -> go.Scatter:
    return go.Scatter(
        x=[r["period_start"] for r in rows],
        y=[r["projected"] for r in rows],
        mode="markers",
        name=context.t("term_projected"),
        showlegend=is_named,
        marker={"symbol": "diamond-open", "size": 9, "color": color, "line": {"width": 1.6}},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [(r["high"] or r["projected"]) - r["projected"] for r in rows],
            "arrayminus": [r["projected"] - (r["low"] or r["projected"]) for r in rows],
            "color": color,
            "thickness": 1,
            "width": 3,
        },
        hovertemplate="%{x} · %{y:.1%}<extra></extra>",
    )


@st.fragment
def opportunities(context: Context, request: FunnelRequest) -> None:
    """The opportunities behind a count; the list's length is the count."""
    t = context.t
    stages = [s.stage for s in context.process.stages]
    stages = stages[stages.index(request.entry_stage or stages[0]) :]
    first, second, third = st.columns([4, 5, 4], vertical_alignment="bottom")
    with first:
        stage = choose(t("at_stage"), "liststage", stages, stages[-1], context.stage_name)
    with second:
        what = choose(
            t("list_what"), "what", ("counted", "dropped", "cohort", "excluded"), "counted",
            lambda code: t(f"list_{code}"), look="segments",
        )  # fmt: skip
    with third:
        basis = choose(
            t("list_basis"), "listbasis", ("all", "mature", "young"), "all", lambda code: t(f"list_basis_{code}"),
            look="segments",
        )  # fmt: skip
    cell = Cell.model_validate({"stage": stage, "what": what, "basis": basis})
    opportunities_behind(context, request, cell, "list")
