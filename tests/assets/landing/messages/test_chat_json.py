"""Chats as JSON: WeFlow, EchoTrace, ChatLab and its lines. All people are invented."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from assets.landing.messages.json_walk import walk
from data_contracts.errors import StagewatchError
from exports import Export

SESSION = {
    "wxid": "18888888888@chatroom",
    "displayName": "华东日报群",
    "type": "群聊",
    "avatar": "data:image/png;base64,",
}
FIRST = {
    "localId": 5, "createTime": 1714957964, "formattedTime": "2024-05-06 09:12:44", "type": "文本消息", "localType": 3,
    "content": "上午拜访江北精密，报价单已交", "isSend": 0, "senderUsername": "wxid_a1",
    "senderDisplayName": "王敏-南京",
}  # fmt: skip


def weflow(*messages: Any, session_last: bool = False, **top: Any) -> str:
    session = {"session": SESSION}
    parts = (
        {**top, "messages": list(messages), **session}
        if session_last
        else {**top, **session, "messages": list(messages)}
    )
    return json.dumps(parts, ensure_ascii=False)


def message(number: int, kind: str, content: str | None, **more: Any) -> dict[str, Any]:
    return {**FIRST, "localId": number, "createTime": 1714957964 + number, "formattedTime": None, "type": kind,
            "content": content, **more}  # fmt: skip


def test_a_weflow_document() -> None:
    text = weflow(
        FIRST,
        message(
            6,
            "引用消息",
            "收到\n[引用 王敏-南京：上午拜访江北精密]",
            senderDisplayName="陈刚",
            senderUsername="wxid_b2",
        ),
        message(7, "语音消息", "[语音消息] 明天去秣陵电子"),
        message(8, "聊天记录合并转发", "[聊天记录]"),
        message(9, "系统消息", '"王敏-南京" 撤回了一条消息', isSend=None),
        "no message",
        {"type": "文本消息", "content": "没有时间"},
        weflow={"version": "1.0"},
    )
    export = Export.of(text)
    assert (export.shape.name, export.refused) == ("weflow_json", [(6, "not_a_message"), (7, "no_message_time")])
    assert export.told("source_row", "conversation", "sender", "kind", "text") == [
        (1, "华东日报群", "王敏-南京", "text", "上午拜访江北精密，报价单已交"),
        (2, "华东日报群", "陈刚", "reply", "收到"),
        (3, "华东日报群", "王敏-南京", "voice", "[语音消息] 明天去秣陵电子"),
        (4, "华东日报群", "王敏-南京", "forwarded", "[聊天记录]"),
        (5, "华东日报群", "王敏-南京", "recall", '"王敏-南京" 撤回了一条消息'),
    ]
    assert export.messages[1].reply_to == export.messages[0].message_key
    assert export.messages[0].sent_at == "2024-05-06T09:12:44+08:00"


def test_the_conversation_is_found_behind_the_messages_too() -> None:
    assert Export.of(weflow(FIRST, session_last=True)).told("conversation") == [("华东日报群",)]


CHATLAB_HEAD = {"chatlab": {"version": "0.0.1"}, "meta": {"name": "华东日报群", "platform": "weixin", "type": "group"}}
MEMBERS = [{"platformId": "wxid_a1", "accountName": "敏敏", "groupNickname": "王敏-南京", "avatar": "data:"}]
CHATLAB = [
    {"platformMessageId": "7594861486600000001", "sender": "wxid_a1", "timestamp": 1714957964, "type": 0,
     "content": "改约周四"},
    {"platformMessageId": "7594861486600000002", "sender": "wxid_b2", "accountName": "陈刚", "timestamp": 1714957970,
     "type": 0, "content": "好", "replyToMessageId": "7594861486600000001"},
    {"platformMessageId": "7594861486600000001", "sender": "wxid_a1", "timestamp": 1714957980, "type": 81,
     "content": None},
]  # fmt: skip
EXPECTED = [
    ("7594861486600000001", "华东日报群", "王敏-南京", "text", "改约周四", None),
    ("7594861486600000002", "华东日报群", "陈刚", "reply", "好", "7594861486600000001"),
    ("7594861486600000001:recall", "华东日报群", "王敏-南京", "recall", None, "7594861486600000001"),
]
TOLD = ("message_key", "conversation", "sender", "kind", "text", "reply_to")


def test_a_chatlab_document() -> None:
    export = Export.of(json.dumps({**CHATLAB_HEAD, "members": MEMBERS, "messages": CHATLAB}, indent=2))
    assert export.shape.name == "chatlab_json"
    assert export.told(*TOLD) == EXPECTED


def test_chatlab_lines_are_numbered_by_line_and_bad_ones_refused() -> None:
    lines = [
        {"_type": "header", **CHATLAB_HEAD},
        {"_type": "member", **MEMBERS[0]},
        *({"_type": "message", **m} for m in CHATLAB),
    ]
    text = (
        "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        + '\n{"_type": "message", "conte\n\n{"_type": "x"}\n'
    )
    export = Export.of(text)
    assert (export.shape.name, [m.source_row for m in export.messages]) == ("chatlab_lines", [3, 4, 5])
    assert export.told(*TOLD) == EXPECTED
    assert export.refused == [(6, "not_json"), (8, "not_a_message")]


def test_ids_that_are_no_more_than_running_numbers_part_conversations() -> None:
    def numbered(name: str | None) -> list[tuple[str, str | None]]:
        said = [
            {**CHATLAB[0], "platformMessageId": "12"},
            {**CHATLAB[1], "platformMessageId": "13", "replyToMessageId": "12"},
            {**CHATLAB[2], "platformMessageId": "12"},
        ]
        export = Export.of(json.dumps({**CHATLAB_HEAD, "meta": {"name": name}, "messages": said}))
        return [(m.message_key, m.reply_to) for m in export.messages]

    assert numbered("华东日报群") == [
        ("华东日报群:12", None), ("华东日报群:13", "华东日报群:12"), ("华东日报群:12:recall", "华东日报群:12"),
    ]  # fmt: skip
    assert [key[:1] for key, _ in numbered(None)] == ["h", "h", "h"]


def test_surrogates_nuls_and_a_message_of_a_million_characters() -> None:
    text = weflow(
        {**FIRST, "content": "拜访\ud83d江北\x00精密"}, {**FIRST, "createTime": 1714957970, "content": "长" * 1_000_000}
    )
    assert Export.of(text).refused == [(1, "damaged_text")]  # its bytes are no UTF-8
    assert len(Export.of(text).messages[0].text or "") == 1_000_000
    escaped = json.dumps({"session": SESSION, "messages": [{**FIRST, "content": "拜访\ud83d江北\x00精密"}]})
    assert Export.of(escaped).told("text") == [("拜访?江北精密",)]


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda t: t[: len(t) // 2], "ends too early"),
        (lambda t: t.replace('"isSend": 0', '"isSend" 0'), "not valid JSON"),
        (lambda t: t + "}", "something follows"),
        (lambda t: '{"session": ' + '{"a":' * 50_000 + t, "nested too deep|ends too early"),
    ],
    ids=["cut", "broken", "more behind it", "nested"],
)
def test_a_damaged_document_is_rejected_with_the_place(damage: Any, what: str) -> None:
    with pytest.raises(StagewatchError, match=f"({what}).*character"):
        Export.of(damage(weflow(*[FIRST] * 50)))


def test_a_large_document_is_read_as_a_stream(tmp_path: Path) -> None:
    avatar = {**SESSION, "avatar": "data:image/png;base64," + "A" * 1_000_000}
    body = ",".join(json.dumps(message(n, "文本消息", f"第{n}家门店")) for n in range(20_000))
    text = f'{{"session": {json.dumps(avatar)}, "messages": [{body}]}}'.encode()
    path = tmp_path / "export.json"
    path.write_bytes(text)
    tracemalloc.start()
    messages = sum(where == "messages[]" for where, _ in walk(path, frozenset({"messages"})))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert messages == 20_000
    assert peak < 4 << 20 < len(text), f"{peak:,} bytes held of {len(text):,}"
