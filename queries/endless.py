"""Times without end (an open interval ends at infinity) and years beyond 9999: Python has no value for them.

DuckDB and Polars keep them; asking Polars for them as Python values ends the process.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

EPOCH = date(1970, 1, 1).toordinal()
A_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def endless_as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every column of dates or times that holds such a one as text: ISO, infinity, -infinity."""
    times = [name for name, kind in frame.schema.items() if kind in (pl.Date, pl.Datetime)]
    return frame.with_columns(_as_text(frame[n]) for n in times if not _is_known(frame[n]).all())


def _is_known(times: pl.Series) -> pl.Series:
    """Which of the times Python has, in whatever zone: a day is left on either side."""
    unit = A_DAY[times.dtype.time_unit] if isinstance(times.dtype, pl.Datetime) else 1
    first, last = (date.min.toordinal() + 1 - EPOCH) * unit, (date.max.toordinal() - 1 - EPOCH) * unit
    return times.to_physical().is_between(first, last)


def _as_text(times: pl.Series) -> pl.Series:
    numbers = times.to_physical()
    end = numbers.upper_bound().item()
    unit = times.dtype.time_unit if isinstance(times.dtype, pl.Datetime) else "D"
    known = times.zip_with(_is_known(times).fill_null(False), pl.Series([None], dtype=times.dtype))

    def text(number: int | None, moment: date | None) -> str | None:
        if moment is not None:
            return moment.isoformat()
        if number is None or abs(number) == end:
            return None if number is None else "infinity" if number > 0 else "-infinity"
        return str(np.datetime64(number, unit))

    return pl.Series(times.name, [text(*pair) for pair in zip(numbers, known, strict=True)], dtype=pl.String)
