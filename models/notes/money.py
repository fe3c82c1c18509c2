"""The sums of money that a clause speaks of: where they stand, and how much each is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from data_contracts.spoken_numbers import spoken_amount
from models.notes import patterns

_NO_DIGIT_BEFORE = r"(?<![0-9a-z.,/:\-])"
_BARE = re.compile(
    rf"{_NO_DIGIT_BEFORE}[0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]{{1,2}})?(?![0-9.])"
    rf"|{_NO_DIGIT_BEFORE}[1-9][0-9]{{3,6}}(?:\.[0-9]{{1,2}})?(?![0-9.:/\-年号])"
)
_LEAST = 300


@dataclass(frozen=True)
class Money:
    """A sum in yuan, the expression and where it stands in the text looked at, and how it is told:
    `times` (quantity by price), `unit` (万, 元…) or `bare` (a number alone)."""

    value: Decimal
    text: str
    start: int
    end: int
    how: str


def find_money(plain: str, since: int = 0) -> list[Money]:
    """Every sum of a normalised text that ends after `since`, in order; none within another."""
    found: list[Money] = []

    def add(value: Decimal | None, match: re.Match[str], group: str | int, how: str) -> None:
        start, end = match.span(group)
        if value is None or value < _LEAST or end <= since or any(start < m.end and m.start < end for m in found):
            return
        found.append(Money(value, match[group], start, end, how))

    for pattern in patterns.TIMES:
        for match in pattern.finditer(plain):
            quantity, price = spoken_amount(match["q"]), spoken_amount(match["p"])
            if quantity and price:
                add(quantity * price, match, 0, "times")
    for match in patterns.AMOUNT.finditer(plain):
        if not _is_range(plain, match):
            add(spoken_amount(re.sub(r"[\s个]", "", match["a"])), match, "a", "unit")
    for match in _BARE.finditer(plain):
        add(spoken_amount(match[0]), match, 0, "bare")
    return sorted(found, key=lambda m: m.start)


def _is_range(plain: str, match: re.Match[str]) -> bool:
    """两三万, 3-5万, 3万多: no one sum."""
    since = max(0, match.start() - 4)
    return any(
        since + found.start() < match.end() and since + found.end() > match.start()
        for found in patterns.RANGE.finditer(plain[since : match.end() + 3])
    )
