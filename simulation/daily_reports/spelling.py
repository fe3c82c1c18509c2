"""How words come out wrong: slips and homophones, dialect, emoji, full-width digits, wrong characters in names."""

from __future__ import annotations

import numpy as np

from simulation.daily_reports.levels import Rates
from simulation.daily_reports.phrases import DIALECT, EMOJI, SLIPS, SOUND_ALIKE

FULL_WIDTH = str.maketrans("0123456789.,", "０１２３４５６７８９．，")


def spell(pattern: str, rates: Rates, rng: np.random.Generator, region: str | None) -> str:
    """The pattern as this writer types it; `region`: whose dialect, if any. Placeholders are left alone."""
    if region is not None:
        for standard, said in DIALECT.get(region, {}).items():
            if standard in pattern and f"{standard}聊" not in pattern and rng.random() < 0.6:
                pattern = pattern.replace(standard, said[int(rng.integers(len(said)))], 1)
    if rates.typo:
        for standard, slips in SLIPS.items():
            if standard in pattern and rng.random() < rates.typo:
                pattern = pattern.replace(standard, slips[int(rng.integers(len(slips)))], 1)
    return pattern


def misspell(name: str, rates: Rates, rng: np.random.Generator) -> str:
    """The name, now and then with one character that sounds the same."""
    if not rates.name_typo or rng.random() >= rates.name_typo:
        return name
    places = [k for k, char in enumerate(name) if char in SOUND_ALIKE]
    if not places:
        return name
    place = places[int(rng.integers(len(places)))]
    alike = SOUND_ALIKE[name[place]]
    return name[:place] + alike[int(rng.integers(len(alike)))] + name[place + 1 :]


def widen(text: str, rates: Rates, rng: np.random.Generator) -> str:
    """The text, now and then with full-width digits."""
    return text.translate(FULL_WIDTH) if rates.full_width and rng.random() < rates.full_width else text


def decorate(text: str, rates: Rates, rng: np.random.Generator) -> str:
    """The text, now and then with an emoji at its end."""
    return text + EMOJI[int(rng.integers(len(EMOJI)))] if rng.random() < rates.emoji else text
