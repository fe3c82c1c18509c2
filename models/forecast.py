"""The signing forecast: how many signings, and how much, in each span of time and place to come.

Two sources of signings: what is open now, by the risk model's cumulative incidence of signing; and what will
still arrive, as a Poisson process at the recent rate, each arrival signing by the age curve of those before
(Aalen-Johansen, with failing as the competing risk). Expected values are exact and add up over places. Intervals
come from a seeded simulation in which every opportunity draws its time of signing and whole regions and the
company share good and bad luck (lognormal factors on the intensity), without which sums of thousands of
independent draws would look far too sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features import Floats
from models.hazards import FAIL, SIGN

Ints = NDArray[np.int64]
DRAWS = 1000
CHUNK = 1500
INTERVAL = (0.1, 0.9)
PRIOR_SPREAD = 0.18  # of a shared factor, before any forecast has been checked against what came
PRIOR_ORIGINS = 4.0


@dataclass(frozen=True)
class Open:
    """Open opportunities: place (index), expected amount, and chance to be signed by each boundary (n, cells)."""

    place: Ints
    amount: Floats
    signed_by: Floats


@dataclass(frozen=True)
class Arrivals:
    """New opportunities: arrivals a day by place, chance to be signed by age in whole days (from day 0), and the
    mean and coefficient of variation of a signing's amount."""

    rate: Floats
    curve: Floats
    mean_amount: float
    amount_spread: float


@dataclass(frozen=True)
class Shocks:
    """Log standard deviation of the factors that the company, and each region, shares; amount noise of a deal."""

    company: float = PRIOR_SPREAD
    region: float = PRIOR_SPREAD
    amount: float = 0.2


@dataclass(frozen=True)
class Forecast:
    """By place and cell (span between two boundaries): expected values, and draws (places, cells, draws)."""

    mean_signings: Floats
    mean_amounts: Floats
    signings: NDArray[np.float32]
    amounts: NDArray[np.float32]


def incidence_by_age(days: Floats, outcome: Ints, followed: Floats, longest: int, window: float) -> Floats:
    """(2, longest + 1) Aalen-Johansen cumulative incidence of FAIL and SIGN by the end of each day of age.

    `days` is the age at closing (infinite where open), `followed` the age to which each was followed, both >= 0.
    Only the last `window` days of each history count: opportunities enter at the age they had when the window
    began (left truncation), so that the curve is that of the recent past and not of some year's average.
    All that happens on one day is one event time, so ties need no jitter.
    """
    size = longest + 2
    ended = np.minimum(days, followed)
    entry = np.maximum(followed - window, 0.0)
    inside = ended >= entry
    days, outcome, followed, ended, entry = (x[inside] for x in (days, outcome, followed, ended, entry))  # type: ignore[assignment]
    closed = (outcome >= 0) & (days <= followed)
    day = np.minimum(np.floor(ended), size - 1).astype(np.int64)
    first = np.minimum(np.floor(entry), size - 1).astype(np.int64)
    entered = np.cumsum(np.bincount(first, minlength=size))
    gone = np.concatenate([[0], np.cumsum(np.bincount(day, minlength=size))[:-1]])
    at_risk = np.maximum(entered - gone, 1)
    closing = np.bincount(day[closed], minlength=size)
    survival = np.concatenate([[1.0], np.cumprod(1 - closing / at_risk)[:-1]])
    curves = [
        np.cumsum(survival * np.bincount(day[closed & (outcome == cause)], minlength=size) / at_risk)
        for cause in (FAIL, SIGN)
    ]
    return np.stack(curves)[:, : longest + 1]


def signed_from_age(curves: Floats, age: Floats, boundaries: Floats) -> Floats:
    """(n, cells) chance that what is open at `age` days is signed by each boundary, by the age curve alone."""
    last = curves.shape[1]
    grid = np.arange(1, last + 1)
    signed = np.interp(age[:, None] + boundaries[None, :], grid, curves[SIGN])
    start = np.interp(age, grid, curves[SIGN])
    still_open = 1 - start - np.interp(age, grid, curves[FAIL])
    chance: Floats = np.clip((signed - start[:, None]) / np.maximum(still_open, 1e-3)[:, None], 0.0, 1.0)
    return chance


def arrivals_signed(arrivals: Arrivals, boundaries: Floats) -> Floats:
    """(cells,) expected signings, per unit of arrival rate, in each cell: the curve summed over days of arrival."""
    total = np.concatenate([[0.0], np.cumsum(arrivals.curve)])
    by = np.interp(boundaries, np.arange(len(total)), total)
    return np.diff(np.concatenate([[0.0], by]))


def forecast(open_: Open, arrivals: Arrivals, boundaries: Floats, region: Ints, shocks: Shocks, seed: int) -> Forecast:
    """Forecast cells ending at `boundaries` (days from now, ascending). `region`: region index of each place."""
    rng = np.random.default_rng(seed)
    places, cells = len(region), len(boundaries)
    regions = int(region.max(initial=-1)) + 1
    factor = _lognormal(rng, shocks.company, (1, DRAWS)) * _lognormal(rng, shocks.region, (regions, DRAWS))
    factor = factor[region] if places else np.ones((0, DRAWS))

    mean_signings, mean_amounts = np.zeros((places, cells)), np.zeros((places, cells))
    within = np.diff(open_.signed_by, axis=1, prepend=0.0)
    np.add.at(mean_signings, open_.place, within)
    np.add.at(mean_amounts, open_.place, within * open_.amount[:, None])
    new = arrivals.rate[:, None] * arrivals_signed(arrivals, boundaries)
    mean_signings += new
    mean_amounts += new * arrivals.mean_amount

    signings = rng.poisson(new[:, :, None] * factor[:, None, :]).astype(np.float32)
    amounts = _sum_of_amounts(rng, signings, arrivals)
    intensity = -np.log1p(-np.minimum(open_.signed_by, 1 - 1e-9))
    order = np.argsort(open_.place, kind="stable")
    for first in range(0, len(order), CHUNK):
        rows = order[first : first + CHUNK]
        place = open_.place[rows]
        luck = rng.exponential(size=(len(rows), DRAWS)) / factor[place]
        worth = open_.amount[rows, None] * _lognormal(rng, shocks.amount, (len(rows), DRAWS))
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        before = np.zeros((len(rows), DRAWS), dtype=bool)
        for cell in range(cells):
            by_now = luck <= intensity[rows, cell][:, None]
            here = by_now & ~before
            signings[place[starts], cell] += np.add.reduceat(here.astype(np.float32), starts, axis=0)
            amounts[place[starts], cell] += np.add.reduceat(np.where(here, worth, 0.0), starts, axis=0)
            before = by_now
    return Forecast(mean_signings, mean_amounts, signings, amounts)


def interval(draws: Floats | NDArray[np.float32]) -> tuple[Floats, Floats]:
    """The 80% interval over the last axis."""
    low, high = np.quantile(draws, INTERVAL, axis=-1)
    return low, high


def shared_spread(actual: Floats, expected: Floats, prior: float = PRIOR_SPREAD) -> float:
    """Log standard deviation of a shared factor, from past forecasts of counts: what the errors vary by beyond
    the Poisson noise of the counts, shrunk to the prior as if that had been seen at four origins more."""
    usable = expected > 0
    actual, expected = actual[usable], expected[usable]
    excess = ((actual - expected) ** 2 - expected) / expected**2
    return float(np.sqrt(max((excess.sum() + PRIOR_ORIGINS * prior**2) / (len(excess) + PRIOR_ORIGINS), 0.0)))


def wape(actual: Sequence[float] | Floats, expected: Sequence[float] | Floats) -> float | None:
    """Sum of absolute errors over the sum of what came; None for 0/0."""
    came, said = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    return float(np.abs(came - said).sum() / came.sum()) if came.sum() > 0 else None


def _lognormal(rng: np.random.Generator, spread: float, size: tuple[int, int]) -> Floats:
    """Factors with mean one."""
    return rng.lognormal(-(spread**2) / 2, spread, size)


def _sum_of_amounts(rng: np.random.Generator, counts: NDArray[np.float32], arrivals: Arrivals) -> NDArray[np.float32]:
    """Sums of `counts` amounts each, as a gamma of the sum's mean and variance."""
    shape = np.maximum(counts, 1e-9) / max(arrivals.amount_spread**2, 1e-6)
    scale = arrivals.mean_amount * max(arrivals.amount_spread**2, 1e-6)
    drawn = rng.gamma(shape, scale)
    return np.where(counts > 0, drawn, 0.0).astype(np.float32)
