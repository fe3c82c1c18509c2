"""A binary classifier for tables of landmarks: logistic regression and shallow boosted trees, averaged on the logit.

On few thousand noisy outcomes a line and trees err differently: in the backtest their mean beats either
(docs/risk.md). The line sees logs of what is skewed, medians and a flag for what is missing, and a level for each
stage and interval; the trees see the table as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from models.features import Floats

SEED = 20250101


@dataclass(frozen=True)
class Learning:
    """What a fit may be told; the defaults were chosen by backtest (docs/risk.md)."""

    landmarks: int = 25_000
    rounds: int = 100
    rate: float = 0.08
    leaves: int = 8
    smallest_leaf: int = 200
    penalty: float = 5.0
    strength: float = 0.05


@dataclass(frozen=True)
class Design:
    """How rows become the line's inputs: fitted medians, which columns get a flag, levels, scale."""

    middle: Floats
    flagged: NDArray[np.bool_]
    levels: tuple[Floats, ...]
    mean: Floats
    spread: Floats

    @classmethod
    def fit(cls, matrix: Floats, codes: tuple[Floats, ...]) -> Design:
        """`codes` are columns of small whole numbers, each of whose levels gets its own coefficient."""
        tamed = tame(matrix)
        missing = np.isnan(tamed)
        flagged = np.asarray(missing.any(axis=0))
        middle = np.nan_to_num(np.nanmedian(np.where(missing.all(axis=0), 0.0, tamed), axis=0))
        levels = tuple(np.unique(code) for code in codes)
        width = matrix.shape[1] + int(flagged.sum()) + sum(map(len, levels))
        plain = cls(middle, flagged, levels, np.zeros(width), np.ones(width))
        inputs = plain.inputs(matrix, codes)
        spread = inputs.std(axis=0)
        spread[spread == 0] = 1.0
        return cls(middle, flagged, levels, inputs.mean(axis=0), spread)

    def inputs(self, matrix: Floats, codes: tuple[Floats, ...]) -> Floats:
        tamed = tame(matrix)
        missing = np.isnan(tamed)
        flags = [code[:, None] == level[None, :] for code, level in zip(codes, self.levels, strict=True)]
        table = np.column_stack([np.where(missing, self.middle, tamed), missing[:, self.flagged], *flags])
        scaled: Floats = (table - self.mean) / self.spread
        return scaled

    def to_dict(self) -> dict[str, Any]:
        return {"middle": self.middle, "flagged": self.flagged, "levels": list(self.levels), "mean": self.mean,
                "spread": self.spread}  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Design:
        return cls(data["middle"], data["flagged"], tuple(data["levels"]), data["mean"], data["spread"])


@dataclass(frozen=True)
class Blend:
    """A fitted classifier; where only one class was ever seen, its share (`constant`)."""

    constant: float | None
    design: Design | None
    coefficients: Floats
    trees: Any

    @classmethod
    def fit(cls, matrix: Floats, codes: tuple[Floats, ...], target: NDArray[np.bool_], learning: Learning) -> Blend:
        """Fit on rows of `matrix` (NaN is missing) and `codes` (see Design), `target` true or false."""
        if not len(target) or target.all() or not target.any():
            return cls(float(target.mean()) if len(target) else 0.5, None, np.zeros(0), None)
        design = Design.fit(matrix, codes)
        line = LogisticRegression(C=learning.strength, max_iter=150, tol=1e-3)
        line.fit(design.inputs(matrix, codes), target)
        untold = np.isnan(matrix).all(axis=0)
        if untold.any():  # scikit-learn cannot bin a column without any value
            matrix = np.where(untold, 0.0, matrix)
        trees = HistGradientBoostingClassifier(
            max_iter=learning.rounds,
            learning_rate=learning.rate,
            max_leaf_nodes=learning.leaves,
            min_samples_leaf=learning.smallest_leaf,
            l2_regularization=learning.penalty,
            early_stopping=False,
            random_state=SEED,
        ).fit(np.column_stack([matrix, *codes]), target.astype(np.int64))
        return cls(None, design, np.concatenate([line.intercept_, line.coef_[0]]), trees)

    def probability(self, matrix: Floats, codes: tuple[Floats, ...]) -> Floats:
        """(rows,) probability that the target is true."""
        if self.constant is not None or self.design is None:
            return np.full(len(matrix), self.constant)
        by_line = self.design.inputs(matrix, codes) @ self.coefficients[1:] + self.coefficients[0]
        by_trees = self.trees.decision_function(np.column_stack([matrix, *codes]))
        probability: Floats = 1 / (1 + np.exp(-np.clip((by_line + by_trees) / 2, -30, 30)))
        return probability

    def to_dict(self) -> dict[str, Any]:
        return {"constant": self.constant, "design": self.design.to_dict() if self.design else None,
                "coefficients": self.coefficients, "trees": self.trees}  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Blend:
        design = None if data["design"] is None else Design.from_dict(data["design"])
        return cls(data["constant"], design, data["coefficients"], data["trees"])


def tame(matrix: Floats) -> Floats:
    """Signed logarithm: leaves small numbers as they are, and money and days within reach of a line."""
    tamed: Floats = np.sign(matrix) * np.log1p(np.abs(matrix))
    return tamed
