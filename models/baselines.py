"""The five baselines that a model must beat, each fitted on the same training landmarks.

All give p_fail and p_sign within the horizon, and learn from the status at the horizon (FAIL, SIGN or OPEN) of the
landmarks whose status is known, weighted for those whose is not (`known_status`). Rules become probabilities
by the shares seen among the training landmarks that they flag and that they do not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.blend import Design
from models.features import Encoder, Floats
from models.hazards import FAIL, SIGN, chunks, outcome_codes

OPEN = 2
SMOOTHING = 0.1  # Odoo's
CLIP = (0.01, 0.99)
FIELDS = ("stage", "product_line", "channel", "lead_source", "region")
LOGISTIC_ROWS = 20_000
SEASON = ("working_days_ahead", "days_to_quarter_end")  # a line through a year's season leads nowhere


Scorer = Callable[[pl.DataFrame], Floats]  # landmarks -> (rows, 2): p_fail and p_sign


def known_status(labels: pl.DataFrame, horizon_days: float) -> tuple[NDArray[np.int64], Floats]:
    """Status at the horizon of each landmark, -1 where it is not known yet, and a weight for each that is.

    Taking only those whose horizon has passed would leave the last months out; taking those that closed early too
    would overcount closings. So each counts 1 / P(followed at least so long), the inverse probability of
    censoring (Robins & Rotnitzky 1992), which here is known exactly.
    """
    codes = outcome_codes(labels)
    event_days = labels["event_days"].fill_null(float("inf")).to_numpy()
    followed = labels["followed_days"].to_numpy()
    needed = np.minimum(np.where(codes >= 0, event_days, np.inf), horizon_days)
    status = np.where((codes >= 0) & (event_days <= horizon_days), codes, OPEN)
    status[(status == OPEN) & (followed < horizon_days - 1e-9)] = -1
    longest = np.sort(followed)
    share = 1 - np.searchsorted(longest, needed - 1e-9, side="left") / max(len(longest), 1)
    return status, np.where(status >= 0, 1 / np.maximum(share, 0.02), 0.0)


def base_rate_by_stage(frame: pl.DataFrame, status: NDArray[np.int64], weight: Floats) -> Scorer:
    """The share of training landmarks of the same stage that failed, and that signed, within the horizon."""
    return _by_value(frame, status, weight, lambda f: f["stage"].fill_null(""))


def reschedule_rule(frame: pl.DataFrame, status: NDArray[np.int64], weight: Floats) -> Scorer:
    """More than two reschedules and no technical meeting (design, section 4)."""
    return _by_value(frame, status, weight, is_rescheduled_without_meeting)


def sla_overrun(frame: pl.DataFrame, status: NDArray[np.int64], weight: Floats) -> Scorer:
    """The open stay is longer than the stage's SLA."""
    return _by_value(frame, status, weight, is_overrun)


def is_rescheduled_without_meeting(frame: pl.DataFrame) -> pl.Series:
    return (frame["reschedules"] > 2) & (frame["technical_meetings"] == 0)


def is_overrun(frame: pl.DataFrame) -> pl.Series:
    return (frame["sla_ratio"] > 1).fill_null(False)


def _by_value(
    frame: pl.DataFrame, status: NDArray[np.int64], weight: Floats, value_of: Callable[[pl.DataFrame], pl.Series]
) -> Scorer:
    overall = shares_of(status, weight)
    values = value_of(frame).to_numpy()
    shares = {v: shares_of(status[values == v], weight[values == v]) for v in np.unique(values)}

    def score(rows: pl.DataFrame) -> Floats:
        return np.stack([shares.get(value, overall) for value in value_of(rows).to_numpy()])

    return score


def shares_of(status: NDArray[np.int64], weight: Floats) -> Floats:
    """Shares of failed and signed, with half a count more of each outcome so that none is impossible."""
    counts = np.bincount(status, weight, minlength=3)[:3] + 0.5
    shares: Floats = counts[:OPEN] / counts.sum()
    return shares


def logistic_regression(frame: pl.DataFrame, status: NDArray[np.int64], weight: Floats) -> Scorer:
    """Multinomial logistic regression on all features: logs of the skewed, medians and flags for the missing.

    Time and memory grow with the rows: LOGISTIC_ROWS of them, drawn, are enough for as many columns."""
    encoder = Encoder.fit(frame.drop(SEASON), status == FAIL, [])
    matrix = encoder.transform(frame)
    codes = (frame["stage_no"].fill_null(0).cast(pl.Float64).to_numpy(),)
    design = Design.fit(matrix, codes)
    model = LogisticRegression(C=0.05, max_iter=200, tol=1e-3)
    model.fit(design.inputs(matrix, codes), status, sample_weight=weight / weight.mean())

    def score(rows: pl.DataFrame) -> Floats:
        result = np.zeros((rows.height, 2))
        for part in chunks(rows.height):
            stage = rows["stage_no"][part].fill_null(0).cast(pl.Float64).to_numpy()
            probabilities = model.predict_proba(design.inputs(encoder.transform(rows[part]), (stage,)))
            for place, code in enumerate(model.classes_):
                if code in (FAIL, SIGN):
                    result[part, code] = probabilities[:, place]
        return result

    return score


class FrequencyScore:
    """The score that open-source CRMs use: naive Bayes over how often values went with won and with lost.

    Odoo's predictive lead scoring (`crm.lead._pls_get_naive_bayes_probabilities`): per team, else over all,
    S(won) = P(won) x product of (won with this value + 0.1) / (won in all + 0.1), S(lost) likewise, and the score
    is S(won) / (S(won) + S(lost)), clipped here to (0.01, 0.99). A won opportunity counts in every stage, a lost
    one in the stages up to its own. Unset values are skipped. It says who will be won in the end, not by when:
    p_sign is the score, p_fail the rest.
    """

    def __init__(self, closed: pl.DataFrame, stages: list[str]) -> None:
        """`closed`: one row per closed opportunity, its last landmark's columns and `is_signed`."""
        self.stages = {stage: number for number, stage in enumerate(stages, start=1)}
        self.tables: dict[str | None, _Counts] = {None: self._count(closed)}
        for (team,), rows in closed.group_by("team", maintain_order=True):
            if rows["is_signed"].any() and not rows["is_signed"].all():
                self.tables[str(team)] = self._count(rows)

    def _count(self, closed: pl.DataFrame) -> _Counts:
        won, lost = closed.filter("is_signed"), closed.filter(~pl.col("is_signed"))
        counts: dict[str, dict[str, tuple[float, float]]] = {}
        for field in FIELDS:
            if field == "stage":
                reached = lost["stage_no"].fill_null(0).to_numpy()
                counts[field] = {s: (won.height, int((reached >= n).sum())) for s, n in self.stages.items()}
                continue
            by_value = {False: dict(lost[field].drop_nulls().value_counts().iter_rows()),
                        True: dict(won[field].drop_nulls().value_counts().iter_rows())}  # fmt: skip
            values = set(by_value[False]) | set(by_value[True])
            counts[field] = {v: (by_value[True].get(v, 0), by_value[False].get(v, 0)) for v in values}
        return _Counts(won.height + SMOOTHING, lost.height + SMOOTHING, counts)

    def __call__(self, frame: pl.DataFrame) -> Floats:
        rows = frame.select("team", *FIELDS).unique(maintain_order=True)
        scores = [self._score(row) for row in rows.iter_rows(named=True)]
        scored = frame.select("team", *FIELDS).join(
            rows.with_columns(pl.Series("score", scores, dtype=pl.Float64)),
            on=["team", *FIELDS], how="left", nulls_equal=True, maintain_order="left",
        )  # fmt: skip
        signed = scored["score"].to_numpy()
        return np.column_stack([1 - signed, signed])

    def _score(self, row: dict[str, str | None]) -> float:
        table = self.tables.get(row["team"] or "", self.tables[None])
        odds = np.log(table.won) - np.log(table.lost)
        for field in FIELDS:
            value = row[field]
            if value is None:
                continue
            won, lost = table.counts[field].get(value, (0, 0))
            odds += np.log((won + SMOOTHING) / table.won) - np.log((lost + SMOOTHING) / table.lost)
        return float(np.clip(1 / (1 + np.exp(-odds)), *CLIP))


class _Counts:
    def __init__(self, won: float, lost: float, counts: dict[str, dict[str, tuple[float, float]]]) -> None:
        self.won, self.lost, self.counts = won, lost, counts
