"""Reasons are faithful: they add up to what the score differs from its reference by."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from landmark_frames import ACTIONS, landmark_frame
from models.blend import Learning
from models.hazards import FAIL, fit_risk_model
from models.reasons import best_next_action, explain, leading_features, reference_rows


@pytest.fixture(scope="module")
def fitted():
    frame = landmark_frame()
    return frame[:200], fit_risk_model(frame, frame, 90, ACTIONS, None, Learning(rounds=20))


def test_effects_reproduce_the_difference_from_the_reference(fitted) -> None:
    frame, model = fitted
    matrix, stage = model.encoder.transform(frame), frame["stage_no"].to_numpy()
    told = explain(model, matrix, stage, 90)
    p = model.incidence(matrix, [90])[:, 0, FAIL]
    like = model.incidence(reference_rows(model, matrix, stage), [90])[:, 0, FAIL]
    assert told.reference == pytest.approx(like, abs=1e-12)
    assert told.reference + told.effects.sum(axis=1) == pytest.approx(p, abs=1e-9)


def test_the_cause_is_named(fitted) -> None:
    frame, model = fitted
    matrix = model.encoder.transform(frame)
    told = explain(model, matrix, frame["stage_no"].to_numpy(), 90)
    place = told.groups.index("reschedules")
    often = (frame["reschedules"] >= 3).to_numpy()
    assert told.effects[often, place].mean() > 0.1
    wanted = np.zeros_like(told.effects, dtype=bool)
    wanted[often, place] = True
    leading = leading_features(model, matrix, told, wanted, 90)
    assert {model.encoder.columns[c] for c in leading[wanted]} == {"reschedules"}
    assert (leading[~wanted] == -1).all()


def test_what_is_as_usual_has_no_effect(fitted) -> None:
    frame, model = fitted
    matrix, stage = model.encoder.transform(frame), frame["stage_no"].to_numpy()
    told = explain(model, reference_rows(model, matrix, stage), stage, 90)
    assert np.abs(told.effects).max() == 0


def test_next_action_is_missing_belongs_to_the_stage_and_lowers_the_risk(fitted) -> None:
    frame, model = fitted
    required = {1: ["survey"], 2: ["technical_meeting"], 3: ["offer", "survey"]}
    best, after = best_next_action(model, frame, required, {"technical_meeting"}, 90)
    before = model.incidence(model.encoder.transform(frame), [90])[:, 0, FAIL]
    assert any(best)
    for code, stage, passed, p, q in zip(
        best, frame["stage_no"], frame["actions_passed"].to_list(), before, after, strict=True
    ):
        if code is None:
            assert np.isnan(q)
            continue
        assert code in required[stage]
        assert code not in passed
        assert q < p


def test_nothing_missing_is_no_next_action(fitted) -> None:
    frame, model = fitted
    done = frame.with_columns(actions_passed=pl.lit(ACTIONS))
    best, after = best_next_action(model, done, {1: ["survey"], 2: ["offer"], 3: ["offer"]}, set(), 90)
    assert best == [None] * frame.height
    assert np.isnan(after).all()
