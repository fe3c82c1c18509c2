"""Funnels: worked examples for the sentences of the design's section 5, each answer computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from data_contracts.errors import StagewatchError
from queries.dimensions import Filter
from queries.funnel import Cell, FunnelAnswer, funnel, list_behind, projected, skip_rates, time_to_convert
from queries.funnel_request import Exclusion, FunnelRequest
from queries.snapshot import Snapshot
from tiny import Tiny

Make = Callable[..., Snapshot]


def counted(answer: FunnelAnswer, column: str = "counted") -> list[Any]:
    return answer.frame[column].to_list()


# Entered 2025-01-01 09:00; as of 2025-06-01 all but F and G are mature with 90 days.
PATHS = """
    A | 2025-01-01 09:00 | enter first_contact
    A | 2025-01-11 09:00 | enter needs_confirmed
    A | 2025-01-21 09:00 | enter solution_demo
    A | 2025-01-31 09:00 | enter quotation
    A | 2025-02-10 09:00 | won
    B | 2025-01-01 09:00 | enter first_contact
    B | 2025-01-05 09:00 | enter quotation
    B | 2025-01-09 09:00 | lost price
    C | 2025-01-01 09:00 | enter needs_confirmed
    C | 2025-01-07 09:00 | enter first_contact
    C | 2025-01-08 09:00 | enter needs_confirmed
    D | 2025-01-01 09:00 | enter first_contact
    D | 2025-04-01 09:00 | enter needs_confirmed
    E | 2025-01-01 09:00 | enter first_contact
    E | 2025-04-01 09:00:01 | enter needs_confirmed
    F | 2025-05-01 09:00 | enter first_contact
    F | 2025-05-02 09:00 | enter needs_confirmed
    G | 2025-05-03 09:00 | enter first_contact
"""


def test_reached_counts_skips_and_wins_and_beginning_later(snapshot_of: Make) -> None:
    """With no window: A everything by its win; B quotation by a skip; C began at 2; E at last reached 2."""
    answer = funnel(snapshot_of(PATHS), FunnelRequest(window_days=None))
    assert counted(answer) == [7, 6, 2, 2, 1]
    assert answer.frame["cohort"].to_list() == [7] * 5
    assert answer.basis == "so_far"
    assert answer.frame["cohort_mature"].to_list() == [None] * 5
    assert answer.frame["overall"].to_list() == pytest.approx([1, 6 / 7, 2 / 7, 2 / 7, 1 / 7])
    assert answer.frame["step"].to_list() == [None, pytest.approx(6 / 7), pytest.approx(2 / 6), 1.0, 0.5]


def test_observed_wants_the_stages_themselves_in_order(snapshot_of: Make) -> None:
    """C entered 1 after 2, then 2 again: observed to 2. B never entered 2. A's contract stage came by the win."""
    answer = funnel(snapshot_of(PATHS), FunnelRequest(meaning="observed", window_days=None))
    assert counted(answer) == [7, 5, 1, 1, 0]


def test_the_skip_rate_is_the_gap_between_reached_and_observed(snapshot_of: Make) -> None:
    """Stage 2: B skipped it, 1 of 6 (C was put back to 1, so it observed 2). Stage 4: A entered it, B skipped to it.
    The last: A's win reached it without an entry. By owner, who is unknown stands in a row of their own."""
    rates = skip_rates(snapshot_of(PATHS, adjust=_with_owners), FunnelRequest(window_days=None)).frame
    assert rates.select("reached", "observed").rows() == [(7, 7), (6, 5), (2, 1), (2, 1), (1, 0)]
    assert rates["skip_rate"].to_list() == pytest.approx([0, 1 / 6, 1 / 2, 1 / 2, 1])
    by_owner = skip_rates(snapshot_of(PATHS, adjust=_with_owners), FunnelRequest(window_days=None, by=("owner_id",)))
    fourth = by_owner.frame.filter(pl.col("stage_no") == 4)
    assert fourth.select("owner_id", "reached", "observed", "skip_rate").rows() == [
        ("R1", 2, 1, 0.5),
        ("R2", 0, 0, None),
        (None, 0, 0, None),
    ]  # fmt: skip


def test_direct_wants_no_rework_and_no_skip(snapshot_of: Make) -> None:
    """As observed: C's way back to 1 was rework, but it lies before its stage 1 was entered, so not between."""
    answer = funnel(snapshot_of(PATHS), FunnelRequest(meaning="direct", window_days=None))
    assert counted(answer) == [7, 5, 1, 1, 0]


def test_the_window_is_inclusive_and_runs_from_the_entry(snapshot_of: Make) -> None:
    """D moved exactly 90 x 24 h after its entry and counts; E a second later and does not."""
    answer = funnel(snapshot_of(PATHS), FunnelRequest(window_days=90))
    assert counted(answer) == [7, 5, 2, 2, 1]


def test_only_the_mature_enter_a_rate_and_both_numbers_stand_beside_it(snapshot_of: Make) -> None:
    answer = funnel(snapshot_of(PATHS), FunnelRequest())
    assert answer.plan.window_days == 90
    assert answer.basis == "mature"
    assert counted(answer, "cohort_mature") == [5] * 5
    assert counted(answer, "cohort_young") == [2] * 5
    assert counted(answer, "counted_mature") == [5, 4, 2, 2, 1]
    assert answer.frame["overall"].to_list() == pytest.approx([1, 0.8, 0.4, 0.4, 0.2])


def test_a_unit_is_mature_at_its_entry_plus_the_window_exactly(snapshot_of: Make) -> None:
    event = "A | 2025-03-01 00:00 | enter first_contact"
    exactly = snapshot_of(event, as_of="2025-03-11 00:00")
    assert funnel(exactly, FunnelRequest(window_days=10)).frame["cohort_mature"][0] == 1
    before = snapshot_of(event, as_of="2025-03-10 23:59:59")
    assert funnel(before, FunnelRequest(window_days=10)).frame["cohort_mature"][0] == 0


def test_a_period_is_mature_by_its_last_instant_whatever_came_of_the_young(snapshot_of: Make) -> None:
    """May is young with 90 days: it has no rate, although F moved; January has one."""
    answer = funnel(snapshot_of(PATHS), FunnelRequest(period="month"))
    rows = answer.frame.filter(answer.frame["stage_no"] == 2).to_dicts()
    assert [(r["period_start"], r["cohort"], r["counted"], r["is_mature"], r["overall"]) for r in rows] == [
        (date(2025, 1, 1), 5, 4, True, 0.8),
        (date(2025, 5, 1), 2, 1, False, None),
    ]
    assert answer.total["cohort_mature"].to_list() == [5] * 5
    assert answer.total["overall"].to_list() == pytest.approx([1, 0.8, 0.4, 0.4, 0.2])


@pytest.mark.parametrize(
    ("as_of", "is_mature"), [("2025-02-28 23:59", False), ("2025-03-01 00:00", True), ("2025-03-02 00:00", True)]
)
def test_a_month_needs_its_end_plus_the_window(snapshot_of: Make, as_of: str, is_mature: bool) -> None:
    """January ends at midnight before 1 February; 28 days later is 1 March."""
    snapshot = snapshot_of("A | 2025-01-02 09:00 | enter first_contact", as_of=as_of)
    answer = funnel(snapshot, FunnelRequest(period="month", window_days=28))
    assert answer.frame["is_mature"][0] is is_mature


def test_a_cohort_is_who_entered_in_the_range_whenever_they_moved(snapshot_of: Make) -> None:
    request = FunnelRequest(cohort_from=date(2025, 1, 1), cohort_to=date(2025, 1, 2))
    assert counted(funnel(snapshot_of(PATHS), request)) == [5, 4, 2, 2, 1]
    none = FunnelRequest(cohort_from=date(2024, 1, 1), cohort_to=date(2024, 1, 2))
    assert funnel(snapshot_of(PATHS), none).frame.is_empty()


def test_nothing_of_nothing_is_null(snapshot_of: Make) -> None:
    answer = funnel(snapshot_of("A | 2025-01-01 09:00 | enter first_contact"), FunnelRequest())
    assert answer.frame["counted"].to_list() == [1, 0, 0, 0, 0]
    assert answer.frame["step"].to_list() == [None, 0.0, None, None, None]
    assert answer.frame["step_low"].to_list()[2:] == [None] * 3


def test_a_funnel_may_begin_at_any_stage(snapshot_of: Make) -> None:
    """Cohort of stage 4: A (2025-01-31) and B (2025-01-05); only A went on."""
    answer = funnel(snapshot_of(PATHS), FunnelRequest(entry_stage="quotation"))
    assert answer.frame["stage"].to_list() == ["quotation", "contract_signed"]
    assert counted(answer) == [2, 1]


def test_a_step_window_runs_from_the_stage_before_and_holds_for_what_follows(snapshot_of: Make) -> None:
    """A took 10 days for each step. With 9 days for the third it stops counting there."""
    request = FunnelRequest(step_windows={"solution_demo": 9})
    assert counted(funnel(snapshot_of(PATHS), request)) == [7, 5, 1, 1, 0]
    enough = FunnelRequest(step_windows={"solution_demo": 10})
    assert counted(funnel(snapshot_of(PATHS), enough)) == [7, 5, 2, 2, 1]


def test_an_excluded_unit_leaves_the_denominator_and_is_counted(snapshot_of: Make) -> None:
    """B was lost after stage 1 and before stage 5; A's win is no exclusion."""
    request = FunnelRequest(
        exclusions=(Exclusion(record="stage_events", what="lost", after="first_contact", before="contract_signed"),)
    )
    snapshot = snapshot_of(PATHS)
    answer = funnel(snapshot, request)
    assert counted(answer) == [6, 4, 1, 1, 1]
    assert answer.frame["cohort"].to_list() == [6] * 5
    assert answer.frame["excluded"].to_list() == [1] * 5
    behind = list_behind(snapshot, request, Cell(stage="first_contact", what="excluded"))
    assert behind.frame["opportunity_id"].to_list() == ["B"]


def _with_owners(tiny: Tiny) -> None:
    for name, owner, customer in (("A", "R1", "K1"), ("B", "R1", "K1"), ("C", "R2", "K1"), ("D", None, None)):
        tiny.add(
            "opportunities", opportunity_id=name, occurred_at="2025-01-01 00:00", customer_id=customer, owner_id=owner
        )
    tiny.add("opportunities", opportunity_id="A", occurred_at="2025-01-15 00:00", customer_id="K1", owner_id="R9")
    for rep, city in (("R1", "杭州"), ("R2", "苏州"), ("R9", "厦门")):
        tiny.add("organisation", rep_id=rep, rep_name=f"name of {rep}", city=city, region=f"region of {city}")


def test_a_break_down_uses_the_value_at_entry_and_shows_the_unknown(snapshot_of: Make) -> None:
    """A was R1's when it entered, R9's later; D to G have no owner."""
    answer = funnel(snapshot_of(PATHS, adjust=_with_owners), FunnelRequest(by=("owner_id",)))
    first = answer.frame.filter(answer.frame["stage_no"] == 1)
    assert first.select("owner_id", "owner_id_label", "cohort").rows() == [
        ("R1", "name of R1", 2),
        ("R2", "name of R2", 1),
        (None, None, 4),
    ]


def test_a_break_down_may_use_the_current_value(snapshot_of: Make) -> None:
    request = FunnelRequest(by=("city",), dimension_time="current")
    answer = funnel(snapshot_of(PATHS, adjust=_with_owners), request)
    first = answer.frame.filter(answer.frame["stage_no"] == 1)
    assert dict(first.select("city", "cohort").rows()) == {"厦门": 1, "杭州": 1, "苏州": 1, None: 4}


def test_from_a_later_stage_the_value_is_the_one_in_force_there(snapshot_of: Make) -> None:
    """A reached stage 3 on 2025-01-21, as R9's; B skipped to it as R1's."""
    request = FunnelRequest(by=("owner_id",), entry_stage="solution_demo")
    answer = funnel(snapshot_of(PATHS, adjust=_with_owners), request)
    assert dict(answer.frame.filter(answer.frame["stage_no"] == 3).select("owner_id", "cohort").rows()) == {
        "R1": 1,
        "R9": 1,
    }


def test_several_break_downs_and_filters_at_once(snapshot_of: Make) -> None:
    request = FunnelRequest(
        by=("region", "city"), filters=(Filter(dimension="city", values=("杭州", None)),), window_days=None
    )
    answer = funnel(snapshot_of(PATHS, adjust=_with_owners), request)
    last = answer.frame.filter(answer.frame["stage_no"] == 5)
    assert last.select("region", "city", "cohort", "counted").rows() == [
        ("region of 杭州", "杭州", 2, 1),
        (None, None, 4, 0),
    ]


# K1 came twice: A in January to R1, lost; B in March to R2, won 89 days after A had entered. C has no customer.
TWICE = """
    A | 2025-01-01 09:00 | enter first_contact
    A | 2025-01-20 09:00 | lost price
    B | 2025-03-01 09:00 | enter first_contact
    B | 2025-03-31 09:00 | won
    C | 2025-01-05 09:00 | enter first_contact
"""


def _of_k1(tiny: Tiny) -> None:
    for name, owner in (("A", "R1"), ("B", "R2")):
        tiny.add("opportunities", opportunity_id=name, occurred_at="2025-01-01", customer_id="K1", owner_id=owner)


def test_a_customer_enters_once_and_is_where_the_first_of_its_opportunities_is(snapshot_of: Make) -> None:
    """K1 is one unit of January, whatever came of it; an opportunity without a customer stands for itself."""
    snapshot = snapshot_of(TWICE, adjust=_of_k1)
    request = FunnelRequest(unit="customer", period="month", by=("owner_id",))
    first = funnel(snapshot, request).frame.filter(pl.col("stage_no") == 5)
    assert first.select("period_start", "owner_id", "cohort", "counted").rows() == [
        (date(2025, 1, 1), "R1", 1, 1),
        (date(2025, 1, 1), None, 1, 0),
    ]
    # The window runs from the customer's entry: 89 days are within 90, not within 88.
    assert counted(funnel(snapshot, FunnelRequest(unit="customer"))) == [2, 1, 1, 1, 1]
    assert counted(funnel(snapshot, FunnelRequest(unit="customer", window_days=88))) == [2, 0, 0, 0, 0]
    march = FunnelRequest(unit="customer", cohort_from=date(2025, 3, 1), cohort_to=date(2025, 4, 1))
    assert funnel(snapshot, march).frame.is_empty()
    # For people it stands by the opportunity that came furthest.
    behind = list_behind(snapshot, request, Cell(stage="contract_signed", values={"owner_id": "R1"}))
    assert behind.frame["opportunity_id"].to_list() == ["B"]


def test_a_rep_and_customer_are_a_unit_of_their_own(snapshot_of: Make) -> None:
    snapshot = snapshot_of(TWICE, adjust=_of_k1)
    assert counted(funnel(snapshot, FunnelRequest(unit="rep_customer"))) == [3, 1, 1, 1, 1]


def test_what_excludes_one_opportunity_excludes_the_customer(snapshot_of: Make) -> None:
    """A was lost between the customer's first contact and its contract."""
    lost = Exclusion(record="stage_events", what="lost", after="first_contact", before="contract_signed")
    answer = funnel(snapshot_of(TWICE, adjust=_of_k1), FunnelRequest(unit="customer", exclusions=(lost,)))
    assert answer.frame.select("cohort", "counted", "excluded").rows()[4] == (1, 0, 1)


def test_a_customer_has_failed_when_all_its_opportunities_are_closed(snapshot_of: Make) -> None:
    """Stage 2. K1: A lost on day 19, B open; until then it can still reach. By opportunity A fails first."""
    snapshot = snapshot_of(TWICE.replace("won", "enter first_contact"), adjust=_of_k1, as_of="2025-04-01 09:00")
    by_customer = projected(snapshot, FunnelRequest(unit="customer", window_days=None)).frame
    assert by_customer.select("units", "counted", "projected").row(0) == (2, 0, 0.0)
    assert by_customer["horizon_days"][0] == 90


def test_a_step_is_from_the_stage_before_as_it_was_meant(snapshot_of: Make) -> None:
    """C was put back to 1 on the 7th and went on to 2 on the 8th: observed, the step took 1 day and all of it 7.
    A 10 days; D 90. Reached, C stood in 2 from the start: the step took none."""
    snapshot = snapshot_of(PATHS)

    def second(meaning: str) -> dict[str, Any]:
        frame = time_to_convert(snapshot, FunnelRequest(meaning=meaning)).frame  # type: ignore[arg-type]
        return frame.filter(pl.col("stage_no") == 2).row(0, named=True)

    assert (second("observed")["overall_p25"], second("observed")["step_p25"]) == (8.5, 5.5)
    assert (second("reached")["overall_p25"], second("reached")["step_p25"]) == (3.0, 3.0)
    quick = FunnelRequest(meaning="observed", step_windows={"needs_confirmed": 5})
    assert counted(funnel(snapshot, quick))[1] == 2  # C, and F within a day


def test_time_to_convert_in_calendar_and_business_days(snapshot_of: Make) -> None:
    """Mature and within the window, stage 2: A 10 days, B 4, C 0, D 90. From 1 to 2 January 2025 (a holiday)."""
    snapshot = snapshot_of(PATHS)
    times = time_to_convert(snapshot, FunnelRequest()).frame
    second = times.filter(times["stage_no"] == 2).row(0, named=True)
    assert second["converted"] == 4
    assert second["overall_p50"] == 7.0
    assert second["overall_p25"] == 3.0
    last = times.filter(times["stage_no"] == 5).row(0, named=True)
    assert (last["overall_p50"], last["step_p50"]) == (40.0, 10.0)
    business = time_to_convert(snapshot, FunnelRequest(), "business").frame
    """A, 1 January 09:00 to 10 February 09:00: working days of January 2025 by the State Council's notice are
    2, 3, 6-10, 13-17, 20-24, 26 (a working Sunday), 27; of February 5-8 (8 a working Saturday), then 9 h of 10."""
    assert business.filter(business["stage_no"] == 5)["overall_p50"][0] == 2 + 5 + 5 + 5 + 2 + 4 + 9 / 24


def test_the_projected_rate_by_hand(snapshot_of: Make) -> None:
    """No window, stage 2. Times in days: C 0, F 1, B 4, A 10, D 90, E 90 and a second reach; G is censored at 28.6.

    At risk 7, 6, 5, 4, (G leaves), 2, 1: nobody fails before reaching, so incidence is 1 - survival, and
    survival falls as 6/7, 5/6, 4/5, 3/4, then 1/2 and 0 of what is left.
    """
    snapshot = snapshot_of(PATHS)
    answer = projected(snapshot, FunnelRequest(window_days=None)).frame
    second = answer.filter(answer["stage_no"] == 2).row(0, named=True)
    assert (second["units"], second["counted"], second["projected"]) == (7, 6, pytest.approx(1.0))
    within = projected(snapshot, FunnelRequest(window_days=60)).frame
    second = within.filter(within["stage_no"] == 2).row(0, named=True)
    assert second["projected"] == pytest.approx(1 - 6 / 7 * 5 / 6 * 4 / 5 * 3 / 4)
    assert second["horizon_days"] == 60


def test_failing_competes_with_reaching(snapshot_of: Make) -> None:
    """Stage 2 within 10 days. X fails on day 2, Y reaches on day 4, Z is still open with 3 days: it is at risk at
    day 2 and gone by day 4. Incidence = survival before day 4 (2/3) x 1/1."""
    snapshot = snapshot_of(
        """
        X | 2025-05-01 00:00 | enter first_contact
        X | 2025-05-03 00:00 | lost price
        Y | 2025-05-01 00:00 | enter first_contact
        Y | 2025-05-05 00:00 | enter needs_confirmed
        Z | 2025-05-29 00:00 | enter first_contact
        """
    )
    answer = projected(snapshot, FunnelRequest(window_days=10)).frame
    assert answer["projected"].to_list()[0] == pytest.approx(2 / 3)


def test_young_periods_are_projected_and_mature_ones_are_not(snapshot_of: Make) -> None:
    answer = projected(snapshot_of(PATHS), FunnelRequest(period="month")).frame
    assert answer["period_start"].unique().to_list() == [date(2025, 5, 1)]


def test_what_cannot_be_projected_is_left_out(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PATHS)
    assert projected(snapshot, FunnelRequest(meaning="direct")).frame.is_empty()
    assert projected(snapshot, FunnelRequest(step_windows={"quotation": 3})).frame.is_empty()


def test_the_lists_behind_the_counts(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PATHS)

    def names(**cell: Any) -> list[str]:
        return list_behind(snapshot, FunnelRequest(), Cell(**cell)).frame["opportunity_id"].to_list()

    assert names(stage="quotation") == ["A", "B"]
    assert names(stage="solution_demo", what="dropped") == ["C", "D", "F"]
    assert names(stage="solution_demo", what="dropped", basis="mature") == ["C", "D"]
    assert names(stage="first_contact", what="cohort", basis="young") == ["F", "G"]


def test_a_periods_local_midnight_is_the_companys(snapshot_of: Make) -> None:
    """2025-01-31 23:30 in Shanghai is still January there, and 1 February 07:30 is February."""
    snapshot = snapshot_of(
        "A | 2025-01-31 23:30 | enter first_contact\nB | 2025-02-01 00:00 | enter first_contact",
        as_of="2025-03-01 00:00",
    )
    for period, starts in (("month", ["2025-01-01", "2025-02-01"]), ("day", ["2025-01-31", "2025-02-01"])):
        frame = funnel(snapshot, FunnelRequest(period=period)).frame  # type: ignore[arg-type]
        assert [str(d) for d in frame["period_start"].unique(maintain_order=True)] == starts


def test_what_does_not_exist_is_refused_with_what_does(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PATHS)
    with pytest.raises(StagewatchError, match=r"no stage 'quotatio'.*did you mean 'quotation'.*first_contact"):
        funnel(snapshot, FunnelRequest(entry_stage="quotatio"))
    with pytest.raises(StagewatchError, match=r"no dimension 'regio'.*did you mean 'region'"):
        FunnelRequest(by=("regio",))
    with pytest.raises(StagewatchError, match="no dimension 'opportunity_id'"):
        Filter(dimension="opportunity_id", values=("A",))
    with pytest.raises(StagewatchError, match=r"no status of visits 'no-show'.*no_show"):
        Exclusion(record="visits", what="no-show", after="first_contact", before="quotation")
    with pytest.raises(StagewatchError, match="range is empty"):
        FunnelRequest(cohort_from=date(2025, 1, 2), cohort_to=date(2025, 1, 1))
    with pytest.raises(StagewatchError, match="named twice"):
        FunnelRequest(by=("city", "city"))
    with pytest.raises(StagewatchError, match="not after"):
        backwards = Exclusion(record="visits", what="no_show", after="quotation", before="first_contact")
        funnel(snapshot, FunnelRequest(exclusions=(backwards,)))
    with pytest.raises(StagewatchError, match="stage in this funnel"):
        list_behind(snapshot, FunnelRequest(entry_stage="quotation"), Cell(stage="first_contact"))
    with pytest.raises(ValueError, match="Extra inputs"):
        FunnelRequest(windows=3)  # type: ignore[call-arg]
