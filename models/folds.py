"""Rolling origins: when a backtest trains, and which landmarks each origin is tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Fold:
    """Trained on what was recorded before `origin`, tested on landmarks in [origin, until)."""

    number: int
    origin: datetime
    until: datetime


@dataclass(frozen=True)
class Enough:
    """How many signed and failed opportunities must be known before a model is trained."""

    signed: int
    failed: int

    def is_met(self, closed: tuple[int, int]) -> bool:
        """`closed` is (failed, signed)."""
        return closed[0] >= self.failed and closed[1] >= self.signed


def rolling_folds(
    mondays: Sequence[datetime],
    closed: Mapping[datetime, tuple[int, int]],
    horizon_days: int,
    enough: Enough,
    count: int,
) -> list[Fold]:
    """At most `count` folds of equal length that cover the landmarks from the first possible origin on.

    An origin is possible when enough had closed by then (`closed`: failed and signed known at each Monday) and
    landmarks a horizon old exist, so that every interval of the horizon has been seen to its end. `mondays` are
    the landmarks' times in order; the last fold ends after the last of them.
    """
    if not mondays:
        return []
    earliest = mondays[0] + timedelta(days=horizon_days + 14)
    possible = [m for m in mondays if m >= earliest and enough.is_met(closed.get(m, (0, 0)))]
    if len(possible) < 2:
        return []
    step = max(-(-len(possible) // count), 1)
    origins = possible[::step]
    ends = [*origins[1:], mondays[-1] + timedelta(days=1)]
    return [Fold(n, origin, until) for n, (origin, until) in enumerate(zip(origins, ends, strict=True), start=1)]
