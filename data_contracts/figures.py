"""Figures as people read them, in either language; what is not known is a dash, never a zero."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from data_contracts.texts import Language

MISSING = "—"
SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$"}
Number = int | float | Decimal


def number(value: Number | None, digits: int = 0) -> str:
    """1234.5 as 1,234.5 with at most `digits` decimals, none of them trailing zeros."""
    if value is None:
        return MISSING
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def percent(share: float | None, digits: int = 1) -> str:
    """0.167 as 16.7%. What is not certain is not rounded to 0% or 100%: <0.1%, >99.9%."""
    if share is None:
        return MISSING
    text, least = f"{share * 100:.{digits}f}", 10.0**-digits
    if share > 0 and float(text) == 0:
        return f"<{least:.{digits}f}%"
    if share < 1 and float(text) == 100:
        return f">{100 - least:.{digits}f}%"
    return f"{text}%"


def chance(probability: float | None) -> str:
    """An estimated probability in whole percent: never 0% or 100%, because no estimate is certain."""
    if probability is None:
        return MISSING
    return "<1%" if probability < 0.01 else ">99%" if probability > 0.99 else f"{probability * 100:.0f}%"


def points(difference: float | None, language: Language) -> str:
    """A difference of two shares, in signed percentage points."""
    if difference is None:
        return MISSING
    return f"{difference * 100:+.1f} {'个百分点' if language == 'zh-CN' else 'pp'}"


def money(amount: Number | None, currency: str, language: Language) -> str:
    """An amount short enough for a phone: ¥12.3万 in Chinese, ¥123K in English."""
    if amount is None:
        return MISSING
    sign, size = ("-" if amount < 0 else ""), abs(float(amount))
    units = ((1e8, "亿"), (1e4, "万")) if language == "zh-CN" else ((1e9, "B"), (1e6, "M"), (1e3, "K"))
    symbol = SYMBOLS.get(currency, f"{currency} ")
    for unit, word in units:
        if size >= unit:
            scaled = size / unit
            digits = 0 if scaled >= 100 else 2 if scaled < 10 and unit >= 1e8 else 1  # a tenth of 1亿 is too much
            return f"{sign}{symbol}{number(scaled, digits)}{word}"
    return f"{sign}{symbol}{number(size)}"


def duration(hours: float | None, language: Language) -> str:
    """Hours as minutes, hours or days, whichever reads best."""
    if hours is None:
        return MISSING
    chinese = language == "zh-CN"
    if hours < 1:
        return f"{number(hours * 60)} {'分钟' if chinese else 'min'}"
    if hours < 48:
        return f"{number(hours, 1)} {'小时' if chinese else 'h'}"
    return f"{number(hours / 24, 1)} {'天' if chinese else 'days'}"


def clock(instant: datetime | None) -> str:
    """An instant to the minute, as it stands (convert to the company's time before)."""
    return MISSING if instant is None else f"{instant:%Y-%m-%d %H:%M}"
