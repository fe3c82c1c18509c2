"""Tables of the pages: columns named in the reader's language, codes as words, and safe downloads of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any, Literal

import polars as pl
import streamlit as st

from dashboards.context import Context
from data_contracts.contract import load_contract, names
from data_contracts.figures import MISSING
from queries.table_files import Field, Reader, Sheet, csv_to, xlsx_to
from queries.table_files import Kind as FileKind

Kind = Literal[
    "text", "code", "codes", "stage", "steps", "integer", "days", "share", "points", "chance", "money", "date",
    "instant", "flag",
]  # fmt: skip
_FILE_KINDS: dict[Kind, FileKind] = {
    "text": "text",
    "code": "text",
    "codes": "text",
    "stage": "text",
    "steps": "text",
    "integer": "integer",
    "days": "decimal",
    "share": "share",
    "points": "share",
    "chance": "share",
    "money": "decimal",
    "date": "date",
    "instant": "instant",
    "flag": "boolean",
}
ROWS_SHOWN = 5_000
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Column:
    """A column of a table: its name in the frame, what it holds, and its label's key where not `column_NAME`.

    `code` and `codes` values are named by `<name>_<value>` in the catalogue; what has no name stays as it is.
    """

    name: str
    kind: Kind = "text"
    label: str | None = None
    help: str | None = None


def label(context: Context, column: Column) -> str:
    """A column's name for people: the catalogue's, else what the contracts call it."""
    key = column.label or f"column_{column.name}"
    if key in context.t:
        return context.t(key)
    for stage in context.process.stages:
        if stage.stage == column.name:
            return stage.name.in_language(context.language)
    for mart in names("marts"):
        contract = load_contract("marts", mart)
        if column.name in contract.column_names:
            return contract.column(column.name).label(context.language)
    raise KeyError(f"nothing names the column {column.name!r}")


def named(context: Context, frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """The columns, with stages and codes as words."""
    return frame.select(_named(context, frame, column) for column in columns if column.name in frame.columns)


def show_table(
    context: Context,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    *,
    name: str,
    height: int | Literal["auto"] = "auto",
    is_selectable: bool = False,
    has_downloads: bool = True,
) -> int | None:
    """Show rows and offer all of them as files; the number of the selected row where rows can be selected."""
    there = [column for column in columns if column.name in frame.columns]
    words = named(context, frame, there)
    shown = words.head(ROWS_SHOWN)
    percents = [column.name for column in there if column.kind in ("share", "points", "chance")]
    money = [column.name for column in there if column.kind == "money" and context.language == "zh-CN"]
    wholes = [column.name for column in there if column.kind == "integer" and words.schema[column.name].is_float()]
    shown = shown.with_columns(
        *(pl.col(name).cast(pl.Float64) * 100 for name in percents),
        *(pl.col(name).cast(pl.Float64) / 10_000 for name in money),
        *(pl.col(name).round().cast(pl.Int64) for name in wholes),
    )
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": "single-row"} if is_selectable else {}
    event = st.dataframe(
        shown,
        hide_index=True,
        height=height,
        placeholder=MISSING,
        column_config={column.name: _configured(context, column) for column in there},
        key=f"table_{name}",
        **options,
    )
    if frame.height > ROWS_SHOWN:
        st.caption(context.t("table_cut", shown=f"{ROWS_SHOWN:,}", rows=f"{frame.height:,}"))
    if has_downloads and not frame.is_empty():
        show_downloads(context, words, there, name)
    if not is_selectable:
        return None
    rows = event.selection.rows
    return rows[0] if rows and rows[0] < frame.height else None


def show_downloads(context: Context, words: pl.DataFrame, columns: Sequence[Column], name: str) -> None:
    """Two small buttons; the file is made when one is pressed."""
    stem = f"stagewatch-{name}-{context.process.as_of:%Y%m%d}"
    with st.container(horizontal=True, gap="small"):
        for ending, kind, make in (
            ("xlsx", XLSX_TYPE, xlsx_bytes),
            ("csv", "text/csv", csv_bytes),
        ):
            st.download_button(
                context.t(f"download_{ending}"),
                data=lambda make=make: make(context, words, columns, name),
                file_name=f"{stem}.{ending}",
                mime=kind,
                key=f"download_{name}_{ending}",
                on_click="ignore",
                type="tertiary",
                icon=":material/download:",
            )


def csv_bytes(context: Context, words: pl.DataFrame, columns: Sequence[Column], name: str) -> bytes:
    """The table as CSV for Excel: UTF-8 with a byte-order mark, no cell a formula."""
    text = StringIO(newline="")
    csv_to(text, _sheet(context, words, columns, name), _reader(context))
    return text.getvalue().encode("utf-8-sig")


def xlsx_bytes(context: Context, words: pl.DataFrame, columns: Sequence[Column], name: str) -> bytes:
    """The table as a workbook, no cell a formula."""
    target = BytesIO()
    xlsx_to(target, [_sheet(context, words, columns, name)], _reader(context))
    return target.getvalue()


def _sheet(context: Context, words: pl.DataFrame, columns: Sequence[Column], name: str) -> Sheet:
    fields = [Field(column.name, label(context, column), _FILE_KINDS[column.kind]) for column in columns]
    return Sheet(name, fields, words.select(column.name for column in columns).rows())


def _reader(context: Context) -> Reader:
    return Reader(context.language, context.process.zone)


def _named(context: Context, frame: pl.DataFrame, column: Column) -> pl.Expr:
    values = pl.col(column.name)
    if column.kind == "stage":
        return _replaced(values, frame[column.name], context.stage_name)
    if column.kind == "code":
        return _replaced(values, frame[column.name], lambda code: word(context, column.name, code))
    if column.kind == "codes":
        return _joined(values, frame[column.name], lambda code: word(context, column.name, code), "、")
    if column.kind == "steps":
        return _joined(values, frame[column.name], context.stage_name, " → ")
    return values


def word(context: Context, name: str, code: str) -> str:
    """A code as the catalogue words it, else the code."""
    key = f"{name}_{code}"
    return context.t(key) if key in context.t else code


def _replaced(values: pl.Expr, series: pl.Series, name_of: Any) -> pl.Expr:
    codes = series.drop_nulls().unique().to_list()
    return values.replace({code: name_of(code) for code in codes}) if codes else values


def _joined(values: pl.Expr, series: pl.Series, name_of: Any, separator: str) -> pl.Expr:
    codes = series.explode(empty_as_null=True, keep_nulls=True).drop_nulls().unique().to_list()
    mapping = {code: name_of(code) for code in codes}
    inner = pl.element().replace(mapping) if mapping else pl.element()
    return values.list.eval(inner).list.join(separator)


def _configured(context: Context, column: Column) -> Any:
    text, config = label(context, column), st.column_config
    help_text = context.t(column.help) if column.help else None
    if column.kind == "integer":
        return config.NumberColumn(text, format="localized", help=help_text)
    if column.kind == "days":
        return config.NumberColumn(text, format="%.1f", help=help_text)
    if column.kind == "share":
        return config.NumberColumn(text, format="%.1f%%", help=help_text)
    if column.kind == "points":
        return config.NumberColumn(text, format="%+.1f", help=help_text)
    if column.kind == "chance":
        return config.ProgressColumn(text, format="%.1f%%", min_value=0, max_value=100, help=help_text)
    if column.kind == "money":
        is_chinese, currency = context.language == "zh-CN", context.process.currency
        unit = context.t("unit_money", currency="元" if is_chinese and currency == "CNY" else currency)
        return config.NumberColumn(f"{text}{unit}", format="%.1f" if is_chinese else "compact", help=help_text)
    if column.kind == "date":
        return config.DateColumn(text, format="YYYY-MM-DD", help=help_text)
    if column.kind == "instant":
        return config.DatetimeColumn(
            text, format="YYYY-MM-DD HH:mm", timezone=str(context.process.zone), help=help_text
        )
    if column.kind == "flag":
        return config.CheckboxColumn(text, help=help_text)
    return config.TextColumn(text, help=help_text)
