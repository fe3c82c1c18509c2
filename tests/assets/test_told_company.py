"""Forms, a clerk's Excel sheet and a WeChat group tell of the same days: one visit each, every source countable,
what they tell differently listed, what nobody can settle alone left to a person, and no row lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from desk import Desk
from workbooks import workbook

import assets.staging.build as staging
from assets.marts.build import build_marts
from models.notes import Fact, Message, Reading

SETTINGS = "mappings: [company_reference, company_crm, company_forms, company_paper, company_chats]\n"
PEOPLE = [
    [
        "工号",
        "姓名",
        "岗位",
        "上级工号",
        "上级姓名",
        "办事处",
        "城市",
        "省份",
        "大区",
        "手机号",
        "生效日期",
        "失效日期",
        "登记时间",
    ],
    ["S1", "陈立", "主管", "", "", "杭州办事处", "杭州", "浙江", "华东", "", "2024-01-01", "", "2024-01-01"],
    [
        "E1",
        "王敏",
        "业务员",
        "S1",
        "陈立",
        "杭州办事处",
        "杭州",
        "浙江",
        "华东",
        "13800001111",
        "2024-01-01",
        "",
        "2024-01-01",
    ],
    ["E2", "赵磊", "业务员", "S1", "陈立", "杭州办事处", "杭州", "浙江", "华东", "", "2024-01-01", "", "2024-01-01"],
]
CRM = """商机编号,客户编号,客户名称,办事处,负责人工号,产品线,渠道,线索来源,预计金额,创建时间,更新时间
A,K1,杭州联华超市有限公司,杭州办事处,E1,,,,80000,2025/3/1 09:00,2025/3/1 09:00
B,K2,杭州鑫源商贸有限公司,杭州办事处,E1,,,,50000,2025/3/1 09:00,2025/3/1 09:00
C,K3,杭州天天超市有限公司,杭州办事处,E2,,,,50000,2025/3/1 09:00,2025/3/1 09:00
"""
FORMS = """拜访编号,工号,客户编号,客户名称,商机编号,拜访类型,状态,计划时间,改约至,发生时间,纬度,经度,备注,附件,提交时间
V1,E1,K1,杭州联华超市有限公司,A,上门拜访,已计划,2025-03-05 10:00,,2025-03-04 09:00,,,,,2025-03-04 09:00
V1,E1,K1,杭州联华超市有限公司,A,上门拜访,已完成,2025-03-05 10:00,,2025-03-05 10:30,,,,,2025-03-06 09:00
"""
CLERK = (
    "编号,日期,工号,客户编号,客户名称,商机编号,方式,结果,原定日期,改约日期,阶段,"
    "丢单原因,完成动作,证明材料,豁免人,签约金额,合同编号,备注,附件,录入时间\n"
    "R1,2025/3/5,E1,K2,杭州鑫源商贸有限公司,B,电话沟通,改约,2025/3/5,2025/3/7,需求确认,,,,,,,,,2025/3/8\n"
    "R2,2025/3/5,E2,K3,杭州天天超市有限公司,C,上门拜访,完蛋,,,,,,,,,,,,2025/3/8\n"
)
CHAT = """2025-03-05 12:00:00 王敏-杭州
联华上午去了，没见到人

2025-03-05 18:00:00 王敏-杭州
鑫源改到周六，已经报价

2025-03-05 18:05:00 小赵(杭州)
今天拜访天天超市，报价单已交

2025-03-05 18:06:00 晴天
拜访了老张家

2025-03-05 18:07:00 陈立-杭州
收到

2025-03-06 09:00:00 王敏-杭州
更正：鑫源改到周五
"""
D = date(2025, 3, 5)
MOVED = {"customer": "鑫源", "kind": "call", "status": "rescheduled", "stage": "quotation"}
READ: dict[str, dict[str, Any]] = {
    "联华上午去了，没见到人": {"customer": "联华", "kind": "visit", "status": "no_show", "date": D},
    "鑫源改到周六，已经报价": MOVED | {"rescheduled_to": date(2025, 3, 8)},
    "今天拜访天天超市，报价单已交": {"customer": "天天超市", "kind": "visit", "status": "done", "date": D}
    | {"stage": "quotation", "actions_done": ("报价单",)},
    "拜访了老张家": {"customer": "老张家", "kind": "visit", "status": "done", "date": D},
    "更正：鑫源改到周五": MOVED | {"rescheduled_to": date(2025, 3, 7)},
}


class Reader:
    """Reads these messages right, and nothing else: how well notes are read is measured elsewhere."""

    def __init__(self, lexicon: object) -> None:
        pass

    def read(self, messages: Sequence[Message]) -> list[Reading]:
        readings = []
        for message in messages:
            facts = (Fact(**READ[message.text], confidence=0.9),) if message.text in READ else ()
            corrected = next((m.id for m in messages if m.text.startswith("鑫源")), None)
            readings.append(Reading(message.id, facts, (), corrected if message.text.startswith("更正") else None))
        return readings


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "NoteReader", Reader)
        desk = Desk(tmp_path_factory.mktemp("told") / "w", None, settings=SETTINGS)
        desk.put("组织架构.xlsx", workbook(组织架构=PEOPLE))
        desk.put("商机_CRM导出_2025Q1.csv", CRM.encode("gb18030"))
        desk.put("拜访记录_2025-03.csv", FORMS)
        desk.put("日报汇总_2025-03.csv", CLERK.encode("gb18030"))
        desk.put("杭州日报群.txt", CHAT)
        desk.run()
        build_marts(desk.con)
        yield desk
        desk.close()


def test_every_row_is_accounted_for(company: Desk) -> None:
    ledger = {row[0]: row[2:] for row in company.ledger()}
    assert ledger == {
        "组织架构.xlsx": (3, 3, 0, 0, 0),
        "商机_CRM导出_2025Q1.csv": (3, 3, 0, 0, 0),
        "拜访记录_2025-03.csv": (2, 2, 0, 0, 0),
        "日报汇总_2025-03.csv": (2, 1, 0, 1, 0),
        "杭州日报群.txt": (6, 6, 2, 0, 0),  # 收到 tells nothing; 晴天 is nobody yet
    }
    assert company.quarantine() == [(3, "status", "not_in_value_map", "完蛋")]


def test_one_visit_has_all_its_sources_and_the_most_structured_is_believed(company: Desk) -> None:
    told = "select customer_id, status, source_kind, is_primary, strftime(rescheduled_to, '%m-%d') from staging.visits"
    assert company.rows(f"{told} where status <> 'planned' order by customer_id, source_rank, recorded_at") == [
        ("K1", "done", "form", True, None),
        ("K1", "no_show", "wechat", False, None),
        ("K2", "rescheduled", "excel", True, "03-07"),
        ("K2", "rescheduled", "wechat", False, "03-08"),
        ("K2", "rescheduled", "wechat", False, "03-07"),
        ("K3", "done", "wechat", True, None),
    ]
    assert company.rows("select customer_id, status, opportunity_id, reschedules from marts.visits order by 1") == [
        ("K1", "done", "A", 0),
        ("K2", "rescheduled", "B", 1),
        ("K3", "done", "C", 0),
    ]
    assert company.column("select visit_id from staging.visits where customer_id = 'K1'") == ["V1"] * 3


@pytest.mark.parametrize(
    ("as_of", "customer", "expected"),
    [
        ("2025-03-05 13:00", "K1", ["no_show"]),  # what the group knew at noon
        ("2025-03-06 09:00", "K1", ["done"]),  # the form came
        ("2025-03-05 18:00", "K2", ["rescheduled 03-08"]),
        ("2025-03-06 09:00", "K2", ["rescheduled 03-07"]),  # corrected
    ],
)
def test_what_was_known_when(company: Desk, as_of: str, customer: str, expected: list[str]) -> None:
    assert [row[0] for row in company.rows(
        "select concat_ws(' ', status, strftime(rescheduled_to, '%m-%d')) from staging.visits where customer_id = $1"
        " and status <> 'planned' and recorded_at <= $2::timestamptz and occurred_at <= $2::timestamptz"
        " and coalesce(overruled_at > $2::timestamptz, true)", customer, as_of)] == expected  # fmt: skip


def test_stages_and_actions_told_in_words_reach_their_opportunity(company: Desk) -> None:
    assert company.rows("select opportunity_id, stage, source_kind from staging.stage_events where is_primary"
                        " order by all") == [
        ("B", "needs_confirmed", "excel"),
        ("B", "quotation", "wechat"),
        ("C", "quotation", "wechat"),
    ]  # fmt: skip
    assert company.rows("select opportunity_id, action_code, actor_id from staging.actions") == [
        ("C", "quotation_sheet", "E2")
    ]


def test_what_sources_tell_differently_is_listed_with_both_places(company: Desk) -> None:
    assert company.rows(
        "select record, attribute, coalesce(customer_id, opportunity_id), believed_value, other_value, believed_file,"
        " believed_row, other_file, other_row from marts.contradictions order by all"
    ) == [
        ("stage_events", "stage", "B", "needs_confirmed", "quotation", "日报汇总_2025-03.csv", 2, "杭州日报群.txt", 16),
        ("visits", "status", "K1", "done", "no_show", "拜访记录_2025-03.csv", 3, "杭州日报群.txt", 1),
    ]


def test_who_nobody_knows_waits_for_a_person(company: Desk) -> None:
    assert company.rows("select what, scope, alias, reason, facts, file_name from staging.review") == [
        ("rep", "杭州", "晴天", "unknown", 1, "杭州日报群.txt")
    ]
