"""Why a score is what it is: effects of groups of features against a like opportunity, and what would lower it.

The reference of an opportunity is the typical landmark of its stage. Going from the reference to the
opportunity, groups of features are set one after the other to what they are; the change of p_fail at each step
is the group's effect. The effects add up to the score's difference from its reference, exactly, for each order;
they are averaged over several orders drawn with a fixed seed and their reverses (Shapley value sampling, Castro,
Gómez & Tejada 2009, with antithetic permutations), so that no group gains by coming late.

An effect is how the model's score depends on what was told: association, not cause.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.blend import SEED
from models.features import ACTION, Floats
from models.hazards import FAIL, RiskModel

PAIRS = 1


@dataclass(frozen=True)
class Effects:
    """`reference` (rows,) p_fail of the like opportunity; `effects` (rows, groups) in points of p_fail, with
    reference + effects.sum(axis=1) = p_fail; `usual` (rows, columns) the reference's own feature values."""

    groups: tuple[str, ...]
    reference: Floats
    effects: Floats
    usual: Floats


def explain(model: RiskModel, matrix: Floats, stage_no: NDArray[np.int64], horizon_days: float) -> Effects:
    """Effects of every group on p_fail. `matrix` is the encoder's, `stage_no` 0 where there is no stage."""
    groups = model.encoder.groups()
    names = tuple(groups)
    usual = reference_rows(model, matrix, stage_no)
    rng = np.random.default_rng(SEED)
    orders = [rng.permutation(len(names)) for _ in range(PAIRS)]
    orders += [order[::-1] for order in orders]
    effects = np.zeros((len(matrix), len(names)))

    differs = ~((matrix == usual) | (np.isnan(matrix) & np.isnan(usual)))
    reference, actual = _p_fail(model, usual, horizon_days), _p_fail(model, matrix, horizon_days)
    for order in orders:
        current, before = usual.copy(), reference
        for step, group in enumerate(order):
            columns = np.asarray(groups[names[group]])
            rows = np.flatnonzero(differs[:, columns].any(axis=1))
            current[np.ix_(rows, columns)] = matrix[np.ix_(rows, columns)]
            if step == len(order) - 1:
                after = actual
            else:
                after = before.copy()
                after[rows] = _p_fail(model, current[rows], horizon_days)
            effects[:, group] += (after - before) / len(orders)
            before = after
    return Effects(names, reference, effects, usual)


def leading_features(
    model: RiskModel, matrix: Floats, effects: Effects, wanted: NDArray[np.bool_], horizon_days: float
) -> NDArray[np.int64]:
    """(rows, groups) column of the feature that best speaks for a group: the one whose return to its usual value
    alone lowers p_fail most. Only where `wanted` (rows, groups); -1 elsewhere."""
    groups = model.encoder.groups()
    leading = np.full(wanted.shape, -1)
    actual = _p_fail(model, matrix, horizon_days)
    for place, group in enumerate(effects.groups):
        rows = np.flatnonzero(wanted[:, place])
        lowered = np.full((len(rows), len(groups[group])), -np.inf)
        for option, column in enumerate(groups[group]):
            changed = matrix[rows]
            changed[:, column] = effects.usual[rows, column]
            lowered[:, option] = actual[rows] - _p_fail(model, changed, horizon_days)
        if len(rows):
            leading[rows, place] = np.asarray(groups[group])[lowered.argmax(axis=1)]
    return leading


def reference_rows(model: RiskModel, matrix: Floats, stage_no: NDArray[np.int64]) -> Floats:
    """The typical landmark of each row's stage; what has no group (the stage itself) as in the row."""
    typical = {
        stage: np.array([model.references[stage][name] for name in model.encoder.columns]) for stage in model.references
    }
    stacked = np.stack(list(typical.values()))
    told = ~np.isnan(stacked).all(axis=0)
    anywhere = np.full(stacked.shape[1], np.nan)
    anywhere[told] = np.nanmedian(stacked[:, told], axis=0)
    usual = np.stack([typical.get(str(s) if s else "", anywhere) for s in stage_no]) if len(matrix) else matrix.copy()
    grouped = {place for places in model.encoder.groups().values() for place in places}
    for place in set(range(matrix.shape[1])) - grouped:
        usual[:, place] = matrix[:, place]
    return usual


def best_next_action(
    model: RiskModel,
    frame: pl.DataFrame,
    required: Mapping[int, Sequence[str]],
    meetings: Collection[str],
    horizon_days: float,
) -> tuple[list[str | None], Floats]:
    """For each landmark the missing required action of its stage whose being passed lowers p_fail the most.

    Returns the action's code (None: nothing is missing, or nothing lowers it) and p_fail as if it were passed
    (NaN where None). `required`: codes by stage number, in the playbook's order; ties go to the earlier. `meetings`:
    the codes that are a technical meeting.
    `frame` is the landmark table. What passing an action changes in the features is the action itself, how many
    are missing, and, for a technical meeting, that there was one.
    """
    matrix = model.encoder.transform(frame)
    place = {name: n for n, name in enumerate(model.encoder.columns)}
    passed = frame["actions_passed"].to_list()
    stages = frame["stage_no"].fill_null(0).to_list()
    rows, codes = [], []
    for row, (stage, done) in enumerate(zip(stages, passed, strict=True)):
        for code in required.get(stage, ()):
            if code not in done:
                rows.append(row)
                codes.append(code)
    best: list[str | None] = [None] * len(matrix)
    lowest = np.full(len(matrix), np.nan)
    if not rows:
        return best, lowest
    changed = matrix[rows]
    for line, code in enumerate(codes):
        if ACTION + code in place:
            changed[line, place[ACTION + code]] = 1.0
        if "actions_missing" in place:
            changed[line, place["actions_missing"]] -= 1
        if code in meetings and "technical_meetings" in place:
            changed[line, place["technical_meetings"]] = max(changed[line, place["technical_meetings"]], 1.0)
    before, after = _p_fail(model, matrix, horizon_days), _p_fail(model, changed, horizon_days)
    for line, row in enumerate(rows):
        if after[line] < before[row] and not after[line] >= lowest[row]:
            best[row], lowest[row] = codes[line], after[line]
    return best, lowest


def _p_fail(model: RiskModel, matrix: Floats, horizon_days: float) -> Floats:
    if not len(matrix):
        return np.zeros(0)
    p: Floats = model.incidence(matrix, [horizon_days])[:, 0, FAIL]
    return p
