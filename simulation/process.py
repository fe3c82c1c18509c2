"""Opportunities lived forward, day by day, all of a chunk at once, in several worlds with the same chances.

Every opportunity has its own random numbers for each day of its age, whatever happens to it; so the
worlds (as it was; as if no answer ever helped; as if the route had not been switched) differ by their
rules alone, and an opportunity's outcomes in them are potential outcomes of one and the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulation.hazards import EVENTS, SHAPE, Rates, Schedule

Ints = NDArray[np.int64]
OPEN, WON, LOST, LAPSED = 0, 1, 2, 3
OUTCOMES = ("open", "won", "lost", "lapsed")
STRIDES = tuple(int(np.prod(SHAPE[axis + 1 :])) for axis in range(len(SHAPE)))
DRAWS = 7  # uniforms per opportunity and day: event, split, stall, rival, help, answer, visit


@dataclass
class Log:
    """What happened, one row each: opportunity (index in the chunk), day, code, a detail, in order of days."""

    parts: list[tuple[Ints, Ints, Ints]] = field(default_factory=list)

    def add(self, who: Ints, day: Ints, detail: Ints | int) -> None:
        if len(who):
            self.parts.append((who, day, np.broadcast_to(np.asarray(detail, dtype=np.int64), who.shape)))

    def table(self) -> tuple[Ints, Ints, Ints]:
        """(opportunity, day, detail), sorted by opportunity and then day."""
        if not self.parts:
            nothing = np.zeros(0, dtype=np.int64)
            return nothing, nothing, nothing
        who, day, detail = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        order = np.lexsort((day, who))
        return who[order], day[order], detail[order]


@dataclass
class World:
    """One world's state. Arrays are indexed by opportunity; day numbers count from the first simulated day."""

    rates: Rates
    schedules: list[Schedule]
    schedule: Ints
    axes: NDArray[np.int8]
    ghost: Ints
    outcome: NDArray[np.int8]
    closed: Ints
    last_contact: Ints
    tables: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    days: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def begin(
        cls, rates: Rates, schedules: list[Schedule], schedule: Ints, rival: NDArray[np.bool_], created: Ints
    ) -> World:
        """Everybody open in the first half of the first stage; `rival`: a competitor is there already."""
        n = len(rival)
        axes = np.zeros((len(SHAPE), n), dtype=np.int8)
        axes[5] = rival
        world = cls(
            rates, schedules, schedule, axes, np.full(n, -1), np.zeros(n, np.int8), np.full(n, -1), created.copy()
        )
        world.tables = {name: rates.event[name].ravel() for name in EVENTS}
        for name in ("work", "advance", "fail", "same_day", "later_day"):
            world.days[name] = np.stack([getattr(s, name) for s in schedules])
        return world

    def flat(self, who: Ints) -> Ints:
        """Index of each opportunity's state in a raveled table."""
        return np.tensordot(np.asarray(STRIDES), self.axes[:, who].astype(np.int64), axes=1)


@dataclass(frozen=True)
class Cast:
    """The opportunities of a chunk: strength, created on which day, under which schedule in the real world."""

    strength: NDArray[np.float64]
    created: Ints
    schedule: Ints


class Story:
    """The logs of the world as it was, from which records are written."""

    def __init__(self) -> None:
        self.stages, self.lost, self.ghosts, self.revivals = Log(), Log(), Log(), Log()
        self.reschedules, self.meetings, self.asked, self.answered = Log(), Log(), Log(), Log()
        self.visits, self.not_held, self.rivals, self.halves = Log(), Log(), Log(), Log()


@dataclass(frozen=True)
class Look:
    """Open opportunities on a Monday, before its events: who, day, state index, days of silence (-1: none)."""

    who: Ints
    day: Ints
    state: Ints
    silence: Ints


def live(
    cast: Cast,
    worlds: list[World],
    rng: np.random.Generator,
    *,
    last_day: int,
    visits: dict[str, NDArray[np.float64] | float],
    story: Story,
    monday: int,
    looks_until: int,
) -> Iterator[Look]:
    """Run every world to `last_day`; worlds[0] is told in `story`; yields its landmarks up to `looks_until`.

    `monday`: day number (mod 7) of Mondays.
    """
    n = len(cast.created)
    ratio = {
        name: np.exp(worlds[0].rates.by_strength[name] * cast.strength)
        for name in ("advance", "lost", "reschedule", "technical_meeting")
    }
    ratio["ghost"], ratio["rework"] = ratio["lost"], np.ones(n)
    for age in range(1, last_day - int(cast.created.min(initial=last_day)) + 1):
        draws = rng.random((DRAWS, n))
        for number, world in enumerate(worlds):
            who = np.flatnonzero((world.outcome == OPEN) & (cast.created + age <= last_day))
            if not len(who):
                continue
            day = cast.created[who] + age
            told = story if number == 0 else None
            if told is not None:
                here = (day % 7 == monday) & (day <= looks_until)
                seen = who[here]
                yield Look(seen, day[here], world.flat(seen), world.ghost[seen])
            _one_day(world, cast, who, day, draws, ratio, told, visits)
        if all((w.outcome != OPEN).all() for w in worlds):
            return


def _one_day(
    world: World,
    cast: Cast,
    who: Ints,
    day: Ints,
    draws: NDArray[np.float64],
    ratio: dict[str, NDArray[np.float64]],
    story: Story | None,
    visits: dict[str, NDArray[np.float64] | float],
) -> None:
    silent = world.ghost[who] >= 0
    if silent.any():
        _ghost_day(world, cast, who[silent], day[silent], draws, story, visits)
    who, day = who[~silent], day[~silent]
    if not len(who):
        return
    r, axes = world.rates, world.axes
    sched = world.schedule[who]
    work = world.days["work"][sched, day]
    factor = {
        "advance": world.days["advance"][sched, day],
        "lost": world.days["fail"][sched, day],
        "ghost": world.days["fail"][sched, day],
        "reschedule": work,
        "technical_meeting": work,
        "rework": work,
    }
    state = world.flat(who)
    u, split = draws[0, who], draws[1, who]
    hazard = np.stack([world.tables[name][state] * ratio[name][who] * factor[name] for name in EVENTS])
    total = hazard.sum(axis=0)
    upper = np.cumsum(hazard, axis=0) * (-np.expm1(-total) / np.maximum(total, 1e-12))
    which = (u >= upper).sum(axis=0)
    happened = {name: which == place for place, name in enumerate(EVENTS)}

    contact = np.zeros(len(who), dtype=bool)
    half = happened["advance"]
    first_half = half & (axes[1, who] == 0)
    axes[1, who[first_half]] = 1
    ahead = half & ~first_half
    won = ahead & (axes[0, who] == 4)
    moved = ahead & ~won
    step = 1 + (split < r.skip[axes[0, who]])
    for moving, by in ((moved, step), (happened["rework"], np.full(len(who), -1))):
        movers = who[moving]
        axes[0, movers] += by[moving].astype(np.int8)
        axes[1, movers], axes[4, movers] = 0, 0
        contact |= moving
        if story is not None:
            story.stages.add(movers, day[moving], axes[0, movers].astype(np.int64))
    _close(world, who[won], day[won], WON)
    lost = happened["lost"]
    _close(world, who[lost], day[lost], LOST)
    gone = happened["ghost"]
    world.ghost[who[gone]] = 0
    put_off = happened["reschedule"]
    axes[2, who[put_off]] = np.minimum(axes[2, who[put_off]] + 1, 3)
    met = happened["technical_meeting"]
    axes[3, who[met]] = 1
    contact |= won | gone | met | (lost & (split < 0.6))
    if story is not None:
        story.halves.add(who[first_half], day[first_half], axes[0, who[first_half]].astype(np.int64))
        story.stages.add(who[won], day[won], 5)
        story.lost.add(who[lost], day[lost], axes[0, who[lost]].astype(np.int64))
        story.ghosts.add(who[gone], day[gone], axes[0, who[gone]].astype(np.int64))
        story.reschedules.add(who[put_off], day[put_off], axes[0, who[put_off]].astype(np.int64))
        story.meetings.add(who[met], day[met], axes[0, who[met]].astype(np.int64))

    _visit(world, who, day, work, draws[6, who], contact, put_off, story, visits)
    on = ~(won | lost | gone)
    _drift(world, cast, who[on], day[on], draws, put_off[on], story)


def _close(world: World, who: Ints, day: Ints, outcome: int) -> None:
    world.outcome[who], world.closed[who] = outcome, day


def _ghost_day(
    world: World,
    cast: Cast,
    who: Ints,
    day: Ints,
    draws: NDArray[np.float64],
    story: Story | None,
    visits: dict[str, NDArray[np.float64] | float],
) -> None:
    r = world.rates
    work = world.days["work"][world.schedule[who], day]
    u = draws[0, who]
    back = u < r.revive * work
    lost = ~back & (u < (r.revive + r.ghost_lost) * work)
    world.ghost[who] += 1
    lapsed = ~back & ~lost & (world.ghost[who] >= r.lapse_days)
    returned = who[back]
    world.ghost[returned] = -1
    world.axes[1, returned], world.axes[4, returned], world.axes[6, returned] = 0, 1, 0
    world.last_contact[returned] = day[back]
    _close(world, who[lost], day[lost], LOST)
    _close(world, who[lapsed], day[lapsed], LAPSED)
    if story is not None:
        stage = world.axes[0].astype(np.int64)
        story.revivals.add(returned, day[back], stage[returned])
        story.visits.add(returned, day[back], stage[returned] + 16 * 1)
        story.lost.add(who[lost], day[lost], stage[who[lost]])
        missed = ~back & ~lost & (draws[6, who] < float(visits["not_held_ghost"]) * work)
        story.not_held.add(who[missed], day[missed], stage[who[missed]])


def _visit(
    world: World,
    who: Ints,
    day: Ints,
    work: NDArray[np.float64],
    u: NDArray[np.float64],
    contact: NDArray[np.bool_],
    put_off: NDArray[np.bool_],
    story: Story | None,
    visits: dict[str, NDArray[np.float64] | float],
) -> None:
    """Contact on the day of a move or a meeting for sure, else by chance; a visit put off is none that day."""
    stage, stalled = world.axes[0, who], world.axes[4, who] == 1
    chance = np.asarray(visits["active"])[np.minimum(stage, 4)] * np.where(stalled, float(visits["stalled"]), 1.0)
    late = day - world.last_contact[who] >= float(visits["overdue_after_days"])
    chance = np.where(late, np.maximum(chance, float(visits["overdue"])), chance) * work
    done = contact | (~put_off & (u < chance))
    world.last_contact[who[done]] = day[done]
    if story is not None:
        detail = stage.astype(np.int64) + 16 * world.axes[4, who] + 32 * world.axes[5, who] + 64 * contact
        story.visits.add(who[done], day[done], detail[done])
        missed = ~done & ~put_off & (u > 1 - float(visits["not_held"]) * work)
        story.not_held.add(who[missed], day[missed], stage[missed].astype(np.int64))


def _drift(
    world: World,
    cast: Cast,
    who: Ints,
    day: Ints,
    draws: NDArray[np.float64],
    put_off: NDArray[np.bool_],
    story: Story | None,
) -> None:
    """Stall, competitor and help change, in that order, each from the state the one before left."""
    r, axes = world.rates, world.axes
    stage, count, met, stalled, rival, helped = (axes[axis, who] for axis in (0, 2, 3, 4, 5, 6))
    sched = world.schedule[who]
    work = world.days["work"][sched, day]
    u = draws[2, who]
    axes[4, who] = np.where(stalled == 1, u >= r.unstall * work, u < r.stall[stage, rival] * work)
    comes = (rival == 0) & (draws[3, who] < r.rival[stage] * work)
    axes[5, who[comes]] = 1
    asks = np.where(put_off, r.ask_after_reschedule[count], r.ask[stage, count, met]) * work
    u, answer = draws[4, who], draws[5, who]
    asked = (helped == 0) & (u < asks)
    at_once = asked & (answer < world.days["same_day"][sched, day])
    later = (helped == 1) & (answer < world.days["later_day"][sched, day])
    dropped = (helped == 1) & ~later & (u < r.forgotten)
    faded = (helped == 2) & (u < r.fade)
    after = helped.copy()
    after[asked], after[at_once | later], after[dropped | faded] = 1, 2, 0
    axes[6, who] = after
    if story is not None:
        story.rivals.add(who[comes], day[comes], stage[comes].astype(np.int64))
        story.asked.add(who[asked], day[asked], 0)
        story.answered.add(who[at_once | later], day[at_once | later], at_once[at_once | later].astype(np.int64))
