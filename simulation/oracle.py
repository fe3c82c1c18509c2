"""The true probability of failing and of signing within the horizon, by backward recursion: exact, not sampled.

Going back from each Monday's horizon, the chance of an outcome from a state is the chance-weighted mean
over what the next day may bring: the Chapman-Kolmogorov equation of the chain in `hazards`, with its
season, route and shocks. It is solved on a few strengths (Chebyshev nodes) and interpolated between them
on the logit scale. Cost does not grow with the company.

Arrays hold the outcome first (fail, sign), then the state's axes, then the columns: one for each Monday
and strength, contiguous.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulation.hazards import EVENTS, SHAPE, Rates, Schedule

Floats = NDArray[np.float32]
FAIL, SIGN = 0, 1
REACH = 2.0  # strengths beyond are taken as this
STRENGTHS = 6
BLOCK = 26  # Mondays solved together
GHOSTS = 80  # what a silent opportunity keeps: stage 5 x reschedules 4 x technical meeting 2 x competitor 2


def nodes(count: int = STRENGTHS) -> NDArray[np.float64]:
    """Strengths at which the recursion is solved."""
    return REACH * np.cos(np.pi * (2 * np.arange(count) + 1) / (2 * count))


class Oracle:
    """p(outcome | Monday, strength, state) under one schedule, for the Mondays given (day numbers)."""

    def __init__(self, rates: Rates, schedule: Schedule, mondays: NDArray[np.int64], horizon: int) -> None:
        self.nodes = nodes()
        self.row = {int(monday): number for number, monday in enumerate(mondays)}
        hazards = {name: rates.hazard(name, self.nodes).astype(np.float32) for name in EVENTS}
        solved = [
            _solve(rates, schedule, hazards, mondays[first : first + BLOCK], horizon)
            for first in range(0, len(mondays), BLOCK)
        ]
        self.talking = _logits(np.concatenate([part[0] for part in solved], axis=2))  # (2, states, Mondays, nodes)
        self.silent = _logits(np.concatenate([part[1] for part in solved], axis=2))  # (2, silence x GHOSTS, ...)

    def probabilities(
        self,
        monday: NDArray[np.int64],
        strength: NDArray[np.float64],
        state: NDArray[np.int64],
        silence: NDArray[np.int64],
        ghost_state: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """(n, 2): p_fail and p_sign. `silence` is -1 where the customer answers, else days so far, and then
        `ghost_state` (stage, reschedules, technical meeting, competitor) counts instead of `state`."""
        row = np.asarray([self.row[int(day)] for day in monday], dtype=np.int64)
        weights = _interpolation(self.nodes, np.clip(strength, -REACH, REACH))
        logits = np.empty((len(row), 2))
        for table, here, place in (
            (self.talking, silence < 0, state),
            (self.silent, silence >= 0, silence * GHOSTS + ghost_state),
        ):
            logits[here] = np.einsum("nk,onk->no", weights[here], table[:, place[here], row[here]])
        odds = 1 / (1 + np.exp(-logits))
        odds[:, FAIL] *= 1 - odds[:, SIGN]
        return odds


def _solve(
    r: Rates, s: Schedule, hazards: dict[str, Floats], mondays: NDArray[np.int64], horizon: int
) -> tuple[Floats, Floats]:
    """Values on each Monday: (2, states, Mondays, nodes) and, of ghosts, (2, silence x GHOSTS, Mondays, nodes)."""
    count, width = len(mondays), len(mondays) * STRENGTHS

    def on(values: NDArray[np.float64], day: NDArray[np.int64]) -> Floats:
        return np.repeat(values[day], STRENGTHS).astype(np.float32)

    tiled = {name: np.tile(table, count) for name, table in hazards.items()}
    ghosts = _Ghosts(r, [on(s.work, mondays + step) for step in range(horizon)], horizon, width)
    value = np.zeros((2, *SHAPE, width), dtype=np.float32)
    skip = r.skip.astype(np.float32)[:3].reshape(3, 1, 1, 1, 1, 1)
    for step in range(horizon - 1, -1, -1):
        day = mondays + step
        work, advance, fail = on(s.work, day), on(s.advance, day), on(s.fail, day)
        same_day, later = on(s.same_day, day), on(s.later_day, day)
        new_ghost = ghosts.fresh(step + 1)  # (2, stage, count, met, rival, width)
        back = value[:, :, 0, :, :, 1, :, 0]
        ghosts.learn(step, back)
        stay = _drift(r, value, work, same_day, later)
        asking = _drift_unhelped(r, value, work, same_day, r.ask_after_reschedule.reshape(1, 4, 1))
        hazard = {name: tiled[name] * factor for name, factor in _factors(work, advance, fail).items()}
        gain = np.zeros_like(stay)

        # half a stage done: the second half, or on to the next stage, or over one
        gain[:, :, 0] += hazard["advance"][:, 0] * (stay[:, :, 1] - stay[:, :, 0])
        fresh = stay[:, :, 0, :, :, 0]  # (2, stage, count, met, rival, help, width)
        ahead = np.empty_like(fresh)
        ahead[:, :4] = fresh[:, 1:]
        ahead[:, :3] += skip * (fresh[:, 2:] - fresh[:, 1:4])
        ahead[FAIL, 4], ahead[SIGN, 4] = 0, 1
        gain[:, :, 1] += hazard["advance"][:, 1] * (ahead[:, :, :, :, None] - stay[:, :, 1])

        gain -= hazard["lost"] * stay
        gain[FAIL] += hazard["lost"]
        gain += hazard["ghost"] * (new_ghost[:, :, None, :, :, None, :, None] - stay)
        put_off = stay.copy()
        put_off[..., 0, :] = asking
        moved = hazard["reschedule"]
        gain[:, :, :, :3] += moved[:, :, :3] * (put_off[:, :, :, 1:] - stay[:, :, :, :3])
        gain[:, :, :, 3] += moved[:, :, 3] * (put_off[:, :, :, 3] - stay[:, :, :, 3])
        gain[:, :, :, :, 0] += hazard["technical_meeting"][:, :, :, 0] * (stay[:, :, :, :, 1] - stay[:, :, :, :, 0])
        gain[:, 1:] += hazard["rework"][1:] * (stay[:, :-1, :1, :, :, :1] - stay[:, 1:])

        total = sum(hazard.values(), np.zeros_like(stay[FAIL]))
        gain *= -np.expm1(-total) / np.maximum(total, np.float32(1e-12))
        value = stay + gain
    states = int(np.prod(SHAPE))
    return value.reshape(2, states, count, STRENGTHS), ghosts.all_ages().reshape(2, -1, count, STRENGTHS)


def _factors(work: Floats, advance: Floats, fail: Floats) -> dict[str, Floats]:
    """What the day does to each event's hazard."""
    return {
        "advance": advance,
        "lost": fail,
        "ghost": fail,
        "reschedule": work,
        "technical_meeting": work,
        "rework": work,
    }


class _Ghosts:
    """Values of silent opportunities. From silence `a` at the start of a day, each day brings the customer
    back, or a loss, or one more day; the last of the lapse days ends it. So the value is a sum over the days
    left of (chance to have stayed silent) x (what the day brings), kept as a running sum."""

    def __init__(self, r: Rates, work: list[Floats], horizon: int, width: int) -> None:
        self.r, self.work, self.horizon = r, work, horizon
        self.stay = np.ones((horizon + 1, width), dtype=np.float32)
        self.stay[:horizon] -= (r.revive + r.ghost_lost) * np.stack(work)
        self.brings: list[Floats] = [np.zeros(0, dtype=np.float32)] * horizon
        self.sum = np.zeros((2, 5, 4, 2, 2, width), dtype=np.float32)

    def learn(self, step: int, back: Floats) -> None:
        """Take in day `step`: `back` is the value of having come back on it."""
        brings = self.r.revive * self.work[step] * back
        brings[FAIL] += self.r.ghost_lost * self.work[step]
        self.brings[step] = brings
        gone = step + self.r.lapse_days
        if gone < self.horizon:
            self.sum -= self.stay[step + 1 : gone].prod(axis=0) * self.brings[gone]
        self.sum = brings + self.stay[step] * self.sum

    def fresh(self, step: int) -> Floats:
        """Value at the start of day `step` of a silence that began the day before."""
        last = step + self.r.lapse_days - 1
        if last >= self.horizon:
            return self.sum
        value = self.sum.copy()
        value[FAIL] += self.stay[step : last + 1].prod(axis=0)
        return value

    def all_ages(self) -> Floats:
        """Values on the first day for every silence 0 .. lapse_days - 1: (2, silence, GHOSTS..., width)."""
        lapse = self.r.lapse_days
        ages = np.zeros((2, lapse, *self.sum.shape[1:]), dtype=np.float32)
        total, stayed = np.zeros_like(self.sum), np.ones_like(self.stay[0])
        for left in range(1, lapse + 1):  # days left, the first day included
            if left <= self.horizon:
                total = total + stayed * self.brings[left - 1]
                stayed = stayed * self.stay[left - 1]
            ages[:, lapse - left] = total
            if left <= self.horizon:
                ages[FAIL, lapse - left] += stayed
        return ages


def _drift(r: Rates, value: Floats, work: Floats, same_day: Floats, later: Floats) -> Floats:
    """The mean of tomorrow's values over today's changes of help, competitor and stall (applied backward)."""
    none, asked, helped = (value[..., state, :] for state in range(3))
    out = np.empty_like(value)
    waiting = asked + np.float32(r.forgotten) * (none - asked)
    out[..., 1, :] = waiting + later * (helped - waiting)
    out[..., 2, :] = helped + np.float32(r.fade) * (none - helped)
    _hidden(r, out[..., 1:, :], work)
    out[..., 0, :] = _drift_unhelped(r, value, work, same_day, r.ask)
    return out


def _drift_unhelped(r: Rates, value: Floats, work: Floats, same_day: Floats, ask: NDArray[np.float64]) -> Floats:
    """The same for states without help, which may call for it: `ask` by (stage, reschedules, technical meeting)."""
    asks = ask.astype(np.float32).reshape(ask.shape[0], 1, ask.shape[1], ask.shape[2], 1, 1, 1) * work
    none, asked, helped = (value[..., state, :] for state in range(3))
    out = none + asks * (asked - none + same_day * (helped - asked))
    _hidden(r, out[..., None, :], work)
    return out


def _hidden(r: Rates, out: Floats, work: Floats) -> None:
    """Average over the competitor's coming and then over stalling, in place."""
    comes = r.rival.astype(np.float32).reshape(5, 1, 1, 1, 1, 1, 1) * work
    out[..., 0, :, :] += comes * (out[..., 1, :, :] - out[..., 0, :, :])
    stall = r.stall.astype(np.float32).reshape(5, 1, 1, 1, 2, 1, 1) * work
    difference = out[:, :, :, :, :, 1] - out[:, :, :, :, :, 0]
    out[:, :, :, :, :, 0] += stall * difference
    out[:, :, :, :, :, 1] -= (np.float32(r.unstall) * work) * difference


def _logits(p: Floats) -> Floats:
    """Logits of (failing if not signing, signing): so interpolated, the two never add up to more than 1."""
    failing = p[FAIL] / np.maximum(1 - p[SIGN], 1e-6)
    p = np.clip(np.stack([failing, p[SIGN]]), 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def _interpolation(at: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lagrange weights (n, nodes) of the polynomial through the nodes."""
    weights = np.ones((len(x), len(at)))
    for k, node in enumerate(at):
        for other in np.delete(at, k):
            weights[:, k] *= (x - other) / (node - other)
    return weights
