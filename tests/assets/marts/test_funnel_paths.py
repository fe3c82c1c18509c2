"""When each stage was first reached, observed, and whether directly (design, section 5); answers by hand."""

from __future__ import annotations

from core import CORE, SPELLS, built

from tiny import Tiny

FUNNEL = (*SPELLS, "funnel_paths")


def path(tiny: Tiny, opportunity: str) -> tuple[str, str, str]:
    """(reached, observed, direct) by stage: days of March, `-` for never, direct as digits."""
    (row,) = tiny.rows(
        """
        select
          list_aggregate(list_transform(reached_at, lambda t: coalesce(strftime(t, '%-d'), '-')), 'string_agg', ' '),
          list_aggregate(list_transform(observed_at, lambda t: coalesce(strftime(t, '%-d'), '-')), 'string_agg', ' '),
          list_aggregate(list_transform(is_direct, lambda d: d::int), 'string_agg', '')
        from marts.funnel_paths where opportunity_id = ?""",
        opportunity,
    )
    return row


def walk(*entries: tuple[int, str]) -> str:
    """Events of opportunity A in March: (day, event)."""
    return "\n".join(f"A | 2025-03-{day:02} | {event}" for day, event in entries)


ONE, TWO, THREE = "enter first_contact", "enter needs_confirmed", "enter solution_demo"
FOUR, FIVE = "enter quotation", "enter contract_signed"


def test_straight_through() -> None:
    tiny = built("2025-04-01 00:00", walk((1, ONE), (3, TWO), (5, THREE), (7, FOUR), (9, FIVE), (11, "won")), FUNNEL)
    assert path(tiny, "A") == ("1 3 5 7 9", "1 3 5 7 9", "11111")


def test_a_skip_counts_as_reached_but_is_not_observed() -> None:
    tiny = built("2025-04-01 00:00", walk((1, ONE), (5, FOUR)), FUNNEL)
    assert path(tiny, "A") == ("1 5 5 5 -", "1 - - - -", "10000")
    assert tiny.rows("select furthest_stage_no, is_skipped, is_reworked from marts.funnel_paths") == [(4, True, False)]


def test_one_that_begins_at_stage_2_has_reached_stage_1_at_that_moment() -> None:
    tiny = built("2025-04-01 00:00", walk((4, TWO), (6, THREE)), FUNNEL)
    assert path(tiny, "A") == ("4 4 6 - -", "- - - - -", "00000")
    assert tiny.rows("select strftime(cohort_at, '%-d'), is_skipped from marts.funnel_paths") == [("4", False)]


def test_won_counts_as_reaching_the_last_stage_but_observes_none() -> None:
    tiny = built("2025-04-01 00:00", walk((1, ONE), (3, TWO), (8, "won")), FUNNEL)
    assert path(tiny, "A") == ("1 3 8 8 8", "1 3 - - -", "11000")
    assert tiny.rows("select furthest_stage_no from marts.funnel_paths") == [(5,)]


def test_the_first_win_counts() -> None:
    events = walk((1, ONE), (8, "won"), (10, "reopened"), (12, "lost"), (14, "reopened"), (16, "won"))
    tiny = built("2025-04-01 00:00", events, FUNNEL)
    assert path(tiny, "A") == ("1 8 8 8 8", "1 - - - -", "10000")
    assert tiny.rows(
        "select strftime(won_at, '%-d'), outcome, strftime(outcome_at, '%-d') from marts.funnel_paths"
    ) == [("8", "won", "16")]


def test_a_win_alone_reaches_everything_at_once() -> None:
    tiny = built("2025-04-01 00:00", walk((8, "won")), FUNNEL)
    assert path(tiny, "A") == ("8 8 8 8 8", "- - - - -", "00000")


def test_a_loss_alone_reaches_nothing_and_is_in_no_funnel() -> None:
    assert built("2025-04-01 00:00", walk((8, "lost")), FUNNEL).rows("from marts.funnel_paths") == []


def test_a_stage_entered_after_the_win_was_reached_by_the_win() -> None:
    tiny = built("2025-04-01 00:00", walk((1, ONE), (8, "won"), (10, FOUR)), FUNNEL)
    assert path(tiny, "A") == ("1 8 8 8 8", "1 - - - -", "10000")


def test_what_was_reached_before_stays_reached() -> None:
    tiny = built("2025-04-01 00:00", walk((1, ONE), (3, TWO), (5, THREE), (7, ONE), (9, "lost")), FUNNEL)
    assert path(tiny, "A") == ("1 3 5 - -", "1 3 5 - -", "11100")
    columns = "furthest_stage_no, outcome, strftime(failed_at, '%-d'), is_reworked"
    assert tiny.rows(f"select {columns} from marts.funnel_paths") == [(3, "lost", "9", True)]


def test_observed_in_that_order_among_all_entries_anything_between() -> None:
    # 1, skip to 3, back to 2, then 3 again: stage 3 is observed only at its entry after stage 2.
    tiny = built("2025-04-01 00:00", walk((1, ONE), (3, THREE), (5, TWO), (7, THREE)), FUNNEL)
    assert path(tiny, "A") == ("1 3 3 - -", "1 5 7 - -", "10000")


def test_the_first_time_of_each_stage_is_not_enough_for_observed() -> None:
    # Stage 2 was first entered before stage 1; only its entry after stage 1 counts.
    tiny = built("2025-04-01 00:00", walk((1, TWO), (3, ONE), (5, THREE), (6, TWO), (8, THREE)), FUNNEL)
    assert path(tiny, "A") == ("1 1 5 - -", "3 6 8 - -", "10000")


def test_never_in_order_is_not_observed() -> None:
    tiny = built("2025-04-01 00:00", walk((1, THREE), (3, TWO), (5, ONE)), FUNNEL)
    assert path(tiny, "A") == ("1 1 1 - -", "5 - - - -", "10000")


def test_direct_ends_at_the_first_rework_or_skip() -> None:
    # 1, 2, back to 1, 2, 3: two stages direct, the third observed but not direct.
    tiny = built("2025-04-01 00:00", walk((1, ONE), (3, TWO), (5, ONE), (7, TWO), (9, THREE)), FUNNEL)
    assert path(tiny, "A") == ("1 3 9 - -", "1 3 9 - -", "11000")


def test_what_lay_before_stage_1_does_not_count_against_direct() -> None:
    # It began at stage 2 and was put back to the start; from there it went straight.
    tiny = built("2025-04-01 00:00", walk((1, TWO), (3, ONE), (5, TWO), (7, THREE)), FUNNEL)
    assert path(tiny, "A") == ("1 1 7 - -", "3 5 7 - -", "11100")


def test_a_loss_reopened_in_the_same_stage_is_neither_rework_nor_skip() -> None:
    tiny = built("2025-04-01 00:00", walk((1, ONE), (3, TWO), (5, "lost"), (7, "reopened"), (9, THREE)), FUNNEL)
    assert path(tiny, "A") == ("1 3 9 - -", "1 3 9 - -", "11100")


def test_a_reopening_at_an_earlier_stage_is_rework_and_not_direct() -> None:
    events = walk((1, ONE), (3, TWO), (5, "lost"), (7, "reopened first_contact"), (8, TWO), (9, THREE))
    assert path(built("2025-04-01 00:00", events, FUNNEL), "A") == ("1 3 9 - -", "1 3 9 - -", "11000")


def test_stages_of_one_instant_follow_in_playbook_order() -> None:
    tiny = built("2025-04-01 00:00", walk((1, THREE), (1, TWO), (1, ONE)), FUNNEL)
    assert path(tiny, "A") == ("1 1 1 - -", "1 1 1 - -", "11100")


def test_a_lapsed_opportunity_failed_when_it_lapsed() -> None:
    tiny = built("2025-07-01 00:00", walk((1, ONE)), FUNNEL)
    assert tiny.rows("select outcome, strftime(failed_at, '%m-%d') from marts.funnel_paths") == [("lapsed", "04-15")]


def test_dimensions_and_amount_are_those_in_force_when_it_entered_the_cohort() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(walk((2, ONE), (5, TWO)))
    for day, owner, amount in (("2025-03-01", "R1", 100), ("2025-03-04", "R2", 900)):
        tiny.add("opportunities", opportunity_id="A", customer_id="C", owner_id=owner, expected_amount=amount,
                 occurred_at=day)  # fmt: skip
    tiny.build(*FUNNEL)
    assert tiny.rows("select customer_id, owner_id, amount::int from marts.funnel_paths") == [("C", "R1", 100)]


def test_a_playbook_of_one_stage() -> None:
    playbook = Tiny(as_of="2025-04-01 00:00").playbook
    playbook = playbook.model_copy(update={"stages": playbook.stages[:1]})
    tiny = built("2025-04-01 00:00", walk((1, ONE), (4, "won")), CORE, playbook=playbook)
    assert path(tiny, "A") == ("1", "1", "1")
    assert tiny.rows("select reached, rate_step from marts.funnel where period_type = 'all' and dimension = 'all'") == [
        (1, None)
    ]
