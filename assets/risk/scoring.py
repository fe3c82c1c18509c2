"""Scores of what is open at the as-of time: by the model with its reasons, or by the rules that stand in for one."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import numpy as np
import polars as pl

from assets.risk.words import Reason, Words
from assets.workspace import Run
from data_contracts.settings import Risk
from models.baselines import FrequencyScore, is_overrun, is_rescheduled_without_meeting
from models.features import Floats
from models.hazards import FAIL, SIGN, RiskModel, in_threads
from models.reasons import best_next_action, explain, leading_features

MOST_REASONS = 5
LEAST_EFFECT = 0.01
Rows = list[dict[str, Any]]


def score_by_model(run: Run, model: RiskModel, model_id: str, rows: pl.DataFrame) -> tuple[Rows, Rows]:
    """Rows of ml.scores and ml.score_effects for the landmark rows of the as-of time."""
    threads = run.settings.resources.threads
    size = max(-(-rows.height // threads), 1)
    parts = in_threads(
        [
            lambda part=rows[first : first + size]: _score_part(run, model, model_id, part)
            for first in range(0, rows.height, size)
        ],
        threads,
    )
    return [row for part in parts for row in part[0]], [row for part in parts for row in part[1]]


def _score_part(run: Run, model: RiskModel, model_id: str, rows: pl.DataFrame) -> tuple[Rows, Rows]:
    horizon = run.settings.risk.horizon_days
    matrix = model.encoder.transform(rows)
    p = model.incidence(matrix, [horizon])[:, 0]
    effects = explain(model, matrix, rows["stage_no"].fill_null(0).to_numpy(), horizon)
    rank = np.argsort(np.argsort(-effects.effects, axis=1, kind="stable"), axis=1)
    wanted = (rank < MOST_REASONS) & (effects.effects >= LEAST_EFFECT)
    leading = leading_features(model, matrix, effects, wanted, horizon)
    actions = next_actions(run, model, rows)
    words, columns = Words(run.playbook), model.encoder.columns
    scores: Rows = []
    told: Rows = []
    for n, row in enumerate(rows.iter_rows(named=True)):
        reasons = []
        keys = {"opportunity_key": row["opportunity_key"], "opportunity_id": row["opportunity_id"], "as_of": run.as_of}
        told.append(keys | {"feature_group": "reference", "effect": float(effects.reference[n])})
        for place in np.argsort(rank[n]):
            group, effect = effects.groups[place], float(effects.effects[n, place])
            column = int(leading[n, place])
            value, usual = (
                (_plain(matrix[n, column]), _plain(effects.usual[n, column])) if column >= 0 else (None, None)
            )
            told.append(
                keys
                | {"feature_group": group, "feature": columns[column] if column >= 0 else None, "value": value}
                | {"usual": usual, "effect": effect}
            )
            reason = Reason(group, columns[column], value, usual, effect) if column >= 0 else None
            if reason is not None and words.is_plain(reason):
                reasons.append(words.entry(reason, row))
        scores.append(
            keys
            | {"horizon_days": horizon, "p_fail": float(p[n, FAIL]), "p_sign": float(p[n, SIGN])}
            | {"risk_band": band(float(p[n, FAIL]), run.settings.risk), "next_action": actions[n]}
            | {"reasons": json.dumps(reasons, ensure_ascii=False), "method": "model", "model_id": model_id}
        )
    return scores, told


def next_actions(run: Run, model: RiskModel, rows: pl.DataFrame) -> list[str | None]:
    """The missing required action of each stage that goes with the lowest p_fail."""
    required = {
        number: [action.action for action in stage.required_actions]
        for number, stage in enumerate(run.playbook.stages, start=1)
    }
    meetings = {
        action.action
        for stage in run.playbook.stages
        for action in stage.required_actions
        if action.visit_kind == "technical_meeting"
    }
    return best_next_action(model, rows, required, meetings, run.settings.risk.horizon_days)[0]


def score_by_rules(run: Run, closed: pl.DataFrame, rows: pl.DataFrame) -> tuple[Rows, Rows]:
    """Rows of ml.scores without a model, and none of ml.score_effects: the frequency score, where anything has
    closed yet, raised by two rules.

    More than two reschedules without a technical meeting is high; beyond the stage's limit at least medium. The score
    is who fails in the end, not within the horizon, and is not calibrated: method says rules.
    """
    has_both = closed.height > 0 and closed["is_signed"].any() and not closed["is_signed"].all()
    p: Floats | None = None
    if has_both:
        p = FrequencyScore(closed, [stage.stage for stage in run.playbook.stages])(rows)
    moved, overrun = is_rescheduled_without_meeting(rows).to_list(), is_overrun(rows).to_list()
    words = Words(run.playbook)
    scores: Rows = []
    for n, row in enumerate(rows.iter_rows(named=True)):
        p_fail = None if p is None else float(p[n, FAIL])
        by_score = "low" if p_fail is None else band(p_fail, run.settings.risk)
        risk_band = "high" if moved[n] else "medium" if overrun[n] and by_score == "low" else by_score
        entries = []
        if moved[n]:
            entries.append(words.rule("rescheduled_without_meeting", "reschedules", row))
        if overrun[n]:
            entries.append(words.rule("overrun", "stage_days", row))
        if by_score != "low":
            entries.append(words.rule("frequency", None, row))
        scores.append(
            {"opportunity_key": row["opportunity_key"], "opportunity_id": row["opportunity_id"], "as_of": run.as_of}
            | {"horizon_days": run.settings.risk.horizon_days, "p_fail": p_fail}
            | {"p_sign": None if p is None else float(p[n, SIGN]), "risk_band": risk_band, "next_action": None}
            | {"reasons": json.dumps(entries, ensure_ascii=False), "method": "rules", "model_id": "rules"}
        )
    return scores, []


def band(p_fail: float, risk: Risk) -> str:
    """high, medium or low by the settings' thresholds."""
    return "high" if p_fail >= risk.high else "medium" if p_fail >= risk.medium else "low"


SCORES: dict[str, Any] = {
    "opportunity_key": pl.Int32, "opportunity_id": pl.String, "as_of": pl.Datetime("us", "UTC"),
    "horizon_days": pl.Int32, "p_fail": pl.Float64, "p_sign": pl.Float64, "risk_band": pl.String,
    "reasons": pl.String, "next_action": pl.String, "method": pl.String, "model_id": pl.String,
}  # fmt: skip
EFFECTS: dict[str, Any] = {
    "opportunity_key": pl.Int32, "opportunity_id": pl.String, "as_of": pl.Datetime("us", "UTC"),
    "feature_group": pl.String, "feature": pl.String, "value": pl.Float64, "usual": pl.Float64, "effect": pl.Float64,
}  # fmt: skip


def write_scores(con: duckdb.DuckDBPyConnection, scores: Rows, effects: Rows) -> None:
    """Replace ml.scores and ml.score_effects."""
    replace_rows(con, "ml.scores", pl.DataFrame(scores, schema=SCORES))
    replace_rows(con, "ml.score_effects", pl.DataFrame(effects, schema=EFFECTS))


def replace_rows(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Replace a table's rows by a frame's, by column name. The code names the table, never data."""
    con.register("_rows", frame)
    try:
        con.execute(f"delete from {table}")
        con.execute(f"insert into {table} by name from _rows")
    finally:
        con.unregister("_rows")


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
