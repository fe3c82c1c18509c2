"""Exports of messages read without a workspace: what a file's bytes give, message by message.

export = Export.of("2024-05-06 09:12:44 王敏\\n拜访了江北精密\\n\\n")
export.shape, export.messages[0].text, export.refused
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from assets.landing.csv_records import Refused
from assets.landing.messages.reader import Shape, find_shape, read_messages
from assets.landing.text_files import open_text
from data_contracts.messages import MESSAGE_COLUMNS


class Row(NamedTuple):
    """One message as its source sees it, with its line or element."""

    source_row: int
    message_key: str
    channel: str
    conversation: str | None
    sender_id: str | None
    sender: str | None
    sent_at: str | None
    edited_at: str | None
    kind: str
    text: str | None
    reply_to: str | None
    quoted: str | None
    fields: str | None
    template: str | None


assert Row._fields[1:] == MESSAGE_COLUMNS


@dataclass(frozen=True)
class Export:
    """A file read: its shape, its messages, and (row, reason) of what is refused."""

    shape: Shape
    messages: list[Row]
    refused: list[tuple[int, str]]

    @classmethod
    def of(cls, content: str | bytes) -> Export:
        """Read a file of this content, as landing would."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "export"
            path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
            text = open_text(path, ("utf-8", "gb18030"), Path(folder))
            shape = find_shape(text.path)
            records: list[Any] = list(read_messages(text.path, shape, text.is_damaged))
        refused = [(r.row, r.reason) for r in records if isinstance(r, Refused)]
        return cls(shape, [Row(r[0], *r[1]) for r in records if not isinstance(r, Refused)], refused)

    def told(self, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of every message."""
        return [tuple(getattr(m, c) for c in columns) for m in self.messages]
