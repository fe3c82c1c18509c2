"""Activity and lapsing (design, section 4): to the second, undone by a return, and by when things occurred.

The playbook's lapse rule is 45 days. 2025-01-01 09:00 plus 45 days is 2025-02-15 09:00.
"""

from __future__ import annotations

import pytest
from core import CORE, SPELLS, built, life, spells, warnings

from data_contracts.playbook import load_playbook
from tiny import Tiny

ENTERED = "A | 2025-01-01 09:00 | enter first_contact"


@pytest.mark.parametrize(
    ("as_of", "status", "spell"),
    [
        ("2025-02-15 08:59:59", "open", "1 01-01 09:00 -  open"),
        ("2025-02-15 09:00:00", "lapsed", "1 01-01 09:00 - 02-15 09:00 lapsed"),
        ("2025-06-01 00:00:00", "lapsed", "1 01-01 09:00 - 02-15 09:00 lapsed"),
    ],
)
def test_lapsed_exactly_at_last_activity_plus_lapse_days(as_of: str, status: str, spell: str) -> None:
    tiny = built(as_of, ENTERED)
    assert life(tiny, "A")[0] == status
    assert spells(tiny, "A") == [spell]


def test_a_spell_closed_by_lapse_left_at_the_lapse_and_is_not_censored() -> None:
    tiny = built("2025-06-01 00:00", ENTERED)
    assert tiny.rows("select dwell_days, is_censored, next_stage from marts.stage_spells") == [(45, False, None)]
    assert life(tiny, "A") == ("lapsed", "02-15", None, 0)  # it has not come back: no lapse to count yet


def test_lapse_days_may_be_broken() -> None:
    playbook = load_playbook("fmcg_five_stage").model_copy(update={"lapse_days": 1.5})
    assert spells(built("2025-01-02 20:59:59", ENTERED, playbook=playbook), "A") == ["1 01-01 09:00 -  open"]
    assert spells(built("2025-01-02 21:00:00", ENTERED, playbook=playbook), "A") == [
        "1 01-01 09:00 - 01-02 21:00 lapsed"
    ]


def test_a_playbook_without_a_lapse_rule_never_lapses() -> None:
    playbook = load_playbook("fmcg_five_stage").model_copy(update={"lapse_days": None})
    tiny = built("2039-01-01 00:00", ENTERED, playbook=playbook)
    assert life(tiny, "A") == ("open", None, None, 0)
    assert tiny.rows("from marts.lapses") == []


class TestReturn:
    """A return undoes it: the spell is unbroken, and lapses counts how often it had lapsed."""

    def test_the_spell_is_unbroken(self) -> None:
        tiny = built("2025-04-20 00:00", f"{ENTERED}\n A | 2025-03-20 | enter needs_confirmed")
        assert spells(tiny, "A") == ["1 01-01 09:00 - 03-20 advanced", "2 03-20 -  open"]
        assert life(tiny, "A") == ("open", None, None, 1)
        assert warnings(tiny, "A") == []

    def test_activity_exactly_when_it_would_lapse_comes_in_time(self) -> None:
        tiny = built("2025-03-01 00:00", f"{ENTERED}\n A | 2025-02-15 09:00 | enter needs_confirmed")
        assert life(tiny, "A") == ("open", None, None, 0)

    def test_activity_a_second_later_is_a_return(self) -> None:
        tiny = built("2025-03-01 00:00", f"{ENTERED}\n A | 2025-02-15 09:00:01 | enter needs_confirmed")
        assert life(tiny, "A") == ("open", None, None, 1)

    @pytest.mark.parametrize("outcome", ["won", "lost"])
    def test_a_loss_or_a_win_after_the_lapse_is_a_return_too(self, outcome: str) -> None:
        tiny = built("2025-06-01 00:00", f"{ENTERED}\n A | 2025-03-20 | {outcome}")
        assert spells(tiny, "A") == [f"1 01-01 09:00 - 03-20 {outcome}"]
        assert life(tiny, "A")[::3] == (outcome, 1)
        assert warnings(tiny, "A") == []

    def test_several_times_and_lapsed_again(self) -> None:
        tiny = built(
            "2025-09-01 00:00",
            f"""
            {ENTERED}
            A | 2025-03-01 | enter first_contact
            A | 2025-05-01 | enter first_contact
            """,
        )
        # silent 2025-01-01 to 03-01 (59 days) and 03-01 to 05-01 (61 days); lapsed again on 06-15
        assert spells(tiny, "A") == ["1 01-01 09:00 - 06-15 lapsed"]
        assert life(tiny, "A") == ("lapsed", "06-15", None, 2)

    def test_reopening_what_had_lapsed_is_a_return_and_no_warning(self) -> None:
        tiny = built("2025-04-01 00:00", f"{ENTERED}\n A | 2025-03-20 | reopened")
        assert spells(tiny, "A") == ["1 01-01 09:00 -  open"]
        assert life(tiny, "A") == ("open", None, None, 1)
        assert warnings(tiny, "A") == []

    def test_reopening_what_had_lapsed_in_another_stage_moves_it_there(self) -> None:
        tiny = built("2025-04-01 00:00", f"{ENTERED}\n A | 2025-03-20 | reopened solution_demo")
        assert spells(tiny, "A") == ["1 01-01 09:00 - 03-20 skipped_ahead", "3 03-20 -  open"]
        assert warnings(tiny, "A") == []

    def test_it_counts_by_when_things_occurred_not_by_when_they_were_known(self) -> None:
        # A visit of 2025-02-10 that nobody recorded before April: it had not lapsed after all.
        late = {"visit_id": "V", "opportunity_id": "A", "status": "done"}
        late |= {"occurred_at": "2025-02-10", "recorded_at": "2025-04-05"}
        tiny = Tiny(as_of="2025-03-20 00:00")
        tiny.events(ENTERED)
        tiny.add("visits", **late)
        tiny.build(*SPELLS)
        assert life(tiny, "A") == ("lapsed", "02-15", None, 0)  # as known then

        tiny = Tiny(as_of="2025-04-10 00:00")
        tiny.events(f"{ENTERED}\n A | 2025-03-20 | enter needs_confirmed")
        tiny.add("visits", **late)
        tiny.build(*SPELLS)
        assert life(tiny, "A") == ("open", None, None, 0)  # 01-01, 02-10, 03-20: never 45 days silent


class TestActivity:
    """A stage event, a visit done, an action, a signing: not a plan, a reschedule, a cancellation, a no-show."""

    @pytest.mark.parametrize(
        ("record", "values"),
        [
            ("visits", {"visit_id": "V", "status": "done"}),
            ("actions", {"action_code": "store_survey"}),
        ],
    )
    def test_it_resets_the_clock(self, record: str, values: dict[str, str]) -> None:
        tiny = Tiny(as_of="2025-03-01 00:00")
        tiny.events(ENTERED)
        tiny.add(record, opportunity_id="A", occurred_at="2025-02-01 12:00", **values)
        tiny.build(*SPELLS)
        assert life(tiny, "A")[0] == "open"
        assert tiny.rows("select last_activity_at from marts.opportunity_lives") == [(tiny.time("2025-02-01 12:00"),)]

    @pytest.mark.parametrize("status", ["planned", "rescheduled", "cancelled", "no_show"])
    def test_what_did_not_take_place_does_not(self, status: str) -> None:
        tiny = Tiny(as_of="2025-03-01 00:00")
        tiny.events(ENTERED)
        tiny.add("visits", opportunity_id="A", visit_id="V", status=status, occurred_at="2025-02-01 12:00",
                 planned_at="2025-04-01 12:00", rescheduled_to="2025-04-02 12:00")  # fmt: skip
        tiny.build(*SPELLS)
        assert life(tiny, "A")[0] == "lapsed"

    def test_nor_does_what_was_waived(self) -> None:
        tiny = Tiny(as_of="2025-03-01 00:00")
        tiny.events(ENTERED)
        tiny.add("actions", opportunity_id="A", action_code="store_survey", waived_by="S1",
                 occurred_at="2025-02-01 12:00")  # fmt: skip
        tiny.build(*SPELLS)
        assert life(tiny, "A")[0] == "lapsed"

    def test_a_signing_keeps_a_won_opportunity_active(self) -> None:
        tiny = Tiny(as_of="2025-03-01 00:00")
        tiny.events(f"{ENTERED}\n A | 2025-01-05 | won")
        tiny.add("signings", opportunity_id="A", amount=1, occurred_at="2025-02-01 12:00")
        tiny.build(*SPELLS)
        assert tiny.rows("select last_activity_at from marts.opportunity_lives") == [(tiny.time("2025-02-01 12:00"),)]


def test_what_is_won_or_lost_does_not_lapse() -> None:
    tiny = built("2026-01-01 00:00", f"{ENTERED}\n A | 2025-01-05 | won\n B | 2025-01-05 | lost")
    assert life(tiny, "A") == ("won", "01-05", "01-05", 0)
    assert life(tiny, "B") == ("lost", "01-05", None, 0)
    assert tiny.rows("from marts.lapses") == []


def test_silence_while_lost_is_no_lapse_when_it_is_reopened() -> None:
    tiny = built("2025-06-01 00:00", f"{ENTERED}\n A | 2025-01-05 | lost\n A | 2025-05-20 | reopened")
    assert life(tiny, "A") == ("open", None, None, 0)


class TestWithoutStageEvents:
    """An opportunity without any stage event is open, and can lapse from its creation on."""

    @pytest.mark.parametrize(
        ("as_of", "expected"),
        [
            ("2025-02-15 08:59:59", ("open", None, None, 0)),
            ("2025-02-15 09:00:00", ("lapsed", "02-15", None, 0)),
        ],
    )
    def test_it_lapses_from_its_creation(self, as_of: str, expected: tuple[object, ...]) -> None:
        tiny = Tiny(as_of=as_of)
        tiny.add("opportunities", opportunity_id="A", created_at="2025-01-01 09:00", occurred_at="2025-01-01 09:00")
        tiny.build(*SPELLS)
        assert life(tiny, "A") == expected

    def test_a_first_activity_later_than_that_is_a_return(self) -> None:
        tiny = Tiny(as_of="2025-04-01 00:00")
        tiny.add("opportunities", opportunity_id="A", created_at="2025-01-01 09:00", occurred_at="2025-01-01 09:00")
        tiny.events("A | 2025-03-20 | enter first_contact")
        tiny.build(*SPELLS)
        assert life(tiny, "A") == ("open", None, None, 1)
        assert spells(tiny, "A") == ["1 03-20 -  open"]

    def test_a_creation_after_the_first_activity_is_no_activity(self) -> None:
        tiny = Tiny(as_of="2025-03-01 00:00")
        tiny.add("opportunities", opportunity_id="A", created_at="2025-01-20 09:00", occurred_at="2025-01-20 09:00")
        tiny.events(ENTERED)
        tiny.build(*SPELLS)
        assert life(tiny, "A") == ("lapsed", "02-15", None, 0)

    def test_with_an_unknown_creation_its_age_is_unknown_and_it_never_lapses(self) -> None:
        tiny = Tiny(as_of="2025-06-01 00:00")
        tiny.add("opportunities", opportunity_id="A")
        tiny.build(*SPELLS)
        assert life(tiny, "A") == ("open", None, None, 0)


def test_status_intervals_tell_what_it_was_and_when() -> None:
    tiny = built(
        "2025-07-01 00:00",
        f"""
        {ENTERED}
        A | 2025-03-01 | enter needs_confirmed
        A | 2025-03-05 | lost
        A | 2025-03-09 | reopened
        A | 2025-03-09 | won
        A | 2025-03-12 | reopened
        """,
        marts=CORE,
    )
    # On 03-09 it is reopened and won in one instant: from then on it is won.
    assert tiny.rows("""
        select strftime(from_at, '%m-%d'), status from marts.status_intervals order by from_at""") == [
        ("01-01", "open"),
        ("02-15", "lapsed"),
        ("03-01", "open"),
        ("03-05", "lost"),
        ("03-09", "won"),
        ("03-12", "open"),
        ("04-26", "lapsed"),
    ]  # fmt: skip
    assert tiny.rows("select count(*) from marts.status_intervals where to_at = 'infinity'") == [(1,)]
