"""A stored model is the one that was stored, or it is refused."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from data_contracts.errors import StagewatchError
from landmark_frames import ACTIONS, landmark_frame
from models.blend import Learning
from models.hazards import RiskModel, fit_risk_model
from models.store import digest, dump_model, load_model, model_id


@pytest.fixture(scope="module")
def model() -> RiskModel:
    frame = landmark_frame(rows=900)
    return fit_risk_model(frame, frame, 90, ACTIONS, None, Learning(rounds=5, smallest_leaf=20))


def test_a_model_comes_back_as_it_was(model: RiskModel) -> None:
    data = dump_model(model)
    back = load_model(data, digest(data))
    matrix = model.encoder.transform(landmark_frame(rows=300, seed=9))
    assert np.array_equal(back.incidence(matrix, [10, 90]), model.incidence(matrix, [10, 90]))
    assert back.encoder.columns == model.encoder.columns
    assert back.references == model.references


def test_equal_models_are_stored_as_equal_bytes(model: RiskModel) -> None:
    frame = landmark_frame(rows=900)
    again = fit_risk_model(frame, frame, 90, ACTIONS, None, Learning(rounds=5, smallest_leaf=20))
    other = fit_risk_model(frame, frame, 90, ACTIONS, None, Learning(rounds=6, smallest_leaf=20))
    assert again is not model and dump_model(again) == dump_model(model)
    assert dump_model(other) != dump_model(model)


def test_a_flipped_byte_is_refused(model: RiskModel) -> None:
    data = dump_model(model)
    for place in (10, len(data) // 2, len(data) - 10):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(StagewatchError, match="not those that were stored"):
            load_model(bytes(changed), digest(data))


def test_swapped_weights_are_refused_though_skops_would_load_them(model: RiskModel) -> None:
    data = dump_model(model)
    content = model.to_dict()
    content["closing"]["coefficients"] = -content["closing"]["coefficients"]
    forged = skops.io.dumps(content)
    assert load_model(forged, digest(forged)) is not None  # nothing but the digest tells
    with pytest.raises(StagewatchError, match="not those that were stored"):
        load_model(forged, digest(data))


def test_a_type_that_is_not_trusted_is_refused_before_it_is_built(model: RiskModel) -> None:
    content = model.to_dict() | {"closing": FunctionTransformer(os.system)}
    data = skops.io.dumps(content)
    with pytest.raises(StagewatchError, match="not trusted"):
        load_model(data, digest(data))


def test_what_is_no_model_is_refused() -> None:
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    for data in (b"", b"nothing", empty.getvalue(), skops.io.dumps({"a": 1})):
        with pytest.raises(StagewatchError, match="is not a stored model"):
            load_model(data, digest(data))


def test_the_identifier_knows_no_time() -> None:
    assert model_id({"data": 1, "trained_at": "now"}) == model_id({"data": 1, "trained_at": "later"})
    assert model_id({"data": 1}) != model_id({"data": 2})
