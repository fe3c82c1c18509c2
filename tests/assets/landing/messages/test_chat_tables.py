"""Chats as CSV: WeChatMsg's columns, PyWxDump's and those of tools after it. All people are invented."""

from __future__ import annotations

from exports import Export

REPLY = (
    "<msg><appmsg><title>改周四</title><type>57</type><refermsg><displayname>王敏-南京</displayname>"
    "<content>上午拜访江北精密</content></refermsg></appmsg></msg>"
)
WECHATMSG = f'''\
localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender
812,3,1,0,0,1714957964,,上午拜访江北精密，报价单已交,2024-05-06 09:12:44,王敏-南京,敏敏,wxid_a1
813,3,3,0,0,1714957970,,"<msg><img aeskey=""x""/></msg>",2024-05-06 09:12:50,王敏-南京,敏敏,wxid_a1
814,3,49,57,1,1714958000,,"{REPLY}",2024-05-06 09:13:20,,刚,wxid_b2
815,3,10000,0,0,1714958010,,"""王敏-南京"" 撤回了一条消息",2024-05-06 09:13:30,,,
816,3,text,0,0,1714958020,,坏行,2024-05-06 09:13:40,,刚,wxid_b2
817,3,1,0,0,,,没有时间,,,刚,wxid_b2
'''
PYWXDUMP = """\
id,MsgSvrID,type_name,is_sender,talker,room_name,{msg},CreateTime
1,7594861486600000001,文本,0,wxid_a1,18888888888@chatroom,{first},2024-05-07 18:20:05
2,7594861486600000002,语音,0,wxid_a1,18888888888@chatroom,{second},{epoch}
3,7594861486600000003,系统通知,0,wxid_a1,18888888888@chatroom,{third},2024-05-07 18:22:05
"""


def test_a_wechatmsg_csv() -> None:
    export = Export.of(b"\xef\xbb\xbf" + WECHATMSG.encode())
    assert export.shape.name == "wechatmsg_csv"
    assert export.refused == [(6, "not_a_message"), (7, "no_message_time")]
    assert export.told("source_row", "sent_at", "sender", "sender_id", "kind", "text") == [
        (2, "2024-05-06T09:12:44+08:00", "王敏-南京", "wxid_a1", "text", "上午拜访江北精密，报价单已交"),
        (3, "2024-05-06T09:12:50+08:00", "王敏-南京", "wxid_a1", "image", None),
        (4, "2024-05-06T09:13:20+08:00", "刚", "wxid_b2", "reply", "改周四"),
        (5, "2024-05-06T09:13:30+08:00", "王敏-南京", None, "recall", '"王敏-南京" 撤回了一条消息'),
    ]
    assert export.messages[2].reply_to == export.messages[0].message_key


def test_types_that_only_look_like_numbers() -> None:
    """² is a digit to Python, and no number."""
    lines = WECHATMSG.splitlines()[:2]
    odd = [lines[1].replace("812,3,1,0", f"8{n},3,{kind}") for n, kind in enumerate(("²,0", "49,²", "49,53", "49,5"))]
    export = Export.of("\n".join([lines[0], *odd]) + "\n")
    assert export.refused == [(2, "not_a_message")]
    assert export.told("source_row", "kind") == [(3, "card"), (4, "text"), (5, "card")]


def test_older_wechatmsg_files_stop_at_the_text_time() -> None:
    short = "".join(",".join(line.split(",")[:9]) + "\n" for line in WECHATMSG.splitlines()[:2])
    assert Export.of(short).told("sender", "text") == [(None, "上午拜访江北精密，报价单已交")]


def test_pywxdump_in_its_older_and_newer_columns() -> None:
    newer = PYWXDUMP.format(
        msg="msg,src", first="改约到周四下午,", second=",", epoch="1715077260", third="王敏 撤回了一条消息,"
    )
    older = PYWXDUMP.format(
        msg="content", first='"{""src"": """", ""msg"": ""改约到周四下午""}"', second="", epoch="2024-05-07 18:21:00",
        third="王敏 撤回了一条消息",
    )  # fmt: skip
    for text in (newer, older):
        export = Export.of(text)
        assert export.refused == []
        assert export.told("message_key", "conversation", "sender_id", "kind", "text", "reply_to") == [
            ("7594861486600000001", "18888888888@chatroom", "wxid_a1", "text", "改约到周四下午", None),
            ("7594861486600000002", "18888888888@chatroom", "wxid_a1", "voice", None, None),
            ("7594861486600000003:recall", "18888888888@chatroom", None, "recall", "王敏 撤回了一条消息",
             "7594861486600000003"),
        ]  # fmt: skip
    # The form of CreateTime is told by its value.
    assert Export.of(newer).messages[1].sent_at == "2024-05-07T18:21:00+08:00"
    assert Export.of(older).messages[1].sent_at == "2024-05-07 18:21:00"


def test_an_id_that_a_spreadsheet_rounded_is_no_key() -> None:
    text = "id,MsgSvrID,type_name,is_sender,talker,msg,src,CreateTime\n" + "".join(
        f"{n},{key},文本,0,wxid_a1,{words},,2024-05-07 18:20:05\n"
        for n, (key, words) in enumerate(
            [("7.59486E+18", "甲"), ("7.59486E+18", "乙"), ("7594861486600000000", "丙"), ("7594861486600000000", "丁")]
        )
    )
    keys = [m.message_key for m in Export.of(text).messages]
    assert len(set(keys)) == 4 and all(key.startswith("h") for key in keys)


def test_a_bundle_and_a_card_become_lines() -> None:
    bundle = (
        "<msg><appmsg><title>群聊的聊天记录</title><type>19</type><recorditem><![CDATA[<recordinfo><datalist>"
        "<dataitem><sourcename>王敏</sourcename><sourcetime>2024-05-05 18:00</sourcetime>"
        "<datadesc>拜访江北精密</datadesc></dataitem><dataitem><sourcename>陈刚</sourcename></dataitem></datalist></recordinfo>"
        "]]></recorditem></appmsg></msg>"
    )
    card = "<msg><appmsg><title>报价单</title><des>模板</des><type>5</type><url>https://example.com/a?b=1&amp;c=2</url></appmsg></msg>"
    header = "localId,TalkerId,Type,SubType,CreateTime,StrContent,StrTime,NickName\n"
    rows = [f'{n},3,49,{sub},171495796{n},"{xml}",,刚\n' for n, (sub, xml) in enumerate([(19, bundle), (5, card)])]
    assert Export.of(header + "".join(rows)).told("kind", "text") == [
        ("forwarded", "群聊的聊天记录\n王敏 2024-05-05 18:00: 拜访江北精密\n陈刚: [图片]"),
        ("card", "报价单\n模板\nhttps://example.com/a?b=1&c=2"),
    ]
