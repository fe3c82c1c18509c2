"""How well and how fast notes are read: precision, recall and F1 by field, F1 by style, messages a second on one core.

    python -m benchmarks.notes [FOLDER]           (tests/data/notes by default)
    python -m benchmarks.notes --learn [FOLDER]   (learns anew first, into models/notes/learned)

A folder holds STYLE.jsonl files of labelled messages and styles.yaml, which says of each style whether it may be
learned from (`development`) or not (`test`). The development figures are of readers that have not seen the style
either: each is read by one that learned from the other folds of styles alone. The floor of the speed is a bare pass
that cuts every text at its marks.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from data_contracts.lexicon import load_lexicon
from models.notes import NoteReader
from models.notes.heads import save_heads
from models.notes.labelled import Labelled, digest, load_styles
from models.notes.reader import LEARNED
from models.notes.scoring import SCORED, Score
from models.notes.training import learn, learn_judge, learn_parts
from models.notes.words import CompiledLexicon

FOLDER = Path(__file__).parents[1] / "tests" / "data" / "notes"


def scored(style: Labelled, reader: NoteReader) -> Score:
    """How well a reader reads a style."""
    score = Score()
    for (_, expected), reading in zip(style, reader.read([message for message, _ in style]), strict=True):
        score.add(expected, [fact.to_json() for fact in reading.facts])
    return score


def unseen(styles: Mapping[str, Labelled]) -> dict[str, Score]:
    """A score for each style by a reader that has learned from the other folds of styles."""
    words, found = CompiledLexicon(load_lexicon()), {}
    with TemporaryDirectory() as scratch:
        parts = learn_parts(words, list(styles.values()), Path(scratch))
        for n, part in enumerate(parts):
            learned = Path(scratch) / f"learned{n}"
            learned.mkdir()
            part.weights.rename(learned / "names")
            save_heads(learn_judge([other for other in parts if other is not part]), learned / "heads.npz")
            reader = NoteReader(load_lexicon(), learned=learned)
            found |= {name: scored(styles[name], reader) for name in list(styles)[n :: len(parts)]}
    return {name: found[name] for name in styles}


def together(parts: Iterable[Score]) -> Score:
    """The score of several styles as one."""
    whole = Score()
    for part in parts:
        whole.right += part.right
        whole.wrong += part.wrong
        whole.missed += part.missed
    return whole


def main(folder: Path, is_learning: bool) -> None:
    """Print the tables."""
    development, test = load_styles(folder, "development"), load_styles(folder, "test")
    if is_learning:
        learn(CompiledLexicon(load_lexicon()), list(development.values()), LEARNED)
        (LEARNED / "labelled").write_text(digest(folder, "development") + "\n", encoding="ascii")
    reader = NoteReader(load_lexicon())
    _print("development, each style by a reader that learned from others", unseen(development))
    _print("test", {name: scored(style, reader) for name, style in test.items()})
    _speed([*development.values(), *test.values()], reader)


def _print(title: str, by_style: Mapping[str, Score]) -> None:
    whole = together(by_style.values())
    print(f"\n{title}: {len(by_style)} styles\n{'field':<16}{'precision':>10}{'recall':>8}{'F1':>7}{'facts':>7}")
    for name in SCORED:
        figures = [whole.precision(name), whole.recall(name), whole.f1(name)]
        shown = "".join(f"{'-' if f is None else f'{f:.3f}':>{w}}" for f, w in zip(figures, (10, 8, 7), strict=True))
        print(f"{name:<16}{shown}{whole.right[name] + whole.missed[name]:>7}")
    for style, score in by_style.items():
        line = "  ".join(f"{n} {f:.2f}" for n in ("fact", "status", "kind") if (f := score.f1(n)) is not None)
        print(f"  {style:<24}{line}")


def _speed(styles: Sequence[Labelled], reader: NoteReader) -> None:
    messages = [message for style in styles for message, _ in style]
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
    arguments = [argument for argument in sys.argv[1:] if argument != "--learn"]
    main(Path(arguments[0]) if arguments else FOLDER, "--learn" in sys.argv)
