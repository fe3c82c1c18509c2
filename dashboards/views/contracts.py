"""The contracts on the data health page: every rule with what broke it, and each table's page of promises."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from dashboards.choices import choose
from dashboards.context import Context
from dashboards.parts import empty
from dashboards.tables import Column, show_table
from data_contracts.contract import Layer, load_contract, names
from data_contracts.figures import number

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
MOST_PLACES = 5
INDEX = "index"
PAGE_PIXELS = 620


def show_checks(context: Context, checks: pl.DataFrame, files: dict[int, str]) -> None:
    """The rules that are broken with the rows that break them, all rules, and the pages. `files`: names by id."""
    t = context.t
    labels = _labels(context)
    if checks.is_empty():
        empty(context, "no_checks")
        return
    text = "text_zh" if context.language == "zh-CN" else "text_en"
    frame = checks.with_columns(
        outcome=pl.when(pl.col("success")).then(pl.lit("passed"))
        .when(pl.col("is_error")).then(pl.lit("not_run"))
        .when(pl.col("severity") == "error").then(pl.lit("failed")).otherwise(pl.lit("warned")),
        table_label=pl.col("table_name").replace(labels),
        text=pl.col(text),
        places=_places(context, checks["details"], files),
    )  # fmt: skip
    only_failed = frame.filter(pl.col("outcome") != "passed")
    if only_failed.is_empty():
        st.success(t("all_checks_passed", rules=number(frame.height)), icon=":material/verified:")
    else:
        show_table(context, only_failed, CHECKS, name="failed-checks")
    with st.expander(t("all_checks", rules=number(frame.height)), icon=":material/fact_check:"):
        show_table(context, frame, CHECKS, name="checks", height=360)
    with st.expander(t("data_docs"), icon=":material/menu_book:"):
        _page(context, labels)


def _labels(context: Context) -> dict[str, str]:
    """Every table that has a contract, and its name for people."""
    layers: tuple[Layer, ...] = ("sources", "marts")
    contracts = [load_contract(layer, name) for layer in layers for name in names(layer)]
    return {contract.table: contract.label(context.language) for contract in contracts}


def _page(context: Context, labels: dict[str, str]) -> None:
    """One of the pages that the last run wrote, shown here and offered as a file."""
    chosen = choose(
        context.t("column_table"), "docs", [INDEX, *labels], INDEX,
        lambda table: context.t("data_docs_index") if table == INDEX else f"{labels[table]} ({table})",
    )  # fmt: skip
    path = context.workspace / "reports" / "data_docs" / context.language / f"{chosen}.html"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        empty(context, "no_data_docs")
        return
    st.iframe(without_links(text), height=PAGE_PIXELS)
    st.download_button(
        context.t("download_html"), data=text, file_name=Path(path).name, mime="text/html", key="download_docs",
        on_click="ignore", type="tertiary", icon=":material/download:",
    )  # fmt: skip


def without_links(page: str) -> str:
    """A page of the last run without its links to the others, which lead nowhere from here. It has no script, asks
    nobody for anything, and escapes what comes from data."""
    return re.sub(r"<a\s[^>]*>|</a>", "", page)


def _places(context: Context, details: pl.Series, files: dict[int, str]) -> pl.Series:
    """Where the rows that break a rule stand: the first few as file and row, else by their keys."""

    def place(found: Any) -> str:
        if not isinstance(found, dict):
            return json.dumps(found, ensure_ascii=False)
        if found.get("file_id") not in files:
            return ", ".join(f"{name} {'-' if value is None else value}" for name, value in found.items())
        sheet = f" {found['source_sheet']}" if found.get("source_sheet") else ""
        return context.t("place", file=files[found["file_id"]], sheet=sheet, row=number(found.get("source_row")))

    def said(text: str | None) -> str | None:
        found = json.loads(text) if text else []
        listed = found if isinstance(found, list) else [found]
        more = "…" if len(listed) > MOST_PLACES else ""
        return context.t("list_separator").join(place(one) for one in listed[:MOST_PLACES]) + more or None

    return pl.Series("places", [said(text) for text in details], pl.String)
