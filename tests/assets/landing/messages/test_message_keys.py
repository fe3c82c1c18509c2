"""Keys: the same message has the same one in every export and format of it, another message has another."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exports import Export

START = datetime(2024, 5, 6, 9, 0)
Said = tuple[int, str, str]
PEOPLE = st.sampled_from(["王敏-南京", "陈 刚", "周婷(六合)"])
WORDS = st.sampled_from(["收到", "拜访江北精密，报价已交", "改约周四", "秣陵电子\n\n样品试用", "好的"])
CHATS = st.lists(st.tuples(st.integers(0, 40), PEOPLE, WORDS), min_size=1, max_size=25).map(sorted)


def clock(second: int) -> str:
    return (START + timedelta(seconds=second)).isoformat(" ")


def wechatmsg_text(chat: list[Said]) -> str:
    return "".join(f"{clock(s)} {who}\n{words}\n\n" for s, who, words in chat)


def weflow_text(chat: list[Said]) -> str:
    return "".join(f"{clock(s)} '{who}'\n{words}\n\n" for s, who, words in chat)


def wechatmsg_csv(chat: list[Said]) -> str:
    epoch = int(datetime.fromisoformat("2024-05-06T09:00:00+08:00").timestamp())
    rows = [
        f'{n},3,1,0,0,{epoch + s},,"{words}",{clock(s)},{who},x,wxid_{n}\n' for n, (s, who, words) in enumerate(chat)
    ]
    return (
        "localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender\n"
        + "".join(rows)
    )


def weflow_json(chat: list[Said]) -> str:
    epoch = int(datetime.fromisoformat("2024-05-06T09:00:00+08:00").timestamp())
    messages: list[dict[str, Any]] = [
        {"localId": n, "createTime": epoch + s, "type": "文本消息", "content": words, "senderDisplayName": who}
        for n, (s, who, words) in enumerate(chat)
    ]
    return json.dumps({"session": {"wxid": "1@chatroom", "displayName": "群"}, "messages": messages})


def keys(text: str) -> list[str]:
    return [m.message_key for m in Export.of(text).messages]


@settings(max_examples=25, deadline=None)
@given(CHATS)
def test_every_format_gives_a_chat_the_same_keys_all_different(chat: list[Said]) -> None:
    told = keys(wechatmsg_text(chat))
    assert len(set(told)) == len(chat)
    assert told == keys(wechatmsg_csv(chat)) == keys(weflow_text(chat)) == keys(weflow_json(chat))


@settings(max_examples=25, deadline=None)
@given(CHATS, st.integers(1, 24), st.integers(0, 24))
def test_slices_cut_between_seconds_give_the_keys_of_the_whole(chat: list[Said], cut: int, overlap: int) -> None:
    second = chat[min(cut, len(chat) - 1)][0]
    earlier = [m for m in chat if m[0] < second + overlap]
    later = [m for m in chat if m[0] >= second]
    parts = [keys(wechatmsg_text(part)) for part in (later, earlier) if part]
    assert {key for part in parts for key in part} == set(keys(wechatmsg_text(chat)))


def test_without_a_time_only_telling_words_are_known_again_elsewhere() -> None:
    long, short = "今天拜访了江北精密，报价单已经交给采购", "收到"
    one = Export.of(f"王敏:\n{long}\n\n陈刚:\n{short}\n")
    other = Export.of(f"陈刚:\n{short}\n\n王敏:\n{long}\n\n陈刚:\n{short}\n")
    assert one.messages[0].message_key == other.messages[1].message_key
    assert len({one.messages[1].message_key, other.messages[0].message_key, other.messages[2].message_key}) == 3


def test_a_quote_finds_the_latest_message_that_begins_so() -> None:
    export = Export.of(
        "2024-05-06 09:00:00 王敏\n拜访江北精密，报价\n\n2024-05-07 09:00:00 王敏\n拜访江北精密，改约\n\n"
        "2024-05-07 09:01:00 陈刚\n收到\n引用:王敏:拜访江北精密\n\n"
        "2024-05-07 09:02:00 陈刚\n好\n引用:王敏:没有说过的话\n\n"
    )
    assert [m.reply_to for m in export.messages] == [None, None, export.messages[1].message_key, None]
