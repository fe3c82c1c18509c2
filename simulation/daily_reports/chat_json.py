"""WeChat groups as JSON and as a workbook: WeFlow, EchoTrace, ChatLab."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from simulation.daily_reports.cells import Cell, Sheet
from simulation.daily_reports.chats import Chat, Place, epoch
from simulation.daily_reports.diary import Message

WEFLOW_TYPES = {
    "text": "文本消息", "image": "图片消息", "voice": "语音消息", "sticker": "动画表情", "reply": "引用消息",
        "recall": "系统消息",
    "system": "系统消息", "forwarded": "文本消息",
}  # fmt: skip
CHATLAB_TYPES = {"image": 1, "voice": 2, "video": 3, "sticker": 5, "recall": 81, "system": 80, "reply": 25}
AVATAR = (
    "data:image/jpeg;base64," + "/9j/4AAQSkZJRgABAQ" * 120
)  # larger than the first kilobytes that a reader looks at


def weflow_json(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1d, by WeFlow."""
    head = {"weflow": {"version": "1.0.3", "exportedAt": epoch(chat.messages[-1].at) + 600, "generator": "WeFlow"}}
    return _dump({**head, **_session(chat)}, indent=2), _elements(chat)


def echotrace_json(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1d, by EchoTrace: the same without `weflow`, on one line."""
    return _dump(_session(chat)), _elements(chat)


def _session(chat: Chat) -> dict[str, Any]:
    session = {
        "wxid": chat.room, "nickname": chat.name, "remark": "", "displayName": chat.name, "type": "群聊",
        "lastTimestamp": epoch(chat.messages[-1].at), "messageCount": len(chat.messages), "avatar": AVATAR,
    }  # fmt: skip
    return {"session": session, "messages": [_weflow_message(chat, k, m) for k, m in enumerate(chat.messages)]}


def _weflow_message(chat: Chat, k: int, m: Message) -> dict[str, Any]:
    account, content = chat.account(m), chat.shown_text(m)
    if m.kind == "reply" and m.reply_to is not None:
        content += f"\n[引用 {chat.account(m.reply_to).shown}：{m.reply_to.text}]"
    return {
        "localId": k + 1, "createTime": epoch(m.at), "formattedTime": f"{m.at:%Y-%m-%d %H:%M:%S}",
        "type": WEFLOW_TYPES.get(m.kind, "文本消息"), "localType": 1, "content": content,
        "isSend": None if m.kind in ("recall", "system") else chat.is_own(m), "senderUsername": account.wxid,
        "senderDisplayName": account.shown, "senderAvatarKey": account.wxid, "source": "",
    }  # fmt: skip


def chatlab_json(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1e, one document."""
    head, members, messages = _chatlab(chat)
    body = {**head, "members": members, "messages": messages}
    return _dump(body, indent=1), [(k + 1, str(chat.ids[k])) for k in range(len(messages))]


def chatlab_jsonl(chat: Chat, rng: np.random.Generator) -> tuple[bytes, list[Place]]:
    """1e, one line for the header, each member and each message."""
    head, members, messages = _chatlab(chat)
    lines = [{"_type": "header", **head}, *({"_type": "member", **one} for one in members)]
    first = len(lines) + 1
    lines += [{"_type": "message", **one} for one in messages]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n"
    return text.encode(), [(first + k, str(chat.ids[k])) for k in range(len(messages))]


def _chatlab(chat: Chat) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    head = {
        "chatlab": {"version": "0.0.1", "exportedAt": epoch(chat.messages[-1].at) + 60, "generator": "WeFlow",
            "description": ""},
        "meta": {"name": chat.name, "platform": "wechat", "type": "group",
            "groupId": chat.room, "ownerId": chat.accounts[None].wxid},
    }  # fmt: skip
    members = [
        {"platformId": a.wxid, "accountName": a.shown, "groupNickname": a.shown, "aliases": [], "avatar": "",
            "roles": []}
        for a in chat.accounts.values()
    ]  # fmt: skip
    number = {id(m): str(chat.ids[k]) for k, m in enumerate(chat.messages)}
    messages = []
    for k, m in enumerate(chat.messages):
        account = chat.account(m)
        one: dict[str, Any] = {
            "platformMessageId": str(chat.ids[k]), "sender": account.wxid, "accountName": account.shown,
            "groupNickname": account.shown, "timestamp": epoch(m.at), "type": CHATLAB_TYPES.get(m.kind, 0),
            "content": None if m.kind in ("image", "voice", "sticker") else chat.shown_text(m),
        }  # fmt: skip
        if m.reply_to is not None:
            one["replyToMessageId"] = number.get(id(m.reply_to))
        messages.append(one)
    return head, members, messages


def weflow_sheet(chat: Chat, rng: np.random.Generator) -> tuple[Sheet, list[Place]]:
    """WeFlow's workbook, long form: title rows, then the header."""
    header: list[Cell] = [
        "序号",
        "时间",
        "发送者昵称",
        "发送者微信ID",
        "发送者备注",
        "群昵称",
        "发送者身份",
        "消息类型",
        "内容",
    ]
    sheet = Sheet("聊天记录")
    sheet.add(["会话信息"])
    sheet.add(["微信ID", chat.room, None, "昵称", chat.name])
    sheet.add(["导出工具", "WeFlow", None, "导出时间", f"{chat.messages[-1].at:%Y-%m-%d %H:%M:%S}"])
    sheet.add(header)
    places: list[Place] = []
    for k, m in enumerate(chat.messages):
        account = chat.account(m)
        stamp = f"{m.at:%Y-%m-%d %H:%M:%S}"
        row: list[Any] = [k + 1, stamp, account.shown, account.wxid, "", account.shown, account.shown,
                          WEFLOW_TYPES.get(m.kind, "文本消息"), chat.shown_text(m)]  # fmt: skip
        places.append((sheet.add(row), None))
    return sheet, places


def _elements(chat: Chat) -> list[Place]:
    return [(k + 1, None) for k in range(len(chat.messages))]


def _dump(value: Any, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).encode()
