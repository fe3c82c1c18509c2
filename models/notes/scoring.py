"""How well notes are read: precision, recall and F1 per field, over facts matched by customer and interaction.

The rules are those of docs/notes.md: exact for kind, status, days, stage, amount; set-wise for actions; overlap of
characters for spans, next step and competitor. A null is a claim that the text does not say it, so it counts in
neither precision nor recall, but a value where there is none is wrong, and none where there is one is missed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

EXACT = ("kind", "status", "date", "rescheduled_to", "stage", "amount_yuan", "next_date")
SETS = ("actions_done", "actions_missing")
LOOSE = ("competitor", "next_step")
SCORED = ("fact", "customer", *EXACT, *SETS, *LOOSE, "spans")
AnyFact = Mapping[str, Any]


@dataclass
class Score:
    """Right, wrong and missed by field; `add` counts one message."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def add(self, expected: Sequence[AnyFact], found: Sequence[AnyFact]) -> None:
        """Count one message's facts: matched ones field by field, the others as missed or wrong."""
        pairs, lost, extra = matched(expected, found)
        for want, have in pairs:
            self.right["fact"] += 1
            self._field("customer", want.get("customer"), have.get("customer"), same_customer)
            for name in EXACT:
                self._field(name, want.get(name), have.get(name), lambda a, b: a == b)
            for name in LOOSE:
                self._field(name, want.get(name), have.get(name), overlaps)
            for name in SETS:
                self._set(name, want.get(name) or (), have.get(name) or ())
            for name, span in (want.get("spans") or {}).items():
                mine = (have.get("spans") or {}).get(name)
                self._field("spans", span, mine, overlaps)
        for fact in lost:
            self._alone(fact, self.missed)
        for fact in extra:
            self._alone(fact, self.wrong)

    def f1(self, name: str) -> float | None:
        """F1 of a field; None where nothing was there to find and nothing was found."""
        right, off = self.right[name], self.wrong[name] + self.missed[name]
        return 2 * right / (2 * right + off) if right + off else None

    def precision(self, name: str) -> float | None:
        found = self.right[name] + self.wrong[name]
        return self.right[name] / found if found else None

    def recall(self, name: str) -> float | None:
        there = self.right[name] + self.missed[name]
        return self.right[name] / there if there else None

    def _field(self, name: str, want: Any, have: Any, is_same: Any) -> None:
        if want is None and have is None:
            return
        if want is not None and have is not None and is_same(want, have):
            self.right[name] += 1
            return
        self.missed[name] += want is not None
        self.wrong[name] += have is not None

    def _set(self, name: str, want: Iterable[str], have: Iterable[str]) -> None:
        a, b = set(want), set(have)
        self.right[name] += len(a & b)
        self.missed[name] += len(a - b)
        self.wrong[name] += len(b - a)

    @staticmethod
    def _alone(fact: AnyFact, counter: Counter[str]) -> None:
        counter["fact"] += 1
        for name in ("customer", *EXACT, *LOOSE):
            counter[name] += fact.get(name) is not None
        for name in SETS:
            counter[name] += len(fact.get(name) or ())


def matched(
    expected: Sequence[AnyFact], found: Sequence[AnyFact]
) -> tuple[list[tuple[AnyFact, AnyFact]], list[AnyFact], list[AnyFact]]:
    """Pairs of facts about the same customer and interaction, the most alike first; what is left on either side."""
    likeness = sorted(
        (
            (-_likeness(want, have), i, k)
            for i, want in enumerate(expected)
            for k, have in enumerate(found)
            if same_customer(want.get("customer"), have.get("customer"))
        ),
    )
    pairs, used_i, used_k = [], set(), set()
    for _, i, k in likeness:
        if i not in used_i and k not in used_k:
            used_i.add(i)
            used_k.add(k)
            pairs.append((expected[i], found[k]))
    lost = [fact for i, fact in enumerate(expected) if i not in used_i]
    extra = [fact for k, fact in enumerate(found) if k not in used_k]
    return pairs, lost, extra


def _likeness(want: AnyFact, have: AnyFact) -> int:
    return sum(want.get(name) is not None and want.get(name) == have.get(name) for name in EXACT)


def same_customer(one: str | None, other: str | None) -> bool:
    """Loosely the same: equal without marks and width, or one within the other; null only with null."""
    if one is None or other is None:
        return one is other
    a, b = (re.sub(r"[\W_]+", "", normalize("NFKC", name)).lower() for name in (one, other))
    return bool(a) and bool(b) and (a in b or b in a)


def overlaps(one: str, other: str) -> bool:
    """Whether two pieces of text share at least half of the shorter one's characters, in order of standing."""
    a, b = (re.sub(r"\s+", "", normalize("NFKC", text)).lower() for text in (one, other))
    if not a or not b:
        return False
    if a in b or b in a:
        return True
    shared = sum((Counter(a) & Counter(b)).values())
    return shared * 2 >= min(len(a), len(b))
