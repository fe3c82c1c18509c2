"""The competing-risks model: rows at risk by hand, and what holds for its probabilities whatever it learned."""

from __future__ import annotations

import numpy as np
import pytest

from landmark_frames import ACTIONS, landmark_frame
from models.blend import Learning
from models.hazards import FAIL, SIGN, fit_risk_model, interval_edges, person_periods
from models.store import dump_model


@pytest.fixture(scope="module")
def fitted():
    frame = landmark_frame()
    return frame, fit_risk_model(frame, frame, 90, ACTIONS, {1: 5.0}, Learning(rounds=20))


def test_intervals_end_at_the_horizon_and_never_just_before_it() -> None:
    assert interval_edges(90) == (7, 14, 28, 49, 90)
    assert interval_edges(30) == (7, 14, 30)
    assert interval_edges(5) == (5,)


def test_person_periods_by_hand() -> None:
    """Edges 7, 14: (a) failed on day 3, (b) signed on day 10, (c) followed 9 days, (d) open to the end,
    (e) failed on day 10 but followed for 12: its second interval was not followed to its end, and counts not."""
    followed = np.array([14.0, 14.0, 9.0, 14.0, 12.0])
    days = np.array([3.0, 10.0, np.inf, np.inf, 10.0])
    outcome = np.array([FAIL, SIGN, -1, -1, FAIL])
    rows = list(zip(*(x.tolist() for x in person_periods(followed, days, outcome, (7.0, 14.0))), strict=True))
    assert rows == [
        (0, 0, FAIL), (1, 0, -1), (2, 0, -1), (3, 0, -1), (4, 0, -1),
        (1, 1, SIGN), (3, 1, -1),
    ]  # fmt: skip


def test_closed_before_the_landmark_but_not_yet_told_falls_into_the_first_interval() -> None:
    rows = person_periods(np.array([14.0]), np.array([0.0]), np.array([FAIL]), (7.0, 14.0))
    assert [x.tolist() for x in rows] == [[0], [0], [FAIL]]


def test_an_event_on_an_edge_belongs_to_the_interval_that_ends_there() -> None:
    rows = person_periods(np.array([14.0]), np.array([7.0]), np.array([SIGN]), (7.0, 14.0))
    assert [x.tolist() for x in rows] == [[0], [0], [SIGN]]


def test_probabilities_rise_with_the_horizon_and_never_pass_one(fitted) -> None:
    frame, model = fitted
    days = [0, 1, 6.9, 7, 7.1, 30, 89, 90, 120, 400]
    p = model.incidence(model.encoder.transform(frame), days)
    assert (p >= 0).all()
    assert (np.diff(p, axis=1) >= -1e-12).all()
    assert (p.sum(axis=2) <= 1 + 1e-12).all()
    assert p[:, 0].max() == 0


def test_the_model_sees_the_cause(fitted) -> None:
    frame, model = fitted
    p = model.incidence(model.encoder.transform(frame), [90])[:, 0]
    often, never = (frame["reschedules"] >= 2).to_numpy(), (frame["reschedules"] == 0).to_numpy()
    assert p[often, FAIL].mean() > p[never, FAIL].mean() + 0.1
    offered = frame["actions_passed"].list.contains("offer").to_numpy()
    assert p[offered, SIGN].mean() > p[~offered, SIGN].mean()


def test_censored_landmarks_do_not_count_as_open() -> None:
    """Cutting the follow-up of half the landmarks in half leaves the mean probability about where it was."""
    frame = landmark_frame(rows=4000)
    whole = frame.filter(frame["followed_days"] == 90)
    told = fit_risk_model(whole, whole, 90, ACTIONS, None, Learning(rounds=20))
    mixed = fit_risk_model(frame, frame, 90, ACTIONS, None, Learning(rounds=20))
    by_whole = told.incidence(told.encoder.transform(frame), [90])[:, 0, FAIL].mean()
    by_mixed = mixed.incidence(mixed.encoder.transform(frame), [90])[:, 0, FAIL].mean()
    assert by_mixed == pytest.approx(by_whole, abs=0.03)
    came = (whole["outcome"] == "failed").fill_null(False).mean()
    assert by_whole == pytest.approx(came, abs=0.03)


def test_the_same_rows_give_the_same_model(fitted) -> None:
    frame, model = fitted
    again = fit_risk_model(frame, frame, 90, ACTIONS, {1: 5.0}, Learning(rounds=20))
    matrix = model.encoder.transform(frame)
    assert np.array_equal(model.incidence(matrix, [30, 90]), again.incidence(matrix, [30, 90]))
    assert len(dump_model(model)) > 0


def test_a_column_without_values_and_one_that_never_varies_are_left_out() -> None:
    frame = landmark_frame(rows=600).with_columns(no_shows=0, delay_hours=None)
    model = fit_risk_model(frame, frame, 90, ACTIONS, None, Learning(rounds=5))
    assert "no_shows" not in model.encoder.columns
    assert "delay_hours" not in model.encoder.columns
    assert "channel" not in model.encoder.columns  # one level only
    assert "passed_offer" in model.encoder.columns


def test_usual_time_in_a_stage_is_the_reference(fitted) -> None:
    _, model = fitted
    assert model.references["1"]["stage_days"] == 5.0
