"""The quarantine on the data health page: why rows were refused, which they are, and a workbook to mend them in."""

from __future__ import annotations

from io import BytesIO
from typing import Literal

import polars as pl
import streamlit as st

from dashboards.choices import choose, choose_flag
from dashboards.context import Context
from dashboards.parts import card, empty, other_version
from dashboards.tables import XLSX_TYPE, Column, show_table
from data_contracts.figures import number
from data_contracts.reasons import reason_text
from queries.quarantine import (
    MOST_ROWS,
    Refused,
    Selection,
    quarantine_counts,
    quarantined,
    quarantined_files,
    rows_to_mend,
)
from queries.snapshot import OtherVersionError
from queries.table_files import Reader, xlsx_to

ALL = "all"
REASONS = (
    Column("reason", "text", "column_quarantine_reason"),
    Column("rows", "integer", "column_rows"),
    Column("source", "text", "column_read_by"),
    Column("record", "code"),
    Column("column_name"),
    Column("files", "integer", "column_files"),
    Column("example"),
    Column("file_name", "text", "column_first_file"),
    Column("first_row", "integer"),
)
ROWS = (
    Column("id", "text", "column_row_id"),
    Column("file_name"),
    Column("source_sheet"),
    Column("source_row", "integer"),
    Column("place", "text", "column_at_fault"),
    Column("value", "text", "column_value"),
    Column("reason", "text", "column_quarantine_reason"),
    Column("remedy", "text", "column_remedy"),
    Column("raw", "text", "column_raw"),
)


def show_quarantine(context: Context) -> None:
    """The card: filters, counts by reason, the rows, the workbook."""
    with card(context, "quarantine_title", "quarantine_caption"):
        try:
            everything: pl.DataFrame = context.ask(quarantine_counts, Selection(settled=True))
            if everything.is_empty():
                empty(context, "no_quarantine")
            else:
                _chosen(context, everything)
        except OtherVersionError:
            other_version(context)


def _chosen(context: Context, everything: pl.DataFrame) -> None:
    selection = _selection(context, everything)
    counts: pl.DataFrame = context.ask(quarantine_counts, selection)
    if counts.is_empty():
        empty(context, "none_waits")
        return
    words = [reason_text(rule, record, context.language) for rule, record in counts.select("reason", "record").rows()]
    named = counts.with_columns(
        reason=pl.Series(words, dtype=pl.String), source=pl.concat_str("mapping", "source", separator="/")
    )
    show_table(context, named, REASONS, name="quarantine-reasons", height=_height(counts), has_downloads=False)
    rows: list[Refused] = context.ask(quarantined, selection)
    framed = _framed(context, rows)
    show_table(context, framed, ROWS, name="quarantine-rows", height=_height(framed), has_downloads=False)
    waiting = [row for row in rows if row.is_waiting]
    if waiting:
        _offer(context, waiting, int(counts["rows"].sum()))


def _height(frame: pl.DataFrame) -> int | Literal["auto"]:
    return 330 if frame.height > 8 else "auto"


def _selection(context: Context, everything: pl.DataFrame) -> Selection:
    """What the reader narrows the list to."""
    t = context.t
    sources = sorted(set(everything.select(pl.concat_str("mapping", "source", separator="/")).to_series().drop_nulls()))
    rules = everything["reason"].unique().sort().to_list()
    records = dict(everything.select("reason", "record").iter_rows())
    columns = st.columns([3, 3, 3, 2], vertical_alignment="bottom")
    with columns[0]:
        source = choose(
            t("column_read_by"), "qsource", [ALL, *sources], ALL, lambda c: t("all_values") if c == ALL else c
        )
    with columns[1]:
        rule = choose(
            t("column_quarantine_reason"), "qrule", [ALL, *rules], ALL,
            lambda c: t("all_values") if c == ALL else reason_text(c, records.get(c), context.language),
        )  # fmt: skip
    with columns[2]:
        files = {str(number): name for number, name in context.ask(quarantined_files).items()}
        file = choose(
            t("column_file_name"),
            "qfile",
            [ALL, *files],
            ALL,
            lambda c: t("all_values") if c == ALL else files.get(c, c),
        )
    with columns[3]:
        settled = choose_flag(t("show_settled"), "settled")
    asked = [None if code == ALL else code for code in (file, source, rule)]
    return Selection(file=asked[0], source=asked[1], rule=asked[2], settled=settled)


def _framed(context: Context, rows: list[Refused]) -> pl.DataFrame:
    """The rows as a table, each with its reason and remedy in words."""
    language = context.language
    cells = [
        (r.id, r.file, r.sheet, r.row, r.place, r.value, r.why(language), r.remedy(language), r.as_text) for r in rows
    ]
    schema = {column.name: pl.Int64 if column.kind == "integer" else pl.String for column in ROWS}
    return pl.DataFrame(cells, schema=schema, orient="row")


def _offer(context: Context, rows: list[Refused], count: int) -> None:
    """The workbook of the rows listed, and what to do with it."""
    st.download_button(
        context.t("download_to_mend", rows=number(len(rows))),
        data=lambda: _workbook(context, rows),
        file_name=f"stagewatch-to-mend-{context.process.as_of:%Y%m%d}.xlsx",
        mime=XLSX_TYPE,
        key="download_to_mend",
        on_click="ignore",
        icon=":material/edit_document:",
    )
    st.caption(context.t("how_to_mend"))
    if count > MOST_ROWS:
        st.caption(context.t("table_cut", shown=number(len(rows)), rows=number(count)))


def _workbook(context: Context, rows: list[Refused]) -> bytes:
    target = BytesIO()
    xlsx_to(target, rows_to_mend(rows, context.language), Reader(context.language, context.process.zone))
    return target.getvalue()
