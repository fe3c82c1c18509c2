"""Spells, sentence by sentence of section 4 of the design; the answers are worked out by hand."""

from __future__ import annotations

from core import SPELLS, built, flags, life, spells, warnings

from tiny import Tiny


def test_a_spell_is_a_maximal_stay_from_entry_to_the_next_entry() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 09:00 | enter first_contact
        A | 2025-03-04 15:00 | enter needs_confirmed
        """,
    )
    assert spells(tiny, "A") == ["1 03-01 09:00 - 03-04 15:00 advanced", "2 03-04 15:00 -  open"]
    assert tiny.rows("select next_stage from marts.stage_spells order by spell_no") == [("needs_confirmed",), (None,)]


def test_entering_the_stage_one_is_in_changes_nothing() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter first_contact
        A | 2025-03-03 | enter first_contact
        A | 2025-03-05 | enter first_contact
        """,
    )
    assert spells(tiny, "A") == ["1 03-01 -  open"]
    assert flags(tiny, "A", "dwell_days") == [31]
    assert warnings(tiny, "A") == []


def test_a_move_to_a_lower_stage_is_rework() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter solution_demo
        A | 2025-03-05 | enter first_contact
        A | 2025-03-06 | enter needs_confirmed
        """,
    )
    assert spells(tiny, "A") == ["3 03-01 - 03-05 returned", "1 03-05 - 03-06 advanced", "2 03-06 -  open"]
    assert flags(tiny, "A", "is_rework") == [False, True, False]


def test_a_move_over_a_stage_is_a_skip_and_never_invented_as_an_event() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter first_contact
        A | 2025-03-05 | enter quotation
        B | 2025-03-01 | enter solution_demo
        """,
    )
    assert spells(tiny, "A") == ["1 03-01 - 03-05 skipped_ahead", "4 03-05 -  open"]
    assert flags(tiny, "A", "is_skip") == [False, True]
    # beginning at stage 3 is no move, so no skip
    assert flags(tiny, "B", "is_skip") == [False]


def test_won_and_lost_end_the_last_spell() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter first_contact
        A | 2025-03-05 | won
        B | 2025-03-01 | enter first_contact
        B | 2025-03-06 | lost price
        """,
    )
    assert spells(tiny, "A") == ["1 03-01 - 03-05 won"]
    assert spells(tiny, "B") == ["1 03-01 - 03-06 lost"]
    assert life(tiny, "A") == ("won", "03-05", "03-05", 0)
    assert life(tiny, "B") == ("lost", "03-06", None, 0)
    assert tiny.rows("select lost_reason from marts.opportunity_lives where opportunity_id = 'B'") == [("price",)]


class TestReopened:
    def test_in_the_stage_named(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter solution_demo
            A | 2025-03-05 | lost price
            A | 2025-03-09 | reopened first_contact
            B | 2025-03-01 | enter first_contact
            B | 2025-03-05 | lost price
            B | 2025-03-09 | reopened solution_demo
            """,
        )
        assert spells(tiny, "A") == ["3 03-01 - 03-05 lost", "1 03-09 -  open"]
        assert flags(tiny, "A", "is_rework") == [False, True]  # rework, also by reopening
        assert spells(tiny, "B") == ["1 03-01 - 03-05 lost", "3 03-09 -  open"]
        assert flags(tiny, "B", "is_skip") == [False, True]
        assert warnings(tiny, "A") == warnings(tiny, "B") == []
        assert life(tiny, "A") == ("open", None, None, 0)

    def test_else_in_the_last_stage(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter solution_demo
            A | 2025-03-05 | won
            A | 2025-03-09 | reopened
            """,
        )
        assert spells(tiny, "A") == ["3 03-01 - 03-05 won", "3 03-09 -  open"]
        assert flags(tiny, "A", "is_rework") == [False, False]
        # the first win stays the first win
        assert life(tiny, "A") == ("open", None, "03-05", 0)

    def test_while_open_it_changes_nothing_and_is_a_warning(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter solution_demo
            A | 2025-03-09 | reopened first_contact
            B | 2025-03-09 | reopened first_contact
            """,
        )
        assert spells(tiny, "A") == ["3 03-01 -  open"]
        assert warnings(tiny, "A") == ["03-09 reopened_while_open"]
        # nothing was known of B: it was open, and has no stage still
        assert spells(tiny, "B") == []
        assert warnings(tiny, "B") == ["03-09 reopened_while_open"]

    def test_without_any_stage_it_is_open_and_has_no_spell(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-05 | lost
            A | 2025-03-09 | reopened
            """,
        )
        assert spells(tiny, "A") == []
        assert life(tiny, "A") == ("open", None, None, 0)
        assert warnings(tiny, "A") == []


class TestImpliedReopenings:
    def test_an_entry_after_a_loss(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter needs_confirmed
            A | 2025-03-05 | lost
            A | 2025-03-09 | enter needs_confirmed
            """,
        )
        # the same stage: it was closed, so this is a new spell
        assert spells(tiny, "A") == ["2 03-01 - 03-05 lost", "2 03-09 -  open"]
        assert warnings(tiny, "A") == ["03-09 implied_reopening"]

    def test_an_entry_after_a_win(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter quotation
            A | 2025-03-05 | won
            A | 2025-03-09 | enter needs_confirmed
            """,
        )
        assert spells(tiny, "A") == ["4 03-01 - 03-05 won", "2 03-09 -  open"]
        assert flags(tiny, "A", "is_rework") == [False, True]
        assert warnings(tiny, "A") == ["03-09 implied_reopening"]

    def test_a_win_after_a_loss(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter quotation
            A | 2025-03-05 | lost
            A | 2025-03-09 | won
            """,
        )
        # reopened in the last stage at the moment it was won: a spell of no length
        assert spells(tiny, "A") == ["4 03-01 - 03-05 lost", "4 03-09 - 03-09 won"]
        assert warnings(tiny, "A") == ["03-09 implied_reopening"]
        assert life(tiny, "A") == ("won", "03-09", "03-09", 0)

    def test_a_loss_after_a_win(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter quotation
            A | 2025-03-05 | won
            A | 2025-03-09 | lost cancelled
            """,
        )
        assert spells(tiny, "A") == ["4 03-01 - 03-05 won", "4 03-09 - 03-09 lost"]
        assert warnings(tiny, "A") == ["03-09 implied_reopening"]
        assert life(tiny, "A") == ("lost", "03-09", "03-05", 0)

    def test_without_a_stage_there_is_nothing_to_reopen_in(self) -> None:
        tiny = built("2025-04-01 00:00", "A | 2025-03-05 | lost\n A | 2025-03-09 | won")
        assert spells(tiny, "A") == []
        assert life(tiny, "A") == ("won", "03-09", "03-09", 0)
        assert warnings(tiny, "A") == ["03-09 implied_reopening"]


def test_a_second_win_or_loss_changes_nothing_and_is_a_warning() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter quotation
        A | 2025-03-05 | won
        A | 2025-03-09 | won
        B | 2025-03-01 | enter quotation
        B | 2025-03-05 | lost price
        B | 2025-03-09 | lost other
        """,
    )
    assert spells(tiny, "A") == ["4 03-01 - 03-05 won"]
    assert life(tiny, "A") == ("won", "03-05", "03-05", 0)
    assert warnings(tiny, "A") == ["03-09 second_win"]
    assert spells(tiny, "B") == ["4 03-01 - 03-05 lost"]
    assert life(tiny, "B") == ("lost", "03-05", None, 0)
    assert warnings(tiny, "B") == ["03-09 second_loss"]
    # the reason is the loss's that is in force, not the repeated one's
    assert tiny.rows("select lost_reason from marts.opportunity_lives where opportunity_id = 'B'") == [("price",)]


def test_a_win_after_a_reopening_is_no_second_win() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter quotation
        A | 2025-03-05 | won
        A | 2025-03-09 | reopened
        A | 2025-03-12 | won
        """,
    )
    assert spells(tiny, "A") == ["4 03-01 - 03-05 won", "4 03-09 - 03-12 won"]
    assert life(tiny, "A") == ("won", "03-12", "03-05", 0)
    assert warnings(tiny, "A") == []


class TestSignings:
    """A signing without a won event is a win at its date, and a warning."""

    def test_without_a_won_event(self) -> None:
        tiny = Tiny(as_of="2025-04-01 00:00")
        tiny.events("A | 2025-03-01 | enter quotation")
        tiny.add("signings", opportunity_id="A", amount=100, occurred_at="2025-03-05")
        tiny.build(*SPELLS)
        assert spells(tiny, "A") == ["4 03-01 - 03-05 won"]
        assert life(tiny, "A") == ("won", "03-05", "03-05", 0)
        assert warnings(tiny, "A") == ["03-05 signing_without_win"]

    def test_with_a_won_event_before_at_or_after_it(self) -> None:
        tiny = Tiny(as_of="2025-04-01 00:00")
        for name, won in (("A", "2025-03-04"), ("B", "2025-03-05"), ("C", "2025-03-06")):
            tiny.events(f"{name} | 2025-03-01 | enter quotation\n {name} | {won} | won")
            tiny.add("signings", opportunity_id=name, amount=100, occurred_at="2025-03-05")
        tiny.build(*SPELLS)
        assert [life(tiny, name)[1] for name in "ABC"] == ["03-04", "03-05", "03-06"]
        assert tiny.rows("from marts.warnings") == []

    def test_of_several_the_first_is_the_win_and_each_is_a_warning(self) -> None:
        tiny = Tiny(as_of="2025-04-01 00:00")
        tiny.events("A | 2025-03-01 | enter quotation")
        for day in ("2025-03-09", "2025-03-05"):
            tiny.add("signings", opportunity_id="A", amount=100, occurred_at=day)
        tiny.build(*SPELLS)
        assert life(tiny, "A") == ("won", "03-05", "03-05", 0)
        assert warnings(tiny, "A") == ["03-05 signing_without_win", "03-09 signing_without_win"]

    def test_after_a_reopening_that_nobody_marked_as_won(self) -> None:
        tiny = Tiny(as_of="2025-04-01 00:00")
        tiny.events("""
            A | 2025-03-01 | enter quotation
            A | 2025-03-05 | won
            A | 2025-03-09 | reopened
        """)
        tiny.add("signings", opportunity_id="A", amount=100, occurred_at="2025-03-05")
        tiny.add("signings", opportunity_id="A", amount=50, occurred_at="2025-03-12")
        tiny.build(*SPELLS)
        assert spells(tiny, "A") == ["4 03-01 - 03-05 won", "4 03-09 - 03-12 won"]
        assert warnings(tiny, "A") == ["03-12 signing_without_win"]

    def test_after_a_loss_it_is_a_win_too(self) -> None:
        tiny = Tiny(as_of="2025-04-01 00:00")
        tiny.events("A | 2025-03-01 | enter quotation\n A | 2025-03-05 | lost")
        tiny.add("signings", opportunity_id="A", amount=100, occurred_at="2025-03-09")
        tiny.build(*SPELLS)
        assert spells(tiny, "A") == ["4 03-01 - 03-05 lost", "4 03-09 - 03-09 won"]
        assert warnings(tiny, "A") == ["03-09 implied_reopening", "03-09 signing_without_win"]


def test_an_opportunity_without_any_stage_event_has_no_stage_and_no_spell_but_a_state() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.add("opportunities", opportunity_id="A", created_at="2025-03-20", occurred_at="2025-03-20")
    tiny.build(*SPELLS)
    assert life(tiny, "A") == ("open", None, None, 0)
    assert tiny.rows("from marts.stage_spells") == []


def test_a_stage_that_the_playbook_does_not_have_is_a_warning_and_never_a_spell() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter quotation
        A | 2025-03-05 | enter moon_landing
        A | 2025-03-06 | lost
        A | 2025-03-09 | reopened moon_landing
        """,
    )
    assert spells(tiny, "A") == ["4 03-01 - 03-06 lost", "4 03-09 -  open"]
    assert warnings(tiny, "A") == ["03-05 unknown_stage", "03-09 unknown_stage"]
