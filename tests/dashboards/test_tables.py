"""Downloads: every row, in the reader's words, and no cell a formula."""

from __future__ import annotations

import csv
from io import BytesIO, StringIO
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from dashboards.context import Context
from dashboards.tables import Column, csv_bytes, label, named, xlsx_bytes
from data_contracts.texts import Language
from queries.process import process_of
from queries.snapshot import open_snapshot

COLUMNS = (
    Column("customer_name"),
    Column("stage", "stage"),
    Column("amount", "money"),
    Column("overall", "share", "column_overall"),
    Column("exit", "code"),
    Column("steps", "steps"),
    Column("entered_at", "instant"),
)
FRAME = pl.DataFrame(
    {
        "customer_name": ["=1+1", "＝cmd|'/c calc'!A1", "联系 13812345678", None],
        "stage": ["quotation", "unheard_of", None, "first_contact"],
        "amount": [12345.5, None, 0.0, -3.0],
        "overall": [0.167, None, 1.0, 0.0],
        "exit": ["won", "lost", None, "no_such_code"],
        "steps": [["first_contact", "(won)"], [], None, ["quotation"]],
        "entered_at": [None, None, None, None],
    },
    schema_overrides={"entered_at": pl.Datetime("us", "Asia/Shanghai")},
)


@pytest.fixture(params=["zh-CN", "en"])
def context(request: pytest.FixtureRequest, workspace: Path) -> Context:
    language: Language = request.param
    snapshot = open_snapshot(workspace / "published")
    return Context(workspace, snapshot, process_of(snapshot), language, ())


def test_codes_and_stages_become_words_and_the_unknown_stays(context: Context) -> None:
    words = named(context, FRAME, COLUMNS)
    expected = {
        "zh-CN": (["报价", "unheard_of", None, "初次接触"], ["签约", "丢单", None, "no_such_code"], "初次接触 → 签约"),
        "en": (
            ["Quotation", "unheard_of", None, "First contact"], ["Won", "Lost", None, "no_such_code"],
            "First contact → Won",
        ),
    }[context.language]  # fmt: skip
    assert (words["stage"].to_list(), words["exit"].to_list(), words["steps"][0]) == expected


def test_no_cell_of_a_workbook_is_a_formula(context: Context) -> None:
    data = xlsx_bytes(context, named(context, FRAME, COLUMNS), COLUMNS, "list")
    sheet = openpyxl.load_workbook(BytesIO(data)).active
    assert sheet is not None
    assert [c.value for c in sheet[1]] == [label(context, c) for c in COLUMNS]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert [sheet.cell(n, 1).value for n in (2, 3, 4)] == ["=1+1", "＝cmd|'/c calc'!A1", "联系 138****5678"]
    assert (sheet.cell(2, 3).value, sheet.cell(2, 4).value) == (12345.5, 0.167)


def test_no_cell_of_a_csv_starts_a_formula_and_excel_reads_it(context: Context) -> None:
    data = csv_bytes(context, named(context, FRAME, COLUMNS), COLUMNS, "list")
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(data.decode("utf-8-sig"))))
    assert len(rows) == 1 + FRAME.height
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'＝cmd|'/c calc'!A1", "联系 138****5678", ""]


def test_every_column_of_every_page_has_a_name(context: Context) -> None:
    from dashboards import dossier
    from dashboards.views import dwell_views, funnel_compare, funnel_views, health, path_views, risk

    for module in (dossier, dwell_views, funnel_compare, funnel_views, health, path_views, risk):
        for value in vars(module).values():
            if isinstance(value, tuple) and value and isinstance(value[0], Column):
                assert all(label(context, column) for column in value)
    with pytest.raises(KeyError, match="nothing names"):
        label(context, Column("no_such_column"))
