"""`stagewatch notes`: messages in as JSON lines, what they say out, in the same order."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from data_contracts.errors import StagewatchError
from data_contracts.lexicon import load_lexicon
from data_contracts.settings import load_settings
from models.notes import Message, NoteReader, Reading

DEFAULT_ZONE = "Asia/Shanghai"
COLUMNS = ("customer", "kind", "status", "date", "rescheduled_to", "stage", "actions_done", "actions_missing",
           "amount_yuan", "competitor", "next_step", "next_date", "confidence")  # fmt: skip


class _Line(BaseModel):
    """A message as the command takes it; other keys are passed over (a labelled file can be read as it is)."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str
    channel: str = "wechat"
    sender: str | None = None
    sent_at: datetime
    text: str
    corrects: str | None = None
    reply_to: str | None = None
    customer: str | None = None


def read_notes(source: Path, workspace: Path | None) -> Iterator[tuple[Message, Reading]]:
    """Every message of a JSON-lines file (`-`: standard input) with its reading; raises StagewatchError by line.

    Times without an offset, and the days counted from, are in the workspace's zone (without one: China's).
    """
    zone = ZoneInfo(DEFAULT_ZONE if workspace is None else load_settings(workspace).timezone)
    own_zone = workspace is not None
    messages = [_message(line, no, source, zone, own_zone) for no, line in _lines(source)]
    yield from zip(messages, NoteReader(load_lexicon(workspace)).read(messages), strict=True)


def print_notes(readings: Iterable[tuple[Message, Reading]], format: str) -> None:
    """Print readings on stdout as JSON lines, or as a table for people."""
    if format == "jsonl":
        for _, reading in readings:
            print(json.dumps(reading.to_json(), ensure_ascii=False))
        return
    import polars as pl

    from pipelines.printing import print_frame

    rows: list[dict[str, str | None]] = [
        {"id": reading.id, "for": where, **{name: _cell(fact.to_json()[name]) for name in COLUMNS}}
        for _, reading in readings
        for where, facts in (("facts", reading.facts), ("review", reading.review))
        for fact in facts
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("id", "for", *COLUMNS), pl.String))
    filled = [c for c in frame.columns if c in ("id", "for", "customer") or frame[c].null_count() < frame.height]
    print_frame(frame.select(filled), "table")


def _cell(value: Any) -> str | None:
    if isinstance(value, list):
        return "; ".join(value) or None
    return None if value is None else str(value)


def _lines(source: Path) -> Iterator[tuple[int, str]]:
    try:
        raw = sys.stdin.buffer.read() if str(source) == "-" else source.read_bytes()
    except OSError as error:
        raise StagewatchError(
            f"cannot be read: {error.strerror or error}", remedy="check the path and the rights", file=source
        ) from error
    for no, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise StagewatchError("is not UTF-8", remedy="save it as UTF-8", file=source, row=no) from error
        if text.strip():
            yield no, text


def _message(line: str, no: int, source: Path, zone: ZoneInfo, own_zone: bool) -> Message:
    remedy = 'a line looks like {"id": "1", "channel": "wechat", "sent_at": "2025-03-05T18:00+08:00", "text": "…"}'
    try:
        data = json.loads(line)
        if isinstance(data, dict) and isinstance(data.get("message"), dict):
            data = data["message"]
        read = _Line.model_validate(data)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, f['loc'])) or 'the line'}: {f['msg']}" for f in error.errors())
        raise StagewatchError(faults, remedy=remedy, file=source, row=no) from error
    except ValueError as error:
        raise StagewatchError(f"is not JSON: {error}", remedy=remedy, file=source, row=no) from error
    at = read.sent_at
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
    elif own_zone:
        at = at.astimezone(zone)
    return Message(**{**read.model_dump(), "sent_at": at})
