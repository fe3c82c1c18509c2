"""The ways that opportunities went: from which stage to which, and the most frequent whole ways."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards.charts import on_lines, styled
from dashboards.context import Context
from dashboards.parts import card, chart, empty, show_sql
from dashboards.tables import Column, show_table
from data_contracts.figures import number, percent
from queries.dwell import DwellRequest
from queries.funnel import Table
from queries.variants import PathRequest, transitions, variants

VARIANT_COLUMNS = (
    Column("steps", "steps"),
    Column("opportunities", "integer"),
    Column("share", "share"),
    Column("coverage", "share"),
    Column("won", "integer", "column_won"),
    Column("median_days", "days"),
    Column("p90_days", "days"),
    Column("example_opportunity_id"),
)
TRANSITION_COLUMNS = (
    Column("from_stage", "stage"),
    Column("to_stage", "stage"),
    Column("kind", "code", "column_transition_kind"),
    Column("transitions", "integer"),
    Column("opportunities", "integer"),
    Column("median_days", "days"),
    Column("p90_days", "days"),
)


def paths(context: Context, request: DwellRequest) -> None:
    """Transitions and variants of the opportunities that entered the funnel in the range."""
    asked = PathRequest(filters=request.filters, cohort_from=request.entered_from, cohort_to=request.entered_to)
    moves: Table = context.ask(transitions, asked)
    ways: Table = context.ask(variants, asked)
    if ways.frame.is_empty():
        empty(context)
        return
    with card(context, "moves_title", "moves_caption"):
        chart(_map(context, moves.frame), "moves", context.t("moves_title"))
    closed, still_open = ways.frame.filter(~pl.col("is_open")), ways.frame.filter(pl.col("is_open"))
    t = context.t
    top = float(closed.head(10)["share"].sum()) if closed.height else None
    with card(context, "variants_title"):
        st.caption(t("variants_caption", variants=number(closed.height), top=percent(top, 0)))
        show_table(context, closed, VARIANT_COLUMNS, name="variants", height=360)
    with st.expander(t("open_variants", variants=number(still_open.height)), icon=":material/pending:"):
        show_table(context, still_open, VARIANT_COLUMNS[:4] + VARIANT_COLUMNS[7:], name="open-variants", height=300)
    with st.expander(t("all_transitions"), icon=":material/table:"):
        show_table(context, moves.frame, TRANSITION_COLUMNS, name="transitions", height=360)
    show_sql(context, moves.sql, ways.sql)


def _map(context: Context, moves: pl.DataFrame) -> go.Figure:
    """A grid of from and to: the shade is the share of those who left, the text how many and after how long."""
    sources = [s.stage for s in context.process.stages if s.stage in set(moves["from_stage"])]
    targets = [s.stage for s in context.process.stages] + ["(won)", "(lost)", "(lapsed)"]
    targets = [code for code in targets if code in set(moves["to_stage"])]
    cells = {(r["from_stage"], r["to_stage"]): r for r in moves.to_dicts()}
    left = {code: sum(r["transitions"] for r in moves.to_dicts() if r["from_stage"] == code) for code in sources}
    shades, texts = [], []
    for source in sources:
        row = [cells.get((source, target)) for target in targets]
        shades.append([None if c is None else c["transitions"] / left[source] for c in row])
        texts.append(
            [
                "" if c is None else f"{c['transitions']:,}<br>{context.t('days', days=number(c['median_days'], 1))}"
                for c in row
            ]
        )
    figure = go.Figure(
        go.Heatmap(
            x=[on_lines(context.stage_name(code)) for code in targets],
            y=[context.stage_name(code) for code in sources],
            z=shades,
            text=texts,
            texttemplate="%{text}",
            colorscale=[[0, "#F4F8FC"], [0.5, "#9CC3E8"], [1, "#3F82C8"]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="%{y} → %{x}: %{z:.1%}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(side="top", showgrid=False)
    return styled(figure, height=90 + 62 * len(sources))
