"""The life of an alert: a pure state machine, one call an episode and evaluation.

    (nothing) --condition--> pending --hold time--> open --acknowledgement--> acknowledged
                                |                    |  --intervention-----> answered
                             (dropped)               |  --snooze-----------> snoozed --its end--> open
                                                     |  --subject closed, or an inhibiting rule--> inhibited
                                                     +--condition gone for the clear time--> resolved
    resolved --condition again--> pending, as the next episode

An episode's answers are folded anew at every evaluation from all interventions known by then, so it does
not matter when one was recorded. `step` is a function of its arguments alone; called twice at the same
time with the same sighting it changes nothing the second time. Every change carries a named reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Status = Literal["pending", "open", "acknowledged", "answered", "snoozed", "inhibited", "resolved"]
AnswerKind = Literal["acknowledged", "answered", "snoozed"]

SUBJECT_CLOSED = "subject_closed"
REASONS = {
    "condition_began": "the condition holds, and its subject has no live alert",
    "re_armed": "the condition holds again after an earlier episode was resolved",
    "hold_passed": "the condition has held for the rule's hold time",
    "gone_before_hold": "the condition went away before the hold time passed; nobody was told",
    "silenced_before_open": "an inhibition came before the hold time passed; nobody was told",
    "acknowledgement": "somebody said that they have seen it",
    "intervention": "somebody acted on the alert or its opportunity",
    "until_date": "snoozed until a date",
    "until_state_changes": "snoozed until the subject's state changes",
    "snooze_expired": "the snooze's date came, and the condition still holds",
    "state_changed": "the subject's state is no longer the one it was snoozed in",
    "inhibited_by_rule": "another rule's condition on the same city explains it",
    SUBJECT_CLOSED: "the opportunity is closed (won, lost or lapsed)",
    "inhibition_lifted": "what silenced it is over, and the condition still holds",
    "condition_gone": "the condition does not hold; the clear time runs",
    "condition_back": "the condition holds again before the clear time passed",
    "clear_time_passed": "the condition has been gone for the rule's clear time",
    "unanswered": "nobody answered for the configured working hours",
    "answer_recorded_late": "the answer was given before it resolved, and recorded after",
}


@dataclass(frozen=True)
class Answer:
    """One thing somebody did about the alert, `at` the time; a snooze may have an end."""

    kind: AnswerKind
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Timing:
    """A rule's times; `escalate_after` in working hours, None never escalates."""

    hold: timedelta
    clear: timedelta
    escalate_after: float | None


@dataclass(frozen=True)
class Sighting:
    """What an evaluation sees of one episode's subject.

    `since`: when the condition began, where the data tells. `state`: what a snooze until the state changes
    watches. `inhibitor`: None, `subject_closed` or the rule that silences. `unanswered_hours`: working hours
    since the episode's `unanswered_since`.
    """

    is_present: bool
    since: datetime | None = None
    state: str | None = None
    inhibitor: str | None = None
    answers: tuple[Answer, ...] = ()
    unanswered_hours: float = 0.0


@dataclass(frozen=True)
class Episode:
    """What is remembered of an episode between evaluations."""

    number: int
    status: Status
    pending_since: datetime
    last_seen_at: datetime
    opened_at: datetime | None = None
    cleared_since: datetime | None = None
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    answered_at: datetime | None = None
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_state: str | None = None
    snooze_ended_at: datetime | None = None
    unanswered_since: datetime | None = None
    is_inhibited: bool = False
    escalation_level: int = 0
    escalated_at: datetime | None = None
    state: str | None = None


@dataclass(frozen=True)
class Transition:
    """One change: what, why, and when it happened (the evaluation's time unless an answer says otherwise)."""

    event: str
    reason: str
    effective_at: datetime


@dataclass(frozen=True)
class Step:
    """The episode after an evaluation (None: dropped before it opened) and what changed."""

    episode: Episode | None
    transitions: tuple[Transition, ...] = ()


def begin(number: int, seen: Sighting, timing: Timing, at: datetime) -> Step:
    """A condition without a live alert: a new pending episode, which opens at once where no hold is left.

    The hold time counts from when the condition began, where the data tells it.
    """
    if not seen.is_present or seen.inhibitor is not None:
        return Step(None)
    since = at if seen.since is None else min(seen.since, at)
    pending = Episode(number, "pending", pending_since=since, last_seen_at=at, state=seen.state)
    first = Transition("pending", "condition_began" if number == 1 else "re_armed", at)
    opened, transitions = _open(pending, timing, at)
    return Step(_with_status(opened), (first, *transitions))


def step(episode: Episode, seen: Sighting, timing: Timing, at: datetime) -> Step:
    """One evaluation of an episode that exists."""
    if episode.resolved_at is not None:
        return _note_late_answers(episode, seen)
    if episode.opened_at is None and (not seen.is_present or seen.inhibitor is not None):
        reason = "silenced_before_open" if seen.inhibitor is not None else "gone_before_hold"
        return Step(None, (Transition("dropped", reason, at),))
    now = episode
    changes: list[Transition] = []
    for change in (_presence, _opening, _answers, _inhibition, _resolution, _escalation):
        now, transitions = change(now, seen, timing, at)
        changes.extend(transitions)
        if now.unanswered_since != episode.unanswered_since:  # the clock starts anew: these hours are of the old one
            seen = replace(seen, unanswered_hours=0.0)
    return Step(_with_status(now), tuple(changes))


Change = tuple[Episode, tuple[Transition, ...]]


def _presence(episode: Episode, seen: Sighting, timing: Timing, at: datetime) -> Change:
    if seen.is_present:
        now = replace(episode, last_seen_at=at, cleared_since=None, state=seen.state)
        back = episode.cleared_since is not None
        return now, ((Transition("returned", "condition_back", at),) if back else ())
    if episode.cleared_since is not None:
        return episode, ()
    return replace(episode, cleared_since=at), (Transition("clearing", "condition_gone", at),)


def _opening(episode: Episode, seen: Sighting, timing: Timing, at: datetime) -> Change:
    return _open(episode, timing, at)


def _open(episode: Episode, timing: Timing, at: datetime) -> Change:
    if episode.opened_at is not None or at - episode.pending_since < timing.hold:
        return episode, ()
    return replace(episode, opened_at=at, unanswered_since=at), (Transition("opened", "hold_passed", at),)


def _answers(episode: Episode, seen: Sighting, timing: Timing, at: datetime) -> Change:
    """Fold all answers in the order they were given; the latest of a snooze and an answer holds."""
    if episode.opened_at is None:
        return episode, ()
    acknowledged, answered, snooze = _fold(seen.answers)
    now = replace(episode, acknowledged_at=acknowledged, answered_at=answered)
    changes = _first_answers(episode, now)
    if snooze is None:
        now = replace(now, snoozed_at=None, snoozed_until=None, snoozed_state=None, snooze_ended_at=None)
        return replace(now, unanswered_since=episode.opened_at), changes
    if snooze.at != episode.snoozed_at or snooze.until != episode.snoozed_until:
        now = replace(
            now, snoozed_at=snooze.at, snoozed_until=snooze.until, snoozed_state=now.state, snooze_ended_at=None
        )
        reason = "until_date" if snooze.until is not None else "until_state_changes"
        changes += (Transition("snoozed", reason, snooze.at),)
    if now.snooze_ended_at is None:
        now, ended = _end_of_snooze(now, at)
        changes += ended
    since = now.snooze_ended_at if now.snooze_ended_at is not None else episode.unanswered_since
    return replace(now, unanswered_since=since), changes


def _fold(answers: tuple[Answer, ...]) -> tuple[datetime | None, datetime | None, Answer | None]:
    """First acknowledgement, first intervention, and the snooze that no later answer has ended."""
    ordered = sorted(answers, key=lambda answer: (answer.at, answer.kind, answer.until or answer.at))
    first: dict[str, datetime] = {}
    snooze: Answer | None = None
    for answer in ordered:
        first.setdefault(answer.kind, answer.at)
        snooze = answer if answer.kind == "snoozed" else None
    return first.get("acknowledged"), first.get("answered"), snooze


def _first_answers(before: Episode, now: Episode) -> tuple[Transition, ...]:
    changes: tuple[Transition, ...] = ()
    if before.acknowledged_at is None and now.acknowledged_at is not None:
        changes += (Transition("acknowledged", "acknowledgement", now.acknowledged_at),)
    if before.answered_at is None and now.answered_at is not None:
        changes += (Transition("answered", "intervention", now.answered_at),)
    return changes


def _end_of_snooze(episode: Episode, at: datetime) -> Change:
    if episode.snoozed_until is not None:
        if episode.snoozed_until > at:
            return episode, ()
        ended, reason = episode.snoozed_until, "snooze_expired"
    elif episode.state != episode.snoozed_state:
        ended, reason = at, "state_changed"
    else:
        return episode, ()
    return replace(episode, snooze_ended_at=ended), (Transition("reopened", reason, ended),)


def _inhibition(episode: Episode, seen: Sighting, timing: Timing, at: datetime) -> Change:
    now = replace(episode, is_inhibited=seen.inhibitor is not None)
    if now.is_inhibited == episode.is_inhibited:
        return now, ()
    if not now.is_inhibited:
        return now, (Transition("uninhibited", "inhibition_lifted", at),)
    reason = SUBJECT_CLOSED if seen.inhibitor == SUBJECT_CLOSED else "inhibited_by_rule"
    return now, (Transition("inhibited", reason, at),)


def _resolution(episode: Episode, seen: Sighting, timing: Timing, at: datetime) -> Change:
    if episode.cleared_since is None or at - episode.cleared_since < timing.clear:
        return episode, ()
    reason = SUBJECT_CLOSED if seen.inhibitor == SUBJECT_CLOSED else "clear_time_passed"
    return replace(episode, resolved_at=at), (Transition("resolved", reason, at),)


def _escalation(episode: Episode, seen: Sighting, timing: Timing, at: datetime) -> Change:
    is_due = (
        timing.escalate_after is not None
        and episode.escalation_level == 0
        and episode.cleared_since is None
        and _status(episode) == "open"
        and seen.unanswered_hours >= timing.escalate_after
    )
    if not is_due:
        return episode, ()
    return replace(episode, escalation_level=1, escalated_at=at), (Transition("escalated", "unanswered", at),)


def _note_late_answers(episode: Episode, seen: Sighting) -> Step:
    """A resolved episode changes no more, but an answer given in time and recorded late is still one."""
    acknowledged, answered, _ = _fold(seen.answers)
    now = replace(
        episode,
        acknowledged_at=episode.acknowledged_at or acknowledged,
        answered_at=episode.answered_at or answered,
    )
    late = tuple(replace(t, reason="answer_recorded_late") for t in _first_answers(episode, now))
    return Step(now, late)


def _with_status(episode: Episode) -> Episode:
    return replace(episode, status=_status(episode))


def _status(episode: Episode) -> Status:
    """The status follows from what is remembered; the first that fits holds."""
    if episode.resolved_at is not None:
        return "resolved"
    if episode.opened_at is None:
        return "pending"
    if episode.is_inhibited:
        return "inhibited"
    if episode.snoozed_at is not None:
        return "snoozed" if episode.snooze_ended_at is None else "open"
    if episode.answered_at is not None:
        return "answered"
    return "acknowledged" if episode.acknowledged_at is not None else "open"
