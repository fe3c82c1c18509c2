"""Chats as text: WeChatMsg's and WeFlow's exports, and what people copy by hand. All people are invented."""

from __future__ import annotations

import pytest

from assets.landing.messages.reader import NoShapeError
from exports import Export

WECHATMSG = """\
2024-05-06 09:12:44 王敏-南京
上午拜访江北精密，见到采购李经理，报价单已交，对方说下周三答复

2024-05-06 09:13:10 陈刚
收到
引用:王敏-南京:上午拜访江北精密

2024-05-06 09:13:30 "陈刚" 邀请 "周婷" 加入了群聊

2024-05-06 09:13:40 "周婷" 撤回了一条消息

2024-05-06 09:14:02 王敏-南京
[图片]

"""


def test_a_wechatmsg_text() -> None:
    export = Export.of(WECHATMSG)
    assert (export.shape.name, export.shape.channel, export.refused) == ("text_exported", "wechat", [])
    assert export.told("source_row", "sent_at", "sender", "kind") == [
        (1, "2024-05-06 09:12:44", "王敏-南京", "text"),
        (4, "2024-05-06 09:13:10", "陈刚", "reply"),
        (8, "2024-05-06 09:13:30", None, "system"),
        (10, "2024-05-06 09:13:40", "周婷", "recall"),
        (12, "2024-05-06 09:14:02", "王敏-南京", "image"),
    ]
    first, reply, *_ = export.messages
    assert reply.text == "收到"
    assert (reply.reply_to, reply.quoted) == (first.message_key, "王敏-南京: 上午拜访江北精密")


def test_a_message_keeps_its_empty_lines_and_lines_that_begin_with_a_date() -> None:
    export = Export.of(
        "2024-05-06 18:00:00 王 敏 (南京)\n今日行程：\n2024-05-06 09:00 江北精密\n\n"
        "2024-05-06 09:00:00 秣陵电子，报价\n\n明天休息\n\n2024-05-06 18:05:00 陈刚\n好\n\n"
    )
    assert export.told("source_row", "sender") == [(1, "王 敏 (南京)"), (9, "陈刚")]
    assert export.messages[0].text == (
        "今日行程：\n2024-05-06 09:00 江北精密\n\n2024-05-06 09:00:00 秣陵电子，报价\n\n明天休息"
    )


def test_slices_put_together_out_of_order_lose_no_message() -> None:
    day = "{day} 09:00:00 王敏\n拜访{what}\n\n{day} 09:01:00 陈刚\n收到\n\n"
    text = day.format(day="2024-05-07", what="秣陵电子") + day.format(day="2024-05-06", what="江北精密")
    assert Export.of(text).told("sent_at", "text") == [
        ("2024-05-07 09:00:00", "拜访秣陵电子"), ("2024-05-07 09:01:00", "收到"),
        ("2024-05-06 09:00:00", "拜访江北精密"), ("2024-05-06 09:01:00", "收到"),
    ]  # fmt: skip


def test_a_message_without_words_is_no_system_line() -> None:
    export = Export.of(
        "2024-05-06 09:12:44 王敏\n\n\n2024-05-06 09:13:00 王敏\n在\n\n2024-05-06 09:14:00 以上是打招呼的内容\n\n"
    )
    assert export.told("kind", "sender", "text") == [
        ("text", "王敏", None), ("text", "王敏", "在"), ("system", None, "以上是打招呼的内容"),
    ]  # fmt: skip


def test_a_weflow_text_has_names_in_quotes() -> None:
    export = Export.of(
        "2024-05-06 09:12:44 '王敏-南京'\n上午拜访江北精密\n\n2024-05-06 09:12:50 '系统消息'\n你撤回了一条消息\n\n"
    )
    assert export.shape.name == "text_quoted"
    assert export.told("sender", "kind", "text") == [
        ("王敏-南京", "text", "上午拜访江北精密"), (None, "recall", "你撤回了一条消息"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("—————  2024-05-06  —————\n\n王敏-南京  09:12\n上午拜访江北精密\n\n陈刚  下午1:05\n收到\n\n"
         "——— 2024-05-07 ———\n\n陈刚  08:00\n早\n",
         [(3, "王敏-南京", "2024-05-06 09:12", "上午拜访江北精密"), (6, "陈刚", "2024-05-06 13:05", "收到"),
          (11, "陈刚", "2024-05-07 08:00", "早")]),
        ("王敏-南京 2024-05-06 09:12:44\n上午拜访江北精密\n陈刚 2024-05-06 09:13:01\n收到\n",
         [(1, "王敏-南京", "2024-05-06 09:12:44", "上午拜访江北精密"), (3, "陈刚", "2024-05-06 09:13:01", "收到")]),
        ("王敏-南京(2024-05-06 09:12)\n上午拜访江北精密\n\n陈刚（2024/5/6 9:13）：\n收到\n",
         [(1, "王敏-南京", "2024-05-06 09:12", "上午拜访江北精密"), (4, "陈刚", "2024-05-06 09:13", "收到")]),
        ("王敏-南京 2024年5月6日 09:12\n上午拜访江北精密\n\n陈刚 2024年5月6日 晚上8:05\n收到\n",
         [(1, "王敏-南京", "2024-05-06 09:12", "上午拜访江北精密"), (4, "陈刚", "2024-05-06 20:05", "收到")]),
        ("2024年5月6日 09:12\n\n王敏-南京:\n上午拜访江北精密\n\n陈刚:\n收到\n",
         [(3, "王敏-南京", "2024-05-06 09:12", "上午拜访江北精密"), (6, "陈刚", "2024-05-06 09:12", "收到")]),
        ("王敏-南京:\n上午拜访江北精密\n\n陈刚：\n收到\n",
         [(1, "王敏-南京", None, "上午拜访江北精密"), (4, "陈刚", None, "收到")]),
    ],
    ids=["date line", "name and time", "time in brackets", "Chinese date", "time alone above", "no time at all"],
)  # fmt: skip
def test_messages_copied_by_hand(text: str, expected: list[tuple[object, ...]]) -> None:
    export = Export.of(text)
    assert export.refused == []
    assert export.told("source_row", "sender", "sent_at", "text") == expected
    assert Export.of(text.replace("\n", "\r\n").encode("gb18030")).messages == export.messages
    assert Export.of(b"\xef\xbb\xbf" + text.encode()).messages == export.messages


def test_a_line_that_ends_in_a_time_is_content_where_headers_stand_apart() -> None:
    export = Export.of(
        "王敏 2024-05-06 09:12:44\n上午拜访江北精密\n下次去 2024-05-08 09:00\n\n陈刚 2024-05-06 09:13:01\n收到\n"
    )
    assert export.told("sender", "text") == [("王敏", "上午拜访江北精密\n下次去 2024-05-08 09:00"), ("陈刚", "收到")]


def test_a_mailed_chat_names_its_group_and_other_lines_above_are_refused() -> None:
    export = Export.of(
        "Dear:\n“华东日报群”的聊天记录如下：\n请查收附件\n\n——— 2024-05-06 ———\n\n王敏  09:12\n拜访江北精密\n"
    )
    assert export.told("conversation", "sender") == [("华东日报群", "王敏")]
    assert export.refused == [(3, "no_message_header")]


def test_the_first_header_may_stand_right_under_a_title() -> None:
    export = Export.of("华东日报群\n" + WECHATMSG)
    assert (len(export.messages), export.refused) == (5, [(1, "no_message_header")])


@pytest.mark.parametrize(
    "text",
    [
        "今日工作：\n拜访江北精密\n\n明日计划：\n去秣陵电子\n",
        "客户名称：\n江北精密\n\n备注：\n报价\n",
        "会议纪要\n" * 40 + "2024-05-06 09:12:44 王敏\n拜访\n",
        "商机,阶段\nA,报价\n",
        "",
        "\n\n",
    ],
    ids=["a report's headings", "known headings", "a letter that names a time", "a table", "empty", "blank"],
)
def test_what_is_no_chat_is_left_and_told(text: str) -> None:
    with pytest.raises(NoShapeError, match="looked for a WeChat export"):
        Export.of(text)
