"""A slow, obvious second opinion on sections 4 and 5 of the design: one opportunity at a time, event by event.

Nothing here is set-based or fast, and nothing is shared with the SQL it judges. Times are aware datetimes
in UTC (arithmetic on local datetimes forgets the offset), stages are numbers from 1.

    story = tell(history, Rules(stages=5, lapse_days=45), as_of)
    story.spells, story.warnings, story.lapses, story.status, path(story, 5)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Event:
    """A stage event; stage is the one it names, None for none."""

    at: datetime
    kind: str  # enter, won, lost, reopened
    stage: int | None
    recorded: datetime
    rank: int
    content_hash: int
    is_signing: bool = False


@dataclass(frozen=True)
class Touch:
    """Something that is activity but no stage event, or a signing: when, and when that was known."""

    at: datetime
    recorded: datetime
    rank: int = 1
    content_hash: int = 0


@dataclass(frozen=True)
class History:
    """All that was ever recorded of one opportunity."""

    events: tuple[Event, ...] = ()
    signings: tuple[Touch, ...] = ()
    others: tuple[Touch, ...] = ()  # visits done, actions
    created: datetime | None = None


@dataclass(frozen=True)
class Rules:
    """What the playbook says."""

    stages: int
    lapse_days: float | None


@dataclass
class Spell:
    stage: int
    entered: datetime
    is_rework: bool
    is_skip: bool
    is_tied: bool
    left: datetime | None = None
    exit: str = "open"
    next_stage: int | None = None


@dataclass
class Story:
    """What became of an opportunity by the as-of time."""

    spells: list[Spell] = field(default_factory=list)
    warnings: list[tuple[datetime, str, int]] = field(default_factory=list)
    lapses: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    status: str = "open"
    closed: datetime | None = None
    first_win: datetime | None = None
    stage: int | None = None  # where it is, or was last
    order: list[int] = field(default_factory=list)  # content hashes, as told
    activity: list[datetime] = field(default_factory=list)  # every instant at which it was active
    is_known: bool = True


def tell(history: History, rules: Rules, as_of: datetime) -> Story:
    """Walk through the instants at which anything is known to have happened, in order of time."""
    events = [e for e in history.events if is_known(e, as_of)]
    signings = [s for s in history.signings if is_known(s, as_of)]
    others = [o for o in history.others if is_known(o, as_of)]
    events += [
        Event(s.at, "won", None, s.recorded, s.rank, s.content_hash, is_signing=True)
        for s in signings
        if not has_won_event(s, events)
    ]
    active: list[Event | Touch] = [*events, *signings, *others]
    activity = sorted({record.at for record in active})
    # Its record has no time of its own: it is known from its creation on, or by anything that names it.
    created = history.created if history.created is None or history.created <= as_of else None
    story = Story(activity=activity, is_known=bool(activity) or history.created == created)
    last_touch = created
    for instant in activity:
        lapsed = lapse_time(last_touch, rules)
        is_lapsed = story.status == "open" and lapsed is not None and lapsed < instant
        if is_lapsed and lapsed is not None:
            story.lapses.append((lapsed, instant))
        now = [e for e in events if e.at == instant]
        is_inactive = story.status != "open" or (lapsed is not None and lapsed < instant)
        for event in sorted(now, key=lambda e: order_key(e, reopening_first=is_inactive)):
            apply(story, event, is_tied=len(now) > 1, was_lapsed=is_lapsed)
            is_lapsed = is_lapsed and event.kind != "reopened"
        last_touch = instant
    lapsed = lapse_time(last_touch, rules)
    if story.status == "open" and lapsed is not None and lapsed <= as_of:
        story.lapses.append((lapsed, None))
        story.status, story.closed = "lapsed", lapsed
        if story.spells and story.spells[-1].left is None:
            story.spells[-1].left, story.spells[-1].exit = lapsed, "lapsed"
    return story


def is_known(record: Event | Touch, as_of: datetime) -> bool:
    return record.at <= as_of and record.recorded <= as_of


def lapse_time(last_touch: datetime | None, rules: Rules) -> datetime | None:
    if last_touch is None or rules.lapse_days is None:
        return None
    return last_touch + timedelta(days=rules.lapse_days)


def order_key(event: Event, *, reopening_first: bool) -> tuple[int, int, datetime, int, int]:
    """Within one instant: the stage entered, then lost, then won; a reopening before or after all of them."""
    if event.kind == "reopened":
        return (-1 if reopening_first else 1003, event.stage or 0, event.recorded, event.rank, event.content_hash)
    place = {"enter": event.stage or 0, "lost": 1001, "won": 1002}[event.kind]
    return (place, 0, event.recorded, event.rank, event.content_hash)


def has_won_event(signing: Touch, events: Iterable[Event]) -> bool:
    """It stands won at the signing's time, or the next closing after it is a win."""
    by_then = [e for e in events if e.at <= signing.at]
    wins = [e.at for e in by_then if e.kind == "won"]
    if wins and not any(e.kind != "won" and e.at > max(wins) for e in by_then):
        return True
    closings = [e for e in events if e.at > signing.at and e.kind in ("won", "lost")]
    return bool(closings) and any(e.kind == "won" for e in closings if e.at == min(c.at for c in closings))


def apply(story: Story, event: Event, *, is_tied: bool, was_lapsed: bool) -> None:
    """One event changes the story, or does nothing, and warns where somebody should look."""
    story.order.append(event.content_hash)

    def warn(what: str) -> None:
        story.warnings.append((event.at, what, event.content_hash))

    if event.is_signing:
        warn("signing_without_win")
    if event.kind == "enter":
        if story.status != "open":
            warn("implied_reopening")
            story.status = "open"
            start(story, event.stage, event.at, is_tied)
        elif story.stage != event.stage:
            start(story, event.stage, event.at, is_tied)
    elif event.kind == "reopened":
        if story.status != "open":
            story.status = "open"
            start(story, event.stage or story.stage, event.at, is_tied)
        elif not was_lapsed:
            warn("reopened_while_open")
        elif event.stage is not None and event.stage != story.stage:
            start(story, event.stage, event.at, is_tied)
    elif story.status == event.kind:
        if not event.is_signing:
            warn(f"second_{'win' if event.kind == 'won' else 'loss'}")
    else:
        if story.status != "open":
            warn("implied_reopening")
            start(story, story.stage, event.at, is_tied)
        if story.spells and story.spells[-1].left is None:
            story.spells[-1].left, story.spells[-1].exit = event.at, event.kind
        story.status, story.closed = event.kind, event.at
    if story.status == "open":
        story.closed = None
    if event.kind == "won" and story.first_win is None:
        story.first_win = event.at


def start(story: Story, stage: int | None, at: datetime, is_tied: bool) -> None:
    """A new spell; whatever spell is open ends in a move to it. No stage known: no spell."""
    if stage is None:
        return
    if story.spells and story.spells[-1].left is None:
        before = story.spells[-1]
        before.left, before.next_stage = at, stage
        before.exit = (
            "returned" if stage < before.stage else "advanced" if stage == before.stage + 1 else "skipped_ahead"
        )
    is_rework = story.stage is not None and stage < story.stage
    is_skip = story.stage is not None and stage > story.stage + 1
    story.spells.append(Spell(stage, at, is_rework, is_skip, is_tied))
    story.stage = stage


@dataclass(frozen=True)
class Path:
    """When each stage (index 0 is stage 1) was first reached and observed, and to which it went direct."""

    reached: list[datetime | None]
    observed: list[datetime | None]
    direct: list[bool]


def path(story: Story, rules: Rules) -> Path:
    """Funnel path of a story: each stage looked for on its own, from the start."""
    stages = range(1, rules.stages + 1)
    reached: list[datetime | None] = []
    observed: list[datetime | None] = []
    direct: list[bool] = []
    for k in stages:
        times = [s.entered for s in story.spells if s.stage >= k]
        times += [story.first_win] if story.first_win else []
        reached.append(min(times, default=None))
        entries = chain(story.spells, k)
        observed.append(None if entries is None else story.spells[entries[-1]].entered)
        between = [] if entries is None else story.spells[entries[0] + 1 : entries[-1] + 1]
        direct.append(entries is not None and not any(s.is_rework or s.is_skip for s in between))
    return Path(reached, observed, direct)


def chain(spells: list[Spell], last: int) -> list[int] | None:
    """Positions of the first entry of stage 1, the first of stage 2 after it, and so on; None where it breaks."""
    positions: list[int] = []
    for stage in range(1, last + 1):
        since = positions[-1] + 1 if positions else 0
        found = [i for i, spell in enumerate(spells) if i >= since and spell.stage == stage]
        if not found:
            return None
        positions.append(found[0])
    return positions


def days(since: datetime, until: datetime) -> float:
    """Days of 86,400 s."""
    return (until - since) / timedelta(days=1)


def business_days(since: datetime, until: datetime, zone: ZoneInfo, is_working: Callable[[date], bool]) -> float:
    """Working days between two instants: the part of every local day, day by day, that is a working one."""
    total = timedelta()
    day = since.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        begin = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(since.tzinfo)
        end = begin + timedelta(days=1)
        if is_working(day):
            total += max(timedelta(), min(until, end) - max(since, begin))
        day += timedelta(days=1)
    return total / timedelta(days=1)


def quantile(values: list[float], share: float) -> float | None:
    """Interpolated linearly between the two values beside position share x (n - 1)."""
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def kaplan_meier_median(lengths: list[tuple[float, bool]]) -> float | None:
    """The first length by which half have left; (length, has ended), who has not is at risk as long as known."""
    survival = Fraction(1)
    for length in sorted({length for length, has_ended in lengths if has_ended}):
        at_risk = sum(other >= length for other, _ in lengths)
        ended = sum(other == length and has_ended for other, has_ended in lengths)
        survival *= 1 - Fraction(ended, at_risk)
        if survival <= Fraction(1, 2):
            return length
    return None
