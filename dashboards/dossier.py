"""One opportunity with all its evidence: why it stands where it stands, what is due, and recording what was done."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import streamlit as st

from dashboards.context import Context
from dashboards.recording import show_form
from dashboards.tables import Column, show_table, word
from data_contracts.figures import MISSING, chance, clock, number
from data_contracts.safe_cells import markdown_text
from queries.lists import LIVE_ALERTS, Dossier, dossier

TIMELINE = (
    Column("occurred_at", "instant"),
    Column("event", "text", "column_event"),
    Column("detail", "text", "column_detail"),
    Column("actor_id", "text", "column_actor_id"),
    Column("recorded_at", "instant"),
    Column("source_kind", "code"),
    Column("source_file", "text"),
    Column("source_row", "integer"),
)
SPELLS = (
    Column("stage", "stage"),
    Column("entered_at", "instant"),
    Column("left_at", "instant"),
    Column("dwell_days", "days"),
    Column("sla_days", "days"),
    Column("is_overrun", "flag"),
    Column("exit", "code"),
)


def show_dossier(context: Context, opportunity_id: str, *, alert_key: str | None = None) -> None:
    """Facts, reasons, required actions and evidence of one opportunity, and a form for what was done.

    `alert_key`: the alert that the form is about to begin with.
    """
    found: Dossier = context.ask(dossier, opportunity_id)
    state = found.state
    customer = markdown_text(state["customer_name"] or opportunity_id)
    place = " · ".join(markdown_text(x) for x in (state["region"], state["city"], state["owner_name"]) if x)
    st.subheader(customer, anchor=False)
    st.caption(f"{markdown_text(opportunity_id)}{' · ' if place else ''}{place}")
    _facts(context, state)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _reasons(context, state)
        _actions(context, found)
    with right:
        _form(context, found, alert_key)
    st.markdown(f"##### {context.t('evidence')}")
    show_table(context, _events(context, found.timeline), TIMELINE, name=f"timeline-{opportunity_id}", height=360)
    with st.expander(context.t("spells_of_opportunity"), icon=":material/timeline:"):
        show_table(context, found.spells, SPELLS, name=f"spells-{opportunity_id}")


def reason_words(context: Context, reasons: str | None) -> list[str]:
    """The reasons of a score in words, the weightiest first."""
    found = json.loads(reasons) if reasons else []
    key = "zh" if context.language == "zh-CN" else "en"
    return [str(reason[key]) for reason in found if reason.get(key)]


def _facts(context: Context, state: dict[str, Any]) -> None:
    t = context.t
    status = word(context, "status", state["status"])
    if state["status"] == "open":
        status += f" · {context.stage_name(state['stage'])}"
    facts = [
        (t("fact_status"), status),
        (t("fact_amount"), context.money(state["amount"])),
        (t("fact_p_fail", days=context.process.horizon_days), chance(state["p_fail"])),
        (t("fact_p_sign", days=context.process.horizon_days), chance(state["p_sign"])),
        (t("fact_dwell"), _days(context, state["dwell_days"], state["sla_days"])),
        (t("fact_silent"), _days(context, state["silent_days"], None)),
        (t("fact_reschedules"), number(state["reschedules"])),
        (t("fact_next_visit"), clock(state["next_planned_at"])),
    ]  # fmt: skip
    for row in (facts[:4], facts[4:]):
        for column, (name, value) in zip(st.columns(4), row, strict=True):
            column.markdown(f":small[:gray[{name}]]  \n**{markdown_text(value)}**")


def _days(context: Context, days: float | None, limit: float | None) -> str:
    if days is None:
        return MISSING
    text = context.t("days", days=number(days, 1))
    return f"{text} / {context.t('sla')} {number(limit, 1)}" if limit is not None else text


def _reasons(context: Context, state: dict[str, Any]) -> None:
    st.markdown(f"##### {context.t('why')}")
    words = reason_words(context, state["risk_reasons"])
    if words:
        st.markdown("\n".join(f"- {markdown_text(reason)}" for reason in words))
    else:
        st.caption(context.t("no_reasons"))
    if state["risk_next_action"]:
        st.markdown(context.t("next_action", action=markdown_text(_action_name(context, state["risk_next_action"]))))
    st.caption(context.t(f"method_{state['risk_method'] or 'none'}"))


def _action_name(context: Context, code: str) -> str:
    found = context.snapshot.query(
        "select name_zh, name_en from ref.required_actions where action_code = $code", {"code": code}
    )
    return code if found.is_empty() else str(found.row(0)[0 if context.language == "zh-CN" else 1])


def _actions(context: Context, found: Dossier) -> None:
    st.markdown(f"##### {context.t('required_actions')}")
    icons = {"pass": ":green[:material/check_circle:]", "late": ":orange[:material/schedule:]",
             "missing": ":red[:material/cancel:]", "waived": ":gray[:material/do_not_disturb_on:]"}  # fmt: skip
    lines = []
    for action in found.actions.iter_rows(named=True):
        if action["verdict"] is None and not action["is_due"]:
            continue
        name = markdown_text(action["name_zh"] if context.language == "zh-CN" else action["name_en"])
        verdict = word(context, "verdict", action["verdict"]) if action["verdict"] else context.t("due_now")
        icon = icons.get(action["verdict"], ":blue[:material/radio_button_unchecked:]")
        lines.append(f"{icon} {markdown_text(context.stage_name(action['stage']))} · {name} — {verdict}")
    st.markdown("  \n".join(lines) or context.t("no_actions_yet"))


def _form(context: Context, found: Dossier, alert_key: str | None) -> None:
    state = found.state
    live = found.alerts.filter(pl.col("status").is_in(LIVE_ALERTS))
    title = "title_zh" if context.language == "zh-CN" else "title_en"
    show_form(
        context,
        state["opportunity_id"],
        opportunity_id=state["opportunity_id"],
        alerts=dict(live.select("alert_key", title).iter_rows()),
        supervisor_id=state["supervisor_id"],
        alert_key=alert_key,
    )


def _events(context: Context, timeline: pl.DataFrame) -> pl.DataFrame:
    """The timeline with each event in words."""
    words = [_event_words(context, *row) for row in timeline.select("record", "what", "stage", "kind").iter_rows()]
    return timeline.with_columns(pl.Series("event", words, pl.String))


def _event_words(context: Context, record: str, what: str, stage: str | None, kind: str | None) -> str:
    if record == "actions":
        done = context.t("event_waived") if what == "waived" else _action_name(context, what)
        return f"{context.t('record_actions')} · {done}"
    key = f"event_{record}_{what}"
    words = context.t(key) if key in context.t else what
    more = context.stage_name(stage) if stage else word(context, "kind", kind) if kind else ""
    return f"{words} · {more}" if more else words
