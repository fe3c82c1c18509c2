"""The rolling-origin backtest: the model and its five baselines, each judged on what came after.

Training labels are those known at the origin (never what was learned later), features those recorded by each
landmark. Measures count landmarks whose horizon has passed; scores are kept for the later ones too, because
the replay of past alerts needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models import baselines
from models.blend import Learning
from models.features import Floats
from models.folds import Fold
from models.hazards import FAIL, SIGN, RiskModel, drawn, fit_risk_model, in_threads, outcome_codes
from models.measures import at_budget, flagged_by_budget, judge, measure_rows

MODEL = "risk_model"
BASELINES = ("base_rate_by_stage", "reschedule_rule", "sla_overrun", "frequency_score", "logistic_regression")
KEYS = ("opportunity_key", "landmark_at")
NARROW = (*KEYS, "opportunity_id", "team", "stage_no", "reschedules", "technical_meetings", "sla_ratio",
          *baselines.FIELDS)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """What the backtest is told: horizon in days, weekly budget per team, the playbook's codes in order, threads."""

    horizon_days: int
    budget: int
    stages: Sequence[str]
    action_codes: Sequence[str]
    threads: int = 2
    learning: Learning = field(default_factory=Learning)


@dataclass(frozen=True)
class Backtest:
    """`measures`: fold (0 is all), model, measure, value, n. `scores`: each tested landmark, out of sample.
    `models`: the model of each fold, for the forecast's backtest; `final` the one that learned from all."""

    measures: pl.DataFrame
    scores: pl.DataFrame
    models: Mapping[int, RiskModel]
    final: RiskModel


def run_backtest(
    features: pl.DataFrame,
    labels_at: Callable[[datetime], pl.DataFrame],
    final_labels: pl.DataFrame,
    usual_days_at: Callable[[datetime], Mapping[int, float]],
    final_usual_days: Mapping[int, float],
    folds: Sequence[Fold],
    setting: Setting,
) -> Backtest:
    """Train and test every fold, and train the final model.

    `features` are all landmarks, in a fixed order; those without a label are learned from by none;
    `labels_at(origin)` what was known of the earlier ones at an origin, `final_labels` what is known now;
    `final_usual_days` and `usual_days_at` the stages' usual days likewise."""
    labels = {f.number: labels_at(f.origin) for f in folds}
    usual = {f.number: usual_days_at(f.origin) for f in folds}

    def work(fold: Fold | None) -> tuple[RiskModel, _Tested | None]:
        if fold is None:
            return fit_fold(features, training_rows(features, final_labels), final_usual_days, setting), None
        train = training_rows(features, labels[fold.number])
        model = fit_fold(features, train, usual[fold.number], setting)
        test = features.filter(pl.col("landmark_at").is_between(fold.origin, fold.until, closed="left"))
        test = test.join(final_labels, on=KEYS, how="left", maintain_order="left")
        tested = _Tested(
            fold.number, test.select(_Tested.COLUMNS), _say(model, features, train, test, setting), setting
        )
        return model, tested

    # The largest first, so that no thread is left with it alone.
    tasks: list[Fold | None] = [None, *reversed(folds)]
    done = dict(zip(tasks, in_threads([lambda fold=t: work(fold) for t in tasks], setting.threads), strict=True))
    judged = [tested for f in folds if (tested := done[f][1]) is not None]
    rows = [row for tested in judged for row in tested.rows()]
    if judged:
        rows += _Tested.together(judged, setting).rows()
    measures = pl.DataFrame(
        rows,
        schema={"fold": pl.Int32, "model": pl.String, "measure": pl.String, "value": pl.Float64, "n": pl.Int64},
        orient="row",
    )
    scores = pl.concat([t.scores() for t in judged]) if judged else _Tested.no_scores()
    return Backtest(measures, scores, {f.number: done[f][0] for f in folds}, done[None][0])


def training_rows(features: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Landmarks with their labels, in the order of `features`: what rules and the frequency score read of them, and
    `row`, their place in `features`. A large company's landmarks are not copied whole for every fold."""
    return features.select(NARROW).with_row_index("row").join(labels, on=KEYS, how="inner", maintain_order="left")


def whole_rows(features: pl.DataFrame, train: pl.DataFrame, most: int) -> pl.DataFrame:
    """Every feature of at most `most` training rows, drawn, with their labels."""
    chosen = train[drawn(train.height, most)]
    return features[chosen["row"]].hstack(chosen.select("followed_days", "outcome", "event_days"))


def fit_fold(
    features: pl.DataFrame, train: pl.DataFrame, usual_days: Mapping[int, float], setting: Setting
) -> RiskModel:
    """The model as it would have been trained on these landmarks."""
    rows = whole_rows(features, train, setting.learning.landmarks)
    return fit_risk_model(rows, rows, setting.horizon_days, setting.action_codes, usual_days, setting.learning)


def status_at_horizon(frame: pl.DataFrame, horizon_days: float) -> NDArray[np.int64]:
    """FAIL, SIGN, or 2 (still open) at the horizon; -1 where it was not followed so long."""
    codes = outcome_codes(frame)
    within = (frame["event_days"].fill_null(float("inf")) <= horizon_days).to_numpy()
    complete = (frame["followed_days"].fill_null(0.0) >= horizon_days - 1e-9).to_numpy()
    status: NDArray[np.int64] = np.where(within & (codes >= 0), codes, baselines.OPEN)
    return np.where(complete, status, -1)


def last_landmarks_of_closed(train: pl.DataFrame) -> pl.DataFrame:
    """One row per opportunity that failed or signed, of its last landmark: opportunity_id, is_signed, and what the
    frequency score reads."""
    read = ("opportunity_id", "landmark_at", "team", "stage_no", *baselines.FIELDS)
    closed = train.select(*read, is_signed=pl.col("outcome") == "signed").filter(pl.col("is_signed").is_not_null())
    return closed.sort("opportunity_id", "landmark_at").group_by("opportunity_id", maintain_order=True).last()


def _say(
    model: RiskModel, features: pl.DataFrame, train: pl.DataFrame, test: pl.DataFrame, setting: Setting
) -> dict[str, Floats]:
    """p_fail and p_sign of every test landmark, by model; `base` is the training period's overall share."""
    status, weight = baselines.known_status(train, setting.horizon_days)
    known = train.filter(pl.Series(status >= 0))
    status, weight = status[status >= 0], weight[status >= 0]
    some = drawn(known.height, baselines.LOGISTIC_ROWS)
    matrix = model.encoder.transform(test)
    said = {MODEL: model.incidence(matrix, [setting.horizon_days])[:, 0]}
    said["base"] = np.tile(baselines.shares_of(status, weight), (test.height, 1))
    scorers: dict[str, baselines.Scorer] = {
        "base_rate_by_stage": baselines.base_rate_by_stage(known, status, weight),
        "reschedule_rule": baselines.reschedule_rule(known, status, weight),
        "sla_overrun": baselines.sla_overrun(known, status, weight),
        "frequency_score": baselines.FrequencyScore(last_landmarks_of_closed(train), list(setting.stages)),
        "logistic_regression": baselines.logistic_regression(features[known["row"][some]], status[some], weight[some]),
    }
    return said | {name: scorers[name](test) for name in BASELINES}


class _Tested:
    """One fold's test landmarks and what every model said of them (fold 0: all folds together)."""

    COLUMNS = ("opportunity_key", "opportunity_id", "landmark_at", "team", "followed_days", "outcome", "event_days",
               "closed_at")  # fmt: skip

    def __init__(self, fold: int, test: pl.DataFrame, said: Mapping[str, Floats], setting: Setting) -> None:
        self.fold, self.test, self.said, self.setting = fold, test, said, setting
        self.status = status_at_horizon(test, setting.horizon_days)

    @classmethod
    def together(cls, tested: Sequence[_Tested], setting: Setting) -> _Tested:
        said = {name: np.concatenate([t.said[name] for t in tested]) for name in tested[0].said}
        return cls(0, pl.concat([t.test for t in tested]), said, setting)

    def rows(self) -> list[tuple[int, str, str, float | None, int]]:
        complete = self.status >= 0
        if not complete.any():
            return []
        test, status = self.test.filter(pl.Series(complete)), self.status[complete]
        each = np.ones(test.height)
        by_opportunity = (1 / test.select(pl.len().over("opportunity_id")).to_series()).to_numpy()
        base = self.said["base"][complete]
        rows: list[tuple[int, str, str, float | None, int]] = []
        for model in (MODEL, *BASELINES):
            p = self.said[model]
            # The weekly list is made of all that was open, whatever is known of it by now.
            flagged = flagged_by_budget(self.test, p[:, FAIL], self.setting.budget)[complete]
            for weight, suffix, n in (
                (each, "", test.height),
                (by_opportunity, "_per_opportunity", test["opportunity_id"].n_unique()),
            ):
                rows += measure_rows(self.fold, model, judge(p[complete], status, weight, base), n, suffix)
            rows += measure_rows(self.fold, model, at_budget(test, flagged, status, each), test.height)
        return rows

    def scores(self) -> pl.DataFrame:
        """Rows of ml.backtest_scores for the model; outcome null where the horizon has not passed yet."""
        names = pl.Series("status", self.status).replace_strict(
            [FAIL, SIGN, baselines.OPEN], ["failed", "signed", "open"], default=None, return_dtype=pl.String
        )
        p = self.said[MODEL]
        return self.test.select(
            "opportunity_key",
            "landmark_at",
            fold=pl.lit(self.fold, dtype=pl.Int32),
            p_fail=pl.Series(p[:, FAIL]),
            p_sign=pl.Series(p[:, SIGN]),
            outcome=names,
            closed_at=pl.when(names.is_in(["failed", "signed"])).then("closed_at"),
            model=pl.lit(MODEL),
        )

    @staticmethod
    def no_scores() -> pl.DataFrame:
        moment = pl.Datetime("us", "UTC")
        return pl.DataFrame(
            schema={"opportunity_key": pl.Int32, "landmark_at": moment, "fold": pl.Int32, "p_fail": pl.Float64,
                    "p_sign": pl.Float64, "outcome": pl.String, "closed_at": moment, "model": pl.String}
        )  # fmt: skip
