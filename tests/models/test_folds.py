"""Rolling origins: no fold is tested on what it may have learned from."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.folds import Enough, rolling_folds

START = datetime(2025, 1, 6)


def weeks(count: int) -> list[datetime]:
    return [START + timedelta(weeks=n) for n in range(count)]


@given(
    mondays=st.integers(0, 120), horizon=st.integers(1, 200), count=st.integers(1, 12), enough_at=st.integers(0, 120)
)
def test_folds_follow_each_other_and_cover_every_later_landmark_once(
    mondays: int, horizon: int, count: int, enough_at: int
) -> None:
    times = weeks(mondays)
    closed = {m: (200, 200) if n >= enough_at else (0, 500) for n, m in enumerate(times)}
    folds = rolling_folds(times, closed, horizon, Enough(200, 200), count)
    assert len(folds) <= count
    for fold, following in itertools.pairwise(folds):
        assert fold.origin < fold.until == following.origin
    for fold in folds:
        assert closed[fold.origin] == (200, 200)
        assert fold.origin >= times[0] + timedelta(days=horizon)
    tested = [m for m in times for f in folds if f.origin <= m < f.until]
    assert tested == ([m for m in times if m >= folds[0].origin] if folds else [])


def test_without_enough_of_both_outcomes_there_is_no_fold() -> None:
    times = weeks(50)
    assert rolling_folds(times, dict.fromkeys(times, (1000, 199)), 30, Enough(200, 200), 6) == []
    assert rolling_folds([], {}, 30, Enough(1, 1), 6) == []
