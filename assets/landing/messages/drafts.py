"""What every shape of export gives before it is a row: the draft of a message, and its times.

Text times have no zone and stay as they are; an epoch becomes ISO with an offset. Which of the two a field holds is
decided by the field, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

# Where the tools' text times come from: the key of an epoch time is the clock that a phone there shows.
CHINA = timezone(timedelta(hours=8))
_EARLIEST = datetime(1995, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_HALVES = "凌晨|清晨|早上|上午|中午|下午|傍晚|晚上"
DAY = r"\d{4}(?:-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|\.\d{1,2}\.\d{1,2}|年\d{1,2}月\d{1,2}日)"
CLOCK = rf"(?:(?:{_HALVES})\s*)?\d{{1,2}}[:：]\d{{2}}(?:[:：]\d{{2}})?(?:\s*[AaPp][Mm])?"
_DAY = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})日?")
_CLOCK = re.compile(
    rf"(?P<half>{_HALVES})?\s*(?P<h>\d{{1,2}})[:：](?P<m>\d{{2}})(?:[:：](?P<s>\d{{2}})(?:\.\d+)?)?\s*(?P<ampm>[AaPp][Mm])?"
)
_LOCAL = re.compile(rf"\s*(?P<day>{DAY})(?:(?:T|\s+)(?P<clock>{CLOCK}(?:\.\d+)?))?\s*")


class NoMessageError(Exception):
    """A record that is no message; `reason` is a code of texts/ingestion.yaml."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Draft:
    """One message as its shape tells it.

    `id` is the exporter's own, worldwide; `clock` the local time that its text export would show; `reply_to` the key
    of another message where an id tells it, else `quoted_by` and `quoted` do by name and words.
    """

    row: int
    channel: str
    kind: str
    text: str | None
    sender: str | None = None
    sender_id: str | None = None
    sent_at: str | None = None
    clock: str | None = None
    conversation: str | None = None
    id: str | None = None
    edited_at: str | None = None
    reply_to: str | None = None
    quoted_by: str | None = None
    quoted: str | None = None
    fields: str | None = None
    template: str | None = None


def epoch(value: object, per_second: int = 1) -> tuple[str, str] | None:
    """An epoch in seconds (or thousandths) as (ISO with offset, local clock); None where it is no such time."""
    try:
        seconds = float(str(value).strip()) / per_second
        if not _EARLIEST <= seconds <= _LATEST:
            return None
        moment = datetime.fromtimestamp(int(seconds), CHINA)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(), moment.isoformat(" ")[:19]


def local(text: str) -> str | None:
    """A local day, or day and time, as ISO text (`2024-05-06 09:12:44`); None where it is none."""
    found = _LOCAL.fullmatch(text) if len(text) <= 80 else None
    if found is None:
        return None
    day = iso_day(found["day"])
    if day is None or found["clock"] is None:
        return day
    time = iso_clock(found["clock"])
    return None if time is None else f"{day} {time}"


@lru_cache(maxsize=4096)
def iso_day(text: str) -> str | None:
    """2024年5月6日, 2024/5/6, 2024-05-06 as ISO; None where there is no such day."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3])).date().isoformat()
    except ValueError:
        return None


def iso_clock(text: str) -> str | None:
    """9:12, 上午9:12, 下午 6:20:05, 6:20 PM as HH:MM[:SS]; None where there is no such time."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hour, half = int(found["h"]), found["half"] or (found["ampm"] or "").lower()
    if hour < 12 and (half in ("下午", "傍晚", "晚上", "pm") or (half == "中午" and hour < 3)):
        hour += 12
    elif half in ("凌晨", "上午", "am") and hour == 12:
        hour = 0
    if hour > 23 or int(found["m"]) > 59 or int(found["s"] or 0) > 59:
        return None
    return f"{hour:02d}:{found['m']}" + (f":{found['s']}" if found["s"] else "")
