"""The lists behind the counts: as many rows as the count says, and of each row all its evidence."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards.context import Context
from dashboards.dossier import show_dossier
from dashboards.parts import empty, show_sql
from dashboards.tables import Column, show_table
from data_contracts.figures import number
from queries.dwell import DwellRequest, SpellCell, spells_behind
from queries.funnel import Cell, Table, list_behind
from queries.funnel_request import FunnelRequest

OPPORTUNITY_COLUMNS = (
    Column("customer_name"),
    Column("cohort_at", "instant"),
    Column("status", "code"),
    Column("stage", "stage", "column_stage_now"),
    Column("stage_entered_at", "instant"),
    Column("closed_at", "instant"),
    Column("lost_reason"),
    Column("amount", "money"),
    Column("signed_amount", "money"),
    Column("owner_name"),
    Column("supervisor_name"),
    Column("city"),
    Column("region"),
    Column("opportunity_id"),
)
SPELL_COLUMNS = (
    Column("customer_name"),
    Column("stage", "stage"),
    Column("sla_days", "days"),
    Column("dwell_days", "days"),
    Column("over_sla_days", "days", "column_over_sla_days"),
    Column("silent_days", "days"),
    Column("amount", "money"),
    Column("p_fail", "chance", "column_p_fail"),
    Column("owner_name"),
    Column("supervisor_name"),
    Column("next_planned_at", "instant"),
    Column("entered_at", "instant"),
    Column("left_at", "instant"),
    Column("exit", "code"),
    Column("dwell_business_days", "days"),
    Column("city"),
    Column("region"),
    Column("opportunity_id"),
)


def opportunities_behind(context: Context, request: FunnelRequest, cell: Cell, name: str) -> None:
    """The opportunities behind one count of a funnel."""
    answer: Table = context.ask(list_behind, request, cell)
    st.markdown(_length(context, "list_length", answer.frame))
    _rows(context, answer.frame, OPPORTUNITY_COLUMNS, name)
    show_sql(context, answer.sql)


def stays_behind(context: Context, request: DwellRequest, cell: SpellCell, name: str, length: str) -> None:
    """The stays behind one figure of dwell; `length` is the key of the sentence that counts them."""
    answer: Table = context.ask(spells_behind, request, cell)
    st.markdown(_length(context, length, answer.frame))
    _rows(context, answer.frame, SPELL_COLUMNS, name)
    show_sql(context, answer.sql)


def _length(context: Context, key: str, frame: pl.DataFrame) -> str:
    """How many, and their amount; an opportunity that stands in several rows counts once in the amount."""
    amounts = frame.unique("opportunity_id")["amount"].drop_nulls() if not frame.is_empty() else pl.Series([])
    amount = context.money(amounts.sum() if amounts.len() else None)
    return context.t(key, rows=number(frame.height), amount=amount)


def _rows(context: Context, frame: pl.DataFrame, columns: tuple[Column, ...], name: str) -> None:
    if frame.is_empty():
        empty(context)
        return
    row = show_table(context, frame, columns, name=name, height=440, is_selectable=True)
    if row is not None:
        with st.container(border=True):
            show_dossier(context, frame["opportunity_id"][row])
