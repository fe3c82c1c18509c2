"""Days as people say and type them: 3月5日, 上周五, 大后天, 5号, 月底, 初八, read against the day they were said.

One arithmetic for cells and for messages. Weeks run from Monday to Sunday: 这周五 is in the week of that day, 下周五
in the next. A bare 周五 or 5号 is the nearest ahead for what is planned, the nearest back for what happened, that day
included. What is no day (周末, 月初, 下周, 节后, 2-3号) and what cannot be (2月30日) is None, never a guess.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

from data_contracts.spoken_numbers import spoken_integer

Towards = Literal["plan", "happened"]

_N = "[0-9]{1,2}|[一二两三四五六七八九十廿卅]{1,3}"
_YEAR = "[0-9]{4}|[0-9]{2}|[一二三四五六七八九〇零]{4}|去年|今年|明年"
_WEEK = "(?:周|星期|礼拜)"
_WEEKDAYS = {c: n for n, c in enumerate("一二三四五六日")} | {"天": 6} | {str(n): n - 1 for n in range(1, 8)}
_HALF = "凌晨|清早|清晨|大早|一早|早上|早晨|上午|中午|午后|下午|傍晚|晚上|夜里|早|晚"
_CLOCK = f"(?:(?:{_N})(?::[0-9]{{2}}){{1,2}}|(?:{_N})[点时](?:半|整|钟|一刻|三刻|多|(?:{_N})分?)?)(?:左右|前后)?"
# 下午3点, 15:30, 上午: says when, not on which day.
_TIME = re.compile(f"(?:t(?=[0-9]))?(?:的)?(?:(?:{_HALF})?{_CLOCK}|(?:{_HALF}))(?::[0-9.]+)?$")
_WITH_WEEKDAY = re.compile(f"(?P<day>.*[0-9一二三四五六七八九十日号])[(,]?{_WEEK}(?P<weekday>[一二三四五六日天])\\)?$")
_RELATIVE = {
    "今天": 0, "今日": 0, "今儿": 0, "今": 0, "当天": 0, "当日": 0, "本日": 0, "today": 0,
    "明天": 1, "明日": 1, "明儿": 1, "明": 1, "次日": 1, "tomorrow": 1, "后天": 2, "后日": 2, "大后天": 3,
    "大大后天": 4,
    "昨天": -1, "昨日": -1, "昨儿": -1, "昨": -1, "yesterday": -1, "前天": -2, "前日": -2, "大前天": -3,
}  # fmt: skip
_SHIFT = re.compile(
    f"(?:(?:顺延|推迟|延后|延迟|延期|往后推|后延|推后|往后延)(?P<later>{_N}|半)?(?P<unit>天|日|个?(?:周|星期|礼拜))"
    f"|(?:提前|提早)(?P<sooner>{_N})(?P<unit2>天|日|个?(?:周|星期|礼拜)))$"
)


def spoken_day(text: str, sent: date, towards: Towards, planned: date | None = None) -> date | None:
    """The day that `text` says, said on `sent` of something planned or that happened; None where it says none.

    A time after the day (周四下午3点) and a weekday beside a date are understood; a weekday that is not the date's
    makes both void. `planned`: the day that 顺延一周 and 提前两天 count from.
    """
    plain = re.sub(r"[\s,]+", "", normalize("NFKC", text)).lower()
    if not plain or len(plain) > 40:
        return None
    return _spoken_day(plain, sent, towards, planned)


def spoken_shift(text: str) -> int | None:
    """The days by which a planned day moves: 顺延一周 is 7, 提前两天 is -2; None where it says none."""
    found = _SHIFT.match(re.sub(r"\s+", "", normalize("NFKC", text)))
    if found is None:
        return None
    count = spoken_integer(found["later"] or found["sooner"] or "一")
    if count is None:
        return None
    days = count if (found["unit"] or found["unit2"]) in ("天", "日") else count * 7
    return days if found["sooner"] is None else -days


@lru_cache(maxsize=100_000)
def _spoken_day(plain: str, sent: date, towards: Towards, planned: date | None) -> date | None:
    try:
        found = _day(plain, sent, towards, planned)
        if found is None and (time := _TIME.search(plain)) and time.start():
            found = _day(plain[: time.start()], sent, towards, planned)
        return found
    except (OverflowError, ValueError):  # before year 1, after 9999, 2月30日
        return None


def _day(plain: str, sent: date, towards: Towards, planned: date | None) -> date | None:
    if plain in _RELATIVE:
        return sent + timedelta(_RELATIVE[plain])
    shift = spoken_shift(plain)
    if shift is not None:
        return None if planned is None else planned + timedelta(shift)
    for pattern, read in _FORMS:
        found = pattern.fullmatch(plain)
        if found:
            return read(found, sent, towards)
    beside = _WITH_WEEKDAY.fullmatch(plain)
    if beside:
        day = _day(beside["day"], sent, towards, planned)
        return day if day is not None and day.weekday() == _WEEKDAYS[beside["weekday"]] else None
    return None


def _ahead_or_back(days: Iterable[date], sent: date, towards: Towards) -> date | None:
    """The nearest of these days on the side that counts, the day of sending included."""
    if towards == "plan":
        return min((d for d in days if d >= sent), default=None)
    return max((d for d in days if d <= sent), default=None)


def _in_days(found: re.Match[str], sent: date, towards: Towards) -> date | None:
    count = spoken_integer(found["n"])
    if count is None:
        return None
    days = count * (1 if found["unit"] in ("天", "日") else 7)
    return sent + timedelta(-days if found["way"] == "前" else days)


def _weekday(found: re.Match[str], sent: date, towards: Towards) -> date | None:
    which, weekday = found["which"], _WEEKDAYS[found["weekday"]]
    monday = sent - timedelta(sent.weekday())
    if not which:
        return _ahead_or_back((monday + timedelta(weekday + 7 * n) for n in (-1, 0, 1)), sent, towards)
    weeks = which.count("下") - which.count("上")
    return monday + timedelta(7 * weeks + weekday)


def _month_away(sent: date, months: int) -> tuple[int, int]:
    month = sent.year * 12 + sent.month - 1 + months
    return month // 12, month % 12 + 1


def _months_of(which: str | None) -> int:
    return (which or "").count("下") - (which or "").count("上")


def _day_of_month(found: re.Match[str], sent: date, towards: Towards) -> date | None:
    number = spoken_integer(found["d"])
    if number is None or not 1 <= number <= 31:
        return None
    if found["which"]:
        return date(*_month_away(sent, _months_of(found["which"])), number)
    months = (_month_away(sent, n) for n in range(-2, 3))
    return _ahead_or_back((date(y, m, number) for y, m in months if number <= monthrange(y, m)[1]), sent, towards)


def _month_end(found: re.Match[str], sent: date, towards: Towards) -> date | None:
    if found["m"]:
        month = spoken_integer(found["m"])
        years = range(sent.year - 1, sent.year + 2)
        ends = [date(y, month, monthrange(y, month)[1]) for y in years] if month and 1 <= month <= 12 else []
        return _nearest(ends, sent, towards)
    away = _months_of(found["which"])
    year, month = _month_away(sent, away)
    end = date(year, month, monthrange(year, month)[1])
    if towards == "happened" and not found["which"] and end > sent:
        return sent.replace(day=1) - timedelta(1)
    return end


def _nearest(days: Iterable[date], sent: date, towards: Towards) -> date | None:
    """The nearest of these days, either side; none where it is more than half a year away (29 February)."""
    side = 1 if towards == "plan" else -1
    best = min(days, key=lambda d: (abs((d - sent).days), -side * (d - sent).days), default=None)
    return best if best is not None and abs((best - sent).days) <= 184 else None


def _calendar_day(found: re.Match[str], sent: date, towards: Towards) -> date | None:
    month, day = spoken_integer(found["m"]), spoken_integer(found["d"])
    if month is None or day is None or not 1 <= month <= 12:
        return None
    if found["y"]:
        return date(_year(found["y"], sent), month, day)
    years = range(sent.year - 1, sent.year + 2)
    return _nearest((date(y, month, day) for y in years if 1 <= day <= monthrange(y, month)[1]), sent, towards)


def _year(text: str, sent: date) -> int:
    if text in ("去年", "今年", "明年"):
        return sent.year + ("去今明".index(text[0]) - 1)
    year = spoken_integer(text)
    if year is None:
        raise ValueError(text)
    return year + 2000 if len(text) == 2 else year


def _compact_day(found: re.Match[str], sent: date, towards: Towards) -> date | None:
    return date(int(found["y"]), int(found["m"]), int(found["d"]))


def _lunar_day(found: re.Match[str], sent: date, towards: Towards) -> date | None:
    """A day of the lunar calendar: of the month that is named, else of the nearest month on the side that counts."""
    day = spoken_integer(found["d"].replace("初", ""))
    name = found["m"]
    months = {"正": 1, "冬": 11, "腊": 12, "年": 1, "大": 1}
    month = months.get(name[0]) or spoken_integer(name.rstrip("月")) if name else None
    if day is None or (name and month is None):
        return None
    days = [d for lunar_month, lunar_day, d in _lunar_year(sent) if lunar_day == day and month in (None, lunar_month)]
    return _nearest(days, sent, towards) if name else _ahead_or_back(days, sent, towards)


def _new_years_eve(found: re.Match[str], sent: date, towards: Towards) -> date | None:
    first = [d for month, day, d in _lunar_year(sent) if (month, day) == (1, 1)]
    return _nearest((d - timedelta(1) for d in first), sent, towards)


@lru_cache(maxsize=64)
def _lunar_days(year: int) -> tuple[tuple[int, int, date], ...]:
    """(lunar month, its day, day) of one lunar year and the months around it, from the first day of each month."""
    from lunar_python import LunarYear, Solar

    days = []
    for month in LunarYear.fromYear(year).getMonths():
        first = Solar.fromJulianDay(month.getFirstJulianDay())
        start = date(first.getYear(), first.getMonth(), first.getDay())
        days += [(abs(month.getMonth()), n + 1, start + timedelta(n)) for n in range(month.getDayCount())]
    return tuple(days)


def _lunar_year(sent: date) -> Iterable[tuple[int, int, date]]:
    """(lunar month, its day, day) for the lunar years around `sent`; a leap month as its month."""
    return (entry for year in range(sent.year - 1, sent.year + 2) for entry in _lunar_days(year))


_Reader = Callable[[re.Match[str], date, Towards], date | None]
_NEXT = "(?:上个?|下个?|下下个?|上上个?|这个?|本|当)"
_DAY = (
    "初[一二三四五六七八九十]|[一二三]?十[一二三四五六七八九]?|廿[一二三四五六七八九]?|二十[一二三四五六七八九]?|三十"
)
_FORMS: tuple[tuple[re.Pattern[str], _Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (f"(?:再?过)(?P<n>{_N})(?P<unit>天|日|个?(?:周|星期|礼拜))(?P<way>)", _in_days),
        (f"(?P<n>{_N})(?P<unit>天|日|个?(?:周|星期|礼拜))(?:之|以)?(?P<way>后|前)", _in_days),
        (f"(?P<which>{_NEXT}?){_WEEK}(?P<weekday>[一二三四五六日天1-7])", _weekday),
        (f"(?P<which>(?:{_NEXT}月)?)(?P<d>{_N})[号日]", _day_of_month),
        (f"(?P<which>(?:{_NEXT})?)(?P<m>)月(?:底|末|的?最后一天)", _month_end),
        (f"(?P<which>)(?P<m>{_N})月(?:底|末|的?最后一天)", _month_end),
        (f"(?:农历|阴历|旧历)(?P<m>(?:[正冬腊]|{_N})月)?(?P<d>{_DAY})", _lunar_day),
        (f"(?P<m>[正冬腊]月|大年|年)(?P<d>{_DAY}(?<!^年三十))", _lunar_day),
        (f"(?P<m>(?:(?:{_N})月)?)(?P<d>初[一二三四五六七八九十])", _lunar_day),
        ("(?:大年|年)三十|除夕", _new_years_eve),
        (f"(?:(?P<y>{_YEAR})年?)?(?P<m>{_N})月(?P<d>{_N})[日号]?", _calendar_day),
        ("(?:(?P<y>[0-9]{4}|[0-9]{2})(?P<sep>[./-]))?(?P<m>[0-9]{1,2})(?(sep)(?P=sep)|[./-])(?P<d>[0-9]{1,2})",
         _calendar_day),
        ("(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})", _compact_day),
    )
)  # fmt: skip
