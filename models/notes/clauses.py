"""A message cut into items and clauses, with what each clause is: told, asked, ordered or hearsay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from unicodedata import normalize

from models.notes.words import CompiledLexicon

SENTENCE_ENDS = "。！？!?；;\n"
_MARKS = f"，,→⏎{SENTENCE_ENDS}"
# Spoken without marks: 然后去了…后来又….
_JOINT = re.compile(
    "然后呢?|后来|还有就是|另外(?!约|安排)|不过|但是|接着|完了(?=[^解])|就是说|反正|那个(?=[^店人客])|这个(?=[^店月周星礼])"
)
_CLAUSE = re.compile(r"(?:[^，,。！？!?；;\n→⏎]|(?<=[0-9]),(?=[0-9]{3}))+[，,。！？!?；;\n→⏎]*")
_ITEM = re.compile(
    r"^\s*(?:[(（]?\d{1,2}[)）.、．]\s*|[①-⑳]\s*|[一二三四五六七八九十]{1,2}[、.]\s*|[-—*•·●○▪■◆✅❌✔✓☑×√➡️📍👉📌]+\s*)+"
)
_ASKED = re.compile(
    r"(吗|呢|么|没有|没)$|^(请问|怎么|谁|什么时候|几时|哪个|能不能|可不可以|是不是|有没有|是否)|什么时候|几时|能不能|咋"
)
_ORDERED_AT_HEAD = re.compile(
    r"@|(请|麻烦)?(大家|各位)|记得|务必|请(把|你|尽|于|勿|注意)|你们?(记得|把|去|先)|麻烦|帮我"
)
_ORDERED = re.compile("记得|务必|抓紧把|都给我|别忘")
_TITLED = re.compile(r"^\s*([^：:\s][^：:\n]{0,9})[：:]\s*(.*)$")


@dataclass(frozen=True)
class Clause:
    """One clause: its text as it stands and normalised, the marks after it, whether it is the first of its item, and
    where in the message it stands."""

    text: str
    plain: str
    end: str
    is_item_start: bool
    start: int = 0


def plain_text(text: str) -> str:
    """Half-width, lower-case, character for character: places in it are places in the text."""
    return "".join(map(_plain, text))


@cache
def _plain(character: str) -> str:
    plain = normalize("NFKC", character).lower()
    return plain if len(plain) == 1 else character


def clauses(text: str) -> Iterator[Clause]:
    """The clauses in order; lines are items, and so are numbered or bulleted parts of a line."""
    for line in re.finditer(r"[^\n]+", text):
        for part_start, part in _parts(line[0]):
            numbering = _ITEM.match(part)
            skipped = numbering.end() if numbering else 0
            is_start = True
            for start, end, mark in _cuts(part[skipped:]):
                raw = part[skipped + start : skipped + end]
                body = raw.strip()
                if body:
                    at = line.start() + part_start + skipped + start + raw.index(body[0])
                    yield Clause(body, plain_text(body), mark, is_start, at)
                    is_start = False


def _cuts(text: str) -> Iterator[tuple[int, int, str]]:
    """Where clauses begin and end, and the marks after each; what has no marks is cut at its connecting words."""
    for found in _CLAUSE.finditer(text):
        bare = found[0].rstrip(_MARKS)
        start, mark = found.start(), found[0][len(bare) :]
        joints = [start + m.start() for m in _JOINT.finditer(bare)] if len(bare) > 16 else []
        edges = [start, *(j for j in joints if j > start), start + len(bare)]
        for a, b in pairwise(edges):
            yield a, b, mark if b == edges[-1] else ""


def _parts(line: str) -> list[tuple[int, str]]:
    """A line's own numbering (1. … 2. …) and ticks cut it into items, each with where it stands in the line."""
    cut = [m.start() for m in re.finditer(r"(?<![\d.])(?:\d{1,2}[、)）．]|\d{1,2}\.(?!\d)|[①-⑳])|[✅❌✔☑🚫⭕]", line)]
    marks = [0, *[c for c in cut if c], len(line)]
    return [(a, p) for a, b in pairwise(marks) if (p := line[a:b]).strip()] if len(cut) > 1 else [(0, line)]


def titled_lines(text: str) -> list[tuple[str, str]]:
    """The (title, value) lines of a filled-in template; empty where it is none."""
    lines = [line for line in re.split(r"\n+", text) if line.strip()]
    found = [
        m
        for line in lines
        if (
            m := _TITLED.match(
                re.sub(r"^[\s\-•·*●【\d.、]+", "", line).replace("】", "：", 1)
                if line.lstrip().startswith("【")
                else line
            )
        )
    ]
    if len(found) < 3 or len(found) < 0.7 * len(lines):
        return []
    return [(m[1].strip(), m[2].strip()) for m in found]


def is_told(clause: Clause, words: CompiledLexicon) -> bool:
    """Whether it tells something; a question, condition, order, target or hearsay makes no fact."""
    plain = clause.plain
    is_question = (
        "？" in clause.end or "?" in clause.end or (words.has("question", plain) and _ASKED.search(plain) is not None)
    )
    is_order = _ORDERED_AT_HEAD.match(plain) or _ORDERED.search(plain)
    return not (is_question or is_order or any(words.has(kind, plain) for kind in ("hearsay", "condition", "target")))
