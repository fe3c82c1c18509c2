"""From days to moments: what a chunk's story says happened on a day gets its time, its visit, its plan.

Times are seconds of local time since the first day's midnight. A visit has a number within its
opportunity, one plan for each time it was put off, and ends done, cancelled, missed or nowhere.
What happens after a loss or a lapse (reopened, back again) is added here; the oracle does not see it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.market import Opportunities
from simulation.parameters import Parameters
from simulation.process import LAPSED, LOST, Story, World

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
DAY = 86_400
NEVER = -1
KINDS = ("visit", "call", "demo", "technical_meeting", "sample_trial", "negotiation")
DONE, CANCELLED, NO_SHOW, NOWHERE = 0, 1, 2, 3
ENTER_LAST, WON_EVENT, LOST_EVENT, REOPENED_EVENT = 4, 5, 6, 7
KIND_SHARES = np.cumsum(
    [
        (0.60, 0.40, 0.00, 0.00, 0.00, 0.00),
        (0.55, 0.45, 0.00, 0.00, 0.00, 0.00),
        (0.30, 0.22, 0.26, 0.00, 0.22, 0.00),
        (0.26, 0.40, 0.00, 0.00, 0.00, 0.34),
        (0.55, 0.45, 0.00, 0.00, 0.00, 0.00),
    ],
    axis=1,
)
LOST_REASONS = (
    "价格太高", "竞品抢单", "客户预算冻结", "方案不符合需求", "客户反复改期后放弃", "账期谈不拢",
    "客户关店或转行", "其他",
)  # fmt: skip


@dataclass
class Visits:
    """One row per visit: `end` says how it ended at `t` (NOWHERE: put off and never heard of again).

    `plan` is the first time agreed (NEVER: unplanned) and `arranged` when that was agreed.
    """

    opp: Ints
    number: Ints
    kind: Ints
    end: Ints
    t: Ints
    plan: Ints
    arranged: Ints
    stage: Ints
    stalled: Flags
    rival: Flags
    must_report: Flags


@dataclass
class Moves:
    """One row per time a visit was put off: at `t`, from `old` to `new`; `visit` is its row in Visits."""

    visit: Ints
    t: Ints
    old: Ints
    new: Ints


@dataclass
class StageEvents:
    """One row per event: code 0..4 entered, 5 won, 6 lost (`detail`: reason), 7 reopened (`detail`: stage)."""

    opp: Ints
    t: Ints
    code: Ints
    detail: Ints
    has_visit: Flags


@dataclass
class Answers:
    """One row per call for help; `answered` NEVER where it was forgotten. `stage` is the stage then."""

    opp: Ints
    asked: Ints
    answered: Ints
    stage: Ints


@dataclass
class Timeline:
    """Everything of a chunk, in moments."""

    visits: Visits
    moves: Moves
    events: StageEvents
    answers: Answers
    half_at: Ints  # (opp, stage): when the first half of the stage was done, or NEVER


def tell(p: Parameters, opp: Opportunities, world: World, story: Story, rng: np.random.Generator) -> Timeline:
    """Give times to the story of `world`."""
    n = len(opp)
    after = _afterlife(p, world, rng)
    visit_opp, visit_day, detail = _join(story.visits.table(), after["visits"])
    visit_t = visit_day * DAY + rng.integers(9 * 3600, 17 * 3600 + 1800, len(visit_day))
    visit_key = visit_opp * 4096 + visit_day

    meet_opp, meet_day, _ = story.meetings.table()
    is_meeting = np.isin(visit_key, meet_opp * 4096 + meet_day)
    entered_opp, entered_day, entered = story.stages.table()
    is_demo = np.isin(visit_key, (entered_opp * 4096 + entered_day)[entered == 2])
    stage = np.minimum(detail & 15, 4)
    kind = (rng.random(len(stage))[:, None] > KIND_SHARES[stage]).sum(axis=1)
    kind = np.where(is_meeting, 3, np.where(is_demo, 2, kind))

    events = _events(opp, world, story, after, visit_key, visit_t, rng)
    visits, moves = _visits(
        p, story, opp, rng, visit_opp, visit_t, visit_key, kind, stage, detail, must_report=(detail & 64) > 0
    )
    half_at = np.full((n, 5), NEVER)
    half_opp, half_day, half_stage = story.halves.table()
    half_at[half_opp, half_stage] = half_day * DAY + rng.integers(9 * 3600, 19 * 3600, len(half_opp))
    return Timeline(visits, moves, events, _answers(p, story, world, moves, visits, rng), half_at)


def _afterlife(p: Parameters, world: World, rng: np.random.Generator) -> dict[str, tuple[Ints, Ints, Ints]]:
    """Losses reopened (then mostly lost again, else won) and lapses that came back: events and visits by day."""
    n = len(world.outcome)
    chance, coin = rng.random(n), rng.random(n)
    first, second = rng.integers(4, 26, n), rng.integers(4, 22, n)
    reopened = np.flatnonzero((world.outcome == LOST) & (chance < p.market.reopened))
    back = np.flatnonzero((world.outcome == LAPSED) & (chance < p.market.lapsed_and_back))
    stage = world.axes[0].astype(np.int64)
    again, at, then = world.closed[reopened], first[reopened], second[reopened]
    won = coin[reopened] < 0.35
    events = [
        (reopened, again + at, np.full(len(reopened), REOPENED_EVENT)),
        (reopened[won], (again + at + then)[won], np.full(int(won.sum()), ENTER_LAST)),
        (reopened[won], (again + at + then)[won] + 3, np.full(int(won.sum()), WON_EVENT)),
        (reopened[~won], (again + at + then)[~won], np.full(int((~won).sum()), LOST_EVENT)),
    ]
    returned = world.closed[back] + first[back]
    lost = coin[back] < 0.7
    events.append((back[lost], (returned + second[back])[lost], np.full(int(lost.sum()), LOST_EVENT)))
    visits = [
        (reopened, again + at, stage[reopened] + 64),
        (reopened, again + at + then, stage[reopened] + 64),
        (reopened[won], (again + at + then)[won] + 3, np.full(int(won.sum()), 4 + 64)),
        (back, returned, stage[back] + 64),
    ]
    return {"events": _stack(events), "visits": _stack(visits)}


def _events(
    opp: Opportunities,
    world: World,
    story: Story,
    after: dict[str, tuple[Ints, Ints, Ints]],
    visit_key: Ints,
    visit_t: Ints,
    rng: np.random.Generator,
) -> StageEvents:
    moved, lost = story.stages.table(), story.lost.table()
    later = after["events"]
    who = np.concatenate([moved[0], lost[0], later[0]])
    day = np.concatenate([moved[1], lost[1], later[1]])
    code = np.concatenate([moved[2], np.full(len(lost[0]), LOST_EVENT), later[2]])
    place = np.searchsorted(visit_key, who * 4096 + day).clip(max=max(0, len(visit_key) - 1))
    has_visit = visit_key[place] == who * 4096 + day
    t = np.where(
        has_visit,
        visit_t[place] + rng.integers(600, 3000, len(who)),
        day * DAY + rng.integers(9 * 3600 + 1800, 18 * 3600, len(who)),
    )
    n = len(opp)
    created = opp.created * DAY + opp.created_second
    who, t = np.concatenate([np.arange(n), who]), np.concatenate([created, t])
    code = np.concatenate([np.zeros(n, dtype=np.int64), code])
    has_visit = np.concatenate([np.zeros(n, dtype=bool), has_visit])
    detail = np.zeros(len(who), dtype=np.int64)
    is_lost = code == LOST_EVENT
    detail[is_lost] = _reasons(world, who[is_lost], rng)
    reopened = code == REOPENED_EVENT
    detail[reopened] = world.axes[0, who[reopened]]
    order = np.lexsort((t, who))
    return StageEvents(who[order], t[order], code[order], detail[order], has_visit[order])


def _reasons(world: World, who: Ints, rng: np.random.Generator) -> Ints:
    """The reason given: the true cause more often than not, where there is one."""
    weights = np.tile(np.asarray([1.2, 0.5, 0.6, 0.5, 0.2, 0.8, 0.5, 1.0]), (len(who), 1))
    stage, _, count, met, stalled, rival, _ = (world.axes[axis, who] for axis in range(7))
    weights[:, 1] += 5.0 * (rival == 1)
    weights[:, 2] += 2.5 * (stalled == 1)
    weights[:, 3] += 1.5 * ((met == 0) & (stage >= 2))
    weights[:, 4] += 3.0 * (count >= 2)
    weights[:, 0] += 1.5 * (stage == 3)
    edges = np.cumsum(weights, axis=1)
    return (rng.random(len(who))[:, None] * edges[:, -1:] > edges).sum(axis=1)


def _visits(
    p: Parameters,
    story: Story,
    opp: Opportunities,
    rng: np.random.Generator,
    done_opp: Ints,
    done_t: Ints,
    done_key: Ints,
    kind: Ints,
    stage: Ints,
    detail: Ints,
    *,
    must_report: Flags,
) -> tuple[Visits, Moves]:
    """Done visits, visits not held, and those put off and forgotten; and every time one was put off."""
    moved_opp, moved_day, moved_stage = story.reschedules.table()
    count = len(moved_opp)
    moved_t = moved_day * DAY + rng.integers(8 * 3600 + 1800, 17 * 3600, count)
    # A visit put off is the opportunity's next done visit, if there is one within three weeks.
    place = np.searchsorted(done_key, moved_opp * 4096 + moved_day, side="right").clip(max=max(0, len(done_key) - 1))
    kept = (done_opp[place] == moved_opp) & (done_t[place] - moved_t < 21 * DAY) & (done_t[place] > moved_t + 3600)
    orphan = np.flatnonzero(~kept)
    missed_opp, missed_day, missed_stage = story.not_held.table()
    missed_t = missed_day * DAY + _half_hours(rng, len(missed_opp))
    ends = rng.random(len(orphan))
    orphan_end = np.select([ends < 0.45, ends < 0.65], [CANCELLED, NO_SHOW], NOWHERE)
    orphan_t = moved_t[orphan] + rng.integers(2, 9, len(orphan)) * DAY

    all_opp = np.concatenate([done_opp, missed_opp, moved_opp[orphan]])
    t = np.concatenate([done_t, missed_t, orphan_t])
    end = np.concatenate(
        [np.full(len(done_opp), DONE), np.where(rng.random(len(missed_opp)) < 0.4, CANCELLED, NO_SHOW), orphan_end]
    )
    other = np.concatenate([missed_stage, moved_stage[orphan]])
    other_kind = (rng.random(len(other))[:, None] > KIND_SHARES[np.minimum(other, 4)]).sum(axis=1)
    row = np.where(kept, place, 0)
    row[orphan] = len(done_opp) + len(missed_opp) + np.arange(len(orphan))

    order = np.lexsort((moved_t, row))
    visit, at = row[order], moved_t[order]
    old = (at // DAY + 1) * DAY + _half_hours(rng, count)
    same_day = (rng.random(count) < 0.4) & (at % DAY < 14 * 3600)
    old = np.where(same_day, at // 1800 * 1800 + rng.integers(2, 7, count) * 1800, old)
    final = t[visit] // 1800 * 1800
    old = np.minimum(old, np.maximum(final - 1800, at))
    new = np.where(np.append(visit[1:] == visit[:-1], False), np.append(old[1:], 0), final)
    moves = Moves(visit, at, old, new)

    planned = rng.random(len(all_opp)) < p.reporting.planned["form"]
    planned[len(done_opp) :] = True
    plan = np.where(planned, t // 1800 * 1800, NEVER)
    first = np.flatnonzero(np.append(True, visit[1:] != visit[:-1])) if count else np.zeros(0, dtype=np.int64)
    plan[visit[first]] = old[first]
    latest = np.where(planned, plan, 0)
    latest[visit[first]] = at[first]
    created = (opp.created * DAY + opp.created_second)[all_opp]
    arranged = (latest // DAY - rng.integers(1, 6, len(all_opp))) * DAY
    arranged += rng.integers(9 * 3600, 18 * 3600, len(all_opp))
    arranged = np.where(plan >= 0, np.minimum(np.maximum(arranged, created + 1800), latest), NEVER)

    zeros = np.zeros(len(other), dtype=bool)
    visits = Visits(
        all_opp,
        _rank(all_opp, t),
        np.concatenate([kind, other_kind]),
        end,
        t,
        plan,
        arranged,
        np.concatenate([stage, np.minimum(other, 4)]),
        np.concatenate([(detail & 16) > 0, zeros]),
        np.concatenate([(detail & 32) > 0, zeros]),
        np.concatenate([must_report, zeros]),
    )
    return visits, moves


def _answers(
    p: Parameters, story: Story, world: World, moves: Moves, visits: Visits, rng: np.random.Generator
) -> Answers:
    """Calls for help and when they were answered; after a reschedule the call follows it."""
    opp, day, _ = story.asked.table()
    asked = day * DAY + rng.integers(9 * 3600, 16 * 3600, len(opp))
    move_key = visits.opp[moves.visit] * 4096 + moves.t // DAY
    order = np.argsort(move_key, kind="stable")
    if len(order):
        place = np.searchsorted(move_key[order], opp * 4096 + day).clip(max=len(order) - 1)
        same = move_key[order][place] == opp * 4096 + day
        asked = np.where(same, moves.t[order][place] + rng.integers(300, 2400, len(opp)), asked)
    answer_opp, answer_day, at_once = story.answered.table()
    place = np.searchsorted(opp * 4096 + day, answer_opp * 4096 + answer_day, side="right") - 1
    wait = rng.exponential(3.4 * 3600, len(place))
    room = np.maximum((asked[place] // DAY) * DAY + 21 * 3600 + 1800 - asked[place], 1800)
    soon = asked[place] + 240 + np.where(wait > room - 240, wait % np.maximum(room - 240, 1), wait)
    later = answer_day * DAY + rng.integers(8 * 3600 + 1800, 12 * 3600, len(place))
    answered = np.full(len(opp), NEVER)
    answered[place] = np.where(at_once == 1, soon, later).astype(np.int64)
    entered_opp, entered_day, entered = story.stages.table()
    place = np.searchsorted(entered_opp * 4096 + entered_day, opp * 4096 + day, side="right") - 1
    known = (place >= 0) & (entered_opp[np.maximum(place, 0)] == opp) if len(entered_opp) else np.zeros(len(opp), bool)
    stage = np.where(known, entered[np.maximum(place, 0)], 0) if len(entered_opp) else np.zeros(len(opp), np.int64)
    return Answers(opp, asked, answered, np.minimum(stage, 4))


def _half_hours(rng: np.random.Generator, n: int) -> Ints:
    """A time of day a visit is agreed for: 9:00 to 16:30, by the half hour."""
    return rng.integers(18, 34, n) * 1800


def _rank(group: Ints, t: Ints) -> Ints:
    """1-based place of each row within its group, by t."""
    order = np.lexsort((t, group))
    ordered = group[order]
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered) + 1
    return rank


def _stack(parts: list[tuple[Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    return columns[0][order], columns[1][order], columns[2][order]


def _join(a: tuple[Ints, Ints, Ints], b: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints, Ints]:
    return _stack([a, b])
