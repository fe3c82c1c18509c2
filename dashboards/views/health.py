"""Data health: how fresh, how late, what was refused and why, and whether every contract holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import polars as pl
import streamlit as st

from dashboards.charts import by_month, lines
from dashboards.choices import choose
from dashboards.context import Context
from dashboards.parts import card, chart, empty, head, metric, metric_row, other_version
from dashboards.tables import Column, show_table, word
from dashboards.views.contracts import show_checks
from dashboards.views.quarantine import show_quarantine
from data_contracts.figures import duration, number, percent
from queries.lists import Health, health

LEDGER = (
    Column("file_name"),
    Column("source_kind", "code"),
    Column("status", "code", "column_file_status"),
    Column("landed_at", "instant"),
    Column("rows_read", "integer"),
    Column("accepted", "integer"),
    Column("of_which_unmapped", "integer"),
    Column("quarantined", "integer"),
    Column("duplicates", "integer"),
    Column("mapping"),
    Column("reason"),
)
LATENCY = (
    Column("month", "date"),
    Column("record", "code"),
    Column("source_kind", "code"),
    Column("records", "integer"),
    Column("recorded_p50_minutes", "days"),
    Column("recorded_p90_minutes", "days"),
    Column("landed_p50_minutes", "days"),
    Column("landed_p90_minutes", "days"),
    Column("share_within_15_minutes", "share"),
    Column("filled", "integer"),
)
REVIEW = (
    Column("what", "code", "column_review_what"),
    Column("alias", "text", "column_review_alias"),
    Column("scope", "text", "column_review_scope"),
    Column("reason", "code", "column_review_reason"),
    Column("facts", "integer", "column_review_facts"),
    Column("file_name"),
    Column("source_row", "integer"),
)
CONTRADICTIONS = (
    Column("day", "date", "column_contradiction_day"),
    Column("record", "code"),
    Column("customer_name"),
    Column("attribute", "code", "column_contradiction_attribute"),
    Column("believed_value", "text", "column_believed_value"),
    Column("believed_source_kind", "code", "column_believed_source_kind"),
    Column("believed_because", "code", "column_believed_because"),
    Column("other_value", "text", "column_other_value"),
    Column("other_source_kind", "code", "column_other_source_kind"),
    Column("other_file", "text", "column_other_file"),
    Column("other_row", "integer", "column_other_row"),
)
WARNINGS = (Column("warning", "code"), Column("events", "integer", "column_events"))
KINDS = (
    Column("source_kind", "code"),
    Column("files", "integer", "column_files"),
    Column("rows_read", "integer"),
    Column("last_landed_at", "instant", "column_last_landed_at"),
)


def show(context: Context) -> None:
    """The page. What the snapshot of another version does not have is said to be missing, and the rest is shown."""
    head(context, "health", ("ledger", "quarantine", "duplicate", "latency", "contract_check", "warning"))
    found: Health = context.ask(health)
    _headline(context, found)
    show_quarantine(context)
    with card(context, "checks_title", "checks_caption"):
        if found.checks is None:
            other_version(context)
        else:
            files = {} if found.ledger is None else dict(found.ledger.select("file_id", "file_name").iter_rows())
            show_checks(context, found.checks, files)
    left, right = st.columns([7, 5])
    with left, card(context, "latency_title", "latency_caption"):
        if found.latency is None:
            other_version(context)
        else:
            _latency(context, found.latency)
    with right, card(context, "sources_title"):
        _table(context, found.sources, KINDS, "sources", "nothing_here")
    with card(context, "ledger_title", "ledger_caption"):
        _table(context, found.ledger, LEDGER, "ledger", "nothing_here", has_downloads=True)
    left, right = st.columns([7, 5])
    with left, card(context, "review_title", "review_caption"):
        _table(context, found.review, REVIEW, "review", "no_review", has_downloads=True)
    with right, card(context, "warnings_title", "warnings_caption"):
        _table(context, found.warnings, WARNINGS, "warnings", "no_warnings")
    with card(context, "contradictions_title", "contradictions_caption"):
        _table(context, found.contradictions, CONTRADICTIONS, "contradictions", "no_contradictions", has_downloads=True)


def _table(
    context: Context, frame: pl.DataFrame | None, columns: Sequence[Column], name: str, nothing: str,
    has_downloads: bool = False,
) -> None:  # fmt: skip
    if frame is None:
        other_version(context)
    elif frame.is_empty():
        empty(context, nothing)
    else:
        height: int | Literal["auto"] = 260 if frame.height > 6 else "auto"
        show_table(context, frame, columns, name=name, height=height, has_downloads=has_downloads)


def _headline(context: Context, found: Health) -> None:
    with metric_row():
        if found.ledger is not None:
            _counts(context, found.ledger)
        if found.checks is not None:
            _rules(context, found.checks)
        if found.sources is not None and not found.sources.is_empty():
            newest = found.sources["last_landed_at"].max()
            local = newest.astimezone(context.process.zone) if isinstance(newest, datetime) else None
            metric(context.t("metric_landed"), f"{local:%m-%d %H:%M}" if local else "—", f"{local:%Y}" if local else "")


def _counts(context: Context, ledger: pl.DataFrame) -> None:
    t = context.t
    active = ledger.filter(pl.col("status").is_in(["active", "landed"]))
    sums = {c: int(ledger[c].sum() or 0) for c in ("rows_read", "accepted", "quarantined", "duplicates")}
    is_balanced = sums["rows_read"] == sums["accepted"] + sums["quarantined"] + sums["duplicates"]
    files = number(active.height or ledger.height)
    metric(t("metric_rows"), number(sums["rows_read"]), t("metric_rows_note", files=files))
    metric(t("metric_ledger"), t("balanced") if is_balanced else t("unbalanced"), t("metric_ledger_note"))
    share = sums["quarantined"] / sums["rows_read"] if sums["rows_read"] else None
    metric(t("metric_quarantined"), number(sums["quarantined"]), percent(share, 2))


def _rules(context: Context, checks: pl.DataFrame) -> None:
    t = context.t
    failed = checks.filter(~pl.col("success"))
    errors = failed.filter(pl.col("severity") == "error").height
    kept = f"{checks.height - failed.height:,} / {checks.height:,}"
    note = t("metric_checks_note", errors=number(errors), warnings=number(failed.height - errors))
    metric(t("metric_checks"), kept, note)


def _latency(context: Context, latency: pl.DataFrame) -> None:
    """Median hours from happening to being recorded, by source kind and month."""
    t = context.t
    records = latency["record"].unique().sort().to_list()
    if not records:
        empty(context)
        return
    record = choose(
        t("latency_record"), "record", records, "visits" if "visits" in records else records[0],
        lambda code: word(context, "record", code), look="pills", label_visibility="collapsed",
    )  # fmt: skip
    own = latency.filter((pl.col("record") == record) & (pl.col("records") > 0))
    months = own["month"].unique().sort().to_list()
    series = []
    for kind in own["source_kind"].unique().sort().to_list():
        values = dict(own.filter(pl.col("source_kind") == kind).select("month", "recorded_p50_minutes").iter_rows())
        hours = [None if values.get(m) is None else max(values[m], 0.5) / 60 for m in months]
        series.append((word(context, "source_kind", kind), hours))
    figure = lines([f"{m:%Y-%m}" for m in months], series, y_format=".2~f", height=300, y_title=t("hours"), is_log=True)
    by_month(figure, months)
    chart(figure, "latency", t("latency_title"))
    newest = own.filter(pl.col("month") == max(months)) if months else own
    for row in newest.iter_rows(named=True):
        st.caption(
            t("latency_line", source=word(context, "source_kind", row["source_kind"]),
              p50=duration((row["recorded_p50_minutes"] or 0) / 60, context.language),
              share=percent(row["share_within_15_minutes"], 0))
        )  # fmt: skip
    with st.expander(t("all_latency"), icon=":material/table:"):
        show_table(context, latency, LATENCY, name="latency", height=300)
