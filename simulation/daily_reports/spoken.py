"""Days and amounts as people say them, such that the rules of note reading lead back to exactly what was meant.

A bare weekday or day of the month is the nearest ahead for a plan and the nearest back for what happened; 这周, 下周
and 上周 run from Monday to Sunday.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import numpy as np

WEEKDAYS = "一二三四五六日"
DIGITS = "零一二三四五六七八九"
NEAR = {0: ("今天", "今日", "今儿"), -1: ("昨天", "昨日"), -2: ("前天",), 1: ("明天", "明儿", "明日"), 2: ("后天",),
    3: ("大后天",)}  # fmt: skip


def _pick(rng: np.random.Generator, forms: tuple[str, ...] | list[str]) -> str:
    return forms[int(rng.integers(len(forms)))]


def say_day(day: date, said_on: date, rng: np.random.Generator, *, ahead: bool, spoken: bool) -> str:
    """`day` as said on `said_on`, of what is `ahead` (a plan) or behind; `spoken`: relatively, where that is clear."""
    plain = [
        f"{day.month}月{day.day}日",
        f"{day.month}.{day.day}",
        f"{day.month}月{day.day}号",
        f"{day.month}/{day.day}",
    ]
    if not spoken:
        return _pick(rng, plain)
    delta = (day - said_on).days
    forms = list(NEAR.get(delta, ()))
    week = (day - timedelta(day.weekday()) - (said_on - timedelta(said_on.weekday()))).days // 7
    name = WEEKDAYS[day.weekday()]
    spelt = (f"周{name}", f"星期{'天' if name == '日' else name}", f"礼拜{'天' if name == '日' else name}")
    if (ahead and 0 < delta <= 6) or (not ahead and -6 <= delta < 0):
        forms.append(_pick(rng, spelt))
    if week in (-1, 0, 1) and delta:
        forms.append({-1: "上", 0: "这", 1: "下"}[week] + _pick(rng, spelt[:2]))
        if week == 0:
            forms.append("本" + spelt[0])
    if _nearest(day, said_on, ahead):
        forms += [f"{day.day}号", f"{say_number(day.day)}号"]
    if ahead and 3 <= delta <= 9:
        forms.append(f"{delta}天后")
    if (
        ahead
        and day.day == monthrange(day.year, day.month)[1]
        and (day.year, day.month) == (said_on.year, said_on.month)
    ):
        forms.append("月底")
    return _pick(rng, forms or plain)


def _nearest(day: date, said_on: date, ahead: bool) -> bool:
    """Whether a bare day of the month means `day`: less than a month away, on the right side."""
    delta = (day - said_on).days
    return 0 < delta < 28 if ahead else -28 < delta < 0


def say_number(number: int) -> str:
    """1 to 99 in characters."""
    tens, ones = divmod(number, 10)
    if not tens:
        return DIGITS[ones]
    return ("" if tens == 1 else DIGITS[tens]) + "十" + (DIGITS[ones] if ones else "")


def say_amount(amount: float, rng: np.random.Generator, *, spoken: bool, multiplied: bool) -> tuple[str, float]:
    """(text, what it says in yuan). Spoken amounts are rounded to hundreds of yuan, as people do."""
    if multiplied:
        text = _quantity(round(amount), rng)
        if text:
            return text, float(round(amount))
    if not spoken:
        if amount == int(amount):
            return _pick(rng, [f"{int(amount)}元", f"{int(amount):,}元", f"{int(amount)}", f"¥{int(amount):,}"]), amount
        return _pick(rng, [f"{amount:.2f}元", f"{amount:,.2f}元", f"￥{amount:,.2f}"]), amount
    hundreds = max(1, round(amount / 100))
    said = hundreds * 100.0
    if hundreds < 100:
        small = [f"{hundreds * 100}块", f"{hundreds * 100}元"]
        if hundreds % 10 == 0:
            small += [f"{hundreds // 10}千", f"{DIGITS[hundreds // 10]}千块"]
        return _pick(rng, small), said
    exact = f"{hundreds / 100:.2f}".rstrip("0").rstrip(".")
    forms = [f"{exact}万", f"{exact}w", f"{exact}万元", f"{exact}W", f"{exact}万"]
    wan, rest = divmod(hundreds, 100)
    if rest and rest % 10 == 0:
        forms += [f"{wan}万{rest // 10}", f"{wan}万{rest // 10}千"]
        if wan <= 99:
            forms += [f"{say_wan(wan)}万{DIGITS[rest // 10]}", f"{say_wan(wan)}万{DIGITS[rest // 10]}千"]
    elif not rest and wan <= 99:
        forms += [f"{say_wan(wan)}万", f"{wan}个w", f"{say_wan(wan)}万块钱"]
    return _pick(rng, forms), said


def say_wan(number: int) -> str:
    """1 to 99 as said before 万: 两万, 十二万."""
    return "两" if number == 2 else say_number(number)


def _quantity(amount: int, rng: np.random.Generator) -> str:
    prices = [
        p
        for p in (25, 32, 40, 45, 48, 50, 60, 64, 72, 80, 96, 100, 120)
        if amount % p == 0 and 20 <= amount // p < 5000
    ]
    if not prices:
        return ""
    price = prices[int(rng.integers(len(prices)))]
    count = amount // price
    unit = _pick(rng, ["箱", "件", "提", "箱"])
    forms = [
        f"{count}{unit}，每{unit}{price}元",
        f"{count}{unit}*{price}元",
        f"{count}{unit}，{price}块一{unit}",
        f"{count}{unit}×{price}",
    ]
    return _pick(rng, forms)
