"""How well and how fast notes are read: precision, recall and F1 by field, F1 by style, messages a second on one core.

    python -m benchmarks.notes [FOLDER]     (tests/data/notes by default)

A folder holds STYLE.jsonl files of labelled messages and styles.yaml, which says of each style whether its messages
were seen while the reader was written (`development`) or not (`test`). The floor of the speed is a bare pass that
cuts every text at its marks.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from data_contracts.lexicon import load_lexicon
from data_contracts.yaml_io import load_yaml
from models.notes import Message, NoteReader
from models.notes.scoring import SCORED, Score

FOLDER = Path(__file__).parents[1] / "tests" / "data" / "notes"
KEYS = ("id", "channel", "sender", "text", "corrects", "reply_to")


def labelled(path: Path) -> tuple[list[Message], list[Sequence[Mapping[str, Any]]]]:
    """A style's messages, and the facts that each holds."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    messages = [
        Message(**{key: m.get(key) for key in KEYS}, sent_at=datetime.fromisoformat(m["sent_at"]))
        for m in (row["message"] for row in rows)
    ]  # fmt: skip
    return messages, [row["facts"] for row in rows]


def scores(folder: Path, which: str, reader: NoteReader) -> dict[str, Score]:
    """A score for each style of a set (development or test)."""
    found = {}
    for style, about in load_yaml(folder / "styles.yaml").items():
        if about["set"] == which:
            messages, facts = labelled(folder / f"{style}.jsonl")
            score = found[style] = Score()
            for expected, reading in zip(facts, reader.read(messages), strict=True):
                score.add(expected, [fact.to_json() for fact in reading.facts])
    return found


def together(parts: Sequence[Score]) -> Score:
    """The score of several styles as one."""
    whole = Score()
    for part in parts:
        whole.right += part.right
        whole.wrong += part.wrong
        whole.missed += part.missed
    return whole


def main(folder: Path) -> None:
    """Print the tables."""
    reader = NoteReader(load_lexicon())
    for which in ("development", "test"):
        by_style = scores(folder, which, reader)
        whole = together(list(by_style.values()))
        print(f"\n{which}: {', '.join(by_style)}\n{'field':<16}{'precision':>10}{'recall':>8}{'F1':>7}{'facts':>7}")
        for name in SCORED:
            figures = [whole.precision(name), whole.recall(name), whole.f1(name)]
            shown = "".join(
                f"{'-' if f is None else f'{f:.3f}':>{w}}" for f, w in zip(figures, (10, 8, 7), strict=True)
            )
            print(f"{name:<16}{shown}{whole.right[name] + whole.missed[name]:>7}")
        for style, score in by_style.items():
            line = "  ".join(f"{n} {score.f1(n):.2f}" for n in ("fact", "status", "kind") if score.f1(n) is not None)
            print(f"  {style:<24}{line}")
    _speed(folder, reader)


def _speed(folder: Path, reader: NoteReader) -> None:
    messages = [m for path in sorted(folder.glob("*.jsonl")) for m in labelled(path)[0]]
    reader.read(messages)
    began = time.process_time()
    reader.read(messages)
    took = time.process_time() - began
    cut = re.compile(r"[，。！？；,;!?\n]")
    began = time.process_time()
    for _ in range(50):
        for message in messages:
            cut.split(message.text)
    floor = (time.process_time() - began) / 50
    print(f"\n{len(messages) / took:,.0f} messages a second, {took / floor:,.0f} times a bare cut at the marks")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
