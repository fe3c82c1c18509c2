"""Small classifiers over pieces of text: multinomial logistic regression on character n-grams and what the rules said.

A head is trained by scikit-learn and kept as plain arrays, so that reading needs a dictionary and a sum, and no object
that only the same release of scikit-learn could load.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A feature seen in fewer examples is noise; a weight this small changes nothing.
_LEAST_SEEN = 2
_LEAST_WEIGHT = 0.01


@dataclass(frozen=True)
class Head:
    """One classifier: its classes, the place of each feature, weights (features x classes) and intercepts."""

    classes: tuple[str, ...]
    place: Mapping[str, int]
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float32]

    def probabilities(self, features: Sequence[str]) -> dict[str, float]:
        """How likely each class is."""
        places = [p for f in set(features) if (p := self.place.get(f)) is not None]
        scores = self.weights[places].sum(axis=0) + self.intercepts
        odds = np.exp(scores - scores.max())
        return dict(zip(self.classes, (odds / odds.sum()).tolist(), strict=True))

    def best(self, features: Sequence[str]) -> tuple[str, float]:
        """The most likely class and how likely it is."""
        found = self.probabilities(features)
        name = max(found, key=found.__getitem__)
        return name, found[name]


def fit_head(examples: Sequence[tuple[Sequence[str], str]], strength: float = 1.0) -> Head:
    """Train a head on (features, class); `strength` is the inverse of the penalty on weights."""
    from scipy.sparse import csr_array
    from sklearn.linear_model import LogisticRegression

    seen = Counter(f for features, _ in examples for f in set(features))
    place = {f: n for n, f in enumerate(sorted(f for f, times in seen.items() if times >= _LEAST_SEEN))}
    rows, columns = [], []
    for n, (features, _) in enumerate(examples):
        mine = [place[f] for f in set(features) if f in place]
        rows += [n] * len(mine)
        columns += mine
    matrix = csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(len(examples), len(place)))
    model: Any = LogisticRegression(C=strength, max_iter=400).fit(matrix, [name for _, name in examples])
    weights, intercepts = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn gives the second class alone
        weights, intercepts = np.hstack([-weights, weights]) / 2, np.array([-1, 1]) * intercepts / 2
    kept = np.abs(weights).max(axis=1) >= _LEAST_WEIGHT
    names = [f for f, n in place.items() if kept[n]]
    return Head(
        tuple(map(str, model.classes_)), {f: n for n, f in enumerate(names)}, weights[kept].astype(np.float32),
        intercepts.astype(np.float32),
    )  # fmt: skip


def save_heads(heads: Mapping[str, Head], path: Path) -> None:
    """Write heads to one file of arrays."""
    arrays: dict[str, Any] = {}
    for name, head in heads.items():
        arrays[f"{name}.classes"] = np.array(head.classes)
        arrays[f"{name}.features"] = np.frombuffer("\n".join(head.place).encode(), dtype=np.uint8)
        arrays[f"{name}.weights"] = head.weights.astype(np.float16)
        arrays[f"{name}.intercepts"] = head.intercepts
    np.savez_compressed(path, **arrays)


def load_heads(path: Path) -> dict[str, Head]:
    """The heads of a file that `save_heads` wrote."""
    with np.load(path, allow_pickle=False) as file:
        names = sorted({key.rsplit(".", 1)[0] for key in file.files})
        return {
            name: Head(
                tuple(file[f"{name}.classes"].tolist()),
                {f: n for n, f in enumerate(file[f"{name}.features"].tobytes().decode().split("\n"))},
                file[f"{name}.weights"].astype(np.float32),
                file[f"{name}.intercepts"],
            )
            for name in names
        }
