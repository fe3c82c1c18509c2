"""Message exports through inbox, landing and staging: the ledger, what is refused, any order of overlapping slices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from desk import Desk
from hypothesis import given, settings
from hypothesis import strategies as st
from workbooks import workbook

MAPPING = """
sources:
  messages:
    files: ["*"]
    format: messages
    channels: [wechat]
    same_name: append
    duplicates: [message_key, kind, text, reply_to]
derived_sources:
  latest: {pick: {from: messages, by: [message_key], order: [reply_to, text], take: last}}
records:
  - record: visits
    from: latest
    where: "kind in ('text', 'reply')"
    fields: {visit_id: message_key, rep_id: sender, status: {constant: done}, note: text, occurred_at: sent_at}
    recorded_at: {column: sent_at, dates: [iso]}
"""
CHAT = [
    ("2024-05-06 09:12:44", "王敏", "拜访江北精密"), ("2024-05-06 09:12:44", "王敏", "拜访江北精密"),
    ("2024-05-06 09:13:10", "陈刚", "收到\n引用:王敏:拜访江北"), ("2024-05-06 18:00:00", "王敏", "[图片]"),
    ("2024-05-07 08:00:00", "陈刚", "今天去秣陵电子"), ("2024-05-07 08:00:01", "周婷", "好"),
]  # fmt: skip


def as_text(chat: Sequence[tuple[str, str, str]]) -> str:
    return "".join(f"{at} {who}\n{words}\n\n" for at, who, words in chat)


def as_csv(chat: Sequence[tuple[str, str, str]]) -> str:
    header = "localId,TalkerId,Type,SubType,StrContent,StrTime,Remark\n"
    return header + "".join(f'{n},1,1,0,"{words}",{at},{who}\n' for n, (at, who, words) in enumerate(chat))


def test_every_message_is_accepted_a_duplicate_or_refused_by_its_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", MAPPING)
    desk.put("a.txt", "导出说明\n\n" + as_text(CHAT))
    desk.put("b.csv", as_csv(CHAT[2:]) + "9,1,1,0,没有时间,,王敏\n")
    messages = [
        {"createTime": 1714957964, "type": "文本消息", "content": "早", "senderDisplayName": "周婷"},
        5,
        {"x": 1},
    ]
    desk.put("c.json", json.dumps({"session": {"displayName": "日报群"}, "messages": messages}))
    desk.run()
    # The line above the first header is refused; the picture feeds nothing, nor does the reply of the second file:
    # what it quotes is not there, so it is no exact duplicate, and the one that knows is taken.
    assert desk.ledger() == [
        ("a.txt", "active", 7, 6, 1, 1, 0), ("b.csv", "active", 5, 1, 1, 1, 3), ("c.json", "active", 3, 1, 0, 2, 0),
    ]  # fmt: skip
    assert [(row, reason) for row, _, reason, _ in desk.quarantine()] == [
        (1, "no_message_header"), (6, "no_message_time"), (2, "not_a_message"), (3, "not_a_message"),
    ]  # fmt: skip
    assert desk.rows("select rep_id, count(*) from staging.visits group by all order by all") == [
        ("周婷", 2), ("王敏", 2), ("陈刚", 2),
    ]  # fmt: skip


def test_a_weflow_workbook_lands_like_its_text(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", MAPPING)
    rows = [
        [n, at, who, "引用消息" if "引用" in words else "文本消息", words]
        for n, (at, who, words) in enumerate(CHAT[:3])
    ]
    desk.put("a.xlsx", workbook(聊天记录=[
        ["会话信息"], ["昵称", "华东日报群"], [],
        ["序号", "时间", "发送者身份", "消息类型", "内容"], *rows,
    ]))  # fmt: skip
    desk.put("b.txt", as_text(CHAT[:3]).replace(" 王敏\n", " '王敏'\n").replace(" 陈刚\n", " '陈刚'\n"))
    desk.run()
    assert desk.ledger() == [("a.xlsx", "active", 3, 3, 0, 0, 0), ("b.txt", "active", 3, 0, 0, 0, 3)]
    assert desk.rows("select distinct conversation, source_sheet, min(source_row) from landing.test__messages"
                     " where conversation is not null group by all") == [("华东日报群", "聊天记录", 5)]  # fmt: skip


SLICES = [CHAT[:3], CHAT[2:5], CHAT[4:], CHAT]


@settings(max_examples=2, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=2), st.randoms(use_true_random=False))
def test_slices_in_any_order_and_number_give_the_same_messages(order: list[tuple[int, bool]], random: object) -> None:
    order = [*order, (0, True), (1, False), (2, True)]
    random.shuffle(order)  # type: ignore[attr-defined]
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder) / "w", MAPPING)
        for n, (which, is_text) in enumerate(order):
            desk.put(f"{n}.{'txt' if is_text else 'csv'}", as_text(SLICES[which]) if is_text else as_csv(SLICES[which]))
            if n == 1:
                desk.run()
        desk.run()
        found = desk.rows("select rep_id, note, count(*) from staging.visits group by all order by all")
        replies = desk.rows("select count(distinct reply_to) from landing.test__messages where kind = 'reply'")
        desk.close()
    assert found == [
        ("周婷", "好", 1), ("王敏", "拜访江北精密", 2), ("陈刚", "今天去秣陵电子", 1), ("陈刚", "收到", 1),
    ]  # fmt: skip
    assert replies == [(1,)]


UNCLEAR: dict[str, tuple[str | bytes, str]] = {
    "letter.txt": ("江北精密的报价说明\n\n总价十二万八千元\n", "looked for a WeChat export"),
    "journal.json": (
        json.dumps({"report_id": "r", "create_time": 1714989600000, "contents": []}), "holds messages of dingtalk",
    ),
    "cut.json": ('{"session": {}, "messages": [{"createTime": 1714957964, "content": "早"}, {"cre', "ends too early"),
    "none.json": ('{"session": {}, "messages": []}', "no rows"),
    "page.htm": ("<html><body>2024-05-06 09:12:44 王敏</body></html>", "web page"),
    "table.xlsx": (workbook(表=[["商机编号", "阶段"], ["A", "报价"]]), "its sheets hold 商机编号"),
}  # fmt: skip


def test_files_that_are_no_chats_are_rejected_each_with_its_reason(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", MAPPING)
    for name, (content, _) in UNCLEAR.items():
        desk.put(name, content)
    desk.put("群.txt", as_text(CHAT))
    desk.run()
    assert (desk.landing.taken, desk.landing.rejected) == (1, 6)
    for name, (_, said) in UNCLEAR.items():
        (problem,) = [p for p in desk.landing.problems if p.startswith(name)]
        assert "rejected" in problem and said in problem


def test_a_file_cut_far_down_is_rejected_whole_and_leaves_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", MAPPING)
    one = {"createTime": 1714957964, "type": "文本消息", "content": "早", "senderDisplayName": "周婷"}
    text = json.dumps({"session": {"displayName": "日报群"}, "messages": [one] * 5000}, ensure_ascii=False)
    desk.put("a.json", text[:-20])
    desk.run()
    assert desk.landing.rejected == 1 and "ends too early" in desk.landing.problems[0]
    assert desk.ledger() == [("a.json", "rejected", 0, 0, 0, 0, 0)]


def test_an_encoding_that_shows_late_is_found(tmp_path: Path) -> None:
    plain = "".join(f"2024-05-06 09:{n // 60 % 60:02}:{n % 60:02} ann\nvisit {n} {'x' * 3000}\n\n" for n in range(1500))
    desk = Desk(tmp_path / "w", MAPPING)
    desk.put("a.txt", (plain + "2024-05-07 09:00:00 王敏\n拜访江北精密\n\n").encode("gb18030"))
    desk.run()
    assert desk.rows("select rep_id, note from staging.visits where rep_id <> 'ann'") == [("王敏", "拜访江北精密")]
    assert desk.column("select encoding from landing.files") == ["gb18030"]
