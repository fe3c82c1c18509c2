"""Who a clause is about: a customer's name as written, without any list of customers.

A name is told by where it stands: at the head of an item, after a verb that takes a customer, before what happened to
it, or by its ending (超市, 食堂).
"""

from __future__ import annotations

import re

from models.notes import patterns
from models.notes.mention import Mention
from models.notes.words import CompiledLexicon


class CustomerFinder:
    """Finds mentions by the lexicon's endings and the places where names stand."""

    def __init__(self, words: CompiledLexicon) -> None:
        ending = rf"(?:{words.suffix})+(?:[（(]{patterns.C}{{1,8}}[)）])?"
        self._suffixed = re.compile(rf"((?:{patterns.LATIN} ?)?{patterns.C}{{0,12}}?{ending})(?!长|员|里|面|板)")
        self._ends = re.compile(rf"(?:{words.suffix})(?:[（(].*[)）])?$")

    def find(self, text: str, is_item_start: bool) -> tuple[Mention, bool] | None:
        """The first customer named in a clause, and whether it is told by no more than where it stands.

        None where the clause names none.
        """
        head = patterns.HEAD.match(text) if is_item_start else None
        if head and self.is_name(head[1]):
            return Mention(head[1], head.start(1), head.end(1), 0.95), False
        for is_weak, found in (
            (False, (self._by_suffix(text), self._after_cue(text, is_strict=True))),
            (True, (self._after_cue(text, is_strict=False), self._at_start(text))),
        ):
            best = max((m for m in found if m is not None), key=lambda m: (m.sureness, -m.start), default=None)
            if best is not None:
                return best, is_weak
        return None

    def is_name(self, name: str) -> bool:
        """Whether it can be a customer's name at all."""
        bare = name.strip()
        if len(bare) > 9 and not self._ends.search(bare):
            return False
        if len(bare) < 2 or patterns.STOP.match(bare) or patterns.PERSON.match(bare) or bare.isdigit():
            return False
        if re.fullmatch(r"[A-Za-z' ]+", bare):
            return len(bare) > 2 and bare not in patterns.LATIN_WORDS
        return (
            self._ends.search(bare) is not None and not re.search("我|你|他|没|了|的|不", bare)
        ) or not patterns.NOT_IN.search(bare)

    def _by_suffix(self, text: str) -> Mention | None:
        for m in self._suffixed.finditer(text):
            start, name = m.start(1), m[1]
            tail = self._ends.search(name)
            body = name[: tail.start()] if tail else name
            cuts = [
                c.end()
                for c in patterns.CUT.finditer(body)
                if len(name) - c.end() >= 3 and (c.end() < len(body) or len(name) - c.end() >= 4)
            ]
            if cuts:
                start, name = start + cuts[-1], name[cuts[-1] :]
            bare = self._ends.sub("", name)
            if (
                len(name) >= 3
                and len(bare) >= 1
                and not patterns.STOP.match(name)
                and not patterns.NOT_IN.search(bare)
                and not patterns.VERBS.search(bare)
            ):
                return Mention(name, start, start + len(name), 0.85)
        return None

    def _after_cue(self, text: str, is_strict: bool) -> Mention | None:
        for m in patterns.AFTER_CUE.finditer(text):
            if is_strict and not patterns.STRONG.fullmatch(text[m.start() : m.start(1)]):
                continue
            inner = patterns.OF.match(text, m.end(1))  # 番禺的东涌饲堂: the place, then the customer
            if inner and self.is_name(inner[1]):
                return Mention(inner[1], inner.start(1), inner.end(1), 0.7)
            if self.is_name(m[1]):
                return Mention(m[1], m.start(1), m.end(1), 0.7)
        return None

    def _at_start(self, text: str) -> Mention | None:
        m = patterns.START.match(text)
        if m and m.end(1) < len(text) and self.is_name(m[1]):
            return Mention(m[1], m.start(1), m.end(1), 0.65)
        return None
