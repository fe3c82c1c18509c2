"""What a day in a cell was said on: the report's day, or its month alone; and days that Excel left as bare numbers.

A month is less than a day: read against it, a text counts only where it says the same day from the month's first day
ahead and from its last day back. So 5日 and 3月5日 are days of a report of March, 上周五 and 昨天 are not told.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from unicodedata import normalize

from data_contracts.spoken_days import Towards, spoken_day

_SERIAL = re.compile(r"[1-9][0-9]{4}(?:\.0+)?")
# Excel counts days from one of two beginnings, as the workbook's settings say; a bare number does not say from which.
_FIRST_DAYS = (date(1899, 12, 30), date(1904, 1, 1))
_BASE = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?")
_NEAR_DAYS = 184
_ANY_TIME = (date(1990, 1, 1), date(2050, 7, 2))


def day_on(text: str, base: str | None, towards: Towards) -> date | None:
    """The day that a cell says. `base`: what it was said on, as YYYY-MM-DD or as YYYY-MM; None where it says none.

    Without a base only a text that says the same day whenever it was said.
    """
    first, last = _span(base)
    if _SERIAL.fullmatch(normalize("NFKC", text).strip()):
        return _serial_day(text, first, last)
    if first == last:
        return spoken_day(text, first, towards)
    ahead, back = spoken_day(text, first, "plan"), spoken_day(text, last, "happened")
    return ahead if ahead == back else None


def _span(base: str | None) -> tuple[date, date]:
    found = _BASE.fullmatch(base or "")
    try:
        if found is not None:
            first = date(int(found["year"]), int(found["month"]), int(found["day"] or 1))
            return first, first if found["day"] else first.replace(day=monthrange(first.year, first.month)[1])
    except ValueError:  # 2025-13
        pass
    return _ANY_TIME


def _serial_day(text: str, first: date, last: date) -> date | None:
    """The day of a bare number, counted from whichever beginning leads near what it was said on."""
    number = int(float(normalize("NFKC", text)))
    days = [start + timedelta(number) for start in _FIRST_DAYS]
    near = [d for d in days if first - timedelta(_NEAR_DAYS) <= d <= last + timedelta(_NEAR_DAYS)]
    return near[0] if len(near) == 1 else None
