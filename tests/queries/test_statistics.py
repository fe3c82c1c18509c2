"""Intervals and tests against published examples and scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from queries.statistics import difference, fisher_exact, holm, incidence_interval, rate, wilson

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_nothing_of_nothing_is_unknown() -> None:
    assert rate(0, 0) is None
    assert wilson(0, 0) is None
    assert difference(0, 0, 1, 2) is None


@given(counts)
def test_wilson_is_scipys(pair: tuple[int, int]) -> None:
    count, of = pair
    expected = stats.binomtest(count, of).proportion_ci(0.95, method="wilson")
    found = wilson(count, of)
    assert found is not None
    assert found.low == pytest.approx(expected.low, abs=1e-12)
    assert found.high == pytest.approx(expected.high, abs=1e-12)


def test_newcombes_published_example() -> None:
    """56/70 against 48/80: 0.2000, 0.0524 to 0.3339 (Newcombe 1998, table II, method 10)."""
    found = difference(56, 70, 48, 80)
    assert found is not None
    assert found.difference == pytest.approx(0.2)
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (0.0524, 0.3339)
    assert not found.is_too_small


def test_the_z_test_is_chi_squared_without_correction() -> None:
    found = difference(56, 70, 48, 80)
    assert found is not None
    expected = stats.chi2_contingency([[56, 14], [48, 32]], correction=False).pvalue
    assert (found.test, found.p_value) == ("z", pytest.approx(expected))


def test_few_expected_are_tested_exactly_and_called_small() -> None:
    found = difference(3, 10, 0, 12)
    assert found is not None
    assert (found.test, found.is_too_small) == ("fisher", True)
    assert found.p_value == pytest.approx(stats.fisher_exact([[3, 7], [0, 12]]).pvalue)


@given(*[st.integers(0, 60)] * 4)
def test_fisher_is_scipys(a: int, b: int, c: int, d: int) -> None:
    assert fisher_exact(a, b, c, d) == pytest.approx(stats.fisher_exact([[a, b], [c, d]]).pvalue, abs=1e-6)


def test_a_difference_of_the_detectable_size_is_found_four_times_in_five() -> None:
    found = difference(200, 1000, 200, 1000)
    assert found is not None
    spread = math.sqrt(2 * 0.2 * 0.8 / 1000)
    power = stats.norm.sf(1.959964 - found.detectable / spread)
    assert power == pytest.approx(0.8, abs=0.001)


def test_holm_by_hand() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_an_incidence_of_zero_or_one_has_no_interval() -> None:
    assert incidence_interval(0.0, 0.0) is None
    assert incidence_interval(1.0, 0.1) is None
    interval = incidence_interval(0.25, 0.01)
    assert interval is not None
    assert 0 < interval.low < 0.25 < interval.high < 1
