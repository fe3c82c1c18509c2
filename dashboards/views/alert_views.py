"""The live alerts: who must act on what, why, for how long already, and recording the answer."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards.choices import choose_several
from dashboards.context import Context
from dashboards.dossier import show_dossier
from dashboards.parts import empty, show_sql
from dashboards.recording import show_form
from dashboards.tables import Column, show_table, word
from data_contracts.figures import number
from data_contracts.safe_cells import markdown_text
from queries.funnel import Table
from queries.lists import LIVE_ALERTS, alerts

COLUMNS = (
    Column("alert_severity", "code"),
    Column("rule", "code", "column_rule"),
    Column("title", "text", "column_alert_title"),
    Column("recipient_name", "text", "column_recipient"),
    Column("opened_at", "instant"),
    Column("live_days", "days", "column_live_days"),
    Column("alert_status", "code"),
    Column("escalated_to_name", "text", "column_escalated_to"),
    Column("amount", "money"),
    Column("city"),
    Column("region"),
    Column("body", "text", "column_alert_body"),
    Column("alert_key", "text", "column_alert_key"),
)


def alerts_list(context: Context) -> None:
    """The alerts of the chosen rules and states, the gravest first; of a selected one, its words and the form."""
    t = context.t
    answer: Table = context.ask(alerts, context.filters)
    found = _worded(context, answer.frame)
    with st.container(border=True):
        left, right = st.columns(2)
        with left:
            states = choose_several(
                t("alert_states"), "state", LIVE_ALERTS, lambda code: t(f"alert_status_{code}"), look="pills",
                default=("open",),
            )  # fmt: skip
        with right:
            rules = choose_several(
                t("alert_rules"), "rule", found["rule"].unique().sort().to_list(),
                lambda code: word(context, "rule", str(code)), placeholder=t("all_values"),
            )  # fmt: skip
    shown = found.filter(pl.col("alert_status").is_in(states or LIVE_ALERTS))
    shown = shown.filter(pl.col("rule").is_in(rules)) if rules else shown
    st.markdown(t("alerts_length", rows=number(shown.height), high=number((shown["alert_severity"] == "high").sum())))
    if shown.is_empty():
        empty(context, "no_alerts")
        return
    st.caption(t("select_alert"))
    row = show_table(context, shown, COLUMNS, name="alerts", height=400, is_selectable=True)
    if row is not None:
        with st.container(border=True):
            _alert(context, shown.row(row, named=True))
    show_sql(context, answer.sql)


def _worded(context: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """The alerts with their words in the reader's language and the days since they opened."""
    language = "zh" if context.language == "zh-CN" else "en"
    as_of = pl.lit(context.process.as_of)
    return frame.with_columns(
        title=pl.col(f"title_{language}"),
        body=pl.col(f"body_{language}"),
        alert_status=pl.col("status"),
        alert_severity=pl.col("severity"),
        live_days=(as_of - pl.col("opened_at")).dt.total_seconds() / 86_400,
    )


def _alert(context: Context, alert: dict[str, Any]) -> None:
    """One alert in words; of an opportunity with all its evidence."""
    st.subheader(markdown_text(alert["title"]), anchor=False)
    st.markdown("  \n".join(markdown_text(line) for line in str(alert["body"] or "").splitlines()))
    if alert["opportunity_id"] is not None:
        show_dossier(context, alert["opportunity_id"], alert_key=alert["alert_key"])
        return
    show_form(
        context,
        alert["alert_key"],
        opportunity_id=None,
        alerts={alert["alert_key"]: alert["title"]},
        supervisor_id=alert["recipient_id"],
    )
