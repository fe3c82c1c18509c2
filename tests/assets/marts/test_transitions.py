"""The process map and the variants (design, section 5); counts and days by hand."""

from __future__ import annotations

from core import CORE, built

# A straight to a win; B skips, goes back and is lost, then reopened and open; C lapses.
EVENTS = """
    A | 2025-03-01 | enter first_contact
    A | 2025-03-03 | enter needs_confirmed
    A | 2025-03-07 | won
    B | 2025-03-01 | enter first_contact
    B | 2025-03-05 | enter solution_demo
    B | 2025-03-06 | enter needs_confirmed
    B | 2025-03-08 | lost
    B | 2025-03-20 | reopened
    C | 2025-02-01 | enter first_contact
    """


def test_every_spell_has_one_way_in_and_one_out_unless_it_is_open() -> None:
    tiny = built("2025-04-01 00:00", EVENTS, CORE)
    assert tiny.rows("select from_stage, to_stage, kind, transitions, median_days from marts.transitions") == [
        ("(lost)", "needs_confirmed", "reopen", 1, 12),  # days it had been closed
        ("(start)", "first_contact", "start", 3, None),
        ("first_contact", "needs_confirmed", "advance", 1, 2),
        ("first_contact", "solution_demo", "skip", 1, 4),
        ("first_contact", "(lapsed)", "end", 1, 45),
        ("needs_confirmed", "(lost)", "end", 1, 2),
        ("needs_confirmed", "(won)", "end", 1, 4),
        ("solution_demo", "needs_confirmed", "rework", 1, 1),
    ]
    assert tiny.rows("""
        select count(*) from (
          select to_stage_no as stage_no, sum(transitions) as n
          from marts.transitions where to_stage_no is not null group by 1
          except select stage_no, count(*) from marts.stage_spells group by 1)""") == [(0,)]  # fmt: skip


def test_median_mean_and_p90_of_the_dwell_before_the_move() -> None:
    events = "\n".join(
        f"X{n} | 2025-03-01 | enter first_contact\n X{n} | 2025-03-{1 + days:02} | enter needs_confirmed"
        for n, days in enumerate((1, 2, 3, 10))
    )
    tiny = built("2025-04-01 00:00", events, CORE)
    (row,) = tiny.rows("select median_days, mean_days, p90_days from marts.transitions where kind = 'advance'")
    assert [round(value, 9) for value in row] == [2.5, 4, 7.9]


def test_opportunities_are_counted_once() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter first_contact
        A | 2025-03-03 | enter needs_confirmed
        A | 2025-03-05 | enter first_contact
        A | 2025-03-07 | enter needs_confirmed
        """,
        CORE,
    )
    assert tiny.rows("select kind, transitions, opportunities from marts.transitions where kind <> 'start'") == [
        ("advance", 2, 1),
        ("rework", 1, 1),
    ]


def test_a_lapse_that_was_undone_is_no_transition() -> None:
    tiny = built(
        "2025-06-01 00:00", "A | 2025-01-01 | enter first_contact\n A | 2025-05-20 | enter needs_confirmed", CORE
    )
    assert tiny.rows("select to_stage from marts.transitions where from_stage_no = 1") == [("needs_confirmed",)]


def test_variants_are_the_ways_with_their_closings_open_ones_apart() -> None:
    twins = "\n".join(EVENTS.replace("A |", f"A{n} |").split("B |")[0] for n in range(2))
    tiny = built("2025-04-01 00:00", f"{EVENTS}\n{twins}", CORE)
    back = ["first_contact", "solution_demo", "needs_confirmed", "(lost)", "needs_confirmed"]
    columns = "variant_no, steps, is_open, opportunities, share, coverage, median_days"
    assert tiny.rows(f"select {columns} from marts.variants") == [
        (1, ["first_contact", "needs_confirmed", "(won)"], False, 3, 0.75, 0.75, 6),
        (2, ["first_contact", "(lapsed)"], False, 1, 0.25, 1.0, 45),
        (3, back, True, 1, 1.0, 1.0, None),
    ]
