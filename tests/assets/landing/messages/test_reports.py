"""WeCom 汇报 and DingTalk 日志: filled-in templates, comments, edits, lists of responses. All people are invented."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assets.landing.messages.reader import NoShapeError
from exports import Export


def control(kind: str, title: str, **value: Any) -> dict[str, Any]:
    return {"control": kind, "id": f"{kind}-1", "title": [{"text": title, "lang": "zh_CN"}], "value": value}


def option(text: str) -> dict[str, Any]:
    return {"key": "option-1", "value": [{"text": "Quote", "lang": "en"}, {"text": text, "lang": "zh_CN"}]}


JOURNAL: dict[str, Any] = {
    "journal_uuid": "J-0001", "template_name": "拜访日报", "report_time": 1714989600,
    "submitter": {"userid": "wangmin"},
    "apply_data": {"contents": [
        control("Text", "客户（必填）", text="江北精密"),
        control("Selector", "阶段", selector={"type": "single", "options": [option("报价")]}),
        control("Money", "预计金额", new_money="128000.00"),
        control("Number", "意向金额（万元）", new_number="12"),
        control("Date", "下次拜访", date={"type": "day", "s_timestamp": "1715184000"}),
        control("Date", "到访时间", date={"type": "hour", "s_timestamp": "1714962600"}),
        control("DateRange", "试用期", date_range={"type": "day", "new_begin": "1715184000", "new_end": "1715788800"}),
        control("Contact", "陪同人", members=[{"userid": "u1", "name": "陈刚"}, {"userid": "u2"}], departments=[]),
        control("File", "照片", files=[{"file_id": "f-1"}, {"file_id": "f-2"}]),
        control("Location", "地点", location={
            "latitude": "32.16", "longitude": "118.70", "title": "江北新区", "address": "南京"}),
        control("Formula", "折扣", formula={"value": "0.95"}),
        control("Textarea", "备注", text="第一行\n第二行"),
        control("Table", "拜访明细", children=[
            {"list": [control("Text", "客户", text="秣陵电子"), control("Text", "结果", text="完成")]},
            {"list": [control("Text", "客户", text="六合机电"), control("Text", "结果", text="")]}]),
        control("Text", "阶段", text="再次"),
        control("Text", "空着", text=""),
    ]},
    "comments": [{"commentid": "6958772812345678901", "tocommentid": "0", "content": "周三前跟进",
                  "comment_userinfo": {"userid": "chengang"}, "comment_time": 1714993200}],
}  # fmt: skip


def journals(*infos: Any) -> list[dict[str, Any]]:
    return [{"errcode": 0, "errmsg": "ok", "info": info} for info in infos]


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def test_every_control_of_a_wecom_template() -> None:
    export = Export.of(dump(journals(JOURNAL)[0]))
    assert (export.shape.name, export.shape.channel, export.refused) == ("reports_json", "wecom", [])
    report, comment = export.messages
    assert json.loads(report.fields or "") == {
        "客户": "江北精密", "阶段": "报价", "预计金额": "128000.00", "意向金额": "12万", "下次拜访": "2024-05-09",
        "到访时间": "2024-05-06 10:30", "试用期": "2024-05-09 至 2024-05-16", "陪同人": "陈刚；u2", "照片": "f-1；f-2",
        "地点": "江北新区 南京", "折扣": "0.95", "备注": "第一行\n第二行",
        "拜访明细": [{"客户": "秣陵电子", "结果": "完成"}, {"客户": "六合机电"}], "阶段(2)": "再次",
        "latitude": "32.16", "longitude": "118.70",
    }  # fmt: skip
    assert (report.text or "").splitlines()[:3] == ["客户：江北精密", "阶段：报价", "预计金额：128000.00"]
    assert "拜访明细：\n1. 客户：秣陵电子；结果：完成\n2. 客户：六合机电\n" in (report.text or "")
    assert report[1:9] == ("J-0001", "wecom", None, "wangmin", None, "2024-05-06T18:00:00+08:00", None, "report")
    assert report.template == "拜访日报"
    assert (comment.message_key, comment.kind, comment.reply_to, comment.sender_id, comment.text, comment.sent_at) == (
        "6958772812345678901", "reply", "J-0001", "chengang", "周三前跟进", "2024-05-06T19:00:00+08:00",
    )  # fmt: skip


def test_wecom_details_in_every_wrapping() -> None:
    other = {**JOURNAL, "journal_uuid": "J-0002", "comments": []}
    one, two = journals(JOURNAL, other)
    wrappings = [
        dump([one, two]),
        dump(one) + "\n" + dump(two) + "\n",
        dump({"errcode": 0, "info": [JOURNAL, other]}),
        dump([JOURNAL, other]),
        json.dumps([one, two], indent=2),
    ]
    for text in wrappings:
        export = Export.of(text)
        assert [(m.source_row, m.message_key) for m in export.messages] == [
            (1, "J-0001"), (2, "6958772812345678901"), (3, "J-0002"),
        ]  # fmt: skip
        assert export.refused == []


DINGTALK: dict[str, Any] = {
    "report_id": "r-17a", "template_name": "拜访日报", "creator_id": "u102", "creator_name": "王敏",
    "dept_name": "南京办事处", "create_time": 1714989600000, "modified_time": 1714993200000, "remark": "已同步主管",
    "images": ["i-1"], "latitude": "32.16", "longitude": "118.70",
    "contents": [
        {"sort": "0", "type": "1", "key": "客户", "value": "江北精密"},
        {"sort": "10", "type": "1", "key": "备注", "value": "改约到周四下午"},
        {"sort": "2", "type": "2", "key": "预计金额", "value": "128000"},
        {"sort": "3", "type": "9", "key": "明细",
         "value": dump([{"rowValue": [{"label": "客户", "value": "秣陵电子"}]}])},
        {"sort": "4", "type": "5", "key": "竞品", "value": dump(["甲", "乙"])},
        {"sort": "5", "type": "1", "key": "原话", "value": "[微笑]很好"},
    ],
}  # fmt: skip


def page(*reports: Any) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", "result": {"data_list": list(reports), "size": 20, "has_more": False}}


def test_a_dingtalk_report_is_in_the_order_of_its_numbers() -> None:
    export = Export.of(dump(page(DINGTALK)))
    (report,) = export.messages
    assert list(json.loads(report.fields or "").items()) == [
        ("客户", "江北精密"), ("预计金额", "128000"), ("明细", [{"客户": "秣陵电子"}]), ("竞品", "甲；乙"),
        ("原话", "[微笑]很好"), ("备注", "改约到周四下午"), ("备注(2)", "已同步主管"), ("latitude", "32.16"),
        ("longitude", "118.70"), ("images", "i-1"),
    ]  # fmt: skip
    assert (report.conversation, report.sender, report.sender_id) == ("南京办事处", "王敏", "u102")
    assert (report.sent_at, report.edited_at) == ("2024-05-06T18:00:00+08:00", "2024-05-06T19:00:00+08:00")


def test_the_newer_api_says_the_same_in_camel_case() -> None:
    newer = {
        "reportId": "r-17a", "templateName": "拜访日报", "creatorId": "u102", "creatorName": "王敏",
        "deptName": "南京办事处",
        "createTime": 1714989600000, "modifiedTime": 1714993200000, "remark": "已同步主管", "images": ["i-1"],
        "latitude": "32.16", "longitude": "118.70", "content": DINGTALK["contents"],
    }  # fmt: skip
    older = Export.of(dump(page(DINGTALK))).messages
    assert Export.of(dump({"dataList": [newer], "nextCursor": 0})).messages == older
    assert Export.of(dump(newer)).messages == older
    assert Export.of(dump(page(DINGTALK)) + "\n" + dump({"result": {"dataList": [newer]}}) + "\n").messages == [
        older[0], older[0]._replace(source_row=2),
    ]  # fmt: skip


def test_comments_answer_their_report_and_are_refused_where_none_is_named() -> None:
    comments = [{"userid": "u9", "content": "尽快", "create_time": "2024-05-06 20:00:00"}]
    named = Export.of(dump({"report_id": "r-17a", "result": {"comments": comments, "has_more": False}}))
    assert named.told("kind", "reply_to", "sender_id", "sent_at", "text") == [
        ("reply", "r-17a", "u9", "2024-05-06 20:00:00", "尽快")
    ]
    nameless = Export.of(dump({"errcode": 0, "result": {"comments": comments}}))
    assert (nameless.messages, nameless.refused) == ([], [(1, "comment_without_report")])


def test_what_is_no_report_is_refused_by_its_place() -> None:
    untimed = {**DINGTALK, "report_id": "r-2", "create_time": "yesterday"}
    unnamed = {**DINGTALK, "report_id": None}
    answers = [page(DINGTALK), {"errcode": 40058, "errmsg": "no right"}, page(untimed, unnamed), "text"]
    export = Export.of(dump(answers))
    assert [m.source_row for m in export.messages] == [1]
    assert export.refused == [(2, "api_error"), (3, "no_message_time"), (4, "report_without_id"), (5, "not_a_message")]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"errcode": 0, "journaluuid_list": ["J-1"], "next_cursor": 0}, "numbers of WeCom journals"),
        ({"errcode": 0, "stat_list": [{"report_list": []}]}, "looked for|holds no report"),
        ({"errcode": 60011, "errmsg": "no privilege"}, "error 60011 .no privilege."),
        ({"errcode": 0, "errmsg": "ok"}, "holds no report"),
        ({"orders": [{"id": 1}]}, "its JSON holds orders"),
    ],
)
def test_answers_without_reports_are_left_with_the_reason(answer: Any, said: str) -> None:
    with pytest.raises(NoShapeError, match=said):
        Export.of(dump(answer))
