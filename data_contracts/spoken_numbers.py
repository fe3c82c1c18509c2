"""Numbers as people say and type them: 三万五, 3w5, 十二万, 约2万, 廿八. One arithmetic for cells and for messages.

What is no one number is None, never a guess: 两三万, 2-3万 and 2万多 are ranges, 几万 and 上百万 say no number.
"""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from unicodedata import normalize

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {c: n for n, c in enumerate("〇壹贰叁肆伍陆柒捌玖")}
_DIGITS |= {"两": 2, "俩": 2, "幺": 1, "貳": 2, "參": 3, "陸": 6}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "k": 1000, "万": 10_000, "萬": 10_000,
          "w": 10_000, "亿": 10**8, "億": 10**8, "元": 1, "块": 1, "圆": 1}  # fmt: skip
_TENS = {"廿": "二十", "卅": "三十"}
_TOKEN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,15}(?:\.\d{1,8})?|[^\d,.]")
_ABOUT = re.compile(r"^(?:大约|大概|差不多|约莫|估计|约|近)|(?:左右|上下|的样子)$")
_CURRENCY = re.compile(r"^(?:人民币|rmb|cny|[¥￥])|(?:人民币|rmb|cny|块钱|元整?|圆整?|块)$")
_ZERO = "零〇"


def spoken_amount(text: str) -> Decimal | None:
    """An amount in yuan as said: "3.5万", "三万五", "3w5", "约2万元", "两千八百块"; None where it is no one number.

    An about-word leaves the number what it is (约2万 is 20000). A single digit after a unit counts its tenths:
    三万五 is 35000, 一百二 is 120, 三块五 is 3.50.
    """
    plain = re.sub(r"\s+", "", normalize("NFKC", text)).lower()
    for pattern in (_ABOUT, _CURRENCY, _ABOUT):
        plain = pattern.sub("", plain)
    return _number(plain)


def spoken_integer(text: str) -> int | None:
    """A whole number in Chinese or Arabic digits: 十五, 廿八, 两, 12, 二〇二五 (digit by digit); None for others."""
    plain = normalize("NFKC", text).strip()
    if len(plain) > 2 and all(c in _DIGITS for c in plain):
        return int("".join(str(_DIGITS[c]) for c in plain))
    number = _number(plain)
    return int(number) if number is not None and number == number.to_integral_value() else None


def _number(text: str) -> Decimal | None:
    """Digits with units: each unit multiplies what stands before it; 万 and 亿 close a section."""
    for one, two in _TENS.items():
        text = text.replace(one, two)
    tokens = _TOKEN.findall(text)
    if not tokens or "".join(tokens) != text or len(text) > 40:
        return None
    with localcontext() as context:
        context.prec = 40
        return _sum_up(tokens)


def _sum_up(tokens: list[str]) -> Decimal | None:
    closed = section = Decimal(0)  # above the last 万 or 亿; since then
    number: Decimal | None = None  # what stands before the next unit
    smallest: int | None = None  # of this section's units
    last_unit, after_zero, digits = 0, False, ""
    for token in tokens:
        unit = _UNITS.get(token)
        if token in _ZERO and len(tokens) > 1:
            if number is not None:
                return None
            after_zero = True
        elif token == "半" and number is None and last_unit >= 100:
            number, digits = Decimal(5), "5"
        elif unit is None:
            if number is not None or not (token in _DIGITS or token[0].isdigit()):
                return None  # 两三万: a range
            digits = token
            number = Decimal(_DIGITS[token]) if token in _DIGITS else Decimal(token.replace(",", ""))
        elif 1 < unit < 10_000:
            if smallest is not None and unit >= smallest:
                return None
            if number is None:
                if unit != 10 or (section and not after_zero):
                    return None  # 百万 alone says no number, 十二 does
                number = Decimal(1)
            section, number, smallest, last_unit, after_zero = section + number * unit, None, unit, unit, False
        else:
            section += number or 0
            if not section or (last_unit and unit == 10_000 and closed and closed % 10**8):
                return None
            closed = (closed + section) * unit if unit != 10_000 else closed + section * unit
            section, number, smallest, last_unit, after_zero = Decimal(0), None, None, unit, False
    if number is None:
        return closed + section if last_unit else (Decimal(0) if after_zero else None)
    if not last_unit or last_unit == 10 or (after_zero and number < last_unit):
        return closed + section + number
    if len(digits) == 1:
        return closed + section + number * last_unit / 10
    # 3万5000 fills all places below 万; 3万50 is no number that anybody says.
    return closed + section + number if digits.isdigit() and 10 ** len(digits) == last_unit else None
