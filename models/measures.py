"""Measures of a backtest, each as a function of what was said and what came, and each weighted.

`p` holds p_fail and p_sign, `status` the outcome at the horizon (FAIL, SIGN or 2, still open).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from models.features import Floats
from models.hazards import FAIL, SIGN

BINS = 10


def judge(p: Floats, status: NDArray[np.int64], weight: Floats, base: Floats) -> dict[str, float | None]:
    """Every measure of discrimination and calibration; None where an outcome never occurred.

    `base` (rows, 2) is the forecast that knows the training period's overall shares: the reference of skill.
    """
    failed = status == FAIL
    said = np.where(p[:, SIGN] >= p[:, FAIL], SIGN, FAIL)
    said = np.where(1 - p.sum(axis=1) > p.max(axis=1), 2, said)
    result: dict[str, float | None] = {
        "brier": _mean((p[:, FAIL] - failed) ** 2, weight),
        "calibration_error": calibration_error(p[:, FAIL], failed, weight),
        "calibration_error_sign": calibration_error(p[:, SIGN], status == SIGN, weight),
        "funnel_accuracy": _mean(said == status, weight),
    }
    for name, code in (("", FAIL), ("_sign", SIGN)):
        came = status == code
        reference = _mean((base[:, code] - came) ** 2, weight)
        skill = 1 - _mean((p[:, code] - came) ** 2, weight) / reference if reference > 0 else None
        result[f"brier_skill{name}"] = skill
        if came.any() and not came.all():
            result[f"roc_auc{name}"] = float(roc_auc_score(came, p[:, code], sample_weight=weight))
            result[f"average_precision{name}"] = float(average_precision_score(came, p[:, code], sample_weight=weight))
        else:
            result[f"roc_auc{name}"] = result[f"average_precision{name}"] = None
    return result


def calibration_error(p: Floats, came: NDArray[np.bool_], weight: Floats) -> float:
    """Expected calibration error over ten bins of equal numbers: mean |share that came - mean p|.

    Equal p stay in one bin, so a rule with two values has two bins.
    """
    edges = np.unique(np.quantile(p, np.linspace(0, 1, BINS + 1)[1:-1]))
    place = np.searchsorted(edges, p, side="left")
    total = np.bincount(place, weight)
    gap = np.bincount(place, weight * came) - np.bincount(place, weight * p)
    return float(np.abs(gap)[total > 0].sum() / weight.sum())


def flagged_by_budget(frame: pl.DataFrame, p_fail: Floats, budget: int) -> NDArray[np.bool_]:
    """Which landmarks stand in the weekly list of their team: the `budget` with the highest p_fail of each Monday.

    Ties are broken by opportunity_id, so that a rule with two values picks the same list each time.
    """
    ranked = (
        frame.select("team", "landmark_at", "opportunity_id", p=pl.Series(p_fail))
        .with_row_index("row")
        .sort("p", "opportunity_id", descending=[True, False])
        .with_columns(place=pl.int_range(pl.len()).over("team", "landmark_at"))
        .sort("row")
    )
    return (ranked["place"] < budget).to_numpy()


def at_budget(
    frame: pl.DataFrame, flagged: NDArray[np.bool_], status: NDArray[np.int64], weight: Floats
) -> dict[str, tuple[float | None, int]]:
    """Precision and recall of the weekly lists, and the median days from first flagged to failed.

    `frame` has opportunity_id, landmark_at, event_days. Lead time counts opportunities that failed within the
    horizon of a flag; each from its first flag in the test period.
    """
    failed = status == FAIL
    hits = weight[flagged & failed].sum()
    led = (
        frame.select("opportunity_id", "landmark_at", "event_days")
        .filter(pl.Series(flagged & failed))
        .group_by("opportunity_id")
        .agg(pl.col("event_days").sort_by("landmark_at").first())
    )
    return {
        "precision_at_budget": (_ratio(hits, weight[flagged].sum()), int(flagged.sum())),
        "recall_at_budget": (_ratio(hits, weight[failed].sum()), int(failed.sum())),
        "lead_time_days": (led["event_days"].median() if led.height else None, led.height),  # type: ignore[dict-item]
    }


def measure_rows(
    fold: int, model: str, measures: Mapping[str, Any], n: int, suffix: str = ""
) -> list[tuple[int, str, str, float | None, int]]:
    """Rows of ml.backtest: fold, model, measure, value, n."""
    return [
        (fold, model, name + suffix, *(value if isinstance(value, tuple) else (value, n)))
        for name, value in measures.items()
    ]


def _mean(values: Any, weight: Floats) -> float:
    return float((values * weight).sum() / weight.sum())


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None
