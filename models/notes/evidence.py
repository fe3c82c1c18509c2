"""What the classifiers see of a draft: its clauses without names, days and numbers, and what the rules made of it.

A name tells nothing of what happened and a day only whether it lies behind or ahead, so that what is learned of one
customer and one week holds for others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from models.notes.days import Day, find_days
from models.notes.draft import ACTIONS, Draft, Part
from models.notes.money import Money, find_money
from models.notes.words import CompiledLexicon

_DIGITS = re.compile("[0-9]+(?:[.,][0-9]+)*")


def grams(text: str, shortest: int = 1, longest: int = 4, label: str = "") -> list[str]:
    """The n-grams of a text, each behind a label."""
    return [label + text[i : i + n] for n in range(shortest, longest + 1) for i in range(len(text) - n + 1)]


def day_shape(day: Day, sent: date) -> str:
    """Behind, today, ahead, either, or a shift: a sign for each."""
    if day.is_shift:
        return "延"
    ahead, behind = day.on(sent, "plan"), day.on(sent, "happened")
    if ahead is None and behind is None:
        return "期"
    if sent in (ahead, behind):
        return "今"
    is_ahead, is_behind = ahead is not None and ahead > sent, behind is not None and behind < sent
    return "或" if is_ahead and is_behind else "明" if is_ahead else "昨"


@dataclass(frozen=True)
class Piece:
    """A clause as the classifiers see it, and its days with where they stand in what they see."""

    part: Part
    seen: str
    days: tuple[tuple[Day, int], ...]


def piece(part: Part, sent: date) -> Piece:
    """A clause with its days replaced by their shape and its numbers by 0 (names are blanked before)."""
    seen, at, days = [], 0, []
    plain = part.plain
    for day in find_days(plain):
        seen.append(_DIGITS.sub("0", plain[at : day.start]))
        days.append((day, sum(map(len, seen))))
        seen.append(day_shape(day, sent))
        at = day.end
    seen.append(_DIGITS.sub("0", plain[at:]))
    return Piece(part, "".join(seen), tuple(days))


class Evidence:
    """The features of one draft for each head."""

    def __init__(self, draft: Draft, sent: date, words: CompiledLexicon, is_note: bool) -> None:
        self.draft, self.sent, self.words = draft, sent, words
        self.pieces = [piece(part, sent) for part in draft.parts]
        self.text = "^" + "".join(
            ("" if p.part.is_told else "¿") + p.seen + (p.part.clause.end[:1].strip() or ",") for p in self.pieces
        ) + "$"  # fmt: skip
        self.rules = [
            f"r:status={draft.status}", f"r:kind={draft.kind or draft.plan_kind}", f"r:stage={draft.stage}",
            f"r:missed={draft.was_missed}", f"r:next={draft.next_date is not None}",
            f"r:new={draft.new_day is not None}", f"r:amount={draft.amount is not None}",
            f"r:named={draft.customer is not None}", f"r:note={is_note}", f"r:heading={draft.is_heading_plan}",
            f"r:told={any(p.part.is_told for p in self.pieces)}",
            f"r:skipped={any(not p.part.is_told for p in self.pieces)}",
            f"r:length={min(len(self.text) // 10, 8)}",
            *(f"r:done={a}" for a in draft.done), *(f"r:missing={a}" for a in draft.missing),
        ]  # fmt: skip
        self._general: list[str] | None = None

    @property
    def general(self) -> list[str]:
        """Of the whole draft: its n-grams and the rules' verdict."""
        if self._general is None:
            self._general = [*grams(self.text), *self.rules]
        return self._general

    def kind(self, status: str) -> list[str]:
        """For the kind of interaction, once its status is known."""
        return [*self.general, f"status={status}"]

    def actions(self, status: str, kind: str | None) -> Iterator[tuple[str, Part, list[str]]]:
        """(action, where it is spoken of, features) for each place that speaks of a required action."""
        for n, one in enumerate(self.pieces):
            for action in ACTIONS:
                found = self.words.action[action].search(one.seen)
                if found is None:
                    continue
                before, after = one.seen[: found.start()], one.seen[found.end() :]
                earlier = self.pieces[n - 1].seen if n else "^"
                later = self.pieces[n + 1].seen if n + 1 < len(self.pieces) else "$"
                own = f"{before[-12:]}◎{after[:12]}"
                yield action, one.part, [
                    *grams(own, 1, 4, "o:"), *grams(own, 1, 3, f"{action}:"),
                    *(f"b:{before[-k:]}" for k in range(1, 5)), *(f"a:{after[:k]}" for k in range(1, 5)),
                    *grams(earlier[-8:], 1, 3, "e:"), *grams(later[:8], 1, 3, "l:"),
                    f"w:{found[0]}", f"action={action}", f"told={one.part.is_told}", f"status={status}",
                    f"kind={kind}", f"{action}|{kind}|{status}",
                    f"rd={action in self.draft.done}", f"rm={action in self.draft.missing}",
                    f"{action}|rd={action in self.draft.done}|rm={action in self.draft.missing}",
                    f"end={one.part.clause.end[:1].strip()}",
                ]  # fmt: skip

    def days(self, status: str) -> Iterator[tuple[Day, Piece, list[str]]]:
        """(day, its clause, features) for each day that the draft speaks of."""
        total = sum(len(p.days) for p in self.pieces)
        count = 0
        for n, one in enumerate(self.pieces):
            earlier = self.pieces[n - 1].seen if n else "^"
            later = self.pieces[n + 1].seen if n + 1 < len(self.pieces) else "$"
            for day, at in one.days:
                count += 1
                shape = one.seen[at]
                before, after = one.seen[:at], one.seen[at + 1 :]
                own = f"{before[-10:]}◎{after[:10]}"
                yield day, one, [
                    *grams(own, 1, 4, "o:"), *(f"b:{before[-k:]}" for k in range(1, 5)),
                    *(f"a:{after[:k]}" for k in range(1, 5)), *grams(earlier[-8:], 1, 3, "e:"),
                    *grams(later[:8], 1, 3, "l:"), f"shape={shape}", f"status={status}", f"{shape}|{status}",
                    f"nth={min(count, 4)}", f"last={count == total}", f"only={total == 1}",
                    f"{status}|only={total == 1}|{shape}", f"{status}|last={count == total}|{shape}",
                    f"heading={self.draft.is_heading_plan}", f"told={one.part.is_told}",
                    f"clause={min(n, 4)}", f"alone={len(one.seen) < 3}", *self.rules[:6],
                ]  # fmt: skip

    def sums(self, status: str) -> Iterator[tuple[Money, list[str]]]:
        """(sum, features) for each sum of money that the draft speaks of."""
        before, count = "", 0
        for one in self.pieces:
            joined = f"{before}，{one.part.plain}" if before else one.part.plain
            for money in find_money(joined, len(joined) - len(one.part.plain)):
                count += 1
                left = _DIGITS.sub("0", joined[: money.start])[-10:]
                right = _DIGITS.sub("0", joined[money.end :])[:8]
                yield money, [
                    *grams(f"{left}◎{right}", 1, 4, "o:"), *(f"b:{left[-k:]}" for k in range(1, 5)),
                    *(f"a:{right[:k]}" for k in range(1, 4)), f"how={money.how}", f"size={len(str(int(money.value)))}",
                    f"status={status}", f"nth={min(count, 3)}", f"rule={money.value == self.draft.amount}",
                    f"rules={self.draft.amount is not None}", f"stage={self.draft.stage}", f"told={one.part.is_told}",
                ]  # fmt: skip
            before = one.part.plain
