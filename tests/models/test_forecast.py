"""The forecast's arithmetic by hand, and what holds for every draw."""

from __future__ import annotations

import numpy as np
import pytest

from models.forecast import (
    Arrivals,
    Open,
    Shocks,
    arrivals_signed,
    forecast,
    incidence_by_age,
    interval,
    shared_spread,
    signed_from_age,
    wape,
)
from models.hazards import FAIL, SIGN


def test_age_curve_is_aalen_johansen() -> None:
    """Four begun: signed on day 0, failed on day 1, lost sight of on day 1, signed on day 2.
    Day 0: 1/4 signed. Day 1: 3 at risk, 1 fails: 3/4 x 1/3 = 1/4. Day 2: 1 at risk, signs: 1/2 x 1 = 1/2."""
    days = np.array([0.5, 1.5, np.inf, 2.5])
    outcome = np.array([SIGN, FAIL, -1, SIGN])
    curves = incidence_by_age(days, outcome, np.array([9.0, 9.0, 1.9, 9.0]), 3, 100.0)
    assert curves[SIGN].tolist() == pytest.approx([0.25, 0.25, 0.75, 0.75])
    assert curves[FAIL].tolist() == pytest.approx([0.0, 0.25, 0.25, 0.25])


def test_only_the_window_counts_and_its_opportunities_enter_at_their_age() -> None:
    """Followed to day 10 with a window of 4: the one that closed on day 3 is gone before; the other enters on day 6."""
    curves = incidence_by_age(np.array([3.0, 8.5]), np.array([FAIL, SIGN]), np.array([10.0, 10.0]), 9, 4.0)
    assert curves[FAIL].max() == 0
    assert curves[SIGN].tolist() == [0] * 8 + [1.0, 1.0]


def test_chance_from_an_age_on_is_conditional_on_being_open_then() -> None:
    curves = np.array([[0.2, 0.2, 0.2], [0.2, 0.4, 0.6]])  # by the end of days 0, 1, 2
    chance = signed_from_age(curves, np.array([1.0]), np.array([1.0, 2.0, 50.0]))
    assert chance[0] == pytest.approx([0.2 / 0.6, 0.4 / 0.6, 0.4 / 0.6])


def test_expected_signings_of_arrivals() -> None:
    """One arrival a day, of whom a half signs on its day: n/2 signings in n days."""
    arrivals = Arrivals(np.array([1.0]), np.full(100, 0.5), 10.0, 0.5)
    assert arrivals_signed(arrivals, np.array([2.0, 6.0])) == pytest.approx([1.0, 2.0])


def small() -> tuple[Open, Arrivals]:
    rng = np.random.default_rng(1)
    signed_by = np.cumsum(rng.uniform(0, 0.15, (300, 4)), axis=1)
    open_ = Open(rng.integers(0, 3, 300), rng.uniform(10, 20, 300), signed_by)
    return open_, Arrivals(np.array([0.5, 1.0, 0.0]), np.linspace(0, 0.3, 60), 15.0, 0.6)


def test_expected_values_add_up_and_the_draws_agree_with_them() -> None:
    open_, arrivals = small()
    days = np.array([7.0, 14.0, 21.0, 28.0])
    look = forecast(open_, arrivals, days, np.array([0, 0, 1]), Shocks(0.0, 0.0, 0.0), 5)
    assert look.mean_signings.sum() == pytest.approx(
        open_.signed_by[:, -1].sum() + (arrivals.rate[:, None] * arrivals_signed(arrivals, days)).sum()
    )
    assert look.signings.mean(axis=2) == pytest.approx(look.mean_signings, rel=0.1, abs=0.2)
    assert look.amounts.mean(axis=2) == pytest.approx(look.mean_amounts, rel=0.12, abs=4)


def test_a_seed_gives_the_same_draws_and_shared_luck_widens_them() -> None:
    open_, arrivals = small()
    days, region = np.array([7.0, 14.0, 21.0, 28.0]), np.array([0, 0, 1])
    plain = forecast(open_, arrivals, days, region, Shocks(0.0, 0.0, 0.0), 5)
    again = forecast(open_, arrivals, days, region, Shocks(0.0, 0.0, 0.0), 5)
    shared = forecast(open_, arrivals, days, region, Shocks(0.3, 0.3, 0.2), 5)
    assert np.array_equal(plain.signings, again.signings)
    widths = [np.subtract(*interval(f.signings.sum(axis=(0, 1)))[::-1]) for f in (plain, shared)]
    assert widths[1] > 1.3 * widths[0]


def test_nothing_open_and_nothing_arriving_is_a_forecast_of_nothing() -> None:
    nothing = Open(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, 2)))
    look = forecast(
        nothing, Arrivals(np.zeros(1), np.zeros(10), 0.0, 0.7), np.array([7.0, 14.0]), np.array([0]), Shocks(), 1
    )
    assert look.mean_signings.sum() == look.signings.sum() == look.amounts.sum() == 0


def test_shared_spread_is_the_error_beyond_chance_shrunk_to_the_prior() -> None:
    assert shared_spread(np.array([]), np.array([]), 0.2) == pytest.approx(0.2)
    # Expected 100, came 150: (2500 - 100) / 10000 = 0.24; with the prior's four: (0.24 + 4 x 0.04) / 5.
    assert shared_spread(np.array([150.0]), np.array([100.0]), 0.2) == pytest.approx(np.sqrt(0.4 / 5))


def test_wape() -> None:
    assert wape([10, 0], [8, 3]) == 0.5
    assert wape([0, 0], [1, 1]) is None
