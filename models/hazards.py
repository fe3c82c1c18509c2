"""Competing risks in discrete time: the chance of failing and of signing by any day after a landmark.

The days up to the horizon are cut into intervals. One row per landmark and interval in which it was still
open at the interval's start ("person-period"; Singer & Willett 1993; Tutz & Schmid 2016) teaches two models:
whether anything happens in the interval, and, when it does, whether it is a signing (a nested dichotomy of
the three-way outcome). A landmark that was followed for three weeks gives its three weeks and no more, which
is how what is not yet known is neither success nor failure.

    h_k = P(closed in interval k | open at its start, x),  s_k = P(signed | closed in k, x)
    F_sign(k) = sum_{j<=k} S(j-1) h_j s_j,  F_fail(k) = sum_{j<=k} S(j-1) h_j (1 - s_j),  S(k) = prod (1 - h_j)

So p_fail + p_sign + p_open = 1, and both rise with the horizon, by construction. Within an interval, and
beyond the last, the hazard is constant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from models.blend import SEED, Blend, Learning
from models.features import Encoder, Floats

FAIL, SIGN = 0, 1
CHUNK = 8192
STEPS = (7.0, 14.0, 28.0, 49.0, 77.0, 119.0, 175.0, 252.0)


@dataclass(frozen=True)
class RiskModel:
    """A fitted model. `edges` are the intervals' ends in days; `references` the typical landmark of each stage."""

    encoder: Encoder
    edges: tuple[float, ...]
    closing: Blend
    signing: Blend
    references: Mapping[str, Mapping[str, float]]

    def incidence(self, matrix: Floats, days: Sequence[float]) -> Floats:
        """(rows, days, 2): cumulative incidence of failing and signing by each of `days` (ascending)."""
        result = np.zeros((len(matrix), len(days), 2))
        with one_thread():
            for rows in chunks(len(matrix)):
                result[rows] = self._incidence(matrix[rows], days)
        return result

    def _incidence(self, matrix: Floats, days: Sequence[float]) -> Floats:
        hazard, share = self._intervals(matrix)
        starts = np.concatenate([[0.0], self.edges[:-1]])
        lengths = np.asarray(self.edges) - starts
        daily = -np.log1p(-np.minimum(hazard, 1 - 1e-9)) / lengths
        result = np.zeros((len(matrix), len(days), 2))
        for place, day in enumerate(days):
            survival = np.ones(len(matrix))
            for k, start in enumerate(starts):
                end = np.inf if k == len(starts) - 1 else self.edges[k]
                spent = min(day, end) - start
                if spent <= 0:
                    break
                after = survival * np.exp(-daily[:, k] * spent)
                closed = survival - after
                result[:, place, SIGN] += closed * share[:, k]
                result[:, place, FAIL] += closed * (1 - share[:, k])
                survival = after
        return result

    def _intervals(self, matrix: Floats) -> tuple[Floats, Floats]:
        """(rows, intervals) hazard of closing, and share of signings among closings."""
        rows, count = len(matrix), len(self.edges)
        hazard, share = np.empty((rows, count)), np.empty((rows, count))
        for k in range(count):
            codes = (stage_codes(self.encoder, matrix), np.full(rows, float(k)))
            hazard[:, k] = self.closing.probability(matrix, codes)
            share[:, k] = self.signing.probability(matrix, codes)
        return hazard, share

    def to_dict(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder.to_dict(),
            "edges": list(self.edges),
            "closing": self.closing.to_dict(),
            "signing": self.signing.to_dict(),
            "references": {stage: dict(values) for stage, values in self.references.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RiskModel:
        return cls(
            Encoder.from_dict(data["encoder"]),
            tuple(data["edges"]),
            Blend.from_dict(data["closing"]),
            Blend.from_dict(data["signing"]),
            data["references"],
        )


def chunks(rows: int) -> Iterator[slice]:
    """Slices of a long table: what a model works out on the way is several times the table, and need not be whole."""
    return (slice(first, first + CHUNK) for first in range(0, rows, CHUNK))


def drawn(rows: int, most: int) -> NDArray[np.int64]:
    """The places of at most `most` rows, drawn with the fixed seed, in order."""
    return np.arange(rows) if rows <= most else np.sort(np.random.default_rng(SEED).permutation(rows)[:most])


def interval_edges(horizon_days: float) -> tuple[float, ...]:
    """Ends of the intervals up to the horizon: weeks at first, then longer."""
    return (*(step for step in STEPS if step < 0.85 * horizon_days), float(horizon_days))


def person_periods(
    followed: Floats, event_days: Floats, outcome: NDArray[np.int64], edges: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows at risk: (landmark, interval, result), result -1 nothing happened, else FAIL or SIGN.

    `event_days` is infinite where nothing happened while followed; day 0 falls into the first interval. An
    interval counts only if it was followed to its end, whatever happened in it: to keep the half-followed ones
    with an event and drop those without would raise the hazard.
    """
    landmarks, intervals, results = [], [], []
    for k, (start, end) in enumerate(zip((0.0, *edges[:-1]), edges, strict=True)):
        is_open = (event_days > start) | (k == 0)
        here = np.flatnonzero(is_open & (followed >= end - 1e-9))
        landmarks.append(here)
        intervals.append(np.full(len(here), k))
        results.append(np.where(event_days[here] <= end, outcome[here], -1))
    return np.concatenate(landmarks), np.concatenate(intervals), np.concatenate(results)


def fit_risk_model(
    frame: pl.DataFrame,
    labels: pl.DataFrame,
    horizon_days: float,
    action_codes: Sequence[str],
    usual_days: Mapping[int, float] | None = None,
    learning: Learning | None = None,
) -> RiskModel:
    """Fit on landmarks (`frame`, the landmark table's columns) and their labels, row by row the same.

    `labels`: followed_days, outcome (failed, signed or null), event_days. `usual_days` is what a stage usually
    takes, by stage number: the reference for the time in a stage. The rows' order must not depend on keys that a
    run gives out, since a sample is drawn when there are more than `learning.landmarks`.
    """
    learning = learning or Learning()
    edges = interval_edges(horizon_days)
    if frame.height > learning.landmarks:
        chosen = drawn(frame.height, learning.landmarks)
        frame, labels = frame[chosen], labels[chosen]
    outcome = outcome_codes(labels)
    encoder = Encoder.fit(frame, outcome == FAIL, action_codes)
    references = typical_landmarks(encoder, frame, usual_days or {})
    event_days = labels["event_days"].fill_null(float("inf")).to_numpy()
    who, interval, result = person_periods(labels["followed_days"].to_numpy(), event_days, outcome, edges)
    matrix = encoder.transform(frame)[who]
    codes = (stage_codes(encoder, matrix), interval.astype(float))
    closed = result >= 0
    closing = Blend.fit(matrix, codes, closed, learning)
    signing = Blend.fit(matrix[closed], (codes[0][closed], codes[1][closed]), result[closed] == SIGN, learning)
    return RiskModel(encoder, edges, closing, signing, references)


def stage_codes(encoder: Encoder, matrix: Floats) -> Floats:
    """The stage's number of each row, 0 where there is none."""
    if "stage_no" not in encoder.columns:
        return np.zeros(len(matrix))
    stage: Floats = np.nan_to_num(matrix[:, encoder.columns.index("stage_no")])
    return stage


def outcome_codes(labels: pl.DataFrame) -> NDArray[np.int64]:
    """FAIL, SIGN, or -1 for what was still open when last followed."""
    codes = labels["outcome"].replace_strict(["failed", "signed"], [FAIL, SIGN], default=-1, return_dtype=pl.Int64)
    return codes.to_numpy()


def typical_landmarks(
    encoder: Encoder, frame: pl.DataFrame, usual_days: Mapping[int, float]
) -> dict[str, dict[str, float]]:
    """By stage number as text ("" is no stage): the median of each column, with the stage's usual time in it."""
    matrix = encoder.transform(frame)
    stages = frame["stage_no"].fill_null(0).to_numpy()
    result: dict[str, dict[str, float]] = {}
    for stage in (int(s) for s in np.unique(stages)):
        rows = matrix[stages == stage]
        told = ~np.isnan(rows)
        # The usual value is missing where it is missing for most.
        middle = np.full(rows.shape[1], np.nan)
        common = told.mean(axis=0) >= 0.5
        middle[common] = np.nanmedian(rows[:, common], axis=0)
        values = dict(zip(encoder.columns, map(float, middle), strict=True))
        if stage in usual_days and "stage_days" in values:
            if values.get("sla_ratio", 0.0) > 0 and values["stage_days"] > 0:
                values["sla_ratio"] *= usual_days[stage] / values["stage_days"]
            values["stage_days"] = usual_days[stage]
        result[str(stage) if stage else ""] = values
    return result


@cache
def _native_pools() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> Any:
    """A context in which native code of this thread uses one core."""
    return _native_pools().limit(limits=1)


def in_threads(tasks: Sequence[Any], threads: int) -> list[Any]:
    """Results of callables, `threads` at a time, each with one OpenMP thread: faster than one after the other
    with all, since a tree's steps are too short to share."""

    def alone(task: Any) -> Any:
        with one_thread():
            return task()

    with ThreadPoolExecutor(max_workers=max(threads, 1)) as pool:
        return list(pool.map(alone, tasks))
