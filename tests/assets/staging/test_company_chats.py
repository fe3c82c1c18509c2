"""The shipped mapping of group chats: from an exported message to a visit of the rep and customer that it means."""

from __future__ import annotations

import pytest
from desk import MASTERS, PEOPLE, Desk

DEALS = """id,customer,name,owner,at
A,K1,南京江北精密机械有限公司,u102,2024-03-01
B,K2,南京秣陵电子有限公司,u103,2024-03-01
"""
VISITS = """
select rep_id, customer_id, opportunity_id, status, strftime(occurred_at, '%Y-%m-%d'), is_recorded_at_filled
from staging.visits order by all
"""
MAY = """\
2024-05-06 18:12:44 王敏
上午拜访江北精密机械，报价单已交

2024-05-06 18:13:10 陈刚
收到
引用:王敏:上午拜访江北精密

2024-05-06 18:14:02 王敏
[图片]

"""


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("chats") / "w", MASTERS, "mappings: [company_chats]\n")
    desk.put("people.csv", PEOPLE)
    desk.put("deals.csv", DEALS)
    return desk


def test_a_message_sent_in_three_exports_is_one_visit(desk: Desk) -> None:
    desk.put("南京日报群_2024-05.txt", MAY)
    desk.put(
        "南京日报群.txt", MAY[MAY.index("2024-05-06 18:13") :] + "2024-05-07 18:00:00 陈刚\n下午拜访了秣陵电子\n\n"
    )
    desk.put(
        "群聊.csv",
        "localId,TalkerId,Type,SubType,StrContent,StrTime,Remark\n"
        "7,1,1,0,上午拜访江北精密机械，报价单已交,2024-05-06 18:12:44,王敏\n",
    )
    desk.run()
    assert desk.quarantine() == []
    assert desk.rows(VISITS) == [
        ("u102", "K1", "A", "done", "2024-05-06", False), ("u103", "K2", "B", "done", "2024-05-07", False),
    ]  # fmt: skip
    assert desk.rows("select distinct stage from staging.stage_events where opportunity_id = 'A'") == [("quotation",)]


def test_an_account_that_one_tool_tells_alone_is_named_by_another(desk: Desk) -> None:
    header = "id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime\n"
    desk.put(
        "群聊_1.csv",
        header + "1,7594861486600000001,文本,0,wxid_a1,1@chatroom,上午拜访江北精密机械,,2024-05-06 18:12:44\n",
    )
    desk.put(
        "群聊_2.csv",
        "localId,TalkerId,Type,SubType,StrContent,StrTime,Remark,NickName,Sender\n"
        "9,1,1,0,早,2024-05-09 08:00:00,王敏,敏敏,wxid_a1\n",
    )
    desk.run()
    assert desk.rows(VISITS) == [("u102", "K1", "A", "done", "2024-05-06", False)]


def test_messages_copied_without_a_time_are_of_the_files_day_or_wait(desk: Desk) -> None:
    copied = "王敏:\n今天上午拜访江北精密机械，见到采购经理\n\n陈刚:\n收到\n"
    desk.put("群聊 2024-05-08.txt", copied)
    desk.put("群聊.txt", copied.replace("江北精密机械", "秣陵电子"))
    desk.run()
    assert desk.rows(VISITS) == [("u102", "K1", "A", "done", "2024-05-08", True)]
    waiting = desk.rows("select distinct reason from staging.review where what = 'note'")
    assert len(waiting) == 1 and desk.quarantine() == []
