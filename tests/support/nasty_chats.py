"""Chat and report exports that are meant to hurt, read by the mapping CHATS.

They are named `chat...`, so that the mapping STAGES of `desk` does not want them.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile

CHATS = """
sources:
  messages:
    files: ["chat*"]
    format: messages
    duplicates: keep
records:
  - record: visits
    from: messages
    where: "kind in ('text', 'reply')"
    fields: {visit_id: message_key, rep_id: sender, status: {constant: done}, note: text, occurred_at: sent_at}
    recorded_at: {column: sent_at, dates: [iso]}
"""
TABLE = "localId,TalkerId,Type,SubType,StrContent,StrTime,Remark\n"
LONG = "拜访江北精密，谈得不错，下周再来"
LARGE = 10_000_000


def said(words: str, at: str = "2024-05-06 09:12:44", who: str = "王敏") -> str:
    """One message of a WeChatMsg text export."""
    return f"{at} {who}\n{words}\n\n"


def in_table(number: int, words: str) -> str:
    """One row of a WeChatMsg CSV export."""
    return f"{number},1,1,0,{words},2024-05-06 09:12:44,王敏\n"


def document(*words: str) -> str:
    """A WeFlow JSON export."""
    message = {"createTime": 1714957964, "type": "文本消息", "senderDisplayName": "周婷"}
    messages = [{**message, "content": content} for content in words]
    return json.dumps({"session": {"displayName": "群"}, "messages": messages})


def report(**changed: object) -> dict[str, object]:
    """One DingTalk report."""
    words = {"sort": "1", "key": "今日工作", "value": "拜访江北精密"}
    return {"report_id": "r1", "template_name": "日报", "creator_name": "王敏", "create_time": 1714989600000,
            "contents": [words], **changed}  # fmt: skip


def zipped(name: str, content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def odd_chats() -> dict[str, tuple[str | bytes, int, int]]:
    """Files with messages taken and messages refused."""
    good, later = said("早"), "2024-05-06 10:00:00"
    types = [
        report(), report(contents="text"), report(contents=[1, None, {"key": 3, "value": [1]}], report_id="r3"),
        report(create_time="soon", report_id="r4"), report(create_time=[1], report_id={"a": 1}),
        report(creator_name=7, report_id="r6"), 5, None, "\ud800",
    ]  # fmt: skip
    answer = {"errcode": "zero", "result": {"data_list": [report(create_time=True), report(create_time=1e300)]}}
    return {
        "chat_nul.txt": (good + said("拜\0访江\0北"), 2, 0),
        "chat_nul.csv": (TABLE + in_table(1, "早\0安"), 1, 0),
        "chat_surrogate.txt": (said(LONG).encode() * 4 + b"2024-05-06 09:13:00 X\nbad\xed\xa0\x80\n\n", 4, 1),
        "chat_surrogate.json": (document("早").replace("\\u65e9", "\\ud800"), 1, 0),
        # One message of another encoding among many: that one alone is refused, whichever of the two is the rarer.
        "chat_mixed.txt": (said(LONG).encode() * 20 + said("拜访秣陵电子").encode("gbk"), 20, 1),
        "chat_utf8_tail.txt": (said(LONG).encode("gb18030") * 20 + said("秣陵电子").encode(), 20, 1),
        "chat_utf16.txt": (good.encode("utf-16"), 1, 0),
        # Two exports behind one another: each begins with a BOM.
        "chat_bom_middle.txt": (b"\xef\xbb\xbf" + good.encode() + b"\xef\xbb\xbf" + said("晚", later).encode(), 2, 0),
        "chat_bom_in_words.txt": (good + said("\ufeff拜访\ufeff", later), 2, 0),
        "chat_long_line.txt": (good + said("x" * LARGE, later) + said("短", "2024-05-06 11:00:00"), 3, 0),
        "chat_long_value.json": (document("早", "y" * LARGE), 2, 0),
        "chat_open_quote.csv": (TABLE + in_table(1, "早") + in_table(2, '"没有结束') + in_table(3, "晚") * 3, 4, 1),
        "chat_open_quote_far.csv": (TABLE + in_table(1, '"没有结束') + in_table(3, "z" * 1000) * 20_000, 20_000, 1),
        "chat_short.csv": (TABLE + in_table(1, "早") + "2,1\n", 1, 1),
        "chat_gzip.txt": (gzip.compress(good.encode()), 1, 0),
        "chat_types.json": (json.dumps(types), 3, 6),
        "chat_types_answer.json": (json.dumps(answer), 0, 3),
        "chat_lines.jsonl": (
            '{"_type":"header"}\n{"_type":"message","timestamp":1714957964,"content":"早","sender":"a"}\n{broken\n[1]\n',
            1, 2,
        ),
        "chat_far_days.txt": (good + said("远", "9999-12-31 23:59:59") + said("早", "0001-01-01 00:00:00"), 1, 2),
        "chat_long_name.txt": (said("a", who="x" * 500) + said("b", who="=cmd|' /C calc'!A0"), 1, 2),
        "chat_bidi.txt": (said("\u202e\u200b\u2066拜访", who="王\u200b敏"), 1, 0),
    }  # fmt: skip


def bad_chats() -> dict[str, tuple[str | bytes, str]]:
    """Files that are rejected, and what the reason says."""
    good = said("早")
    return {
        "chat_empty.txt": (b"", "is empty"),
        "chat_nul_alone.txt": (b"\0" * 5000, "it holds no text"),
        "chat_one_line.txt": ("x" * LARGE, "no message export that we know"),
        "chat_letter.txt": ("您好，\n附上合同，请查收。\n", "no message export that we know"),
        "chat_picture.txt": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "none of the encodings"),
        "chat_page.txt": ("<html><body>登录</body></html>", "web page"),
        "chat_header.csv": (TABLE, "no rows"),
        "chat_no_messages.json": (document(), "no rows"),
        "chat_cut.json": (document("早", "晚")[:-30], "cut or not valid JSON"),
        "chat_deep.json": ('{"session":{},"messages":[' + "[" * 5_000_000, "nested too deep"),
        "chat_brackets.json": ("[" * 5_000_000, "no message export that we know|nested too deep"),
        "chat_a_gigabyte_of_brackets.json.gz": (gzip.compress(b"[" * (1 << 20)) * 1024, "unpacks to more"),
        "chat_list_is_no_list.json": (json.dumps({"result": {"data_list": {"a": report()}}}), "no message export"),
        "chat_messages_are_no_list.json": (json.dumps({"session": [], "messages": {"a": 1}}), "no rows"),
        "chat_gzip_cut.txt.gz": (gzip.compress(good.encode() * 50)[:-9], "cut or damaged"),
        "chat_zip.txt": (zipped("a.txt", good), "zip archive"),
        "chat_zip.json": (zipped("a.json", document("早")), "zip archive"),
        "chat.zip": (zipped("a.txt", good), "zip archive"),
    }
