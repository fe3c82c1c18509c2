"""Stage dwell and bottlenecks: how long, against the SLA, where time is lost, what stands open, which ways are gone."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from dashboards.choices import choose, choose_day
from dashboards.context import Context
from dashboards.parts import head
from dashboards.views import dwell_views, path_views
from queries.dwell import DwellRequest

VIEWS = {
    "stages": (":material/hourglass_top:", dwell_views.stages),
    "survival": (":material/trending_down:", dwell_views.survival),
    "bottlenecks": (":material/traffic:", dwell_views.bottlenecks),
    "overrun": (":material/timer_off:", dwell_views.overrun),
    "paths": (":material/route:", path_views.paths),
}


def show(context: Context) -> None:
    """The page."""
    head(
        context,
        "dwell",
        ("dwell_days", "completed_only", "km_median", "overrun", "days_lost", "business_days", "variant"),
    )
    t = context.t
    with st.container(border=True):
        first, second, third = st.columns([4, 3, 3], vertical_alignment="bottom")
        with first:
            clock = choose(
                t("clock"), "clock", ("calendar", "business"), "calendar", lambda code: t(f"clock_{code}"),
                look="segments", help=t("help_clock"),
            )  # fmt: skip
        earliest, latest = date(2000, 1, 1), context.process.as_of.date()
        with second:
            start = choose_day(t("entered_from"), "since", earliest=earliest, latest=latest)
        with third:
            end = choose_day(t("entered_until"), "to", earliest=earliest, latest=latest)
    request = DwellRequest.model_validate(
        {
            "filters": context.filters,
            "entered_from": start,
            "entered_to": end + timedelta(days=1) if end else None,
            "clock": clock,
        }
    )
    view = choose(
        t("view"), "dwell", list(VIEWS), "stages", lambda code: f"{VIEWS[code][0]} {t(f'dwell_view_{code}')}",
        look="segments", label_visibility="collapsed",
    )  # fmt: skip
    VIEWS[view][1](context, request)
