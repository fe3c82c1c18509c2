"""Drafts become rows: a key for each that a re-sent or overlapping export gives again, and whom a reply answers.

The key is the exporter's own id where it is worldwide; else a hash of who, when and what, the same for every format
of one tool. The conversation is no part of the hash, for most formats do not tell it: the same person, second and
words in two groups are one message told twice. A running number parts repeats within one second (or minute).
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict, deque
from functools import cached_property
from pathlib import Path

from assets.landing.messages.drafts import Draft
from assets.landing.messages.kinds import MEDIA

REMEMBERED = 300
# Without any time, words of this length are taken for the same message wherever they stand; fewer only in one file.
TELLING_WORDS = 12
_ID = re.compile(r"[\w.@:+/=-]{1,200}")
_FLOAT = re.compile(r"\d+\.\d+|\d+(?:\.\d+)?[eE]\+?\d+")
WORLDWIDE_DIGITS = 12


def usable_id(value: object) -> str | None:
    """An id as text, None where it is blank or was a number that lost digits."""
    text = "" if value is None else str(value).strip()
    if not _ID.fullmatch(text) or text == "0" or _FLOAT.fullmatch(text):
        return None
    return text


def plain(text: str | None) -> str | None:
    """A text without NULs, lone surrogates and blanks at its ends; None where nothing is left."""
    if text is None:
        return None
    if not text.isascii() or "\0" in text:
        text = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return text.strip() or None


def _known(key: str | None, draft: Draft) -> str | None:
    """The key of an exporter's id; a short number of a chat runs within its conversation, and is none without."""
    if key is None or draft.channel != "wechat":
        return key
    number = key.partition(":")[0]
    if not number.isdigit() or len(number) >= WORLDWIDE_DIGITS:
        return key
    return f"{plain(draft.conversation)}:{key}" if draft.conversation else None


class Settling:
    """The drafts of one file in order, made rows one by one; remembers what replies may quote."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._repeats: dict[int, int] = {}
        self._said: dict[str | None, deque[tuple[str, str]]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._lately: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)

    def row(self, draft: Draft) -> tuple[int, tuple[str | None, ...]]:
        """The draft's number and its cells in the order of MESSAGE_COLUMNS."""
        text, sender, quoted = plain(draft.text), plain(draft.sender), plain(draft.quoted)
        key = self._key(draft, sender, text)
        reply_to = _known(draft.reply_to, draft) or (self._quoted(plain(draft.quoted_by), quoted) if quoted else None)
        if text is not None and draft.kind not in MEDIA:
            said = (" ".join(text[:400].split()), key)
            self._said[sender].append(said)
            self._lately.append(said)
        told = f"{draft.quoted_by}: {quoted}" if quoted and draft.quoted_by else quoted
        return draft.row, (
            key, draft.channel, plain(draft.conversation), plain(draft.sender_id), sender, draft.sent_at,
            draft.edited_at, draft.kind, text, reply_to, told, draft.fields, plain(draft.template),
        )  # fmt: skip

    def _key(self, draft: Draft, sender: str | None, text: str | None) -> str:
        known = _known(draft.id, draft)
        if known is not None:
            return known
        words = draft.kind if draft.kind in MEDIA else " ".join((text or "").split())
        parts = [sender or draft.sender_id or "", draft.clock or "", words]
        if draft.clock is None and len(words) < TELLING_WORDS:
            parts.append(self._digest)
        hashed = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12)
        short = int.from_bytes(hashed.digest()[:8])
        self._repeats[short] = repeat = self._repeats.get(short, 0) + 1
        return f"h{hashed.hexdigest()}" + (f"-{repeat}" if repeat > 1 else "")

    @cached_property
    def _digest(self) -> str:
        hashed = hashlib.sha256()
        with self._path.open(encoding="utf-8-sig", errors="replace") as stream:
            while chunk := stream.read(1 << 20):
                hashed.update(chunk.encode())
        return hashed.hexdigest()[:16]

    def _quoted(self, name: str | None, quoted: str) -> str | None:
        """The key of the message that is quoted: the latest of that name that begins so; else the only one of any."""
        words = " ".join(quoted.rstrip("…. ").split())
        if not words or words.startswith("[图片"):
            return None
        for said, key in reversed(self._said.get(name, ())):
            if said.startswith(words):
                return key
        found = {key for said, key in self._lately if len(words) > 3 and said.startswith(words)}
        return found.pop() if len(found) == 1 else None
