"""Figures as people read them."""

from __future__ import annotations

import pytest

from data_contracts.figures import chance, money


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(None, "—"), (0.0, "<1%"), (0.009, "<1%"), (0.01, "1%"), (0.42, "42%"), (0.99, "99%"), (0.991, ">99%")],
)
def test_no_estimate_is_certain(probability: float | None, shown: str) -> None:
    assert chance(probability) == shown


@pytest.mark.parametrize(
    ("amount", "zh", "en"),
    [
        (None, "—", "—"),
        (576, "¥576", "¥576"),
        (123_000, "¥12.3万", "¥123K"),
        (90_110_133.54, "¥9,011万", "¥90.1M"),
        (194_000_000, "¥1.94亿", "¥194M"),
        (-1_940_000_000, "-¥19.4亿", "-¥1.94B"),
    ],
)
def test_amounts_are_short_and_keep_three_figures(amount: float | None, zh: str, en: str) -> None:
    assert (money(amount, "CNY", "zh-CN"), money(amount, "CNY", "en")) == (zh, en)
