"""Every transition of an alert's life, on a fake clock: hours after Monday 2025-03-03 00:00."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from assets.alerts.life_cycle import REASONS, Answer, Episode, Sighting, Step, Timing, begin, step

TIMING = Timing(hold=timedelta(hours=24), clear=timedelta(hours=48), escalate_after=8)
SEEN = Sighting(True, state="quotation")
GONE = Sighting(False)


def hour(n: float) -> datetime:
    return datetime(2025, 3, 3, tzinfo=UTC) + timedelta(hours=n)


def told(result: Step) -> list[tuple[str, str]]:
    return [(t.event, t.reason) for t in result.transitions]


def opened_at_24() -> Episode:
    """Seen first at hour 0, opened at hour 24."""
    pending = begin(1, SEEN, TIMING, hour(0)).episode
    assert pending is not None
    opened = step(pending, SEEN, TIMING, hour(24)).episode
    assert opened is not None
    return opened


def only(result: Step) -> Episode:
    assert result.episode is not None
    return result.episode


def test_a_condition_is_pending_until_it_has_held_for_the_hold_time() -> None:
    first = begin(1, SEEN, TIMING, hour(0))
    assert told(first) == [("pending", "condition_began")]
    assert only(first).status == "pending"
    still = step(only(first), SEEN, TIMING, hour(23.9))
    assert told(still) == []
    assert only(still).status == "pending"
    opened = step(only(still), SEEN, TIMING, hour(24))
    assert told(opened) == [("opened", "hold_passed")]
    assert only(opened).status == "open"
    assert only(opened).opened_at == only(opened).unanswered_since == hour(24)


def test_the_hold_counts_from_when_the_data_says_the_condition_began() -> None:
    late = begin(1, replace(SEEN, since=hour(-30)), TIMING, hour(0))
    assert told(late) == [("pending", "condition_began"), ("opened", "hold_passed")]
    assert only(late).pending_since == hour(-30)
    ahead = begin(1, replace(SEEN, since=hour(5)), TIMING, hour(0))
    assert only(ahead).pending_since == hour(0), "never after it was seen"


def test_a_condition_that_goes_before_the_hold_time_is_dropped_and_nobody_is_told() -> None:
    pending = only(begin(1, SEEN, TIMING, hour(0)))
    gone = step(pending, GONE, TIMING, hour(10))
    assert gone.episode is None
    assert told(gone) == [("dropped", "gone_before_hold")]


def test_it_opens_once_and_is_seen_again_afterwards() -> None:
    again = step(opened_at_24(), SEEN, TIMING, hour(30))
    assert told(again) == []
    assert only(again).opened_at == hour(24)
    assert only(again).last_seen_at == hour(30)


def test_it_resolves_when_the_condition_has_been_gone_for_the_clear_time() -> None:
    gone = step(opened_at_24(), GONE, TIMING, hour(40))
    assert told(gone) == [("clearing", "condition_gone")]
    assert only(gone).status == "open"
    almost = step(only(gone), GONE, TIMING, hour(87.9))
    assert told(almost) == []
    over = step(only(almost), GONE, TIMING, hour(88))
    assert told(over) == [("resolved", "clear_time_passed")]
    assert only(over).status == "resolved"
    assert only(over).resolved_at == hour(88)


def test_a_condition_that_returns_within_the_clear_time_is_the_same_episode() -> None:
    gone = only(step(opened_at_24(), GONE, TIMING, hour(40)))
    back = step(gone, SEEN, TIMING, hour(60))
    assert told(back) == [("returned", "condition_back")]
    gone_again = only(step(only(back), GONE, TIMING, hour(70)))
    assert only(step(gone_again, GONE, TIMING, hour(90))).status == "open", "the clear time starts anew"


def test_after_it_resolved_the_next_episode_is_armed() -> None:
    again = begin(2, SEEN, TIMING, hour(200))
    assert told(again) == [("pending", "re_armed")]
    assert only(again).number == 2


def test_a_resolved_episode_changes_no_more() -> None:
    over = only(step(only(step(opened_at_24(), GONE, TIMING, hour(40))), GONE, TIMING, hour(88)))
    assert step(over, SEEN, TIMING, hour(100)) == Step(over)


def test_an_acknowledgement_and_then_an_intervention_answer_it() -> None:
    seen = replace(SEEN, answers=(Answer("acknowledged", hour(26)),))
    acknowledged = step(opened_at_24(), seen, TIMING, hour(30))
    assert told(acknowledged) == [("acknowledged", "acknowledgement")]
    assert acknowledged.transitions[0].effective_at == hour(26)
    assert only(acknowledged).status == "acknowledged"
    both = replace(seen, answers=(*seen.answers, Answer("answered", hour(31))))
    answered = step(only(acknowledged), both, TIMING, hour(36))
    assert told(answered) == [("answered", "intervention")]
    assert only(answered).status == "answered"
    assert (only(answered).acknowledged_at, only(answered).answered_at) == (hour(26), hour(31))


def test_an_answer_recorded_late_counts_by_when_it_was_given() -> None:
    first = only(step(opened_at_24(), replace(SEEN, answers=(Answer("answered", hour(50)),)), TIMING, hour(51)))
    both = (Answer("answered", hour(50)), Answer("answered", hour(40)))
    assert only(step(first, replace(SEEN, answers=both), TIMING, hour(60))).answered_at == hour(40)


def test_an_answer_given_before_it_resolved_and_recorded_after_is_still_noted() -> None:
    over = only(step(only(step(opened_at_24(), GONE, TIMING, hour(40))), GONE, TIMING, hour(88)))
    late = step(over, replace(GONE, answers=(Answer("answered", hour(30)),)), TIMING, hour(120))
    assert told(late) == [("answered", "answer_recorded_late")]
    assert only(late).status == "resolved"
    assert only(late).answered_at == hour(30)


def test_a_snooze_until_a_date_ends_at_that_date_and_the_escalation_clock_starts_there() -> None:
    seen = replace(SEEN, answers=(Answer("snoozed", hour(26), until=hour(50)),))
    snoozed = step(opened_at_24(), seen, TIMING, hour(30))
    assert told(snoozed) == [("snoozed", "until_date")]
    assert only(snoozed).status == "snoozed"
    assert told(step(only(snoozed), replace(seen, unanswered_hours=99), TIMING, hour(49))) == []
    ended = step(only(snoozed), replace(seen, unanswered_hours=28), TIMING, hour(52))
    assert told(ended) == [("reopened", "snooze_expired")]
    assert only(ended).status == "open"
    assert only(ended).unanswered_since == hour(50)
    assert told(step(only(ended), seen, TIMING, hour(53))) == [], "it ends once"


def test_a_snooze_without_a_date_ends_when_the_state_changes() -> None:
    seen = replace(SEEN, answers=(Answer("snoozed", hour(26)),))
    snoozed = step(opened_at_24(), seen, TIMING, hour(30))
    assert told(snoozed) == [("snoozed", "until_state_changes")]
    assert told(step(only(snoozed), seen, TIMING, hour(500))) == []
    moved = step(only(snoozed), replace(seen, state="contract_signed"), TIMING, hour(60))
    assert told(moved) == [("reopened", "state_changed")]
    assert only(moved).unanswered_since == hour(60)


def test_an_answer_after_a_snooze_ends_it() -> None:
    answers = (Answer("snoozed", hour(26), until=hour(90)), Answer("answered", hour(28)))
    assert only(step(opened_at_24(), replace(SEEN, answers=answers), TIMING, hour(30))).status == "answered"


def test_a_snooze_after_an_answer_holds() -> None:
    answers = (Answer("acknowledged", hour(26)), Answer("snoozed", hour(28), until=hour(90)))
    snoozed = only(step(opened_at_24(), replace(SEEN, answers=answers), TIMING, hour(30)))
    assert snoozed.status == "snoozed"
    assert only(step(snoozed, replace(SEEN, answers=answers), TIMING, hour(91))).status == "open"


def test_a_closed_opportunity_silences_its_alert_at_once_and_resolves_it_after_the_clear_time() -> None:
    closed = Sighting(False, inhibitor="subject_closed")
    silenced = step(opened_at_24(), replace(closed, unanswered_hours=99), TIMING, hour(40))
    assert told(silenced) == [("clearing", "condition_gone"), ("inhibited", "subject_closed")]
    assert only(silenced).status == "inhibited"
    over = step(only(silenced), closed, TIMING, hour(88))
    assert told(over) == [("resolved", "subject_closed")]


def test_a_reopened_opportunity_within_the_clear_time_brings_the_alert_back() -> None:
    silenced = only(step(opened_at_24(), Sighting(False, inhibitor="subject_closed"), TIMING, hour(40)))
    back = step(silenced, SEEN, TIMING, hour(50))
    assert told(back) == [("returned", "condition_back"), ("uninhibited", "inhibition_lifted")]
    assert only(back).status == "open"


def test_another_rules_condition_silences_while_it_holds() -> None:
    inhibited = replace(SEEN, inhibitor="city_no_data")
    silenced = step(opened_at_24(), inhibited, TIMING, hour(40))
    assert told(silenced) == [("inhibited", "inhibited_by_rule")]
    assert told(step(only(silenced), inhibited, TIMING, hour(400))) == [], "it holds still: no clear time runs"
    lifted = step(only(silenced), SEEN, TIMING, hour(50))
    assert told(lifted) == [("uninhibited", "inhibition_lifted")]


def test_what_is_silenced_raises_nothing_new() -> None:
    assert begin(1, replace(SEEN, inhibitor="city_no_data"), TIMING, hour(0)) == Step(None)
    pending = only(begin(1, SEEN, TIMING, hour(0)))
    dropped = step(pending, replace(SEEN, inhibitor="city_no_data"), TIMING, hour(10))
    assert told(dropped) == [("dropped", "silenced_before_open")]


def test_an_unanswered_alert_escalates_once_after_the_working_hours() -> None:
    opened = opened_at_24()
    assert told(step(opened, replace(SEEN, unanswered_hours=7.99), TIMING, hour(32))) == []
    escalated = step(opened, replace(SEEN, unanswered_hours=8), TIMING, hour(33))
    assert told(escalated) == [("escalated", "unanswered")]
    assert (only(escalated).escalation_level, only(escalated).escalated_at) == (1, hour(33))
    assert only(escalated).status == "open"
    assert told(step(only(escalated), replace(SEEN, unanswered_hours=99), TIMING, hour(99))) == []


def test_what_is_answered_gone_or_of_a_rule_that_does_not_escalate_stays_where_it_is() -> None:
    opened = opened_at_24()
    answered = replace(SEEN, unanswered_hours=99, answers=(Answer("acknowledged", hour(25)),))
    assert only(step(opened, answered, TIMING, hour(99))).escalation_level == 0
    assert only(step(opened, replace(GONE, unanswered_hours=99), TIMING, hour(40))).escalation_level == 0
    never = replace(TIMING, escalate_after=None)
    assert only(step(opened, replace(SEEN, unanswered_hours=99), never, hour(99))).escalation_level == 0


ANSWERS = st.lists(
    st.builds(
        Answer,
        st.sampled_from(["acknowledged", "answered", "snoozed"]),
        st.integers(0, 80).map(hour),
        st.none() | st.integers(0, 120).map(hour),
    ),
    max_size=3,
).map(tuple)
SIGHTINGS = st.builds(
    Sighting,
    is_present=st.booleans(),
    state=st.sampled_from(["a", "b"]),
    inhibitor=st.sampled_from([None, None, None, "subject_closed", "city_no_data"]),
    answers=ANSWERS,
    unanswered_hours=st.floats(0, 20),
)


@given(st.lists(st.tuples(st.integers(1, 60), SIGHTINGS), min_size=1, max_size=12))
def test_in_any_life_steps_are_idempotent_and_times_run_forward(story: list[tuple[int, Sighting]]) -> None:
    episode, at, openings = None, 0.0, 0
    for hours, seen in story:
        at += hours
        now = hour(at)
        result = begin(1, seen, TIMING, now) if episode is None else step(episode, seen, TIMING, now)
        assert all(t.reason in REASONS and t.effective_at <= max(now, hour(120)) for t in result.transitions)
        openings += sum(t.event == "opened" for t in result.transitions)
        if result.episode is None:
            episode, openings = None, 0
            continue
        is_clock_new = episode is None or episode.unanswered_since != result.episode.unanswered_since
        same = replace(seen, unanswered_hours=0.0) if is_clock_new else seen
        assert step(result.episode, same, TIMING, now) == Step(result.episode)
        if episode is not None and episode.opened_at is not None:
            assert result.episode.opened_at == episode.opened_at
        assert openings <= 1
        assert (result.episode.status == "resolved") == (result.episode.resolved_at is not None)
        assert (result.episode.status == "pending") == (result.episode.opened_at is None)
        episode = result.episode
