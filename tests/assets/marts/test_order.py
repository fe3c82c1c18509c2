"""The total order of stage events (design, section 4): ties, and that no order of arrival changes it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

from core import SPELLS, built, flags, spells, warnings

from assets.marts.build import MARTS
from tiny import Tiny


def test_events_are_ordered_by_when_they_occurred_not_when_they_were_recorded() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-08 | enter quotation     | recorded 2025-03-08 12:00
        A | 2025-03-01 | enter first_contact | recorded 2025-03-20 12:00
        """,
    )
    assert spells(tiny, "A") == ["1 03-01 - 03-08 skipped_ahead", "4 03-08 -  open"]


def test_within_one_instant_stages_follow_in_playbook_order_and_spells_of_no_length_are_kept() -> None:
    # A daily report tells three stages of one day; recorded the other way round.
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-05 | enter solution_demo   | recorded 2025-03-05 08:00
        A | 2025-03-05 | enter needs_confirmed | recorded 2025-03-05 09:00
        A | 2025-03-05 | enter first_contact   | recorded 2025-03-05 10:00
        A | 2025-03-07 | enter quotation
        """,
    )
    assert spells(tiny, "A") == [
        "1 03-05 - 03-05 advanced",
        "2 03-05 - 03-05 advanced",
        "3 03-05 - 03-07 advanced",
        "4 03-07 -  open",
    ]
    assert flags(tiny, "A", "is_tied") == [True, True, True, False]
    assert flags(tiny, "A", "dwell_days") == [0, 0, 2, 25]
    assert flags(tiny, "A", "is_rework") == [False] * 4


def test_one_instant_written_in_two_time_zones_is_one_instant() -> None:
    # Midnight of the 5th in Shanghai is 16:00 of the 4th in UTC: a tie, in playbook order.
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events("A | 2025-03-05 00:00 | enter solution_demo")
    tiny.add("stage_events", opportunity_id="A", event="enter", stage="needs_confirmed",
             occurred_at=datetime(2025, 3, 4, 16, tzinfo=UTC))  # fmt: skip
    tiny.build(*SPELLS)
    assert spells(tiny, "A") == ["2 03-05 - 03-05 advanced", "3 03-05 -  open"]
    assert flags(tiny, "A", "is_tied") == [True, True]


def test_the_hour_that_the_clocks_repeat_is_told_apart() -> None:
    # Berlin, 26 October 2025: 02:30 summer time is an hour before 02:30 winter time.
    settings = Tiny(as_of="2025-01-01 00:00").settings.model_copy(update={"timezone": "Europe/Berlin"})
    tiny = Tiny(as_of="2025-11-01 00:00", settings=settings)
    for hour, stage in ((1, "needs_confirmed"), (0, "solution_demo")):
        tiny.add("stage_events", opportunity_id="A", event="enter", stage=stage,
                 occurred_at=datetime(2025, 10, 26, hour, 30, tzinfo=UTC))  # fmt: skip
    tiny.build(*SPELLS)
    assert flags(tiny, "A", "(stage_no, is_tied, is_rework)") == [(3, False, False), (2, False, True)]
    assert flags(tiny, "A", "dwell_days")[0] == 1 / 24


def test_within_one_instant_lost_stands_after_the_stages_and_won_after_lost() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter first_contact
        A | 2025-03-05 | won                   | recorded 2025-03-05 08:00
        A | 2025-03-05 | lost price            | recorded 2025-03-05 09:00
        A | 2025-03-05 | enter needs_confirmed | recorded 2025-03-05 10:00
        """,
    )
    # stage 2, then lost, then won: the win after the loss is an implied reopening, a spell of no length
    assert spells(tiny, "A") == ["1 03-01 - 03-05 advanced", "2 03-05 - 03-05 lost", "2 03-05 - 03-05 won"]
    assert flags(tiny, "A", "is_tied") == [False, True, True]
    assert warnings(tiny, "A") == ["03-05 implied_reopening"]


def test_is_tied_marks_only_spells_entered_in_the_shared_instant() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter first_contact
        A | 2025-03-05 | enter needs_confirmed
        A | 2025-03-05 | enter needs_confirmed | recorded 2025-03-09
        A | 2025-03-08 | enter solution_demo
        A | 2025-03-09 | lost
        A | 2025-03-09 | won
        """,
    )
    # The second entry of the 5th changes nothing, yet stands in the same instant; the closings of the 9th
    # start a spell (implied) in an instant that two events share.
    assert flags(tiny, "A", "is_tied") == [False, True, False, True]


def test_of_two_wins_in_one_instant_the_one_recorded_first_counts() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events("A | 2025-03-01 | enter first_contact")
    for row, recorded in ((11, "2025-03-08"), (12, "2025-03-06")):
        tiny.add("stage_events", opportunity_id="A", event="won", occurred_at="2025-03-05", recorded_at=recorded,
                 content_hash=row, source_row=row)  # fmt: skip
    tiny.build(*SPELLS)
    assert tiny.rows("select warning, source_row from marts.warnings") == [("second_win", 11)]


def test_recorded_alike_the_more_structured_source_stands_first_then_the_content_hash() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events("A | 2025-03-01 | enter first_contact")
    for kind, content_hash in (("wechat", 1), ("form", 9), ("form", 8), ("crm", 2)):
        tiny.add("stage_events", opportunity_id="A", event="won", occurred_at="2025-03-05", source_kind=kind,
                 content_hash=content_hash)  # fmt: skip
    tiny.build(*SPELLS)
    order = tiny.rows("select content_hash from marts.ordered_events where event = 'won' order by seq")
    assert order == [(8,), (9,), (2,), (1,)]


def test_no_order_of_arrival_changes_anything() -> None:
    lines = [
        ("2025-03-01", "enter", "first_contact", "2025-03-02"),
        ("2025-03-05", "enter", "quotation", "2025-03-06"),
        ("2025-03-05", "enter", "needs_confirmed", "2025-03-06"),
        ("2025-03-05", "lost", None, "2025-03-05"),
    ]
    tiny = Tiny(as_of="2025-04-01 00:00")
    for arrival in permutations(range(4)):
        tiny.con.execute("delete from staging.stage_events")
        for n in arrival:
            occurred, event, stage, recorded = lines[n]
            tiny.add("stage_events", opportunity_id="A", event=event, stage=stage, occurred_at=occurred,
                     recorded_at=recorded, content_hash=100 + n)  # fmt: skip
        tiny.build(*MARTS[: MARTS.index("ordered_events") + 1])
        order = tiny.rows("select content_hash from marts.ordered_events order by seq")
        assert order == [(100,), (102,), (101,), (103,)], arrival


class TestReopenedInTheSameInstant:
    """In one instant, reopened stands first if the opportunity was closed before, else last."""

    def test_first_when_it_was_lost_before(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter needs_confirmed
            A | 2025-03-04 | lost
            A | 2025-03-09 | enter solution_demo
            A | 2025-03-09 | reopened
            """,
        )
        # reopened in stage 2, then entered stage 3: no implied reopening
        assert spells(tiny, "A") == ["2 03-01 - 03-04 lost", "2 03-09 - 03-09 advanced", "3 03-09 -  open"]
        assert warnings(tiny, "A") == []

    def test_first_when_it_was_lost_before_also_beside_a_win(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter needs_confirmed
            A | 2025-03-04 | lost
            A | 2025-03-09 | won
            A | 2025-03-09 | reopened
            """,
        )
        assert spells(tiny, "A") == ["2 03-01 - 03-04 lost", "2 03-09 - 03-09 won"]
        assert warnings(tiny, "A") == []

    def test_last_when_it_was_open_before(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter needs_confirmed
            A | 2025-03-04 | reopened
            A | 2025-03-04 | lost
            """,
        )
        # lost and reopened within the day: it is open again
        assert spells(tiny, "A") == ["2 03-01 - 03-04 lost", "2 03-04 -  open"]
        assert warnings(tiny, "A") == []

    def test_closed_before_is_told_through_instants_that_leave_it_as_it_was(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter needs_confirmed
            A | 2025-03-02 | lost
            A | 2025-03-03 | reopened
            A | 2025-03-03 | lost
            A | 2025-03-04 | reopened
            A | 2025-03-04 | lost
            """,
        )
        # Each of the two days: closed before, so reopened first, then lost again.
        assert spells(tiny, "A") == ["2 03-01 - 03-02 lost", "2 03-03 - 03-03 lost", "2 03-04 - 03-04 lost"]
        assert warnings(tiny, "A") == []

    def test_open_before_is_told_through_instants_that_leave_it_as_it_was(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter needs_confirmed
            A | 2025-03-03 | lost
            A | 2025-03-03 | reopened
            A | 2025-03-04 | enter solution_demo
            A | 2025-03-04 | reopened first_contact
            """,
        )
        # The 3rd: open before, so lost and then reopened. The 4th: open still, so the reopening stands last.
        assert spells(tiny, "A") == ["2 03-01 - 03-03 lost", "2 03-03 - 03-04 advanced", "3 03-04 -  open"]
        assert warnings(tiny, "A") == ["03-04 reopened_while_open"]

    def test_first_when_it_had_lapsed(self) -> None:
        # lapse 45 days: lapsed on 2025-02-15; closed, then, when it is reopened and won on one day
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-01-01 | enter needs_confirmed
            A | 2025-03-09 | won
            A | 2025-03-09 | reopened
            """,
        )
        assert spells(tiny, "A") == ["2 01-01 - 03-09 won"]
        assert warnings(tiny, "A") == []

    def test_only_the_first_of_two_reopens(self) -> None:
        tiny = built(
            "2025-04-01 00:00",
            """
            A | 2025-03-01 | enter needs_confirmed
            A | 2025-03-04 | lost
            A | 2025-03-09 | reopened needs_confirmed
            A | 2025-03-09 | reopened first_contact
            """,
        )
        assert spells(tiny, "A") == ["2 03-01 - 03-04 lost", "1 03-09 -  open"]
        assert warnings(tiny, "A") == ["03-09 reopened_while_open"]
