"""What a message is, whatever it was exported from: the columns of every source of format `messages`, all text."""

from __future__ import annotations

from typing import Literal

MESSAGE_COLUMNS = (
    "message_key", "channel", "conversation", "sender_id", "sender", "sent_at", "edited_at", "kind", "text",
    "reply_to", "quoted", "fields", "template",
)  # fmt: skip
MessageChannel = Literal["wechat", "wecom", "dingtalk"]
