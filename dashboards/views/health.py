"""Data health: how fresh, how late, what was refused and why, and whether every contract holds."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import streamlit as st

from dashboards.charts import by_month, lines
from dashboards.choices import choose, choose_flag
from dashboards.context import Context
from dashboards.parts import card, chart, empty, head, metric, metric_row
from dashboards.tables import Column, show_table, word
from data_contracts.contract import Layer, load_contract, names
from data_contracts.figures import duration, number, percent
from data_contracts.texts import Texts
from queries.funnel import Table
from queries.lists import Health, health, quarantined_rows

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
REASONS = (
    Column("reason", "text", "column_quarantine_reason"),
    Column("rows", "integer", "column_rows"),
    Column("record", "code"),
    Column("column_name"),
    Column("files", "integer", "column_files"),
    Column("example"),
    Column("file_name", "text", "column_first_file"),
    Column("first_row", "integer"),
)
ROWS = (
    Column("file_name"),
    Column("source_sheet"),
    Column("source_row", "integer"),
    Column("record", "code"),
    Column("column_name"),
    Column("reason", "text", "column_quarantine_reason"),
    Column("value", "text", "column_value"),
    Column("raw", "text", "column_raw"),
)
CHECKS = (
    Column("outcome", "code", "column_outcome"),
    Column("table_label", "text", "column_table"),
    Column("text", "text", "column_rule_text"),
    Column("unexpected_count", "integer"),
    Column("places", "text", "column_places"),
    Column("severity", "code"),
    Column("table_name", "text", "column_table_name"),
    Column("column_name"),
    Column("rule_id", "text", "column_rule_id"),
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
    Column("other_value", "text", "column_other_value"),
    Column("other_source_kind", "code", "column_other_source_kind"),
    Column("other_file", "text", "column_other_file"),
    Column("other_row", "integer", "column_other_row"),
)
MOST_PLACES = 5


def show(context: Context) -> None:
    """The page."""
    head(context, "health", ("ledger", "quarantine", "duplicate", "latency", "contract_check", "warning"))
    found: Health = context.ask(health)
    _headline(context, found)
    left, right = st.columns([7, 5])
    with left, card(context, "latency_title", "latency_caption"):
        _latency(context, found.latency)
    with right, card(context, "quarantine_title", "quarantine_caption"):
        _quarantine(context, found.quarantine)
    with card(context, "checks_title", "checks_caption"):
        _checks(context, found)
    with card(context, "ledger_title", "ledger_caption"):
        show_table(context, found.ledger, LEDGER, name="ledger", height=320)
    _review(context, found)
    left, right = st.columns(2)
    with left, card(context, "sources_title"):
        kinds = (
            Column("source_kind", "code"), Column("files", "integer", "column_files"),
            Column("rows_read", "integer"), Column("last_landed_at", "instant", "column_last_landed_at"),
        )  # fmt: skip
        show_table(context, found.sources, kinds, name="sources", has_downloads=False)
    with right, card(context, "warnings_title", "warnings_caption"):
        if found.warnings.is_empty():
            empty(context, "no_warnings")
        else:
            columns = (Column("warning", "code"), Column("events", "integer", "column_events"))
            show_table(context, found.warnings, columns, name="warnings", has_downloads=False)


def _review(context: Context, found: Health) -> None:
    """What waits for a person, and what sources tell differently."""
    left, right = st.columns([5, 7])
    with left, card(context, "review_title", "review_caption"):
        if found.review.is_empty():
            empty(context, "no_review")
        else:
            show_table(context, found.review, REVIEW, name="review", height=260)
    with right, card(context, "contradictions_title", "contradictions_caption"):
        if found.contradictions.is_empty():
            empty(context, "no_contradictions")
        else:
            show_table(context, found.contradictions, CONTRADICTIONS, name="contradictions", height=260)


def _headline(context: Context, found: Health) -> None:
    t = context.t
    active = found.ledger.filter(pl.col("status").is_in(["active", "landed"]))
    sums = {c: int(found.ledger[c].sum() or 0) for c in ("rows_read", "accepted", "quarantined", "duplicates")}
    is_balanced = sums["rows_read"] == sums["accepted"] + sums["quarantined"] + sums["duplicates"]
    failed = found.checks.filter(~pl.col("success"))
    errors = failed.filter(pl.col("severity") == "error").height
    newest = found.sources["last_landed_at"].max() if not found.sources.is_empty() else None
    with metric_row():
        metric(
            t("metric_rows"),
            number(sums["rows_read"]),
            t("metric_rows_note", files=number(active.height or found.ledger.height)),
        )
        metric(t("metric_ledger"), t("balanced") if is_balanced else t("unbalanced"), t("metric_ledger_note"))
        share = sums["quarantined"] / sums["rows_read"] if sums["rows_read"] else None
        metric(t("metric_quarantined"), number(sums["quarantined"]), percent(share, 2))
        metric(
            t("metric_checks"), f"{found.checks.height - failed.height:,} / {found.checks.height:,}",
            t("metric_checks_note", errors=number(errors), warnings=number(failed.height - errors)),
        )  # fmt: skip
        local = newest.astimezone(context.process.zone) if newest is not None else None  # type: ignore[union-attr]
        metric(t("metric_landed"), f"{local:%m-%d %H:%M}" if local else "—", f"{local:%Y}" if local else "")


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


def _quarantine(context: Context, reasons: pl.DataFrame) -> None:
    if reasons.is_empty():
        empty(context, "no_quarantine")
        return
    show_table(context, _reasoned(context, reasons), REASONS, name="quarantine-reasons", height=330)
    if choose_flag(context.t("show_rows"), "rows"):
        rows: Table = context.ask(quarantined_rows)
        show_table(context, _reasoned(context, rows.frame), ROWS, name="quarantine-rows", height=300)


def _reasoned(context: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each reason in words: the ingestion's own, or what the record's contract asks."""
    words = Texts("ingestion", context.language)

    def named(record: str | None, reason: str) -> str:
        if reason in words:
            return words(reason)
        if record in names("sources"):
            for rule in load_contract("sources", record).rules:
                if rule.rule_id == reason:
                    return rule.text.in_language(context.language)
        return reason

    texts = [named(record, reason) for record, reason in frame.select("record", "reason").iter_rows()]
    return frame.with_columns(pl.Series("reason", texts, pl.String))


def _checks(context: Context, found: Health) -> None:
    t, checks = context.t, found.checks
    if checks.is_empty():
        empty(context, "no_checks")
        return
    layers: tuple[Layer, ...] = ("sources", "marts")
    contracts = [load_contract(layer, name) for layer in layers for name in names(layer)]
    labels = {contract.table: contract.label(context.language) for contract in contracts}
    text = "text_zh" if context.language == "zh-CN" else "text_en"
    frame = checks.with_columns(
        outcome=pl.when(pl.col("success")).then(pl.lit("passed"))
        .when(pl.col("is_error")).then(pl.lit("not_run"))
        .when(pl.col("severity") == "error").then(pl.lit("failed")).otherwise(pl.lit("warned")),
        table_label=pl.col("table_name").replace(labels),
        text=pl.col(text),
        places=_places(context, checks["details"], found.ledger),
    )  # fmt: skip
    only_failed = frame.filter(pl.col("outcome") != "passed")
    if only_failed.is_empty():
        st.success(t("all_checks_passed", rules=number(frame.height)), icon=":material/verified:")
    else:
        show_table(context, only_failed, CHECKS, name="failed-checks")
    with st.expander(t("all_checks", rules=number(frame.height)), icon=":material/fact_check:"):
        show_table(context, frame, CHECKS, name="checks", height=360)


def _places(context: Context, details: pl.Series, ledger: pl.DataFrame) -> pl.Series:
    """Where the rows that break a rule stand: the first few as file and row; values where a rule names no rows."""
    files = dict(ledger.select("file_id", "file_name").iter_rows())

    def place(found: Any) -> str:
        if not isinstance(found, dict) or found.get("file_id") not in files:
            return json.dumps(found, ensure_ascii=False)
        sheet = f" {found['source_sheet']}" if found.get("source_sheet") else ""
        return context.t("place", file=files[found["file_id"]], sheet=sheet, row=number(found.get("source_row")))

    def said(text: str | None) -> str | None:
        found = json.loads(text) if text else []
        listed = found if isinstance(found, list) else [found]
        more = "…" if len(listed) > MOST_PLACES else ""
        return context.t("list_separator").join(place(one) for one in listed[:MOST_PLACES]) + more or None

    return pl.Series("places", [said(text) for text in details], pl.String)
