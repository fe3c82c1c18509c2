"""What is written to hurt a reader: it costs no more than its length, and ends as a message, refused or rejected."""

from __future__ import annotations

import json
import time

import pytest

from assets.landing.messages.kinds import content, split_quote
from data_contracts.errors import StagewatchError
from exports import Export

LONG = 300_000
BODIES = {
    "spaces": " " * LONG + "x", "a quote of spaces": "引用" + " " * LONG + "x", "quotes": "引用:a:b\n" * (LONG // 8),
    "brackets": "[引用:" * (LONG // 4), "corners": "「a：" * (LONG // 3), "dashes": "—" * LONG, "colons": ":" * LONG,
    "open tags": "<msg><appmsg>" + "<title>" * (LONG // 7),
    "items": "<msg><appmsg><type>19</type>" + "<dataitem" * (LONG // 9),
    "headers": "2024-05-06 09:12:44 '" + "' " * (LONG // 2), "digits": "1" * LONG,
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_text_costs_no_more_than_its_length(name: str) -> None:
    body = BODIES[name]
    message = {"createTime": 1714957964, "type": "文本消息", "content": body, "senderDisplayName": body[:500]}
    report = {"report_id": "r", "create_time": 1714989600000, "contents": [{"sort": "1", "key": body, "value": body}]}
    files = [
        f"2024-05-06 09:12:44 王敏\n{body}\n\n", f"王敏 2024-05-06 09:12:44\n{body}\n", json.dumps(report),
        json.dumps({"session": {}, "messages": [message]}),
    ]  # fmt: skip
    began = time.process_time()
    for text in files:
        export = Export.of(text)
        assert (len(export.messages), export.refused) == (1, [])
    assert time.process_time() - began < 5  # 0.3 s where nothing is tried over and over; minutes where it is


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ('{"messages": [{"createTime": 1e400, "content": "a"}, {"createTime": NaN, "content": "a"}]}', [1, 2]),
        ('{"messages": [{"createTime": ' + "9" * 100_000 + ', "content": "a"}, [], {"createTime": {}}]}', [1, 2, 3]),
        ('{"_type": "header"}\n' + "[" * 100_000 + "\n", [2]),
        ('{"_type": "header", "meta": 5}\n{"_type": "message", "timestamp": true}\n{"_type": "member"}\n', [2]),
    ],
    ids=["no numbers", "wrong kinds", "a deep line", "wrong kinds in lines"],
)
def test_odd_values_are_refused_one_by_one(text: str, refused: list[int]) -> None:
    export = Export.of(text)
    assert ([row for row, _ in export.refused], export.messages) == (refused, [])


def test_a_document_nested_too_deep_is_rejected() -> None:
    with pytest.raises(StagewatchError, match="nested too deep"):
        Export.of('{"session": {}, "messages": [' + "[" * 100_000 + "]" * 100_000 + "]}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("收到\n引用:王敏:上午拜访", ("收到", "王敏", "上午拜访")),
        ("收到\n引用：王敏：第一行\n第二行", ("收到", "王敏", "第一行\n第二行")),
        ("[引用 王敏：上午拜访]\n收到", ("收到", "王敏", "上午拜访")),
        ("收到\n[引用 王敏：上午拜访]", ("收到", "王敏", "上午拜访")),
        ("「王敏：上午拜访」\n- - - - - - - - - - - - - - -\n收到", ("收到", "王敏", "上午拜访")),
        ("「开心」\n今天签了", ("「开心」\n今天签了", None, None)),
        ("引用客户的话：再等等", ("引用客户的话：再等等", None, None)),
        ("收到", ("收到", None, None)),
    ],
)
def test_quotes_in_every_dress(text: str, expected: tuple[str, str | None, str | None]) -> None:
    assert split_quote(text) == expected


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (None, "[图片]", "image"), (None, "[图片]上午拜访", "text"), (None, "[微笑]上午拜访", "text"),
        (None, "[语音] 明天去", "voice"), (None, "[聊天记录]", "forwarded"), ("system", "你撤回了一条消息", "recall"),
        (None, "你撤回了一条消息", "text"), ("text", "<msg><img aeskey='x'/></msg>", "image"), ("card", None, "card"),
    ],
)  # fmt: skip
def test_what_kind_a_content_is(kind: str | None, raw: str | None, expected: str) -> None:
    assert content(kind, raw).kind == expected
