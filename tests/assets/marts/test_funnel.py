"""Cohorts, windows, maturity and intervals (design, section 5); answers worked out by hand.

The playbook's window is 90 days. In at 2025-01-10 09:00, a stage counts until 2025-04-10 09:00.
"""

from __future__ import annotations

from typing import Any

import pytest
from core import SPELLS, built

from data_contracts.playbook import load_playbook
from tiny import Tiny

MARTS = (*SPELLS, "funnel_paths", "funnel")
PLAYBOOK = load_playbook("fmcg_five_stage")


def counts(tiny: Tiny, columns: str, period: str = "all", dimension: str = "all") -> list[tuple[Any, ...]]:
    """Columns by stage of one period type and dimension."""
    return tiny.rows(
        f"select {columns} from marts.funnel where period_type = ? and dimension = ?"
        " order by period_start, value nulls last, stage_no",
        period,
        dimension,
    )


def entry(name: str, day: str, *later: str) -> str:
    """Entry into stage 1 at 09:00 of a day, then `when event` lines."""
    lines = [f"{name} | {day} 09:00 | enter first_contact"]
    return "\n".join([*lines, *(f"{name} | {line[:19].strip()} | {line[19:].strip()}" for line in later)])


class TestWindow:
    """Counted: what was reached at entry + W x 24 h or before."""

    @pytest.mark.parametrize(("when", "reached"), [("2025-04-10 09:00:00", 1), ("2025-04-10 09:00:01", 0)])
    def test_inclusive_to_the_second(self, when: str, reached: int) -> None:
        tiny = built("2026-01-01 00:00", entry("A", "2025-01-10", f"{when} enter needs_confirmed"), MARTS)
        assert counts(tiny, "reached, observed, direct")[1] == (reached,) * 3

    def test_from_entry_not_from_the_step_before(self) -> None:
        tiny = built(
            "2026-01-01 00:00",
            entry(
                "A",
                "2025-01-10",
                "2025-03-20 09:00:00 enter needs_confirmed",
                "2025-05-01 09:00:00 enter solution_demo",
            ),
            MARTS,
        )
        assert counts(tiny, "reached") == [(1,), (1,), (0,), (0,), (0,)]

    def test_of_24_hours_also_where_the_clocks_change(self) -> None:
        settings = Tiny(as_of="2025-01-01 00:00").settings.model_copy(update={"timezone": "Europe/Berlin"})
        # 90 x 24 h from 2025-01-10 09:00 winter time is 2025-04-10 10:00 summer time
        for when, reached in (("2025-04-10 10:00:00", 1), ("2025-04-10 10:00:01", 0)):
            events = entry("A", "2025-01-10", f"{when} enter needs_confirmed")
            assert counts(built("2026-01-01 00:00", events, MARTS, settings=settings), "reached")[1] == (reached,)

    def test_none_is_implied(self) -> None:
        playbook = PLAYBOOK.model_copy(update={"default_window_days": None})
        events = entry("A", "2015-01-10", "2024-12-31 09:00:00 enter needs_confirmed")
        tiny = built("2026-01-01 00:00", events, MARTS, playbook=playbook)
        # Without a window nothing is ever mature, so there is no rate: there is always more time.
        columns = "window_days, cohort, reached, cohort_mature, cohort_immature, rate_overall, rate_overall_low"
        assert counts(tiny, columns)[1] == (None, 1, 1, 0, 1, None, None)


class TestCohort:
    def test_by_the_period_of_entry_and_later_stages_may_come_after_its_end(self) -> None:
        tiny = built(
            "2026-01-01 00:00",
            "\n".join([
                entry("A", "2025-01-31", "2025-02-20 09:00:00 enter needs_confirmed"),
                entry("B", "2025-02-01"),
                entry("C", "2025-04-01"),
            ]),
            MARTS,
        )  # fmt: skip
        columns = "strftime(period_start, '%m-%d'), stage_no, cohort, reached"
        assert [row for row in counts(tiny, columns, "month") if row[1] <= 2] == [
            ("01-01", 1, 1, 1), ("01-01", 2, 1, 1),
            ("02-01", 1, 1, 1), ("02-01", 2, 1, 0),
            ("04-01", 1, 1, 1), ("04-01", 2, 1, 0),
        ]  # fmt: skip
        assert [row for row in counts(tiny, columns, "quarter") if row[1] <= 2] == [
            ("01-01", 1, 2, 2), ("01-01", 2, 2, 1),
            ("04-01", 1, 1, 1), ("04-01", 2, 1, 0),
        ]  # fmt: skip

    def test_periods_are_the_companys(self) -> None:
        # Midnight of 1 March in Shanghai is still February in UTC.
        tiny = built("2026-01-01 00:00", "A | 2025-03-01 00:00 | enter first_contact", MARTS)
        assert counts(tiny, "strftime(period_start, '%m')", "month")[0] == ("03",)

    def test_never_shrinks_to_who_is_left(self) -> None:
        lost = entry("A", "2025-01-10", "2025-01-11 09:00:00 lost")
        tiny = built("2026-01-01 00:00", f"{lost}\n{entry('B', '2025-01-10', '2025-01-12 09:00:00 won')}", MARTS)
        assert counts(tiny, "cohort, reached") == [(2, 2), (2, 1), (2, 1), (2, 1), (2, 1)]


class TestMaturity:
    """A period is mature when its last instant + W <= as_of; without periods a unit, when its entry + W <= as_of."""

    JANUARY = entry("A", "2025-01-10", "2025-02-01 09:00:00 won") + "\n" + entry("B", "2025-01-31")

    @pytest.mark.parametrize(
        ("as_of", "mature"),
        # the last instant of January is 23:59:59.999999 of the 31st, and 90 days on of 1 May
        [("2025-05-01 23:59:59.999998", 0), ("2025-05-01 23:59:59.999999", 2)],
    )
    def test_of_a_month(self, as_of: str, mature: int) -> None:
        tiny = built(as_of, self.JANUARY, MARTS)
        columns = "cohort, cohort_mature, cohort_immature, reached, reached_mature"
        assert counts(tiny, columns, "month")[4] == (2, mature, 2 - mature, 1, mature // 2)

    def test_of_a_quarter(self) -> None:
        # 31 March's last instant + 90 days: the end of 29 June
        assert counts(built("2025-06-29 23:59:59", self.JANUARY, MARTS), "cohort_mature", "quarter")[0] == (0,)
        assert counts(built("2025-06-30 00:00:00", self.JANUARY, MARTS), "cohort_mature", "quarter")[0] == (2,)

    def test_of_units_without_periods(self) -> None:
        # A is mature on 04-10 09:00, B on 05-01 09:00
        for as_of, mature in (("2025-04-10 08:59:59", 0), ("2025-04-10 09:00:00", 1), ("2025-05-01 09:00:00", 2)):
            assert counts(built(as_of, self.JANUARY, MARTS), "cohort_mature, cohort_immature")[0] == (
                mature,
                2 - mature,
            )

    def test_a_young_cohorts_winners_are_left_out_of_the_rate(self) -> None:
        mature = "\n".join(entry(f"M{n}", "2025-01-10") for n in range(3))
        mature += "\n" + entry("M3", "2025-01-10", "2025-02-01 09:00:00 won")
        young = "\n".join(entry(f"Y{n}", "2025-05-20", "2025-05-21 09:00:00 won") for n in range(6))
        tiny = built("2025-06-01 00:00", f"{mature}\n{young}", MARTS)
        columns = "cohort, reached, cohort_mature, reached_mature, cohort_immature, rate_overall, rate_step"
        # 1 of the 4 mature, however many of the 6 young have won; all who won skipped 2 to 5 at once
        assert counts(tiny, columns)[1] == (10, 7, 4, 1, 6, 0.25, 0.25)
        assert counts(tiny, columns)[4] == (10, 7, 4, 1, 6, 0.25, 1.0)
        by_month = counts(tiny, "strftime(period_start, '%m'), stage_no, rate_overall", "month")
        assert [row for row in by_month if row[1] == 5] == [("01", 5, 0.25), ("05", 5, None)]


class TestRates:
    def test_step_and_overall(self) -> None:
        events = [entry("A", "2025-01-10", "2025-01-11 09:00:00 enter needs_confirmed",
                        "2025-01-12 09:00:00 enter solution_demo"),
                  entry("B", "2025-01-10", "2025-01-11 09:00:00 enter needs_confirmed"),
                  entry("C", "2025-01-10"), entry("D", "2025-01-10")]  # fmt: skip
        tiny = built("2026-01-01 00:00", "\n".join(events), MARTS)
        assert counts(tiny, "reached_mature, rate_overall, rate_step") == [
            (4, 1.0, None),  # the first stage has no step before it
            (2, 0.5, 0.5),
            (1, 0.25, 0.5),
            (0, 0.0, 0.0),
            (0, 0.0, None),  # 0 of 0 is null, never 0%
        ]

    def test_reached_observed_and_direct_are_told_apart(self) -> None:
        two, three = "enter needs_confirmed", "enter solution_demo"
        events = [
            entry("A", "2025-01-10", f"2025-01-11 09:00:00 {two}", f"2025-01-12 09:00:00 {three}"),
            entry("B", "2025-01-10", f"2025-01-12 09:00:00 {three}"),
            entry("C", "2025-01-10", f"2025-01-11 09:00:00 {two}", "2025-01-12 09:00:00 enter first_contact",
                  f"2025-01-13 09:00:00 {two}", f"2025-01-14 09:00:00 {three}"),
        ]  # fmt: skip
        tiny = built("2026-01-01 00:00", "\n".join(events), MARTS)
        columns = "reached, observed, direct, reached_mature, observed_mature, direct_mature"
        assert counts(tiny, columns)[2] == (3, 2, 1, 3, 2, 1)

    @pytest.mark.parametrize(
        ("converted", "units", "low", "high"),
        # Newcombe 1998, Statistics in Medicine 17, table I, method 3 (Wilson without continuity correction)
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
         (20, 20, 0.8389, 1.0)],
    )  # fmt: skip
    def test_wilson_intervals_against_published_values(
        self, converted: int, units: int, low: float, high: float
    ) -> None:
        tiny = built("2026-01-01 00:00", entry("A", "2025-01-10"), MARTS)
        interval = tiny.rows("select wilson_low(?::bigint, ?::bigint), wilson_high(?::bigint, ?::bigint)",
                             converted, units, converted, units)  # fmt: skip
        assert interval == [(pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))]
        assert 0 <= interval[0][0] <= interval[0][1] <= 1

    def test_intervals_stand_beside_both_rates(self) -> None:
        events = "\n".join(
            entry(f"X{n}", "2025-01-10", *(["2025-01-12 09:00:00 won"] if n == 0 else [])) for n in range(29)
        )
        tiny = built("2026-01-01 00:00", events, MARTS)
        columns = "rate_overall_low, rate_overall_high, rate_step_low, rate_step_high"
        assert counts(tiny, columns)[1] == tuple(pytest.approx(x, abs=5e-5) for x in (0.0061, 0.1718, 0.0061, 0.1718))


class TestDimensions:
    def test_the_value_in_force_at_entry_never_one_of_a_later_step(self) -> None:
        tiny = Tiny(as_of="2026-01-01 00:00")
        tiny.events(entry("A", "2025-01-10", "2025-01-20 09:00:00 enter needs_confirmed"))
        tiny.add("opportunities", opportunity_id="A", channel="KA", occurred_at="2025-01-01")
        tiny.add("opportunities", opportunity_id="A", channel="流通", occurred_at="2025-01-15")
        tiny.build(*MARTS)
        assert counts(tiny, "value, stage_no, cohort, reached", dimension="channel")[:2] == [
            ("KA", 1, 1, 1),
            ("KA", 2, 1, 1),
        ]

    def test_an_unknown_value_is_kept_as_null_and_every_break_down_adds_up(self) -> None:
        tiny = Tiny(as_of="2026-01-01 00:00")
        for name, channel in (("A", "KA"), ("B", None), ("C", None), ("D", "流通")):
            tiny.events(entry(name, "2025-01-10"))
            tiny.add("opportunities", opportunity_id=name, channel=channel)
        tiny.events(entry("E", "2025-01-10"))  # no record at all
        tiny.build(*MARTS)
        first = [row[1:] for row in counts(tiny, "stage_no, value, cohort", dimension="channel") if row[0] == 1]
        assert first == [("KA", 1), ("流通", 1), (None, 3)]
        assert tiny.rows("""
            select distinct total from (
              select sum(cohort) as total from marts.funnel where stage_no = 1 group by period_type, dimension)
            """) == [(5,)]  # fmt: skip
        assert tiny.rows("select distinct dimension from marts.funnel order by 1") == [
            (d,) for d in ("all", "channel", "city", "lead_source", "owner_id", "product_line", "region")
        ]


def test_what_nobody_entered_has_no_row_rather_than_a_zero() -> None:
    assert built("2026-01-01 00:00", "A | 2025-01-10 | lost", MARTS).rows("from marts.funnel") == []
