"""Pieces that every page is made of: its head with the definitions, cards, charts, and the SQL behind a figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.charts import CONFIG
from dashboards.context import Context


def head(context: Context, page: str, definitions: tuple[str, ...]) -> None:
    """The page's title and what it answers, and beside it what each of its figures means."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.title(context.t(f"page_{page}"), anchor=False, width="content")
        show_definitions(context, definitions)
    st.caption(context.t(f"about_{page}"))


def show_definitions(context: Context, names: tuple[str, ...]) -> None:
    """The definition of each figure, one click away."""
    with st.popover(context.t("definitions"), icon=":material/menu_book:", type="tertiary"):
        for name in names:
            st.markdown(f"**{context.t(f'term_{name}')}**  \n{context.t(f'define_{name}')}")


@contextmanager
def card(context: Context, title: str, caption: str | None = None) -> Iterator[None]:
    """A framed part of a page with a heading (keys of the catalogue)."""
    with st.container(border=True, height="stretch"):
        st.subheader(context.t(title), anchor=False)
        if caption is not None:
            st.caption(context.t(caption))
        yield


def chart(figure: go.Figure, key: str, alt: str) -> None:
    """Draw a figure; `alt` says in words what it shows."""
    st.plotly_chart(figure, key=f"chart_{key}", config=CONFIG, theme=None, alt=alt)


def empty(context: Context, key: str = "nothing_here") -> None:
    """Say that there is nothing, rather than show an empty chart."""
    st.info(context.t(key), icon=":material/search_off:")


def other_version(context: Context) -> None:
    """Say that the snapshot is of another version of the program, which had not what stands here."""
    st.info(context.t("other_version"), icon=":material/update:")


def show_sql(context: Context, *statements: str) -> None:
    """The SQL that gave the figures: what `stagewatch sql` takes."""
    with st.expander(context.t("show_sql"), icon=":material/code:"):
        for statement in statements:
            st.code(statement, language="sql", wrap_lines=True, height=320)


def metric(label: str, value: str, note: str = "", **options: Any) -> None:
    """A headline figure with a line below it; in a row of them (`metric_row`) they wrap on a narrow screen."""
    st.metric(
        label, value, note or None, delta_color="off", delta_arrow="off", border=True, height="stretch", **options
    )


def metric_row() -> DeltaGenerator:
    """The row that headline figures stand in."""
    return st.container(horizontal=True, gap="xsmall")
