"""The statistics of small tables: intervals of shares and of their differences, tests, and transformed intervals.

Survival curves themselves are computed in SQL (`sql/survival.sql`, `sql/competing.sql`); what is left here is
arithmetic on a handful of numbers, so it needs nothing but the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)
_Z80 = NormalDist().inv_cdf(0.8)
# Fewer expected successes or failures than this, or fewer units, and a difference is not judged.
SMALLEST_EXPECTED = 5
SMALLEST_GROUP = 30


@dataclass(frozen=True)
class Interval:
    """A 95% interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """The difference of two shares (first - second), a 95% interval, and how it stands against no difference.

    `detectable`: the smallest difference that groups of this size would show in four tests of five.
    """

    difference: float
    interval: Interval
    p_value: float
    test: str
    is_too_small: bool
    detectable: float


def rate(count: int, of: int) -> float | None:
    """count / of; null for 0/0, never 0%."""
    return count / of if of else None


def wilson(count: int, of: int, z: float = Z95) -> Interval | None:
    """The score interval of a share (Wilson 1927, JASA 22:209); null for 0/0."""
    if of == 0:
        return None
    share = count / of
    centre = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    low = 0.0 if count == 0 else (centre - spread) / scale
    high = 1.0 if count == of else (centre + spread) / scale
    return Interval(low, high)


def difference(count_1: int, of_1: int, count_2: int, of_2: int) -> Difference | None:
    """Two shares compared; null where either is 0/0.

    Interval: Newcombe's hybrid score (1998, Stat Med 17:873, method 10). Test: pooled z (chi-squared without
    correction), or Fisher's exact where an expected cell is below 5.
    """
    first, second = wilson(count_1, of_1), wilson(count_2, of_2)
    if first is None or second is None:
        return None
    share_1, share_2 = count_1 / of_1, count_2 / of_2
    low = share_1 - share_2 - math.hypot(share_1 - first.low, second.high - share_2)
    high = share_1 - share_2 + math.hypot(first.high - share_1, share_2 - second.low)
    pooled = (count_1 + count_2) / (of_1 + of_2)
    expected = min(pooled, 1 - pooled) * min(of_1, of_2)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / of_1 + 1 / of_2))
    is_exact = expected < SMALLEST_EXPECTED
    if is_exact:
        p_value = fisher_exact(count_1, of_1 - count_1, count_2, of_2 - count_2)
    else:
        p_value = math.erfc(abs(share_1 - share_2) / spread / math.sqrt(2))
    return Difference(
        difference=share_1 - share_2,
        interval=Interval(low, high),
        p_value=p_value,
        test="fisher" if is_exact else "z",
        is_too_small=is_exact or min(of_1, of_2) < SMALLEST_GROUP,
        detectable=(Z95 + _Z80) * spread,
    )


def fisher_exact(a: int, b: int, c: int, d: int) -> float:
    """Two-sided p of the 2x2 table ((a, b), (c, d)): the sum over tables no likelier than the one seen."""
    row, column, total = a + b, a + c, a + b + c + d

    def log_likelihood(x: int) -> float:
        return _log_choose(column, x) + _log_choose(total - column, row - x) - _log_choose(total, row)

    seen = log_likelihood(a)
    tables = range(max(0, row + column - total), min(row, column) + 1)
    return min(1.0, math.fsum(math.exp(v) for v in map(log_likelihood, tables) if v <= seen + 1e-7))


def holm(p_values: Sequence[float]) -> list[float]:
    """p values adjusted for having looked at them all (Holm 1979, Scand J Stat 6:65), in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, p_values[i] * (len(p_values) - rank)))
        adjusted[i] = largest
    return adjusted


def incidence_interval(incidence: float, variance: float) -> Interval | None:
    """95% interval of a cumulative incidence on the log(-log) scale (delta method); null at 0 and at 1.

    Collett, Modelling Survival Data in Medical Research, 3rd ed., p. 411; equal to lifelines'.
    """
    if not 0 < incidence < 1 or variance < 0:
        return None
    centre = math.log(-math.log(incidence))
    spread = Z95 * math.sqrt(variance) / (incidence * abs(math.log(incidence)))
    return Interval(math.exp(-math.exp(centre + spread)), math.exp(-math.exp(centre - spread)))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
