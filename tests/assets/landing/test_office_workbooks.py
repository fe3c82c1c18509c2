"""Workbooks as offices send them: read as people mean them, or refused with sheet, row, cell and reason."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from assets.landing.sheet_rows import sheet_rows

DAILY = """
source_kind: excel
version: 1.0.0
name: {zh: 日报, en: daily}
dates: [iso, ymd, chinese, excel]
sources:
  reports:
    files: ["*日报*"]
    tables: many
    skip: [header, subtotal, footer, title]
    columns:
      day: ["@visited_at", "@happened_at"]
      customer: "@customer_name"
      result: {from: "@visit_status", optional: true}
      amount: {from: ["@signed_amount", "@expected_amount"], optional: true}
      remark: {from: "@note", optional: true}
      rep: {title: "^([\\u4e00-\\u9fff]{2,3})(?:日报)?$"}
records:
  - record: visits
    from: reports
    fields:
      visit_id: {expression: "concat_ws('-', source_file, source_sheet, source_row)"}
      customer_name: customer
      status: {constant: done}
      note: remark
      occurred_at: {column: day, precision: day}
  - record: signings
    from: reports
    where: "amount is not null"
    fields: {opportunity_id: customer, amount: amount, occurred_at: {column: day, precision: day}}
"""
HEADER = ["日期", "客户", "结果", "备注"]
LANDED = (
    "select source_sheet, source_row, day, customer, result, remark from landing.daily__reports"
    " where row_kind is null order by 1, 2"
)
REFUSED = "select source_sheet, source_row, cell, reason from staging.quarantine order by 1, 2"
AMOUNTS = "select opportunity_id, amount from staging.signings order by all"


def send(
    root: Path, rows: Sequence[Sequence[Any]], *merged: str, mapping: str = DAILY,
    change: Callable[[Workbook, Worksheet], None] | None = None, name: str = "成都日报.xlsx",
) -> Desk:  # fmt: skip
    """Land a workbook of one sheet 日报 with these rows and merged ranges."""
    book, out = Workbook(), io.BytesIO()
    page = book.active
    page.title = "日报"
    for row in rows:
        page.append(list(row))
    for cells in merged:
        page.merge_cells(cells)
    if change is not None:
        change(book, page)
    book.save(out)
    return land(root, name, out.getvalue(), mapping)


def land(root: Path, name: str, content: bytes, mapping: str = DAILY) -> Desk:
    desk = Desk(root / "w", None)
    desk.write_mapping("daily", mapping)
    desk.put(name, content)
    return desk.run()


def test_a_customer_merged_over_its_visits_and_an_amount_that_is_one(tmp_path: Path) -> None:
    rows = [
        ["成都办事处销售日报"],
        ["*客户（终端）", "日期（必填）", "金额", "备注"],
        ["鑫源", "2025-03-05", 30_000, "a"],
        [None, "2025-03-06", None, "b"],
        [None, "2025-03-07", None, "c"],
        ["小计", None, 30_000],
        ["填报人：王敏", None, "审核人：李四"],
    ]
    desk = send(tmp_path, rows, "A1:D1", "A3:A5", "C3:C5")
    assert [row[2:4] for row in desk.rows(LANDED)] == [(f"2025-03-0{n}", "鑫源") for n in (5, 6, 7)]
    assert desk.rows(AMOUNTS) == [("鑫源", Decimal(30_000))]
    assert desk.ledger() == [("成都日报.xlsx", "active", 5, 5, 2, 0, 0)]


def test_a_cell_merged_over_columns_is_the_first_ones_or_nobodys(tmp_path: Path) -> None:
    rows = [
        ["日期", "客户", "备注", "结果"],
        ["2025-03-05", "鑫源", "一句跨了两列的备注", None],
        ["2025-03-06", "放假，没有拜访", None, None],
        ["2025-03-07", "天一", "x", "完成"],
    ]
    desk = send(tmp_path, rows, "C2:D2", "B3:D3")
    assert [row[3:] for row in desk.rows(LANDED)] == [("鑫源", None, "一句跨了两列的备注"), ("天一", "完成", "x")]
    assert desk.rows(REFUSED) == [("日报", 3, "B3", "merged_across")]


@pytest.mark.parametrize("header_rows", [1, 2])
@pytest.mark.parametrize("title", [False, True])
@pytest.mark.parametrize("upright", [False, True], ids=["blank below", "merged down"])
def test_a_header_of_two_rows_is_read_whole(tmp_path: Path, header_rows: int, title: bool, upright: bool) -> None:
    rows = [
        *([["三月销售日报"]] if title else []),
        ["日期", "客户", "拜访情况", None, "金额(万元)"],
        [None, None, "结果", "备注", None],
        ["2025-03-05", "鑫源", "完成", "好", 2],
        ["2025-03-06", "天一", None, "好", None],
    ]
    top = 1 + title
    merged = [f"C{top}:D{top}", *([f"{c}{top}:{c}{top + 1}" for c in "ABE"] if upright else [])]
    mapping = DAILY.replace("tables: many", f"tables: many\n    header_rows: {header_rows}")
    desk = send(tmp_path, rows, *merged, mapping=mapping)
    assert [row[1:] for row in desk.rows(LANDED)] == [
        (top + 2, "2025-03-05", "鑫源", "完成", "好"),
        (top + 3, "2025-03-06", "天一", None, "好"),
    ]
    assert desk.rows(AMOUNTS) == [("鑫源", Decimal(20_000))]
    assert desk.ledger()[0][2:] == (2, 2, 0, 0, 0)


def test_the_unit_above_a_table_is_its_amounts(tmp_path: Path) -> None:
    rows = [
        ["日报", None, "单位：万元"],
        ["日期", "客户", "金额"],
        ["2025-03-05", "鑫源", 3.5],
        ["2025-03-06", "天一", "800元"],
    ]
    assert send(tmp_path, rows).rows(AMOUNTS) == [("天一", Decimal(800)), ("鑫源", Decimal(35_000))]


def test_tables_beside_each_other_with_headers_of_their_own_do_not_mix(tmp_path: Path) -> None:
    rows = [
        ["张三", None, None, None, None, "李四"],
        [*HEADER, None, "拜访日期", "门店名称", "拜访结果"],
        ["2025-03-05", "鑫源", "完成", "a", None, "2025-03-06", "天一", "取消"],
        [None, None, None, None, None, "2025-03-07", "天二", "完成"],
    ]
    desk = send(tmp_path, rows)
    reps = "select source_sheet, source_row, rep, day, customer from landing.daily__reports order by 1, 2"
    assert desk.rows(reps) == [
        ("日报", 3, "张三", "2025-03-05", "鑫源"),
        ("日报!F:H", 3, "李四", "2025-03-06", "天一"),
        ("日报!F:H", 4, "李四", "2025-03-07", "天二"),
    ]  # fmt: skip
    assert desk.staging.problems == []


def test_of_tables_beside_each_other_a_source_of_one_takes_the_first_whole(tmp_path: Path) -> None:
    rows = [
        [*HEADER[:2], None, "拜访日期", "门店名称", "拜访结果"],
        ["2025-03-05", "鑫源", None, "2025-03-06", "天一", "x"],
    ]
    desk = send(tmp_path, rows, mapping=DAILY.replace("tables: many", "tables: one"))
    assert desk.rows(LANDED) == [("日报", 2, "2025-03-05", "鑫源", None, None)]
    assert desk.rows("select columns_unused from landing.parts") == [(["拜访日期", "门店名称", "拜访结果"],)]


def test_a_table_that_is_not_ours_beside_it_makes_no_rows(tmp_path: Path) -> None:
    rows = [
        [*HEADER, None, "产品", "库存"],
        ["2025-03-05", "鑫源", "完成", "a", None, "牛奶", 20],
        [None] * 5 + ["酸奶", 30],
    ]
    assert send(tmp_path, rows).ledger() == [("成都日报.xlsx", "active", 1, 1, 0, 0, 0)]


def test_tables_under_each_other_with_headers_in_another_order(tmp_path: Path) -> None:
    rows = [
        ["张三"], HEADER, ["2025-03-05", "鑫源", "完成", "a"], ["合计：", 1], [],
        ["李四"], ["客户名称", "备注", "日期"], ["天一", "b", "2025-03-06"], [],
        ["竞品价格"], ["竞品", "价格"], ["光明", 3.5],
    ]  # fmt: skip
    desk = send(tmp_path, rows)
    assert desk.rows("select rep, day, customer, remark from landing.daily__reports where day is not null and"
                     " row_kind is null order by source_row") == [
        ("张三", "2025-03-05", "鑫源", "a"), ("李四", "2025-03-06", "天一", "b"),
    ]  # fmt: skip
    assert [row[:3] for row in desk.rows(REFUSED)] == [("日报", n, f"C{n}") for n in (10, 11, 12)]


def test_a_sheet_per_rep_with_hidden_choices_and_a_blank_template(tmp_path: Path) -> None:
    def sheets(book: Workbook, page: Worksheet) -> None:
        for name in ("张三", "李四"):
            other = book.create_sheet(name)
            for row in ([f"{name}日报"], HEADER, ["2025-03-05", f"{name}客户", "完成", "x"]):
                other.append(row)
        choices = book.create_sheet("选项")
        choices.append(["结果"])
        choices.sheet_state = "hidden"

    desk = send(tmp_path, [HEADER], change=sheets)
    assert desk.rows("select source_sheet, rep, customer from landing.daily__reports order by 3") == [
        ("张三", "张三", "张三客户"), ("李四", "李四", "李四客户"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (datetime(2025, 3, 5), "2025-03-05"), (datetime(2025, 3, 5, 14, 30), "2025-03-05"), (45721, "2025-03-05"),
        ("45721", "2025-03-05"), ("2025.3.5", "2025-03-05"), ("２０２５／３／５", "2025-03-05"),
        ("2025/3/5 星期三", "2025-03-05"), ("2025-3-5（周三）", "2025-03-05"), ("２０２５年３月５日", "2025-03-05"),
        ("2025年3月5日（星期三）", "2025-03-05"),
        ("3月5日", None), ("3/5", None), (True, None), ("周三", None),
    ],
)  # fmt: skip
def test_days_as_they_are_written(tmp_path: Path, cell: object, day: str | None) -> None:
    desk = send(tmp_path, [HEADER, [cell, "鑫源", "完成", "x"]])
    assert desk.column("select occurred_at::date::varchar from staging.visits") == ([day] if day else [])
    assert desk.rows(REFUSED) == ([] if day else [("日报", 2, "A2", "not_a_date")])


def test_in_a_workbook_of_1904_a_day_counts_from_there_or_is_refused(tmp_path: Path) -> None:
    def epoch(book: Workbook, page: Worksheet) -> None:
        book.epoch = CALENDAR_MAC_1904

    rows = [["日期", "客户", "备注"], [datetime(2025, 3, 5), "鑫源", 44259], [44259, "天一", "x"]]
    desk = send(tmp_path, rows, change=epoch)
    assert desk.rows("select occurred_at::date::varchar, note from staging.visits") == [("2025-03-05", "44259")]
    assert desk.rows(REFUSED) == [("日报", 3, "A3", "serial_of_1904")]


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("１２，３４５．５", "12345.5"), ("3.5万", "35000"), ("￥1,200.00", "1200"), ("1200", "1200"), ("12元", "12"),
        (0.8, "0.8"), ("80%", "0.8"), ("约3万", None), ("3-5万", None), ("—", None),
    ],
)  # fmt: skip
def test_amounts_as_they_are_written(tmp_path: Path, cell: object, amount: str | None) -> None:
    desk = send(tmp_path, [["日期", "客户", "合同金额"], ["2025-03-05", "鑫源", cell]])
    assert desk.rows(AMOUNTS) == ([("鑫源", Decimal(amount))] if amount else [])
    assert desk.rows(REFUSED) == ([] if amount else [("日报", 2, "C2", "not_a_number")])


def test_formulas_filters_hidden_columns_and_macros_change_nothing(tmp_path: Path) -> None:
    def odd(book: Workbook, page: Worksheet) -> None:
        page.auto_filter.ref = "A1:D4"
        page.column_dimensions["D"].hidden = True

    rows = [HEADER, ["2025-03-05", "鑫源", "完成", "x"], ["2025-03-06", '=B2&"<二店>"', "完成", "y"]]
    desk = send(tmp_path, rows, change=odd, name="成都日报.xlsm")
    assert [row[3] for row in desk.rows(LANDED)] == ["鑫源"]
    assert desk.rows("select source_row, cell, reason, raw from staging.quarantine") == [
        (3, "B3", "formula_without_value", '2025-03-06\t=B2&"<二店>"\t完成\ty')
    ]


def test_ditto_marks_take_the_value_above_where_blanks_do(tmp_path: Path) -> None:
    rows = [
        HEADER,
        ["2025-03-05", "鑫源", "完成", "a"],
        ["〃", "天一", "同上", "b"],
        ['"', "天二", "改约", "c"],
        [None, "天三", "〃", "d"],
    ]
    desk = send(tmp_path, rows, mapping=DAILY.replace("tables: many", "tables: many\n    fill_down: [day, result]"))
    assert [row[2:5] for row in desk.rows(LANDED)] == [
        ("2025-03-05", "鑫源", "完成"), ("2025-03-05", "天一", "完成"),
        ("2025-03-05", "天二", "改约"), ("2025-03-05", "天三", "改约"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["合计"], "subtotal"), (["合 计：", "", "12"], "subtotal"), (["本月小计", "3"], "subtotal"),
        (["", "王敏", "小计"], "subtotal"),
        (["小计（12家）"], "subtotal"), (["合计金额：1,200.5元"], "subtotal"), (["Total for March", "3"], "subtotal"),
        (["2025-03-05", "合计商贸公司", "x"], None), (["2025-03-05", "总计划超市"], None),
        (["2025-03-05", "天一", "小计见下"], None), (["2025-03-05", "天一", "公司名里有合计"], None),
        (["2025-03-05", "Total Wine", "x"], None), (["共计便利店", "x"], None),
        (["填报人：王敏", "审核人："], "footer"), (["备注：以上为本周"], "footer"),
        (["制表：王敏", "审核：李四", "主管：", "经理：", "日期："], "footer"),
        (["经理推荐：客户好", "2025-03-05", "鑫源", "完成", "x"], None),
    ],
)  # fmt: skip
def test_what_a_row_is_besides_data(cells: list[str], kind: str | None) -> None:
    (row,) = sheet_rows([cells], 0, [], lambda _: False)
    assert row.kind == kind


def test_a_csv_of_an_office_with_quotes_and_breaks_in_its_cells(tmp_path: Path) -> None:
    top = "成都办事处日报,,,\r\n,,,\r\n日期,*客户（终端）,结果,备注\r\n"
    text = f'{top}2025/3/5,"鑫源,""总""店",完成,"一行\r\n二行，含逗号,"\r\n合计,1,,\r\n'
    desk = land(tmp_path, "成都日报.csv", text.encode("gb18030"))
    assert desk.rows("select customer_name, note, source_row from staging.visits") == [
        ('鑫源,"总"店', "一行\r\n二行，含逗号,", 4)
    ]
    assert desk.quarantine() == [(5, "occurred_at", "not_a_date", "合计")]
