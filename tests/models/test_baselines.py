"""The baselines on tables small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.baselines import (
    FrequencyScore,
    base_rate_by_stage,
    is_overrun,
    is_rescheduled_without_meeting,
    known_status,
    reschedule_rule,
    sla_overrun,
)
from models.hazards import FAIL, SIGN

OPEN = 2
FIELDS = {"product_line": None, "channel": None, "lead_source": None, "region": None}


def test_base_rate_by_stage_is_the_weighted_share_with_half_a_count_more() -> None:
    frame = pl.DataFrame({"stage": ["a", "a", "a", "b"]})
    score = base_rate_by_stage(frame, np.array([FAIL, FAIL, SIGN, OPEN]), np.array([1.0, 1.0, 2.0, 1.0]))
    p = score(pl.DataFrame({"stage": ["a", "b", "never seen"]}))
    assert p[0] == pytest.approx([2.5 / 5.5, 2.5 / 5.5])
    assert p[1] == pytest.approx([0.5 / 2.5, 0.5 / 2.5])
    assert p[2] == pytest.approx([2.5 / 6.5, 2.5 / 6.5])  # all together


def test_the_rules_are_those_of_the_design() -> None:
    frame = pl.DataFrame(
        {"reschedules": [2, 3, 3, 0], "technical_meetings": [0, 0, 1, 0], "sla_ratio": [1.0, 1.01, None, 0.2]}
    )
    assert is_rescheduled_without_meeting(frame).to_list() == [False, True, False, False]
    assert is_overrun(frame).to_list() == [False, True, False, False]
    status, weight = np.array([SIGN, FAIL, FAIL, OPEN]), np.ones(4)
    assert reschedule_rule(frame, status, weight)(frame)[1, FAIL] == pytest.approx(1.5 / 2.5)
    assert sla_overrun(frame, status, weight)(frame)[0, FAIL] == pytest.approx(1.5 / 4.5)


def test_what_is_not_known_yet_is_left_out_and_the_rest_weighted_for_it() -> None:
    """Horizon 10; followed 10, 10, 4, 4 days. The one closed on day 2 was seen by all four, so it counts once;
    one that closed on day 6 could only be seen by two of four, so it counts twice; so does one still open."""
    labels = pl.DataFrame(
        {
            "followed_days": [10.0, 10.0, 4.0, 4.0],
            "outcome": ["failed", None, "signed", None],
            "event_days": [6.0, None, 2.0, None],
        },
        schema_overrides={"outcome": pl.String},
    )
    status, weight = known_status(labels, 10)
    assert status.tolist() == [FAIL, OPEN, SIGN, -1]
    assert weight.tolist() == [2.0, 2.0, 1.0, 0.0]


def test_frequency_score_by_hand() -> None:
    """Two won, three lost. Stage 2 of 2 reached by both won (a won one counts everywhere) and by one lost.
    P(won)/P(lost) = 2.1/3.1; stage 2: (2.1/2.1) / (1.1/3.1); channel x: (1.1/2.1) / (2.1/3.1)."""
    closed = pl.DataFrame(
        {
            "team": ["t"] * 5,
            "stage": ["one", "two", "one", "one", "two"],
            "stage_no": [1, 2, 1, 1, 2],
            **FIELDS,
            "channel": ["x", "y", "x", "x", "y"],
            "is_signed": [True, True, False, False, False],
        },
        schema_overrides=dict.fromkeys(FIELDS, pl.String),
    )
    score = FrequencyScore(closed, ["one", "two"])
    row = closed[1:2].with_columns(channel=pl.lit("x"))
    odds = (2.1 / 3.1) * (2.1 / 2.1) / (1.1 / 3.1) * (1.1 / 2.1) / (2.1 / 3.1)
    signed = odds / (1 + odds)
    assert score(row)[0] == pytest.approx([1 - signed, signed])
    unset = closed[0:1].with_columns(channel=pl.lit(None, dtype=pl.String), stage=pl.lit(None, dtype=pl.String))
    assert score(unset)[0, SIGN] == pytest.approx(2.1 / 5.2)


def test_frequency_score_is_clipped_and_falls_back_from_a_team_without_both_outcomes() -> None:
    closed = pl.DataFrame(
        {
            "team": ["good"] * 40 + ["bad"] * 40,
            "stage": ["one"] * 80,
            "stage_no": [1] * 80,
            **FIELDS,
            "channel": ["x"] * 40 + ["y"] * 40,
            "is_signed": [True] * 40 + [False] * 40,
        },
        schema_overrides=dict.fromkeys(FIELDS, pl.String),
    )
    score = FrequencyScore(closed, ["one"])
    assert score(closed[:1])[0, SIGN] == 0.99
    assert score(closed[-1:])[0, SIGN] == 0.01
