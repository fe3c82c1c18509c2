"""Funnel explorer: the request, and the view that was chosen of its answer. Only that view is computed."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from dashboards.choices import choose, choose_day, choose_flag, choose_number
from dashboards.context import Context
from dashboards.parts import head
from dashboards.views import funnel_compare, funnel_views
from data_contracts.figures import number
from queries.funnel_request import Exclusion, FunnelRequest

VIEWS = {
    "steps": funnel_views.steps,
    "breakdown": funnel_views.breakdown,
    "trend": funnel_views.trend,
    "compare": funnel_compare.compare_sides,
    "list": funnel_views.opportunities,
}
ICONS = {
    "steps": ":material/filter_alt:",
    "breakdown": ":material/account_tree:",
    "trend": ":material/show_chart:",
    "compare": ":material/compare_arrows:",
    "list": ":material/list_alt:",
}
EXCLUSIONS = {
    "none": None,
    "no_show": ("visits", "no_show"),
    "rescheduled": ("visits", "rescheduled"),
    "lost": ("stage_events", "lost"),
    "reopened": ("stage_events", "reopened"),
}


def show(context: Context) -> None:
    """The page."""
    head(
        context,
        "funnel",
        ("reached", "observed", "direct", "window", "mature", "projected", "wilson", "skip_rate", "entry_value"),
    )
    request = _request(context)
    t = context.t
    view = choose(
        t("view"), "view", list(VIEWS), "steps", lambda code: f"{ICONS[code]} {t(f'view_{code}')}", look="segments",
        label_visibility="collapsed",
    )  # fmt: skip
    VIEWS[view](context, request)


def _request(context: Context) -> FunnelRequest:
    t, process = context.t, context.process
    with st.container(border=True):
        first, second, third, fourth = st.columns([4, 3, 5, 2], vertical_alignment="bottom")
        with first:
            meaning = choose(
                t("meaning"), "meaning", ("reached", "observed", "direct"), "reached",
                lambda code: t(f"term_{code}"), look="segments", help=t("help_meaning"),
            )  # fmt: skip
        with second:
            window = choose_number(
                t("window_days"), "window", process.default_window_days, lowest=1.0, highest=3650.0,
                help=t("help_window"),
            )  # fmt: skip
        earliest, latest = date(2000, 1, 1), process.as_of.date()
        with third:
            since, until = st.columns(2)
            with since:
                start = choose_day(t("cohort_from"), "from", earliest=earliest, latest=latest, help=t("help_cohort"))
            with until:
                end = choose_day(t("cohort_until"), "until", earliest=earliest, latest=latest)
        with fourth, st.popover(t("more_settings"), icon=":material/tune:", width="stretch"):
            entry = choose(
                t("entry_stage"), "entry", [s.stage for s in process.stages[:-1]], process.stages[0].stage,
                context.stage_name,
            )  # fmt: skip
            unit = choose(
                t("unit"), "unit", ("opportunity", "customer", "rep_customer"), "opportunity",
                lambda code: t(f"unit_{code}"),
            )  # fmt: skip
            dimension_time = choose(
                t("dimension_time"), "values", ("entry", "current"), "entry", lambda code: t(f"dimension_time_{code}")
            )
            exclusion = choose(
                t("exclusion"), "without", list(EXCLUSIONS), "none", lambda code: t(f"exclusion_{code}"),
                help=t("help_exclusion"),
            )  # fmt: skip
            is_so_far = choose_flag(t("basis_so_far"), "sofar", help=t("help_basis"))
    if start and end and end < start:
        st.warning(t("range_backwards"))
        end = None
    excluded = EXCLUSIONS[exclusion]
    exclusions = (
        (Exclusion.model_validate(
            {"record": excluded[0], "what": excluded[1], "after": entry, "before": process.stages[-1].stage}
        ),)
        if excluded
        else ()
    )  # fmt: skip
    request = FunnelRequest.model_validate(
        {
            "meaning": meaning,
            "entry_stage": entry,
            "window_days": window,
            "cohort_from": start,
            "cohort_to": end + timedelta(days=1) if end else None,
            "dimension_time": dimension_time,
            "filters": context.filters,
            "unit": unit,
            "exclusions": exclusions,
            "basis": "so_far" if is_so_far else "mature",
        }
    )
    st.caption(_in_words(context, request, window))
    return request


def _in_words(context: Context, request: FunnelRequest, window: float | None) -> str:
    """What the figures below are, in one sentence."""
    t = context.t
    basis = "so_far" if window is None or request.basis == "so_far" else "mature"
    return t(
        f"in_words_{basis}",
        unit=t(f"units_{request.unit}"),
        entry=context.stage_name(request.entry_stage),
        window=t("no_window") if window is None else t("within_days", days=number(window, 1)),
        as_of=f"{context.process.as_of:%Y-%m-%d}",
    )
