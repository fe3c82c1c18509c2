"""The one description of how an opportunity moves: tables of daily rates by state, and what each day does to them.

A state has seven axes: stage (5), half of the stage (2), reschedules so far (0, 1, 2, 3 or more),
technical meeting held (2), stalled (2), competitor in (2), help (0 none, 1 asked for, 2 an answer works).
A customer that does not answer ("ghost") has instead its days of silence.

In a day at most one event happens: a half stage done (two are an advance), lost, ghost, reschedule,
technical meeting, rework. They compete: with hazards h and their sum H, some event happens with chance
1 - exp(-H), and it is the one with chance h / H. After it, if the opportunity goes on, stalled,
competitor and help change, in that order. The forward simulation (`process`) and the oracle (`oracle`)
both read these tables, so that the oracle's probabilities are those of the simulated company and of no
approximation to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from simulation.parameters import Hazards, Help, Parameters, Route

Floats = NDArray[np.float64]
SHAPE = (5, 2, 4, 2, 2, 2, 3)
EVENTS = ("advance", "lost", "ghost", "reschedule", "technical_meeting", "rework")


@dataclass(frozen=True)
class Rates:
    """Event hazards (tables of shape SHAPE) and chances of the rest, on a working day at strength 0."""

    event: dict[str, Floats]
    by_strength: dict[str, float]
    stall: Floats  # (stage, rival)
    unstall: float
    rival: Floats  # (stage,)
    ask: Floats  # (stage, reschedules, technical meeting)
    ask_after_reschedule: Floats  # (reschedules,) counted after the reschedule
    forgotten: float
    fade: float
    revive: float
    ghost_lost: float
    skip: Floats  # (stage,) share of advances that leave the next stage out
    lapse_days: int

    def hazard(self, name: str, strength: Floats) -> Floats:
        """The event's hazard by state (leading axes SHAPE) and strength (last axis)."""
        return self.event[name][..., None] * np.exp(self.by_strength[name] * strength)


def rates(h: Hazards, help_: Help, *, with_effect: bool = True) -> Rates:
    """Tables from parameters; `with_effect=False` is the world in which an answer changes nothing."""
    stage, _, count, met, stalled, rival, helped = np.indices(SHAPE)

    def per_stage(values: tuple[float, ...]) -> Floats:
        return np.asarray(values)[stage]

    no_meeting = (met == 0) & (stage >= 2)
    fail = np.exp(
        np.asarray(h.fail_by_reschedules)[count]
        + h.fail_without_technical * no_meeting
        + h.fail_reschedules_without_technical * (no_meeting & (count == 3))
        + h.fail_stalled * stalled
        + h.fail_quotation_stalled * (stalled & (stage == 3))
        + h.fail_rival * rival
        + h.fail_unanswered * (helped == 1)
        + (help_.effect if with_effect else 0.0) * (helped == 2)
    )
    advance = np.exp(h.advance_stalled * stalled + h.advance_rival * rival + h.advance_technical * met)
    put_off = np.exp(h.reschedule_stalled * stalled + h.reschedule_rival * rival)
    ask_stage, ask_count, ask_met = np.indices((5, 4, 2))
    ask = help_.ask * np.exp(
        np.asarray(help_.ask_by_reschedules)[ask_count]
        + help_.ask_without_technical * ((ask_met == 0) & (ask_stage >= 2))
        + help_.ask_in_quotation * (ask_stage == 3)
    )
    return Rates(
        event={
            "advance": per_stage(h.advance) * advance,
            "lost": per_stage(h.lost) * fail,
            "ghost": per_stage(h.ghost) * fail,
            "reschedule": per_stage(h.reschedule) * put_off,
            "technical_meeting": per_stage(h.technical_meeting) * (met == 0),
            "rework": per_stage(h.rework) * np.ones(SHAPE),
        },
        by_strength={
            "advance": h.advance_by_strength,
            "lost": h.fail_by_strength,
            "ghost": h.fail_by_strength,
            "reschedule": h.reschedule_by_strength,
            "technical_meeting": h.technical_by_strength,
            "rework": 0.0,
        },
        stall=np.asarray(h.stall)[:, None] * np.exp(h.stall_rival * np.arange(2)),
        unstall=h.unstall,
        rival=np.asarray(h.rival),
        ask=ask,
        ask_after_reschedule=np.asarray([0.0, 0.0, 1.0, 1.0]) * help_.ask_after_reschedule,
        forgotten=help_.forgotten,
        fade=help_.fade,
        revive=h.revive,
        ghost_lost=h.ghost_lost,
        skip=np.asarray([h.skip_share] * 3 + [0.0, 0.0]),
        lapse_days=h.lapse_days,
    )


@dataclass(frozen=True)
class Schedule:
    """What each day does, from the first simulated day on (arrays over days).

    `work` is the day's worth of a working day; `advance` and `fail` multiply those chances;
    `same_day` and `later_day` are the supervisor's chances of answering; `is_form` the route.
    """

    work: Floats
    advance: Floats
    fail: Floats
    same_day: Floats
    later_day: Floats
    is_form: NDArray[np.bool_]


def working_share(p: Parameters, days: int) -> Floats:
    """Each day's worth of a working day, `days` days from the start."""
    season = p.season
    off = {first + timedelta(n) for first, last in season.days_off for n in range((last - first).days + 1)}
    worth = []
    for n in range(days):
        day = p.start + timedelta(n)
        if day in off:
            worth.append(season.feast_work)
        elif day.weekday() >= 5 and day not in season.working_weekends:
            worth.append(season.weekend_work)
        else:
            worth.append(1.0)
    return np.asarray(worth)


def schedule(p: Parameters, region: str, city: str, days: int, *, with_switch: bool = True) -> Schedule:
    """The days of one city; `with_switch=False` is the world in which its region stays on its first route."""
    work = working_share(p, days)
    calendar = [p.start + timedelta(n) for n in range(days)]
    route = p.reporting.routes[region]
    switches = with_switch and region == p.reporting.switch_region
    is_form = np.asarray([route == "form" or (switches and day >= p.reporting.switch_day) for day in calendar])
    factor, ratio = np.ones(days), np.zeros(days)
    for month, first, to_month, last, on_advance, on_fail in p.season.freezes:
        inside = np.asarray([date(d.year, month, first) <= d <= date(d.year, to_month, last) for d in calendar])
        factor[inside] *= on_advance
        ratio[inside] += on_fail
    for where, first_day, last_day, on_advance in p.market.shocks:
        if where == city:
            factor[np.asarray([first_day <= d <= last_day for d in calendar])] *= on_advance

    def by_route(values: dict[Route, float]) -> Floats:
        return np.where(is_form, values["form"], values["paper"])

    return Schedule(
        work=work,
        advance=work * factor * np.exp(np.where(is_form, 0.0, p.hazards.advance_on_paper)),
        fail=work * np.exp(ratio),
        same_day=by_route(p.help.same_day),
        later_day=by_route(p.help.later_day) * np.clip(work * 2, 0.05, 1.0),
        is_form=is_form,
    )
