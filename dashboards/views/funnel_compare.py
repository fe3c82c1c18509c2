"""Two sides of one funnel: two cohorts, or two values of a dimension, and whether they can be told apart."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import streamlit as st

from dashboards.charts import AMBER, GREY, TEAL, intervals
from dashboards.choices import choose, choose_day, choose_several
from dashboards.context import Context
from dashboards.parts import card, chart, empty, show_sql
from dashboards.tables import Column, show_table
from data_contracts.figures import number, percent, points
from queries.comparison import Comparison, Segment, compare
from queries.dimensions import DIMENSIONS, Choice, Filter, choices, label
from queries.funnel_request import FunnelRequest

COLUMNS = (
    Column("stage", "stage"),
    Column("first_counted", "integer"),
    Column("first_of", "integer"),
    Column("first_rate", "share"),
    Column("second_counted", "integer"),
    Column("second_of", "integer"),
    Column("second_rate", "share"),
    Column("difference", "points"),
    Column("low", "points"),
    Column("high", "points"),
    Column("p_adjusted", "text"),
    Column("detectable", "points", help="help_detectable"),
    Column("verdict", "code", "column_comparison"),
)
COLORS = {"higher": TEAL, "lower": AMBER}


def compare_sides(context: Context, request: FunnelRequest) -> None:
    """Choose two sides and see the difference at every stage."""
    t = context.t
    left, right = st.columns([5, 4])
    with left:
        kinds = ["cohort", *DIMENSIONS]
        kind = choose(
            t("compare_by"), "compare", kinds, "cohort",
            lambda code: t("two_cohorts") if code == "cohort" else label(code, context.language),
        )  # fmt: skip
    with right:
        part = choose(
            t("rate_of"), "part", ("overall", "step"), "overall", lambda code: t(f"column_{code}"), look="segments"
        )
    sides = _cohorts(context) if kind == "cohort" else _segments(context, kind)
    if sides is None:
        empty(context, "choose_sides")
        return
    found: Comparison = context.ask(compare, request, *sides)
    rows = found.frame.filter(pl.col("part") == part)
    if rows.is_empty():
        empty(context, "empty_cohort")
        return
    first, second = sides[0].name, sides[1].name
    for row in rows.to_dicts():
        if row["verdict"] in ("higher", "lower"):
            st.markdown(
                t(f"compare_{row['verdict']}", stage=context.stage_name(row["stage"]),
                  difference=points(row["difference"], context.language).lstrip("+-"))
            )  # fmt: skip
    if not set(rows["verdict"]) & {"higher", "lower"}:
        st.info(t("compare_nothing"), icon=":material/balance:")
    with card(context, "compare_title", "compare_caption"):
        listed = rows.drop_nulls("difference").to_dicts()
        figure = intervals(
            [context.stage_name(r["stage"]) for r in listed],
            [r["difference"] for r in listed],
            [r["low"] for r in listed],
            [r["high"] for r in listed],
            [
                f"{first}: {percent(r['first_rate'])} ({number(r['first_of'])}) · "
                f"{second}: {percent(r['second_rate'])} ({number(r['second_of'])})"
                for r in listed
            ],
            reference=0.0,
            x_format="+.0%",
            colors=[COLORS.get(r["verdict"], GREY) for r in listed],
        )
        chart(figure, "compare", t("compare_title"))
    shown = rows.with_columns(pl.col("p_adjusted").map_elements(_p_value, pl.String))
    show_table(context, shown, COLUMNS, name="compare")
    show_sql(context, found.first.sql, found.second.sql)


def _p_value(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _cohorts(context: Context) -> tuple[Segment, Segment] | None:
    """Two ranges of entry days; unless chosen, the two quarters of a year before the last one."""
    today = context.process.as_of.date()
    sides = []
    columns = st.columns(2)
    for column, name, start, end in zip(columns, "ab", *_default_ranges(today), strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{context.t(f'side_{name}')}**")
            since, until = st.columns(2)
            with since:
                chosen_start = choose_day(
                    context.t("cohort_from"), f"{name}from", earliest=date(2000, 1, 1), latest=today
                )
            with until:
                chosen_end = choose_day(
                    context.t("cohort_until"), f"{name}until", earliest=date(2000, 1, 1), latest=today
                )
            first, last = chosen_start or start, chosen_end or end
            st.caption(f"{first} – {last}")
        if last < first:
            return None
        sides.append(Segment(name=f"{first} – {last}", cohort_from=first, cohort_to=last + timedelta(days=1)))
    return sides[0], sides[1]


def _default_ranges(today: date) -> tuple[tuple[date, date], tuple[date, date]]:
    """Starts and ends: the half year before the last quarter, in two quarters, so that both are mostly mature."""
    this = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    starts = [this]
    for _ in range(3):
        starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
        starts[-1] = starts[-1].replace(month=(starts[-1].month - 1) // 3 * 3 + 1)
    later, earlier = starts[2], starts[3]
    return (later, earlier), (starts[1] - timedelta(days=1), later - timedelta(days=1))


def _segments(context: Context, dimension: str) -> tuple[Segment, Segment] | None:
    found: list[Choice] = context.ask(choices, dimension, context.filters)
    names = {c.value: c.label or context.t("unknown") for c in found}
    sides = []
    for column, name in zip(st.columns(2), "ab", strict=True):
        with column:
            default = found["ab".index(name)].value if len(found) > 1 else None
            values = choose_several(
                context.t(f"side_{name}"), f"{name}{dimension}", [c.value for c in found],
                lambda value: names.get(value, str(value)), default=() if default is None else (default,),
            )  # fmt: skip
        if not values:
            return None
        sides.append(
            Segment(name="、".join(names[v] for v in values), filters=(Filter(dimension=dimension, values=values),))
        )
    if set(sides[0].filters[0].values) & set(sides[1].filters[0].values):
        st.warning(context.t("sides_overlap"))
        return None
    return sides[0], sides[1]
