"""Measures on tables small enough to work out by hand."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from models.hazards import FAIL, SIGN
from models.measures import at_budget, calibration_error, flagged_by_budget, judge

OPEN = 2
MONDAY, NEXT = datetime(2025, 3, 3), datetime(2025, 3, 10)


def test_calibration_error_of_two_values_is_their_two_gaps() -> None:
    """0.2 said of five of which one came: gap 0. 0.8 said of five of which two came: gap 0.4, half of all."""
    p = np.array([0.2] * 5 + [0.8] * 5)
    came = np.array([True, False, False, False, False, True, True, False, False, False])
    assert calibration_error(p, came, np.ones(10)) == pytest.approx(0.2)


def test_judge_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.1, 0.8], [0.2, 0.1], [0.6, 0.3]])
    status = np.array([FAIL, SIGN, OPEN, SIGN])
    base = np.tile([0.5, 0.25], (4, 1))
    said = judge(p, status, np.ones(4), base)
    assert said["funnel_accuracy"] == 0.75
    assert said["brier"] == pytest.approx((0.01 + 0.01 + 0.04 + 0.36) / 4)
    assert said["brier_skill"] == pytest.approx(1 - 0.42 / 1.0)
    assert said["roc_auc"] == 1.0
    assert said["average_precision"] == 1.0
    assert said["roc_auc_sign"] == 1.0


def test_an_outcome_that_never_came_has_no_auc() -> None:
    said = judge(np.full((3, 2), 0.3), np.array([OPEN, OPEN, SIGN]), np.ones(3), np.full((3, 2), 0.3))
    assert said["roc_auc"] is None
    assert said["roc_auc_sign"] == 0.5


def test_the_budget_is_each_teams_and_weeks_own() -> None:
    frame = pl.DataFrame(
        {
            "team": ["a", "a", "a", "b", "a"],
            "landmark_at": [MONDAY, MONDAY, MONDAY, MONDAY, NEXT],
            "opportunity_id": ["1", "2", "3", "4", "1"],
        }
    )
    flagged = flagged_by_budget(frame, np.array([0.3, 0.9, 0.3, 0.1, 0.2]), 2)
    assert flagged.tolist() == [True, True, False, True, True]  # the tie of 1 and 3 goes to the smaller id


def test_precision_recall_and_lead_time_at_the_budget() -> None:
    """Two flagged of three that failed, one flagged in vain; 1 was flagged 30 days before it failed, then at 23."""
    frame = pl.DataFrame(
        {
            "opportunity_id": ["1", "1", "2", "3", "4"],
            "landmark_at": [MONDAY, NEXT, MONDAY, MONDAY, MONDAY],
            "event_days": [30.0, 23.0, 10.0, None, 5.0],
        }
    )
    flagged = np.array([True, True, True, True, False])
    status = np.array([FAIL, FAIL, FAIL, OPEN, FAIL])
    said = at_budget(frame, flagged, status, np.ones(5))
    assert said["precision_at_budget"] == (0.75, 4)
    assert said["recall_at_budget"] == (0.75, 4)
    assert said["lead_time_days"] == (20.0, 2)
