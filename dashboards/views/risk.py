"""Opportunities at risk: who, why, how much, what is due, and recording what a supervisor did about it."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import streamlit as st

from dashboards.choices import choose, choose_flag, choose_several, choose_text, set_choice
from dashboards.context import Context
from dashboards.dossier import reason_words, show_dossier
from dashboards.parts import empty, head, metric, metric_row, show_sql
from dashboards.tables import Column, show_table
from dashboards.views.alert_views import alerts_list
from data_contracts.figures import number, percent
from queries.funnel import Table
from queries.lists import BANDS, RiskRequest, at_risk
from queries.overview import SILENT_DAYS

REASONS_LISTED = 3
ORDERS = ("amount_at_risk", "p_fail", "overrun_days", "silent_days", "amount")
COLUMNS = (
    Column("customer_name"),
    Column("amount", "money"),
    Column("p_fail", "chance", "column_p_fail"),
    Column("reason_1"),
    Column("reason_2"),
    Column("reason_3"),
    Column("stage", "stage"),
    Column("overrun_days", "days"),
    Column("silent_days", "days"),
    Column("reschedules", "integer"),
    Column("technical_meetings", "integer"),
    Column("next_planned_at", "instant"),
    Column("owner_name"),
    Column("supervisor_name"),
    Column("city"),
    Column("region"),
    Column("p_sign", "share", "column_p_sign"),
    Column("risk_band", "code"),
    Column("opportunity_id"),
)


def show(context: Context) -> None:
    """The page."""
    head(context, "risk", ("p_fail", "risk_band", "overrun", "silent", "reschedules", "alert", "recorded"))
    view = choose(
        context.t("view"), "list", list(VIEWS), "opportunities",
        lambda code: f"{VIEWS[code][0]} {context.t(f'risk_view_{code}')}",
        look="segments", label_visibility="collapsed",
    )  # fmt: skip
    VIEWS[view][1](context)


def opportunities(context: Context) -> None:
    """The open opportunities of the chosen bands, with what is at stake."""
    request = _request(context)
    answer: Table = context.ask(at_risk, request)
    _summary(context, answer.frame)
    _list(context, answer)


def _request(context: Context) -> RiskRequest:
    t = context.t
    with st.container(border=True):
        first, second, third = st.columns([5, 4, 3], vertical_alignment="bottom")
        with first:
            bands = choose_several(
                t("risk_bands"), "band", BANDS, lambda code: t(f"risk_band_{code}"), look="pills",
                default=("high", "medium"),
            )  # fmt: skip
        with second:
            order = choose(t("risk_order"), "order", ORDERS, "amount_at_risk", lambda code: t(f"order_{code}"))
        with third:
            only_overrun = choose_flag(t("only_overrun"), "overrun")
            only_silent = choose_flag(t("only_silent", days=SILENT_DAYS), "silent")
        first, second = st.columns([5, 7])
        with first:
            text = choose_text(t("search"), "q", placeholder=t("search_hint"))
        with second:
            stages = choose_several(
                t("stages"), "stage", [s.stage for s in context.process.stages], context.stage_name,
                placeholder=t("all_values"),
            )  # fmt: skip
    return RiskRequest.model_validate(
        {
            "filters": context.filters,
            "bands": bands,
            "stages": stages,
            "only_overrun": only_overrun,
            "silent_over_days": SILENT_DAYS if only_silent else None,
            "text": text,
            "order": order,
        }
    )


def _summary(context: Context, frame: pl.DataFrame) -> None:
    t = context.t
    amount = float(frame["amount"].sum() or 0)
    with metric_row():
        metric(t("metric_listed"), number(frame.height), t("metric_of_amount", amount=context.money(amount)))
        metric(t("metric_at_risk"), context.money(frame["amount_at_risk"].sum()), t("metric_at_risk_note"))
        unmet = frame.filter((pl.col("reschedules") > 2) & (pl.col("technical_meetings") == 0)).height
        metric(t("metric_rule"), number(unmet), t("metric_rule_note"))
        unplanned = frame.filter(pl.col("next_planned_at").is_null()).height
        share = unplanned / frame.height if frame.height else None
        metric(t("metric_unplanned"), number(unplanned), percent(share, 0))


def _list(context: Context, answer: Table) -> None:
    frame = answer.frame
    if frame.is_empty():
        empty(context)
        return
    reasons = pl.Series([reason_words(context, text) for text in frame["risk_reasons"]], dtype=pl.List(pl.String))
    frame = frame.with_columns(
        reasons.list.get(n, null_on_oob=True).alias(f"reason_{n + 1}") for n in range(REASONS_LISTED)
    )
    st.caption(context.t("select_row"))
    row = show_table(context, frame, COLUMNS, name="risk", height=470, is_selectable=True)
    if row is not None:
        set_choice("opportunity", frame["opportunity_id"][row])
    chosen = st.query_params.get("opportunity")
    if chosen:
        with st.container(border=True):
            show_dossier(context, chosen)
    show_sql(context, answer.sql)


VIEWS: dict[str, tuple[str, Callable[[Context], None]]] = {
    "opportunities": (":material/work_alert:", opportunities),
    "alerts": (":material/notifications_active:", alerts_list),
}
