"""The shipped mapping of WeCom and DingTalk reports: a template filled in becomes records as it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from desk import Desk

MASTERS = """
sources:
  people:
    files: ["people*"]
    columns: {rep: rep, name: name, phone: phone, office: office, city: city}
  deals:
    files: ["deals*"]
    columns: {id: id, customer: customer, name: name, owner: owner, at: at}
records:
  - record: organisation
    from: people
    fields: {rep_id: rep, rep_name: name, phone: phone, office: office, city: city}
  - record: opportunities
    from: deals
    fields: {opportunity_id: id, customer_id: customer, customer_name: name, owner_id: owner,
             office: {constant: 南京办事处}, created_at: at, occurred_at: at}
"""
PEOPLE = "rep,name,phone,office,city\nu102,王敏,13800001111,南京办事处,南京\n"
DEALS = """id,customer,name,owner,at
A,K1,南京江北精密机械有限公司,u102,2024-03-01
B,K2,南京秣陵电子有限公司,u102,2024-03-01
"""
MADE = 1714989600000  # 2024-05-06 18:00


def dingtalk(key: str, fields: list[tuple[str, str]], edited_hours: int = 0) -> dict[str, Any]:
    contents = [{"sort": str(n), "key": title, "value": value} for n, (title, value) in enumerate(fields)]
    return {
        "report_id": key, "creator_id": "u102", "creator_name": "王敏", "dept_name": "南京办事处",
        "template_name": "拜访日报",
        "create_time": MADE, "modified_time": MADE + edited_hours * 3_600_000, "contents": contents,
    }  # fmt: skip


def wecom_table(key: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    def text(title: str, value: str) -> dict[str, Any]:
        return {"control": "Text", "title": [{"text": title, "lang": "zh_CN"}], "value": {"text": value}}

    children = [{"list": [text(title, value) for title, value in row.items()]} for row in rows]
    table = {"control": "Table", "title": [{"text": "今日拜访", "lang": "zh_CN"}], "value": {"children": children}}
    info = {"journal_uuid": key, "report_time": MADE // 1000, "submitter": {"userid": "u102"},
            "apply_data": {"contents": [table]}, "comments": []}  # fmt: skip
    return {"errcode": 0, "info": info}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("journals") / "w", MASTERS, "mappings: [company_journals]\n")
    desk.put("people.csv", PEOPLE)
    desk.put("deals.csv", DEALS)
    first = [
        ("客户名称（必填）", "江北精密机械"),
        ("拜访方式", "电话沟通"),
        ("拜访结果", "完成"),
        ("阶段", "报价"),
        ("备注", "报价单已交"),
    ]
    edited = [*first[:3], ("阶段", "合同签订"), ("签约金额", "12.8万"), ("下次拜访", "2024-05-09")]
    desk.put("钉钉日志_1.json", json.dumps({"result": {"data_list": [dingtalk("r-1", edited, 2)]}}))
    desk.put("钉钉日志_2.json", json.dumps({"result": {"data_list": [dingtalk("r-1", first)]}}))
    rows = [{"客户": "秣陵电子", "结果": "改约", "改约日期": "2024-05-08"}, {"客户": "秣陵电子", "结果": "看情况"}]
    desk.put("企业微信汇报.json", json.dumps(wecom_table("J-1", rows)))
    return desk.run()


def test_a_template_is_a_visit_a_stage_and_a_contract_in_its_last_version(desk: Desk) -> None:
    assert desk.rows(
        "select visit_id, rep_id, customer_id, opportunity_id, kind, status, strftime(planned_at, '%Y-%m-%d'),"
        " strftime(occurred_at, '%Y-%m-%d'), occurred_precision, strftime(recorded_at, '%m-%d %H:%M')"
        " from staging.visits where visit_id like 'r-1%' order by visit_id"
    ) == [
        ("r-1-0", "u102", "K1", "A", "call", "done", None, "2024-05-06", "day", "05-06 20:00"),
        ("r-1-0-next", "u102", "K1", "A", None, "planned", "2024-05-09", "2024-05-06", "day", "05-06 20:00"),
    ]
    assert desk.rows("select opportunity_id, event, stage, actor_id from staging.stage_events") == [
        ("A", "enter", "contract_signed", "u102")
    ]
    assert desk.rows("select opportunity_id, amount::varchar from staging.signings") == [("A", "128000.00")]


def test_a_table_is_a_visit_a_row_and_a_word_that_says_nothing_is_refused(desk: Desk) -> None:
    # The table is one report: taken whole or not at all.
    assert desk.rows("select record, column_name, reason, value from staging.quarantine") == [
        ("visits", "status", "not_in_value_map", "看情况")
    ]
    assert desk.rows("select count(*) from staging.visits where visit_id like 'J-1%'") == [(0,)]
