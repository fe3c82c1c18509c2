"""Chats as JSON: WeFlow's and EchoTrace's documents (1d), ChatLab's documents and lines (1e).

A document's head (avatars and all) is passed over as it streams; what the conversation is called may stand on either
side of the messages and is looked for first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.landing.csv_records import Refused
from assets.landing.messages.drafts import Draft, NoMessageError, epoch, local
from assets.landing.messages.json_walk import json_lines, walk
from assets.landing.messages.keys import usable_id
from assets.landing.messages.kinds import CHATLAB_TYPES, content, kind_of_type_name, signed

LISTS = frozenset({"messages", "members"})
_CHANNELS = {"wechat": "wechat", "weixin": "wechat", "wecom": "wecom", "wework": "wecom", "dingtalk": "dingtalk"}


@dataclass
class Head:
    """What a document says besides its messages. `names`: sender's id -> display name."""

    conversation: str | None = None
    channel: str = "wechat"
    names: dict[str, str] = field(default_factory=dict)

    def take(self, path: str, value: Any) -> None:
        """Keep what a member of the document says of the conversation or of its people."""
        if not isinstance(value, dict):
            return
        if path == "session":
            self.conversation = _text(value, "displayName", "remark", "nickname", "wxid")
        elif path == "meta":
            self.conversation = _text(value, "name", "groupId")
            self.channel = _CHANNELS.get((_text(value, "platform") or "").lower(), "wechat")
        elif path == "members[]":
            person, name = _text(value, "platformId"), _text(value, "groupNickname", "accountName")
            if person and name:
                self.names[person] = name


def read_document(path: Path, shape: str) -> Iterator[Draft | Refused]:
    """The messages of one JSON document, numbered by their place in the list."""
    head, number = _head(path, "session" if shape == "weflow_json" else "meta"), 0
    to_draft = _READERS[shape]
    for where, value in walk(path, LISTS):
        if where == "messages[]":
            number += 1
            yield _one(number, value, head, to_draft)
        else:
            head.take(where, value)


def read_lines(path: Path) -> Iterator[Draft | Refused]:
    """The messages of ChatLab's JSON lines, numbered by line."""
    head = Head()
    for number, line, value in json_lines(path):
        if not isinstance(value, dict):
            yield Refused(number, "not_json", line)
        elif value.get("_type") == "header":
            head.take("meta", value.get("meta"))
        elif value.get("_type") == "member":
            head.take("members[]", value)
        elif value.get("_type") == "message":
            yield _one(number, value, head, _chatlab)
        else:
            yield Refused(number, "not_a_message", line)


def _head(path: Path, wanted: str) -> Head:
    head = Head()
    for where, value in walk(path, LISTS):
        if where == wanted:
            head.take(where, value)
            break
    return head


def _one(
    number: int, value: Any, head: Head, to_draft: Callable[[int, dict[str, Any], Head], Draft]
) -> Draft | Refused:
    try:
        if not isinstance(value, dict):
            raise NoMessageError("not_a_message")
        return to_draft(number, value, head)
    except NoMessageError as error:
        return Refused(number, error.reason, json.dumps(value, ensure_ascii=False))


def _weflow(number: int, value: dict[str, Any], head: Head) -> Draft:
    moment, shown = epoch(value.get("createTime")), local(_text(value, "formattedTime") or "")
    if moment is None and shown is None:
        raise NoMessageError("no_message_time" if {"content", "type"} & value.keys() else "not_a_message")
    told = content(kind_of_type_name(_text(value, "type") or ""), _text(value, "content", "parsedContent"))
    draft = Draft(number, head.channel, told.kind, told.text, quoted_by=told.quoted_by, quoted=told.quoted)
    draft.sender, draft.sender_id = _text(value, "senderDisplayName"), _text(value, "senderUsername")
    draft.sent_at = moment[0] if moment else shown
    draft.clock = shown or (moment[1] if moment else None)
    draft.conversation = head.conversation
    draft.id = usable_id(_text(value, "platformMessageId", "serverId", "msgSvrId", "MsgSvrID"))
    draft.reply_to = usable_id(_text(value, "replyToMessageId") or told.reply_id)
    return signed(draft)


def _chatlab(number: int, value: dict[str, Any], head: Head) -> Draft:
    moment = epoch(value.get("timestamp"))
    if moment is None:
        raise NoMessageError("no_message_time" if {"content", "sender"} & value.keys() else "not_a_message")
    kind_text = _text(value, "type") or ""
    told = content(CHATLAB_TYPES.get(int(kind_text[:9])) if kind_text.isdecimal() else None, _text(value, "content"))
    draft = Draft(number, head.channel, told.kind, told.text, quoted_by=told.quoted_by, quoted=told.quoted)
    draft.sender_id = _text(value, "sender")
    draft.sender = _text(value, "groupNickname", "accountName") or head.names.get(draft.sender_id or "")
    draft.sent_at, draft.clock = moment
    draft.conversation = head.conversation
    draft.id = usable_id(_text(value, "platformMessageId"))
    draft.reply_to = usable_id(_text(value, "replyToMessageId") or told.reply_id)
    if draft.reply_to is not None and draft.kind == "text":
        draft.kind = "reply"
    return signed(draft)


def _text(value: dict[str, Any], *names: str) -> str | None:
    """The first of these members that is a text that is not blank."""
    for name in names:
        inner = value.get(name)
        if isinstance(inner, str) and inner.strip():
            return inner
    return None


_READERS: dict[str, Callable[[int, dict[str, Any], Head], Draft]] = {
    "weflow_json": _weflow, "chatlab_json": _chatlab,
}  # fmt: skip
