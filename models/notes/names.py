"""Whom a text is about: names of customers and of rivals as written, without any list of them.

Every character is tagged (begins a name, goes on in one, neither) by a linear-chain conditional random field over the
characters around it, as is usual for names in Chinese text (Chen, Zhang and Isahara 2006, Chinese named entity
recognition with conditional random fields). Its weights are learned from the labelled messages
(`models/notes/training.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pycrfsuite
import rjieba

from models.notes.clauses import clauses, plain_text
from models.notes.customers import CustomerFinder
from models.notes.mention import CUSTOMER, RIVAL, Mention
from models.notes.words import CompiledLexicon, any_of

_MARK = frozenset(' \t\n　，,。！？!?；;：:、|/\\()（）【】[]→+~～…"“”「」—-*#>·')
_EDGES = "".join(_MARK - set("()（）"))
_TAGS = ("O", f"B-{CUSTOMER}", f"I-{CUSTOMER}", f"B-{RIVAL}", f"I-{RIVAL}")
# A name is taken where it is not surely none: what is wrongly taken the judge can still throw out, what is not taken
# is lost.
_MOST_OUTSIDE = 0.8
# Where a message names nobody so: most that tell something do name somebody.
_MOST_OUTSIDE_ALONE = 0.95
_NO_CHARACTER = re.compile("[\ud800-\udfff\0]")
_DIGITS = str.maketrans("0123456789", "0" * 10)


class NameTagger:
    """Finds names by a trained field; `weights` is a file that `train_names` wrote."""

    def __init__(self, words: CompiledLexicon, weights: Path) -> None:
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open(str(weights))
        self._features = NameFeatures(words)

    def find(self, text: str, is_note: bool = False) -> list[Mention]:
        """The names of a text in order, parted from each other; `is_note`: it stands in the row of one customer."""
        if not text:
            return []
        self._tagger.set(self._features.of(text, is_note))
        odds = [self._odds(place) for place in range(len(text))]
        found = _taken(text, odds, _MOST_OUTSIDE)
        if not is_note and all(mention.whose != CUSTOMER for mention in found):
            found = _taken(text, odds, _MOST_OUTSIDE_ALONE)
        return found

    def _odds(self, place: int) -> tuple[float, ...]:
        """How likely each tag is at a character; what is surely outside of a name is not asked further."""
        marginal = self._tagger.marginal
        outside = marginal("O", place)
        if outside > _MOST_OUTSIDE_ALONE:
            return (outside, 0.0, 0.0, 0.0, 0.0)
        return (outside, *(marginal(tag, place) for tag in _TAGS[1:]))


def _taken(text: str, odds: Sequence[Sequence[float]], most_outside: float) -> list[Mention]:
    """The names whose characters are each no more likely outside of one than `most_outside`."""
    tags, inside = [], ""
    for outside, *named in odds:
        if outside > most_outside:
            inside = ""
            tags.append("O")
            continue
        best = max(range(len(named)), key=named.__getitem__)
        whose = CUSTOMER if named[0] + named[1] >= named[2] + named[3] else RIVAL
        begins = _TAGS[1 + best].startswith("B") or inside != whose
        tags.append(f"{'B' if begins else 'I'}-{whose}")
        inside = whose
    found = []
    for start, end, whose in runs(tags):
        name = text[start:end]
        kept = name.strip(_EDGES)
        if len(kept) > 1:
            at = start + name.index(kept)
            sureness = 1 - sum(each[0] for each in odds[start:end]) / (end - start)
            found.append(Mention(kept, at, at + len(kept), sureness, whose))
    return found


def runs(tags: Sequence[str]) -> Iterable[tuple[int, int, str]]:
    """(start, end, whose) of each name in a text's tags: B-whose, I-whose, O."""
    start = 0
    while start < len(tags):
        if tags[start] == "O":
            start += 1
            continue
        whose, end = tags[start][2:], start + 1
        while end < len(tags) and tags[end] == f"I-{whose}":
            end += 1
        yield start, end, whose
        start = end


class NameFeatures:
    """What the field sees of each character: its neighbours, the words around it and their kinds, where it stands, the
    endings of names and names that most know, and where the rules would see one."""

    def __init__(self, words: CompiledLexicon) -> None:
        self._ending = any_of(words.lexicon.customer_suffixes)
        self._familiar = (
            ("C", any_of((*words.lexicon.customers, *words.lexicon.familiar_customers))),
            ("R", any_of((*words.lexicon.brands, *words.lexicon.familiar_brands))),
        )
        self._rules = CustomerFinder(words)

    def of(self, text: str, is_note: bool = False) -> list[list[str]]:
        """A list of features for each character of a text."""
        channel = "note" if is_note else "talk"
        # Half a surrogate pair is no character, and NUL ends a feature: neither is any part of a name.
        plain = _NO_CHARACTER.sub("?", plain_text(text).translate(_DIGITS))
        marks, rules = self._marks(plain), self._ruled(text)
        padded = f"^^{plain}$$"
        found: list[list[str]] = []
        tagged = [("^", "^"), ("^", "^"), *rjieba.tag(plain, True), ("$", "$"), ("$", "$")]
        line = since = 0
        title = ""
        for n in range(2, len(tagged) - 2):
            (w, t), (before, tb), (after, ta) = tagged[n], tagged[n - 1], tagged[n + 1]
            tbb, taa = tagged[n - 2][1], tagged[n + 2][1]
            shared = [
                f"w{w}", f"t{t}", f"wb{before}", f"wa{after}", f"tb{tb}", f"ta{ta}", f"tbb{tbb}", f"taa{taa}",
                f"tb{tb}{t}", f"ta{t}{ta}", f"x{before}|{t}", f"y{t}|{after}", f"z{tb}{t}{ta}", f"q{before}|{after}",
                f"v{tagged[n - 2][0]}|{before}",
            ]  # fmt: skip
            for k, c in enumerate(w):
                i = len(found)
                if i and plain[i - 1] == "\n":
                    line, title = i, ""
                if c in "：:" and not title and i - line < 12:
                    title = f"l{plain[max(line, i - 4) : i].strip()}"
                since = 0 if c in _MARK else since + 1
                p = padded[i : i + 5]
                place = ("S" if len(w) == 1 else "B") if k == 0 else "E" if k == len(w) - 1 else "I"
                found.append([
                    *shared, f"p{place}", f"p{place}{t}", f"0{c}", f"a{p[1]}", f"b{p[3]}", f"c{p[0]}", f"d{p[4]}",
                    f"A{p[1:3]}", f"B{p[2:4]}", f"C{p[:2]}", f"D{p[3:]}", f"E{p[1:4]}", f"s{min(since, 6)}",
                    f"n{min(i - line, 3)}", marks[i], rules[i], f"{channel}{rules[i]}", title or "l",
                ])  # fmt: skip
        return found

    def _marks(self, plain: str) -> list[str]:
        """Which characters are of a name's usual ending, and which of a name that most know."""
        marks = ["m"] * len(plain)
        for found in self._ending.finditer(plain):
            for i in range(found.start(), found.end()):
                marks[i] = "mE" if i == found.end() - 1 else "mI"
        for sign, familiar in self._familiar:
            for found in familiar.finditer(plain):
                for i in range(found.start(), found.end()):
                    marks[i] = f"m{sign}B" if i == found.start() else f"m{sign}I"
        return marks

    def _ruled(self, text: str) -> list[str]:
        """Where the rules see a customer, and how surely."""
        marks = ["r"] * len(text)
        for clause in clauses(text):
            found = self._rules.find(clause.text, clause.is_item_start)
            if found is not None:
                mention, is_weak = found
                sign = f"r{is_weak}{mention.sureness}"
                first = clause.start + mention.start
                marks[first : first + len(mention.name)] = [f"{sign}B", *[f"{sign}I"] * (len(mention.name) - 1)]
        return marks


def tags_of(text: str, customers: Iterable[str], rivals: Iterable[str]) -> list[str]:
    """The tags that a labelled text ought to get: every place where a name of its facts stands, the longest first."""
    tags = ["O"] * len(text)
    names = [(name, CUSTOMER) for name in customers] + [(name, RIVAL) for name in rivals]
    for name, whose in sorted(set(names), key=lambda n: (-len(n[0]), n)):
        for found in re.finditer(re.escape(name), text):
            start, end = found.span()
            if all(tag == "O" for tag in tags[start:end]):
                tags[start:end] = [f"B-{whose}", *[f"I-{whose}"] * (end - start - 1)]
    return tags


def train_names(words: CompiledLexicon, labelled: Iterable[tuple[str, bool, list[str]]], weights: Path) -> None:
    """Learn the field's weights from (text, whether it is of one customer's row, tags) and write them to a file."""
    features = NameFeatures(words)
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": 0.1, "c2": 0.05, "max_iterations": 80, "feature.possible_transitions": True})
    for text, is_note, tags in labelled:
        if text:
            trainer.append(features.of(text, is_note), tags)
    trainer.train(str(weights))
