"""The form in which a supervisor says what was done about an opportunity or an alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

import streamlit as st

from dashboards.context import Context
from dashboards.records import ACTIONS, Action, Intervention, record_intervention
from data_contracts.settings import load_settings


def show_form(
    context: Context,
    name: str,
    *,
    opportunity_id: str | None,
    alerts: Mapping[str, str],
    supervisor_id: str | None,
    alert_key: str | None = None,
) -> None:
    """Record an intervention, or acknowledge or snooze an alert; the record waits in the inbox for the next run.

    `alerts`: titles by key of those that it may answer; `alert_key` is chosen to begin with. Without an opportunity
    one of them must be answered.
    """
    t = context.t
    choices = [*([None] if opportunity_id is not None else []), *alerts]
    with st.form(f"record-{name}", clear_on_submit=True, border=True):
        st.markdown(f"##### {t('record_intervention')}")
        action: Action = st.selectbox(t("record_action"), ACTIONS, format_func=lambda code: t(f"action_{code}"))
        alert = st.selectbox(
            t("record_alert"),
            choices,
            index=choices.index(alert_key) if alert_key in choices else 0,
            format_func=lambda key: alerts.get(key) or t("record_no_alert"),
        )
        who = st.text_input(t("record_who"), supervisor_id or "", max_chars=100)
        until = st.date_input(t("record_until"), None, context.process.as_of.date() + timedelta(days=1))
        note = st.text_area(t("record_note"), max_chars=2000, placeholder=t("record_note_hint"), height=80)
        if st.form_submit_button(t("record_save"), type="primary", icon=":material/save:"):
            is_snooze = action == "snoozed"
            if is_snooze and until is None:
                st.error(t("record_until_missing"))
                return
            end = datetime.combine(until, time(9), context.process.zone) if is_snooze and until else None
            record_intervention(
                context.workspace / "inbox",
                Intervention(action, _now(context), opportunity_id, alert, who.strip() or None, note, end),
            )
            st.success(t("record_saved"), icon=":material/check:")
    st.caption(t("record_caption"))


def _now(context: Context) -> datetime:
    """Now; in a workspace of history (clock: data) the as-of time, so that a record does not move the clock."""
    if load_settings(context.workspace).clock == "data":
        return context.process.as_of
    return datetime.now(UTC).astimezone(context.process.zone)
