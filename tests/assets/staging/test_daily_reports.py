"""The templates for Excel daily reports: what each layout gives, in a workspace that has no mapping for it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from desk import MASTERS, PEOPLE, Desk
from openpyxl import Workbook
from workbooks import workbook

DEALS = """id,customer,name,owner,at
A,K1,南京江北精密机械有限公司,u102,2025-01-01
B,K2,南京秣陵电子有限公司,u103,2025-01-01
C,K3,南京鼓楼联华超市有限公司,u102,2025-01-01
"""
VISITS = """
select rep_id, customer_id, strftime(occurred_at, '%m-%d'), status, strftime(planned_at, '%m-%d'),
       strftime(rescheduled_to, '%m-%d')
from staging.visits order by occurred_at, rep_id, customer_id, status
"""
# The day and the status of each visit done, by rep and customer.
DONE = (
    "select rep_id, customer_id, strftime(occurred_at, '%m-%d') from staging.visits where status = 'done' order by all"
)
BOTH = [("u102", "K1", "03-05"), ("u103", "K2", "03-06")]
NAME = "南京办事处日报_2025年03月.xlsx"


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("reports") / "w", MASTERS)
    desk.put("people.csv", PEOPLE)
    desk.put("deals.csv", DEALS)
    return desk


def merged(rows: Sequence[Sequence[Any]], *ranges: str) -> bytes:
    """A workbook of one sheet with merged cells."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for cells in ranges:
        sheet.merge_cells(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "header",
    [
        ["序号", "日期", "业务员", "客户名称", "拜访方式", "拜访结果"],
        ["No.", "拜访日期", "业代", "终端", "形式", "完成情况"],
        ["编号", "时间", "拜访人", "门店", "跟进方式（必选）", "是否完成"],
        ["#", "Visit date", "Rep", "Store name", "Visit type", "Visit result"],
    ],
)
def test_a_table_is_known_by_its_header_in_any_words_and_order(desk: Desk, header: list[str]) -> None:
    rows = [
        header,
        [1, date(2025, 3, 5), "王敏", "江北精密", "上门拜访", "完成"],
        [2, date(2025, 3, 6), "陈刚", "秣陵电子", "电话", "√"],
    ]
    order = [3, 5, 0, 2, 4, 1]
    desk.put(NAME, workbook(Sheet1=[["南京办事处销售日报"], *rows]))
    desk.put("拜访日报2.xlsx", workbook(Sheet1=[[row[k] for k in order] for row in rows]))
    desk.run()
    assert desk.landing.problems == [] and desk.quarantine() == []
    assert desk.rows("select distinct * from (" + DONE + ") order by all") == BOTH
    assert desk.column("select distinct mapping from landing.files where name like '%日报%'") == ["daily_report_table"]
    assert desk.rows("select opportunity_id, kind, source_kind from staging.visits where rep_id = 'u103' limit 1") == [
        ("B", "call", "excel")
    ]


@pytest.mark.parametrize(
    ("title", "days"),
    [
        ("南京办事处日报", ["3月5日", "3/6"]),
        ("南京办事处日报", ["2025.3.5", "２０２５-３-６"]),
        ("南京办事处日报", ["5号", "六日"]),
        ("南京办事处日报", [45721, 45722.0]),
        ("南京办事处日报", [44259, 44260]),  # counted from 1904
        ("2025年3月5日至6日南京办事处日报", ["3.5", "3-6"]),
    ],
)
def test_days_as_people_type_them_are_read_against_the_reports_month(desk: Desk, title: str, days: list[Any]) -> None:
    rows = [
        ["日期", "业务员", "客户", "结果"],
        [days[0], "王敏", "江北精密", "完成"],
        [days[1], "陈刚", "秣陵电子", "完成"],
    ]
    desk.put(NAME, workbook(日报=[[title], *rows]))
    desk.run()
    assert desk.quarantine() == [] and desk.rows(DONE) == BOTH


def test_days_of_plans_are_read_against_the_rows_day(desk: Desk) -> None:
    desk.put(
        NAME,
        workbook(
            日报=[
                ["日期", "业务员", "客户", "结果", "原定日期", "改约日期", "下次拜访"],
                ["3月5日", "王敏", "江北精密", "改约", "昨天", "下周三", ""],
                ["3月6日", "陈刚", "秣陵电子", "完成", "", "", "大后天"],
                ["3月7日", "王敏", "鼓楼联华", "已约", "3月20日", "", "待定"],
            ]
        ),
    )
    desk.run()
    assert desk.quarantine() == []
    assert desk.rows(VISITS) == [
        ("u102", "K1", "03-05", "rescheduled", "03-04", "03-12"),
        ("u103", "K2", "03-06", "done", None, None),
        ("u103", "K2", "03-06", "planned", "03-09", None),
        ("u102", "K3", "03-07", "planned", "03-20", None),
    ]


def test_a_day_that_nobody_can_tell_is_quarantined_with_its_place(desk: Desk) -> None:
    rows = [["日期", "业务员", "客户", "结果", "下次拜访"]]
    for day, following in [("上周五", ""), ("2月30日", ""), ("3月5日", "下周"), ("31号", "")]:
        rows.append([day, "王敏", "江北精密", "完成", following])
    desk.put("王敏日报.xlsx", workbook(三月=rows))  # no year anywhere
    desk.put(NAME, workbook(日报=[rows[0], ["", "王敏", "江北精密", "完成", ""], *rows[1:4]]))
    desk.run()
    assert desk.rows("select count(*) from staging.visits") == [(0,)]
    assert desk.rows(
        "select file_name, source_sheet, source_row, cell, column_name, reason, value from staging.quarantine"
        " order by file_name, source_row"
    ) == [
        (NAME, "日报", 2, "A2", "occurred_at", "occurred_at_required", None),
        (NAME, "日报", 3, "A3", "on_day", "not_a_date", "上周五"),
        (NAME, "日报", 4, "A4", "on_day", "not_a_date", "2月30日"),
        (NAME, "日报", 5, "E5", "planned_at", "not_a_date", "下周"),
        ("王敏日报.xlsx", "三月", 2, "A2", "on_day", "not_a_date", "上周五"),
        ("王敏日报.xlsx", "三月", 3, "A3", "on_day", "not_a_date", "2月30日"),
        ("王敏日报.xlsx", "三月", 4, "A4", "on_day", "not_a_date", "3月5日"),
        ("王敏日报.xlsx", "三月", 5, "A5", "on_day", "not_a_date", "31号"),
    ]


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("金额", "八万六"),
        ("金额（万元）", 8.6),
        ("签约金额/万元", "8.6"),
        ("合同金额", "¥86,000.00"),
        ("预计金额", "8w6"),
        ("金额(元)", "约8.6万元"),
    ],
)
def test_amounts_as_people_say_them(desk: Desk, header: str, cell: Any) -> None:
    desk.put(
        NAME,
        workbook(
            日报=[
                ["日期", "业务员", "客户", "结果", "阶段", header],
                ["3月5日", "王敏", "江北精密", "完成", "签合同", cell],
            ]
        ),
    )
    desk.run()
    assert desk.quarantine() == []
    assert desk.rows("select opportunity_id, amount::double from staging.signings") == [("A", 86000)]
    assert desk.rows("select event, stage from staging.stage_events") == [("enter", "contract_signed")]


def test_what_stands_in_the_note_reaches_the_visit(desk: Desk) -> None:
    desk.put(
        NAME,
        workbook(
            日报=[
                ["日期", "业务员", "客户", "拜访结果", "备注"],
                ["3月5日", "王敏", "江北精密", "", "上门拜访，见到老板，报价单已交；下周三再去"],
                ["3月6日", "陈刚", "秣陵电子", "完成", "电话沟通，对方要8.6万的报价"],
                ["3月7日", "王敏", "鼓楼联华", "", "原定今天的拜访客户改到3月10日"],
                ["3月8日", "王敏", "", "", "休息"],
            ]
        ),
    )
    desk.run()
    assert desk.quarantine() == []
    assert desk.rows(VISITS) == [
        ("u102", "K1", "03-05", "done", None, None),
        ("u102", "K1", "03-05", "planned", "03-12", None),
        ("u103", "K2", "03-06", "done", None, None),
        ("u102", "K3", "03-07", "rescheduled", "03-07", "03-10"),
    ]
    assert desk.rows("select opportunity_id, stage from staging.stage_events order by 1")[0] == ("A", "quotation")
    assert desk.rows("select distinct opportunity_id, action_code from staging.actions") == [("A", "quotation_sheet")]
    assert desk.rows("select kind from staging.visits where rep_id = 'u103'") == [("call",)]


def test_a_days_work_in_one_cell_is_a_visit_for_each_customer(desk: Desk) -> None:
    told = "1、上午拜访江北精密机械，见到采购\n2、下午拜访秣陵电子，谈得不错"
    desk.put(NAME, workbook(日报=[["日期", "姓名", "今日工作"], ["3月5日", "王敏", told]]))
    desk.run()
    assert desk.rows(DONE) == [("u102", "K1", "03-05"), ("u102", "K2", "03-05")]


def test_a_header_of_two_rows_merged_or_not(desk: Desk) -> None:
    header = [
        ["南京办事处2025年3月销售日报"],
        ["日期", "业务员", "客户", "拜访情况", None, "后续"],
        [None, None, None, "方式", "结果", "下次拜访"],
    ]
    rows = [
        ["3月5日", "王敏", "江北精密", "上门拜访", "完成", None],
        ["3月6日", "陈刚", "秣陵电子", "电话", "完成", None],
    ]
    desk.put("日报一.xlsx", merged([*header, *rows], "A1:F1", "A2:A3", "B2:B3", "C2:C3", "D2:E2"))
    desk.put("日报二.xlsx", merged([*header, *[["3月12日", *row[1:]] for row in rows]]))
    desk.run()
    assert desk.quarantine() == []
    assert desk.rows(DONE) == [
        ("u102", "K1", "03-05"),
        ("u102", "K1", "03-12"),
        ("u103", "K2", "03-06"),
        ("u103", "K2", "03-12"),
    ]
    assert desk.rows("select name, mapping from landing.files where name like '日报%' order by 1") == [
        ("日报一.xlsx", "daily_report_table"), ("日报二.xlsx", "daily_report_two_rows"),
    ]  # fmt: skip


def test_merged_cells_dittos_subtotals_and_signatures(desk: Desk) -> None:
    rows = [
        ["南京办事处2025年3月拜访日报"],
        ["日期", "业务员", "客户", "结果", "金额"],
        ["3月5日", "王敏", "江北精密", "完成", 100],
        [None, None, "鼓楼联华", "完成", 200],
        ["3月6日", "〃", "同上", "完成", 300],
        ["小计", None, None, None, 600],
        [None, "陈刚", "秣陵电子", "完成", None],
        ["合计", None, None, None, 600],
        ["制表人：李娟", None, None, "审核：", "日期："],
    ]
    desk.put(NAME, merged(rows, "A1:E1", "A3:A4", "B3:B4"))
    desk.put("南京日报.csv", "\n".join(",".join(str(c or "") for c in row) for row in rows).encode("gb18030"))
    desk.run()
    assert desk.quarantine() == []
    wanted = [("u102", "K1", "03-05"), ("u102", "K3", "03-05"), ("u102", "K3", "03-06"), ("u103", "K2", "03-06")]
    assert desk.rows("select distinct * from (" + DONE + ") order by all") == wanted
    # The same report in two files is one set of visits: their numbers are made of who, whom and when.
    assert desk.rows("select count(distinct visit_id) from staging.visits") == [(4,)]


def test_a_sheet_per_rep_and_a_sheet_per_day(desk: Desk) -> None:
    header = ["客户", "结果"]
    desk.put(
        "南京日报2025-03.xlsx",
        workbook(
            王敏=[["日期", *header], ["5日", "江北精密", "完成"]],
            陈刚=[["日期", *header], ["6日", "秣陵电子", "完成"]],
            说明=[["本表每日填写"]],
        ),
    )
    desk.put(
        "南京每日拜访（2025年3月）.xlsx",
        workbook(
            **{
                "3.12": [["业务员", *header], ["王敏", "江北精密", "完成"]],
                "13日": [["业务员", *header], ["陈刚", "秣陵电子", "完成"]],
            }
        ),
    )
    desk.put(
        "陈刚.xlsx",
        workbook(**{"3月": [["2025年"], ["日期", "业务员", *header, "备注"], ["20日", "", "秣陵电子", "完成", ""]]}),
    )
    desk.run()
    assert desk.quarantine() == []
    assert desk.rows(DONE) == [
        ("u102", "K1", "03-05"), ("u102", "K1", "03-12"), ("u103", "K2", "03-06"), ("u103", "K2", "03-13"),
        ("u103", "K2", "03-20"),
    ]  # fmt: skip


def test_tables_under_and_beside_each_other(desk: Desk) -> None:
    desk.put(
        NAME,
        workbook(
            日报=[
                ["业务员：王敏", None, None, None, "业务员：陈刚"],
                ["日期", "客户", "结果", None, "日期", "客户", "结果"],
                ["3月5日", "江北精密", "完成", None, "3月6日", "秣陵电子", "完成"],
                [],
                ["业务员：王敏"],
                ["日期", "客户", "结果"],
                ["3月7日", "鼓楼联华", "完成"],
            ]
        ),
    )
    desk.run()
    assert desk.quarantine() == []
    assert desk.rows(DONE) == [*BOTH[:1], ("u102", "K3", "03-07"), *BOTH[1:]]


def test_a_months_grid(desk: Desk) -> None:
    days: list[Any] = [None] * 31
    days[4], days[5] = "上午拜访江北精密机械，见到采购", "休息"
    other: list[Any] = [None] * 31
    other[5] = "下午拜访秣陵电子，谈价格"
    rows = [["姓名", *range(1, 32)], ["王敏", *days], ["陈刚", *other]]
    desk.put("南京日报.xlsx", workbook(**{"2025.3": rows}))
    short = [["姓名", *(f"{day}日" for day in range(1, 31))], ["王敏", *[None] * 29, "拜访江北精密机械"]]
    desk.put("南京办事处2025年2月日报.xlsx", workbook(Sheet1=short))
    desk.run()
    assert desk.rows(DONE) == BOTH
    assert desk.rows("select file_name, source_row, reason, value from staging.quarantine") == [
        ("南京办事处2025年2月日报.xlsx", 2, "not_a_date", "30日")
    ]


def test_an_unknown_layout_is_left_to_propose_and_says_so(desk: Desk) -> None:
    desk.put("南京日报.xlsx", workbook(日报=[["日期", "业务员", "商品", "数量"], ["3月5日", "王敏", "酱油", 5]]))
    desk.put("通讯录.xlsx", workbook(Sheet1=[["姓名", "电话", "备注"], ["王敏", "13800001111", "南京"]]))
    desk.run()
    problems = " ".join(desk.landing.problems)
    assert desk.landing.rejected == 2 and "stagewatch contracts propose 南京日报.xlsx" in problems.replace("'", "")
    assert "no mapping reads" in problems or "通讯录" in problems


def test_a_mapping_of_the_workspace_goes_before_and_may_extend_a_template(desk: Desk) -> None:
    own = "sources: {rows: {columns: {customer: {from: 铺货点, optional: true}}}}\n"
    (desk.root / "mappings" / "own.yaml").write_text(
        f"mapping: own\nextends: daily_report_table\n{own}", encoding="utf-8"
    )
    desk.put(NAME, workbook(日报=[["日期", "业务员", "铺货点", "结果"], ["3月5日", "王敏", "江北精密", "完成"]]))
    desk.run()
    assert desk.landing.problems == [] and desk.rows(DONE) == BOTH[:1]
    assert desk.column("select mapping from landing.files where name like '南京%'") == ["own"]
