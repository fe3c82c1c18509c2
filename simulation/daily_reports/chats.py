"""WeChat groups as they leave the phone: text, CSV, by hand. A writer gives the file's bytes and where each message
stands in it (line of its header, or row of the table, from 1; the identifier, where the shape has one)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import numpy as np

from simulation.daily_reports.diary import Message
from simulation.daily_reports.names import Account

Place = tuple[int, str | None]
ZONE = timezone(timedelta(hours=8))
TYPES = {"text": 1, "image": 3, "voice": 34, "video": 43, "sticker": 47, "reply": 49, "recall": 10000, "system": 10000}
TYPE_NAMES = {"image": "图片", "voice": "语音", "sticker": "动画表情", "recall": "系统通知", "system": "系统通知"}


@dataclass
class Chat:
    """A group's messages in order of time. `accounts`: of reps, and of None: the supervisor; `number`: message ids."""

    name: str
    room: str
    messages: Sequence[Message]
    accounts: dict[int | None, Account]
    ids: list[int] = field(default_factory=list)
    owner: int | None = None  # whose phone it was taken from

    def account(self, message: Message) -> Account:
        """Who sent it."""
        return self.accounts[message.rep]

    def is_own(self, message: Message) -> int:
        """1 where the exporter's owner sent it."""
        return int(message.rep == self.owner)

    def shown_text(self, message: Message) -> str:
        """The text, or what stands for it."""
        if message.kind == "recall":
            return f'"{self.account(message).shown}"撤回了一条消息'
        return message.text


def epoch(at: datetime) -> int:
    """Unix seconds of local time."""
    return int(at.replace(tzinfo=ZONE).timestamp())


def wechatmsg_text(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1a: `time name`, content, an empty line; a reply quotes in a further line; system lines have no name."""
    out: list[str] = []
    places: list[Place] = []
    line = 1
    for message in chat.messages:
        stamp = f"{message.at:%Y-%m-%d %H:%M:%S}"
        text = chat.shown_text(message)
        if message.kind in ("recall", "system"):
            block = f"{stamp} {text}\n\n"
        else:
            quoted = message.reply_to
            if quoted is not None:
                text += f"\n引用:{chat.account(quoted).shown}:{quoted.text.splitlines()[0]}"
            block = f"{stamp} {chat.account(message).shown}\n{text}\n\n"
        places.append((line, None))
        out.append(block)
        line += block.count("\n")
    return "".join(out).encode(), places


def weflow_text(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """`time 'name'`, content, an empty line."""
    return _blocks(chat, lambda m: f"{m.at:%Y-%m-%d %H:%M:%S} '{chat.account(m).shown}'")


def by_hand_lines(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1f: a line for the day, then `name  HH:MM` and the content."""
    out: list[str] = []
    places: list[Place] = []
    line, day = 1, None
    for message in chat.messages:
        if message.at.date() != day:
            day = message.at.date()
            out.append(f"—————  {day}  —————\n\n")
            line += 2
        shown = "系统消息" if message.kind in ("recall", "system") else chat.account(message).shown
        block = f"{shown}  {message.at:%H:%M}\n{chat.shown_text(message)}\n\n"
        places.append((line, None))
        out.append(block)
        line += block.count("\n")
    return "".join(out).encode("gb18030"), places


def by_hand_stamps(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1f: `name 2024-05-06 09:12:44` and the content."""
    return _blocks(chat, lambda m: f"{chat.account(m).shown} {m.at:%Y-%m-%d %H:%M:%S}")


def by_hand_brackets(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1f: `name(2024-05-06 09:12)` and the content."""
    return _blocks(chat, lambda m: f"{chat.account(m).shown}({m.at:%Y-%m-%d %H:%M})")


def by_hand_chinese(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1f: `name 2024年5月6日 09:12` and the content."""

    def header(m: Message) -> str:
        return f"{chat.account(m).shown} {m.at.year}年{m.at.month}月{m.at.day}日 {m.at:%H:%M}"

    return _blocks(chat, header)


def _blocks(chat: Chat, header: Callable[[Message], str]) -> tuple[bytes, list[Place]]:
    out: list[str] = []
    places: list[Place] = []
    line = 1
    for message in chat.messages:
        if message.kind in ("recall", "system"):  # what is copied out of the window has no system lines
            places.append((0, None))
            continue
        block = f"{header(message)}\n{chat.shown_text(message)}\n\n"
        places.append((line, None))
        out.append(block)
        line += block.count("\n")
    return "".join(out).encode(), places


def wechatmsg_csv(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1b: with the author's names."""
    header = [
        "localId",
        "TalkerId",
        "Type",
        "SubType",
        "IsSender",
        "CreateTime",
        "Status",
        "StrContent",
        "StrTime",
        "Remark",
        "NickName",
        "Sender",
    ]
    rows: list[list[object]] = []
    for k, message in enumerate(chat.messages):
        account, kind = chat.account(message), TYPES.get(message.kind, 1)
        sub = 57 if message.kind == "reply" else 0
        rows.append(
            [k + 101, 3, kind, sub, chat.is_own(message), epoch(message.at), "", chat.shown_text(message),
             f"{message.at:%Y-%m-%d %H:%M:%S}", account.shown, account.shown, account.wxid]
        )  # fmt: skip
    return _csv(header, rows), [(k + 2, None) for k in range(len(rows))]


def pywxdump_csv(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1c: msg and src in columns of their own."""
    header = ["id", "MsgSvrID", "type_name", "is_sender", "talker", "room_name", "msg", "src", "CreateTime"]
    rows: list[list[object]] = [
        [k + 1, chat.ids[k], TYPE_NAMES.get(m.kind, "文本"), chat.is_own(m), chat.account(m).wxid, chat.room,
         chat.shown_text(m), "", f"{m.at:%Y-%m-%d %H:%M:%S}"]
        for k, m in enumerate(chat.messages)
    ]  # fmt: skip
    return _csv(header, rows), [(k + 2, str(chat.ids[k])) for k in range(len(rows))]


def pywxdump_old_csv(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1c: the older one, JSON in `content`, Unix seconds."""
    header = ["id", "MsgSvrID", "type_name", "is_sender", "talker", "room_name", "content", "CreateTime"]
    rows: list[list[object]] = [
        [k + 1, chat.ids[k], TYPE_NAMES.get(m.kind, "文本"), chat.is_own(m), chat.account(m).wxid, chat.room,
         json.dumps({"src": "", "msg": chat.shown_text(m)}, ensure_ascii=False), epoch(m.at)]
        for k, m in enumerate(chat.messages)
    ]  # fmt: skip
    return _csv(header, rows), [(k + 2, str(chat.ids[k])) for k in range(len(rows))]


def weclone_csv(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1c: without room_name; the talker is the name shown."""
    header = ["id", "MsgSvrID", "type_name", "is_sender", "talker", "msg", "src", "CreateTime"]
    rows: list[list[object]] = [
        [k + 1, chat.ids[k], TYPE_NAMES.get(m.kind, "文本"), chat.is_own(m), chat.account(m).shown,
         chat.shown_text(m), "", f"{m.at:%Y-%m-%d %H:%M:%S}"]
        for k, m in enumerate(chat.messages)
    ]  # fmt: skip
    return _csv(header, rows), [(k + 2, str(chat.ids[k])) for k in range(len(rows))]


def _csv(header: list[str], rows: list[list[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")
