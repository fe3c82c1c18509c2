"""When two names are one customer or one rep: pure, names in, scores out.

A customer's name falls apart into what sets it apart (联华), what it trades in (超市), which of its places it is
(滨江店) and the city; legal endings and brackets are nothing. 杭州联华, 联华超市(杭州) and 联华集团 are one;
杭州联华滨江店 and 杭州联华下沙店 are two. Scores run from 0 to 1; what is taken from which score on is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

import numpy as np
from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import ratio
from rapidfuzz.process import cdist

from data_contracts.identity import Identity

How = Literal["key", "alias", "exact", "fuzzy"]
TWO_CUSTOMERS = 0.3  # The most that names of two places, or of two cities, are alike.
SHORTLIST = 8
_BRACKETS = re.compile(r"[(（\[【〔]([^()（）\[\]【】〔〕]*)[)）\]】〕]")
_NOISE = re.compile(r"[^\w]+|_")
_PHONE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})(?!\d)")


@dataclass(frozen=True)
class CustomerName:
    """A customer's name taken apart. `text`: the whole, without width, case and marks; `body`: without city, brackets
    and legal ending; `sound`: `core` in pinyin."""

    text: str
    body: str
    core: str
    trade: str | None
    branch: str | None
    places: frozenset[str]
    sound: str


def plain(text: str) -> str:
    """A name as it is compared: without width, case, blanks and marks."""
    return _NOISE.sub("", normalize("NFKC", text).casefold())


@lru_cache(maxsize=200_000)
def sound(text: str) -> str:
    """A text in pinyin without tones: what voice input and typing by sound confuse."""
    return " ".join(lazy_pinyin(text))


class CustomerNames:
    """Takes customers' names apart and compares them, by the words of `identity` and the company's places."""

    def __init__(self, identity: Identity, places: Iterable[str]) -> None:
        self._legal = sorted(map(plain, identity.legal), key=len, reverse=True)
        self._trade = {word: group[0] for group in identity.trades for word in group}
        self._trades = sorted(self._trade, key=len, reverse=True)
        self._branches = sorted(identity.branches, key=len, reverse=True)
        self._places = sorted({p.removesuffix("市") for p in map(plain, places) if len(p) > 1}, key=len, reverse=True)

    def parse(self, text: str) -> CustomerName:
        """The name taken apart; a name of nothing but city and trade keeps its trade as what sets it apart."""
        whole = normalize("NFKC", text).casefold()
        places: set[str] = set()
        branch: str | None = None
        for inner in _BRACKETS.findall(whole):
            place, rest = self._place(plain(inner))
            if place is not None:
                places.add(place)
            branch = self._branch_name(rest) or branch
        body = self._without_legal(plain(_BRACKETS.sub("", whole)))
        while (found := self._place(body, leave=2))[0] is not None:
            places.add(str(found[0]))
            body = found[1]
        core, trade, tail = self._split_trade(body)
        if tail:
            place, rest = self._place(self._branch_name(tail) or "")
            if place is not None:
                places.add(place)
            branch = rest or branch
        if not core:
            core, trade = body, None
        return CustomerName(plain(text), body, core, trade, branch, frozenset(places), sound(core))

    def likeness(self, asked: CustomerName, known: CustomerName) -> float:
        """How like two names are: 1 the same text, above 0.9 the same but for what need not be said."""
        if asked.text == known.text:
            return 1.0
        if asked.places and known.places and not asked.places & known.places:
            return TWO_CUSTOMERS
        asked, known, alike = self._cores(asked, known)
        if asked.branch and known.branch and sound(asked.branch) != sound(known.branch):
            return min(alike, TWO_CUSTOMERS)
        if asked.trade and known.trade:
            alike -= 0.2 * (asked.trade != known.trade)
        else:
            alike -= 0.03 * (asked.trade != known.trade)
        shorter, longer = sorted((asked.body, known.body), key=len)
        if len(shorter) > 2 and longer.startswith(shorter):  # 福泰酒店 for 福泰酒店用品: broken off
            alike = max(alike, 0.9)
        if asked.branch and not known.branch:
            alike -= 0.2
        elif known.branch and not asked.branch:
            alike -= 0.12
        return max(0.0, min(alike, 0.99))

    def _cores(self, asked: CustomerName, known: CustomerName) -> tuple[CustomerName, CustomerName, float]:
        """Both names and how like their cores are; what one core has beyond the other may be its branch."""
        a, b = asked.core, known.core
        if a == b:
            return asked, known, 1.0
        shared = _shared_prefix(a, b)
        if shared >= 2:
            asked, known = self._branch_off(asked, shared), self._branch_off(known, shared)
            a, b = asked.core, known.core
            if a == b:
                return asked, known, 1.0
        if asked.sound == known.sound:
            return asked, known, 0.95
        if min(len(a), len(b)) >= 2 and (a.startswith(b) or b.startswith(a)):
            return asked, known, 0.9
        letters = Levenshtein.normalized_similarity(a, b)
        return asked, known, max(letters, 0.9 * letters + 0.1 * (ratio(asked.sound, known.sound) / 100) ** 2)

    def _branch_off(self, name: CustomerName, shared: int) -> CustomerName:
        rest = name.core[shared:]
        ending = next((b for b in self._branches if rest.endswith(b) and len(rest) > len(b)), None)
        if ending is None or name.branch:
            return name
        return replace(name, core=name.core[:shared], branch=rest.removesuffix(ending))

    def _place(self, text: str, leave: int = 0) -> tuple[str | None, str]:
        """A place at the head of a text, and the rest, of which at least `leave` characters must be left."""
        for place in self._places:
            if text.startswith(place):
                rest = re.sub(r"^[省市](?=.)", "", text[len(place) :])
                if len(rest) >= leave:
                    return place, "" if rest in ("省", "市", "区") else rest
        return None, text

    def _without_legal(self, text: str) -> str:
        ending = next((e for e in self._legal if text.endswith(e) and len(text) - len(e) >= 2), None)
        return text if ending is None else self._without_legal(text.removesuffix(ending))

    def _branch_name(self, text: str) -> str | None:
        ending = next((b for b in self._branches if text.endswith(b) and len(text) > len(b)), "")
        return text.removesuffix(ending) or None

    def _split_trade(self, body: str) -> tuple[str, str | None, str]:
        """What stands before a trade, the trade, and a branch that stands after it: 联华 超市 滨江店."""
        for word in self._trades:
            head, found, tail = body.rpartition(word)
            if found and len(head) >= 2 and (not tail or any(tail.endswith(b) for b in self._branches)):
                return self._without_legal(head), self._trade[word], tail
        return body, None, ""


def _shared_prefix(a: str, b: str) -> int:
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n


def shortlists(asked: Sequence[CustomerName], known: Sequence[CustomerName]) -> list[list[int]]:
    """For each asked name the known ones worth a close look, by letters and by sound of what sets them apart.

    Every distinct pair of cores is compared once, in C.
    """
    if not asked or not known:
        return [[] for _ in asked]
    cores, core_of = np.unique([n.core for n in known], return_inverse=True)
    ours, our_of = np.unique([n.core for n in asked], return_inverse=True)
    # A core is rarely more than a few letters: what begins as the other does is as near as what is spelled alike.
    letters = cdist(list(ours), list(cores), scorer=ratio, score_cutoff=40, dtype=np.float32)
    sounds = cdist([sound(c) for c in ours], [sound(c) for c in cores], scorer=ratio, score_cutoff=60, dtype=np.float32)
    near = np.maximum(letters, sounds)[:, core_of]
    order = np.argsort(-near, axis=1, kind="stable")
    lists: list[list[int]] = []
    for row in range(len(ours)):
        best = order[row]
        cut = int(np.count_nonzero(near[row] > 0))
        # Equals of the last one taken are taken too: which of them stands first says nothing.
        if cut > SHORTLIST:
            cut = max(SHORTLIST, int(np.count_nonzero(near[row] >= near[row, best[SHORTLIST - 1]])))
        lists.append([int(k) for k in best[:cut]])
    return [lists[k] for k in our_of]


@dataclass(frozen=True)
class Rep:
    """A rep of the organisation: an entry for each office the rep has been in."""

    rep_id: str
    name: str
    phone: str | None
    places: frozenset[str]


@dataclass(frozen=True)
class Match:
    """One candidate: who, as named in the masters, how like, and how that was found."""

    id: str
    name: str
    score: float
    how: How


class RepNames:
    """Finds who a chat's display name, a sheet's name, a number or a phone stands for."""

    def __init__(self, identity: Identity, reps: Sequence[Rep]) -> None:
        self._identity = identity
        self._reps = [(rep, plain(rep.name)) for rep in reps]
        self._titles = sorted(identity.titles, key=len, reverse=True)
        self._by_id = {rep.rep_id.casefold(): rep for rep in reps}
        self._by_phone: dict[str, set[str]] = {}
        for rep in reps:
            digits = _PHONE.search(re.sub(r"[\s-]", "", rep.phone or ""))
            if digits:
                self._by_phone.setdefault(digits[1], set()).add(rep.rep_id)
        self._places = sorted({p for rep in reps for p in rep.places}, key=len, reverse=True)
        before, after = (
            "|".join(map(re.escape, words)) for words in (identity.familiar_before, identity.familiar_after)
        )
        self._familiar = re.compile(rf"(?:{before})(?P<a>\w)|(?P<b>\w)(?:{after})") if before and after else None

    def places_in(self, text: str) -> frozenset[str]:
        """The places of the organisation that a text names."""
        return frozenset(p for p in self._places if p in text)

    def by_key(self, text: str) -> Match | None:
        """The rep whose employee number or phone this is, or holds."""
        joined = re.sub(r"[\s-]", "", normalize("NFKC", text))
        rep = self._by_id.get(normalize("NFKC", text).strip().casefold())
        phone = _PHONE.search(joined)
        if rep is None and phone is not None and len(self._by_phone.get(phone[1], ())) == 1:
            rep = self._by_id[next(iter(self._by_phone[phone[1]])).casefold()]
        if rep is None:
            numbers = {p.casefold() for p in re.split(r"[^0-9A-Za-z]+", normalize("NFKC", text))} & self._by_id.keys()
            rep = self._by_id[next(iter(numbers))] if len(numbers) == 1 else None
        return None if rep is None else Match(rep.rep_id, rep.name, 1.0, "key")

    def candidates(self, text: str, where: frozenset[str]) -> list[Match]:
        """Who a name may stand for, the likest first; `where`: places that the conversation or the file tells.

        Reps of other places are not asked where a place is known.
        """
        told = self.places_in(text) or where
        name = self._bare(text)
        if not name:
            return []
        best: dict[str, Match] = {}
        for rep, known in self._reps:
            if told and not told & rep.places:
                continue
            score = self._likeness(name, known, bool(told))
            if score >= self._identity.offer and score > best.get(rep.rep_id, _NOBODY).score:
                best[rep.rep_id] = Match(rep.rep_id, rep.name, score, "exact" if score == 1.0 else "fuzzy")
        return sorted(best.values(), key=lambda m: (-m.score, m.id))

    def _bare(self, text: str) -> str:
        """A display name without places, titles, phone numbers and marks: 杭州办-王敏(销售) is 王敏."""
        rest = normalize("NFKC", text).casefold()
        for place in self._places:
            rest = rest.replace(place, " ")
        if self._familiar is None or not self._familiar.fullmatch(plain(rest)):
            for title in self._titles:
                rest = rest.replace(title, " ")
        return plain(re.sub(r"[0-9]+", " ", rest))

    def _likeness(self, asked: str, name: str, is_place_known: bool) -> float:
        if asked == name:
            return 1.0
        if sound(asked) == sound(name):
            return 0.93
        familiar = self._familiar.fullmatch(asked) if self._familiar else None
        if familiar is not None:
            letter = familiar["a"] or familiar["b"]
            alike = 0.9 if letter in (name[0], name[-1]) else 0.0
        elif len(asked) >= 2 and len(name) > len(asked) and name.endswith(asked):
            alike = 0.92
        else:
            alike = Levenshtein.normalized_similarity(asked, name)
            alike = min(alike, 0.8)
        return alike if is_place_known else min(alike, 0.8)  # 小王 of nowhere may be anybody


_NOBODY = Match("", "", -1.0, "fuzzy")


def choose(candidates: Sequence[Match], accept: float, margin: float) -> tuple[Match | None, str | None]:
    """The one to take and None, or None and why nobody is: unknown, below_threshold, ambiguous.

    `candidates` are of distinct ids, the likest first. Of two alike nobody is taken, nor of two with the same name.
    """
    if not candidates:
        return None, "unknown"
    best = candidates[0]
    if best.score < accept:
        return None, "below_threshold"
    if len(candidates) > 1 and (best.score - candidates[1].score < margin and best.score < 1.0):
        return None, "ambiguous"
    if len(candidates) > 1 and candidates[1].score == best.score:
        return None, "ambiguous"
    return best, None
