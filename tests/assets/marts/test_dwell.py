"""Dwell: exact, on two clocks, and its statistics (design, section 4); Kaplan-Meier against lifelines."""

from __future__ import annotations

import random
import warnings
from datetime import timedelta
from typing import Any

import pytest
from core import CORE, SPELLS, built, flags, spells

from data_contracts.playbook import load_playbook
from tiny import Tiny

MARTS = (*SPELLS, "stage_days", "dwell")
NO_LAPSE = load_playbook("fmcg_five_stage").model_copy(update={"lapse_days": None})


def statistics(tiny: Tiny, columns: str, stage_no: int = 1, dimension: str = "all") -> list[tuple[Any, ...]]:
    """Columns of one stage, by value of one dimension."""
    return tiny.rows(
        f"select {columns} from marts.dwell where dimension = ? and stage_no = ? order by value nulls last",
        dimension,
        stage_no,
    )


class TestExact:
    def test_days_of_86400_seconds(self) -> None:
        tiny = built(
            "2025-04-01 00:00", "A | 2025-03-01 09:00:00 | enter first_contact\n A | 2025-03-03 21:00:01 | won"
        )
        assert flags(tiny, "A", "dwell_days") == [2.5 + 1 / 86400]

    def test_also_where_the_clocks_change(self) -> None:
        settings = Tiny(as_of="2025-01-01 00:00").settings.model_copy(update={"timezone": "Europe/Berlin"})
        tiny = built(
            "2025-04-05 00:00",
            "A | 2025-03-29 12:00 | enter first_contact\n A | 2025-03-30 12:00 | won",
            settings=settings,
        )
        assert flags(tiny, "A", "dwell_days") == [pytest.approx(23 / 24)]

    def test_an_open_spell_runs_to_the_as_of_time_and_is_censored(self) -> None:
        tiny = built("2025-03-05 15:00", "A | 2025-03-01 09:00 | enter first_contact")
        assert flags(tiny, "A", "(dwell_days, is_censored, left_at)") == [(4.25, True, None)]


class TestOverrun:
    """Overrun is dwell greater than the stage's SLA: a quotation may await feedback 7 days."""

    @pytest.mark.parametrize(("left", "is_overrun"), [("2025-03-08 09:00:00", False), ("2025-03-08 09:00:01", True)])
    def test_exactly_at_the_sla_is_not_overrun(self, left: str, is_overrun: bool) -> None:
        tiny = built("2025-04-01 00:00", f"A | 2025-03-01 09:00 | enter quotation\n A | {left} | won")
        assert flags(tiny, "A", "(sla_days, sla_clock, is_overrun)") == [(7, "calendar", is_overrun)]

    @pytest.mark.parametrize(("as_of", "is_overrun"), [("2025-03-08 09:00:00", False), ("2025-03-08 09:00:01", True)])
    def test_an_open_spell_overruns_too(self, as_of: str, is_overrun: bool) -> None:
        assert flags(built(as_of, "A | 2025-03-01 09:00 | enter quotation"), "A", "is_overrun") == [is_overrun]

    def test_an_sla_of_broken_days(self) -> None:
        stages = list(NO_LAPSE.stages)
        stages[0] = stages[0].model_copy(update={"sla": stages[0].sla.model_copy(update={"days": 7.1})})
        playbook = NO_LAPSE.model_copy(update={"stages": tuple(stages)})
        for left, is_overrun in (("2025-03-08 11:24:00", False), ("2025-03-08 11:24:01", True)):  # 0.1 d = 2 h 24 min
            tiny = built("2025-04-01 00:00", f"A | 2025-03-01 09:00 | enter first_contact\n A | {left} | won",
                         playbook=playbook)  # fmt: skip
            assert flags(tiny, "A", "is_overrun") == [is_overrun]

    def test_a_stage_without_sla_never_overruns(self) -> None:
        stages = (NO_LAPSE.stages[0].model_copy(update={"sla": None}), *NO_LAPSE.stages[1:])
        tiny = built("2030-01-01 00:00", "A | 2025-03-01 | enter first_contact", MARTS,
                     playbook=NO_LAPSE.model_copy(update={"stages": stages}))  # fmt: skip
        assert flags(tiny, "A", "(sla_days, is_overrun)") == [(None, False)]
        assert statistics(tiny, "overrun, overrun_share") == [(0, None)]


class TestBusinessDays:
    """The Chinese working calendar. Spring Festival 2025: off 01-28 to 02-04; Sunday 01-26 and Saturday 02-08 worked.

    The contract stage's SLA is 5 business days.
    """

    ENTERED = "A | 2025-01-24 09:00 | enter contract_signed"  # a Friday

    def test_moved_holidays_and_working_weekends(self) -> None:
        tiny = built("2025-03-01 00:00", f"{self.ENTERED}\n A | 2025-02-06 09:00 | won")
        # 01-24 from 09:00 0.625; Saturday 25th off; Sunday 26th 1; Monday 27th 1; festival 0; 02-05 1; 02-06 0.375
        assert flags(tiny, "A", "(dwell_days, dwell_business_days, is_overrun)") == [(13, 4, False)]

    @pytest.mark.parametrize(("left", "is_overrun"), [("2025-02-07 09:00:00", False), ("2025-02-07 09:00:01", True)])
    def test_exactly_at_a_business_day_sla_is_not_overrun(self, left: str, is_overrun: bool) -> None:
        tiny = built("2025-03-01 00:00", f"{self.ENTERED}\n A | {left} | won")
        assert flags(tiny, "A", "is_overrun") == [is_overrun]

    def test_over_the_national_day(self) -> None:
        # 2025: off 10-01 to 10-08; Sunday 09-28 and Saturday 10-11 worked. From Friday 09-26 18:00 to Monday 10-13
        # 06:00: Friday 0.25; Saturday 27th off; Sunday 28th, 29th, 30th 3; festival 0; 10-09, 10-10, Saturday 11th 3;
        # Sunday 12th off; Monday 0.25
        events = "A | 2025-09-26 18:00 | enter contract_signed\n A | 2025-10-13 06:00 | won"
        tiny = built("2025-11-01 00:00", events)
        assert flags(tiny, "A", "(dwell_days, dwell_business_days, is_overrun)") == [(16.5, 6.5, True)]

    def test_a_day_off_adds_nothing(self) -> None:
        tiny = built("2025-03-01 00:00", "A | 2025-01-29 03:00 | enter contract_signed\n A | 2025-02-04 23:00 | won")
        assert flags(tiny, "A", "dwell_business_days") == [0]

    def test_a_worked_saturday_is_a_whole_day(self) -> None:
        tiny = built("2025-03-01 00:00", "A | 2025-02-08 00:00 | enter contract_signed\n A | 2025-02-10 00:00 | won")
        assert flags(tiny, "A", "dwell_business_days") == [1]

    def test_exact_at_any_second_and_in_any_year(self) -> None:
        # Fractions of a day do not add up in floating point; whole weeks at odd seconds must.
        tiny = Tiny(as_of="2030-01-01 00:00", playbook=NO_LAPSE)
        for n, (entered, left) in enumerate(
            [("2027-11-10 09:13:27", "2027-11-17 09:13:27"), ("2025-03-03 17:41:59", "2025-03-10 17:41:59")]
        ):
            tiny.events(f"X{n} | {entered} | enter contract_signed\n X{n} | {left} | won")
        tiny.build(*SPELLS)
        assert tiny.rows("select dwell_business_days, is_overrun from marts.stage_spells") == [(5, False)] * 2

    def test_it_is_the_arithmetic_of_the_working_clock(self) -> None:
        tiny = built("2025-03-01 00:00", f"{self.ENTERED}\n A | 2025-02-06 10:30 | enter quotation")
        for days, expected in tiny.rows("""
            select dwell_business_days,
                   working_clock(coalesce(left_at, getvariable('as_of'))) - working_clock(entered_at)
            from marts.stage_spells"""):  # fmt: skip
            assert days == pytest.approx(expected, abs=1e-9)


class TestStatistics:
    # First contact, left after 1, 2, 3 and 10 days (two advanced, one lost, one won), and one open for 20.
    EVENTS = """
        A | 2025-03-01 | enter first_contact
        A | 2025-03-02 | enter needs_confirmed
        B | 2025-03-01 | enter first_contact
        B | 2025-03-03 | lost
        C | 2025-03-01 | enter first_contact
        C | 2025-03-04 | enter quotation
        D | 2025-03-01 | enter first_contact
        D | 2025-03-11 | won
        E | 2025-03-12 | enter first_contact
        """

    def test_completed_only_whatever_the_exit_and_never_the_open_ones(self) -> None:
        tiny = built("2025-04-01 00:00", self.EVENTS, MARTS)
        assert statistics(tiny, "spells, completed, censored, mean_days, median_days") == [(5, 4, 1, 4, 2.5)]

    def test_quantiles_are_interpolated_linearly(self) -> None:
        # 1, 2, 3, 10: position 0.9 x 3 = 2.7, so 3 + 0.7 x (10 - 3)
        tiny = built("2025-04-01 00:00", self.EVENTS, MARTS)
        assert statistics(tiny, "p90_days") == [(pytest.approx(7.9),)]

    def test_time_to_advance_is_of_those_that_ended_in_a_later_stage_or_a_win(self) -> None:
        tiny = built("2025-04-01 00:00", self.EVENTS, MARTS)
        assert statistics(tiny, "advanced, median_days_to_advance") == [(3, 3)]  # 1, 3, 10

    def test_kaplan_meier_uses_the_censored_ones(self) -> None:
        # At risk 5, 4, 3, 2 of which one each leaves at 1, 2, 3, 10: survival 0.8, 0.6, 0.4, 0.2
        tiny = built("2025-04-01 00:00", self.EVENTS, MARTS)
        assert statistics(tiny, "km_median_days") == [(3,)]

    def test_overrun_share_is_of_all_spells(self) -> None:
        # SLA 14 days: only the open one, at 20
        tiny = built("2025-04-01 00:00", self.EVENTS, MARTS)
        assert statistics(tiny, "overrun, overrun_open, overrun_share") == [(1, 1, 0.2)]

    def test_nothing_completed_has_no_mean_and_no_median(self) -> None:
        tiny = built("2025-04-01 00:00", "A | 2025-03-12 | enter first_contact", MARTS)
        columns = "completed, censored, mean_days, median_days, p90_days, km_median_days, km_median_low, km_median_high"
        assert statistics(tiny, columns) == [(0, 1, None, None, None, None, None, None)]

    def test_by_dimension_with_unknown_values_kept(self) -> None:
        tiny = Tiny(as_of="2025-04-01 00:00")
        tiny.events(self.EVENTS)
        for name, channel in (("A", "KA"), ("B", "KA"), ("C", "流通")):
            tiny.add("opportunities", opportunity_id=name, channel=channel)
        tiny.build(*MARTS)
        assert statistics(tiny, "value, spells, mean_days", dimension="channel") == [
            ("KA", 2, 1.5), ("流通", 1, 3), (None, 2, 10)]  # fmt: skip


def test_stage_days_are_all_the_spells_of_an_opportunity_in_a_stage() -> None:
    tiny = built(
        "2025-04-01 00:00",
        """
        A | 2025-03-01 | enter first_contact
        A | 2025-03-04 | enter needs_confirmed
        A | 2025-03-05 | enter first_contact
        A | 2025-03-10 | lost
        A | 2025-03-25 | reopened
        """,
        MARTS,
    )
    assert flags(tiny, "A", "dwell_days") == [3, 1, 5, 7]
    assert tiny.rows("select stage_no, spells, stage_days, is_censored from marts.stage_days order by 1") == [
        (1, 3, 15, True),
        (2, 1, 1, False),
    ]


class TestKaplanMeier:
    def dwell(self, lengths: list[tuple[float, bool]]) -> Tiny:
        """Spells of these lengths in days, ended or open, all in the first stage."""
        tiny = Tiny(as_of="2025-12-01 00:00", playbook=NO_LAPSE)
        for n, (length, has_ended) in enumerate(lengths):
            entered = tiny.as_of - timedelta(days=length if not has_ended else length + 30)
            tiny.add("stage_events", opportunity_id=f"X{n}", event="enter", stage="first_contact", occurred_at=entered)
            if has_ended:
                tiny.add(
                    "stage_events", opportunity_id=f"X{n}", event="lost", occurred_at=entered + timedelta(days=length)
                )
        return tiny.build(*MARTS)

    def test_against_a_published_example(self) -> None:
        # Freireich et al. 1963, 6-MP group: weeks to relapse of leukaemia; median 23 (survival falls to 0.448 there)
        ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
        open_ = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
        tiny = self.dwell([(t, True) for t in ended] + [(t, False) for t in open_])
        # 95% log-log interval: 13 to beyond the data (survfit(..., conf.type = "log-log"))
        assert statistics(tiny, "km_median_days, km_median_low, km_median_high") == [(23, 13, None)]

    @pytest.mark.parametrize("seed", range(8))
    def test_against_lifelines(self, seed: int) -> None:
        from lifelines import KaplanMeierFitter
        from lifelines.utils import median_survival_times

        draw = random.Random(seed)
        lengths = [(draw.choice([0, draw.randint(1, 12), draw.uniform(0, 30)]), draw.random() < 0.6) for _ in range(41)]
        tiny = self.dwell(lengths)
        durations = tiny.rows("select dwell_days, not is_censored from marts.stage_spells")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitter = KaplanMeierFitter().fit([d for d, _ in durations], [e for _, e in durations])
            low, high = median_survival_times(fitter.confidence_interval_).iloc[0]
        expected = [None if t == float("inf") else pytest.approx(t, abs=1e-9)
                    for t in (fitter.median_survival_time_, low, high)]  # fmt: skip
        assert list(statistics(tiny, "km_median_days, km_median_low, km_median_high")[0]) == expected

    def test_survival_of_exactly_one_half_is_the_median(self) -> None:
        # 3/4 x 2/3 is not one half in floating point in every order; 1, 2, 3, 4 must give 2
        assert statistics(self.dwell([(t, True) for t in (1, 2, 3, 4)]), "km_median_days") == [(2,)]
        assert statistics(self.dwell([(t, True) for t in range(1, 11)]), "km_median_days") == [(5,)]

    def test_survival_that_stays_above_one_half_has_no_median(self) -> None:
        assert statistics(self.dwell([(1, True), (5, False), (6, False)]), "km_median_days") == [(None,)]


def test_spells_closed_by_a_lapse_are_completed() -> None:
    tiny = built("2025-06-01 00:00", "A | 2025-03-01 | enter first_contact", CORE)
    assert spells(tiny, "A") == ["1 03-01 - 04-15 lapsed"]
    assert statistics(tiny, "completed, censored, mean_days, advanced") == [(1, 0, 45, 0)]
