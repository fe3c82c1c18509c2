"""Labelled messages: a folder of STYLE.jsonl files and styles.yaml, which says what each style is and is for.

A line is `{"message": {...}, "facts": [...]}`; a fact has the fields that the text says and the spans they come from,
and leaves the others out. A style of the set `development` may be learned from, one of the set `test` may not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from data_contracts.yaml_io import load_yaml
from models.notes.facts import FIELDS, Message

KEYS = ("id", "channel", "sender", "text", "corrects", "reply_to")
Labelled = Sequence[tuple[Message, Sequence[Mapping[str, Any]]]]


def load_style(path: Path) -> Labelled:
    """A style's messages in order, each with its facts: every field, None (or an empty list) where it is not told."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        (
            Message(**{key: row["message"].get(key) for key in KEYS},
                    sent_at=datetime.fromisoformat(row["message"]["sent_at"])),
            [_whole(fact) for fact in row["facts"]],
        )
        for row in rows
    ]  # fmt: skip


def _whole(fact: Mapping[str, Any]) -> dict[str, Any]:
    lists: dict[str, Any] = {"actions_done": [], "actions_missing": [], "spans": {}}
    return {name: fact.get(name, lists.get(name)) for name in (*FIELDS, "spans")}


def load_styles(folder: Path, which: str) -> dict[str, Labelled]:
    """The styles of a set (development or test) by name."""
    return {
        style: load_style(folder / f"{style}.jsonl")
        for style, about in load_yaml(folder / "styles.yaml").items()
        if about["set"] == which
    }


def digest(folder: Path, which: str) -> str:
    """Changes with any message or label of the set."""
    whole = hashlib.sha256()
    for style, about in sorted(load_yaml(folder / "styles.yaml").items()):
        if about["set"] == which:
            whole.update((folder / f"{style}.jsonl").read_bytes())
    return whole.hexdigest()
