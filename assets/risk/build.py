"""The risk step: landmarks, training where something new is to be learned, scores, forecast, and their tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from assets.risk.card import model_cards
from assets.risk.forecast_check import check_forecasts, forecast_backtest_frame
from assets.risk.forecasting import outlook, quarter_rows, week_rows
from assets.risk.landmarks import build_features, build_labels, drop_work_tables, read_features, read_labels, read_table
from assets.risk.scoring import replace_rows, score_by_model, score_by_rules, write_scores
from assets.risk.store import open_model, store_model
from assets.risk.training import Plan, Trained, last_monday, plan_training, train
from assets.warehouse import run_script
from assets.workspace import Run
from data_contracts.contract import load_contract, names
from data_contracts.errors import StagewatchError
from data_contracts.texts import LANGUAGES, Texts
from models.backtest import last_landmarks_of_closed, training_rows
from models.forecast import Shocks
from models.hazards import RiskModel
from models.store import library_versions


def build_risk(con: duckdb.DuckDBPyConnection, run: Run) -> dict[str, Any]:
    """Build every table of `ml`; returns figures. marts must stand; nothing after the as-of time is read."""
    zone = ZoneInfo(run.settings.timezone)
    known_at = last_monday(run.as_of, zone)
    run_script(con, "assets.risk", "tables.sql")
    build_features(con, run)
    run_script(con, "assets.risk", "work_wins.sql")
    build_labels(con, [known_at, run.as_of], run.settings.risk.horizon_days)
    plan = plan_training(con, run, known_at)
    features = read_features(con)
    rows = features.filter("is_scoring")

    model, shocks, status = _model(con, run, plan, features, zone)
    if model is None:
        closed = last_landmarks_of_closed(training_rows(features, read_labels(con, known_at)))
        scores, effects = score_by_rules(run, closed, rows)
    else:
        scores, effects = score_by_model(run, model, plan.model_id, rows)
    write_scores(con, scores, effects)
    _write_forecast(con, run, rows, model, shocks, zone)
    _write_status(con, run, plan, status, model is not None)
    _label_features(con, known_at)
    drop_work_tables(con)
    return _figures(con, plan, model is not None, len(scores))


def _model(
    con: duckdb.DuckDBPyConnection, run: Run, plan: Plan, features: pl.DataFrame, zone: ZoneInfo
) -> tuple[RiskModel | None, Shocks, dict[str, Any]]:
    """The model of this week: from the store where it stands there with its backtest here, else trained."""
    if not plan.is_enough:
        for table in ("ml.backtest", "ml.backtest_scores", "ml.backtest_folds", "ml.forecast_backtest"):
            con.execute(f"delete from {table}")
        return None, Shocks(), {"sha256": None, "folds": 0, "problem": None, "shocks": Shocks()}
    remembered = con.execute(
        "select model_sha256, folds, shock_company, shock_region from ml.model_status where model_id = ?",
        [plan.model_id],
    ).fetchall()
    problem = None
    for sha256, folds, company, region in remembered:
        try:
            model = open_model(run.workspace, plan.model_id, sha256)
        except StagewatchError as error:
            model, problem = None, error.message
        if model is not None:
            shocks = Shocks(company=company, region=region)
            return model, shocks, {"sha256": sha256, "folds": folds, "problem": None, "shocks": shocks}
    trained = train(con, run, plan, features)
    check = check_forecasts(con, features, trained, zone)
    replace_rows(con, "ml.backtest", trained.backtest.measures)
    replace_rows(con, "ml.backtest_scores", trained.backtest.scores)
    replace_rows(con, "ml.backtest_folds", _fold_rows(trained))
    replace_rows(con, "ml.forecast_backtest", forecast_backtest_frame(check.rows()))
    manifest = _manifest(run, plan, trained, features)
    sha256 = store_model(
        run.workspace, plan.model_id, trained.backtest.final, manifest, model_cards(plan.model_id, manifest)
    )
    status = {"sha256": sha256, "folds": len(trained.folds), "problem": problem, "shocks": check.shocks()}
    return trained.backtest.final, check.shocks(), status


def _manifest(run: Run, plan: Plan, trained: Trained, features: pl.DataFrame) -> dict[str, Any]:
    """What is kept beside a model: identity, data window, versions, folds, backtest, features."""
    contracts = {
        f"{layer}.{name}": load_contract(layer, name).version for layer in ("sources",) for name in names(layer)
    }
    return {
        "trained_at": run.now.isoformat(),
        "horizon_days": run.settings.risk.horizon_days,
        "window": {
            "since": str(features["landmark_at"].dt.date().min()),
            "known_at": f"{plan.known_at:%Y-%m-%d}",
            "landmarks": plan.landmarks,
            "opportunities": plan.opportunities,
            "signed": plan.signed,
            "failed": plan.failed,
        },
        "features": list(trained.backtest.final.encoder.columns),
        "versions": library_versions() | contracts,
        "folds": [
            {"fold": f.number, "origin": f.origin.isoformat(), "until": f.until.isoformat()} for f in trained.folds
        ],
        "backtest": trained.backtest.measures.to_dicts(),
        "identity": dict(plan.identity),
    }


def _fold_rows(trained: Trained) -> pl.DataFrame:
    tested = trained.backtest.scores.group_by("fold").agg(
        tested_landmarks=pl.len(), judged_landmarks=pl.col("outcome").count()
    )
    origins = pl.DataFrame(
        [(f.number, f.origin, f.until) for f in trained.folds],
        schema={"fold": pl.Int32, "origin": pl.Datetime("us", "UTC"), "until": pl.Datetime("us", "UTC")},
        orient="row",
    )
    return origins.join(tested, on="fold", how="left", maintain_order="left").with_columns(
        pl.col("^.*landmarks$").fill_null(0)
    )


def _write_forecast(
    con: duckdb.DuckDBPyConnection,
    run: Run,
    rows: pl.DataFrame,
    model: RiskModel | None,
    shocks: Shocks,
    zone: ZoneInfo,
) -> None:
    look = outlook(con, rows, model, run.as_of, zone, shocks)
    weeks = pl.DataFrame(week_rows(look), infer_schema_length=None, schema_overrides={"scope_id": pl.String})
    quarters = pl.DataFrame(
        quarter_rows(con, look),
        infer_schema_length=None,
        schema_overrides={"scope_id": pl.String, "target": pl.Float64, "p_target_met": pl.Float64, "gap": pl.Float64},
    )
    replace_rows(con, "ml.forecast", weeks.drop("days"))
    replace_rows(con, "ml.forecast_weeks", weeks.filter(scope="company").select("week_start", "days"))
    replace_rows(con, "ml.forecast_quarter", quarters)


def _write_status(
    con: duckdb.DuckDBPyConnection, run: Run, plan: Plan, status: dict[str, Any], has_model: bool
) -> None:
    reasons = {}
    for language in LANGUAGES:
        text = Texts("risk", language)
        said = text(
            "status_model" if has_model else "status_too_few",
            known=f"{plan.known_at:%Y-%m-%d}", opportunities=plan.opportunities, signed=plan.signed, failed=plan.failed,
            minimum_signed=plan.enough.signed, minimum_failed=plan.enough.failed,
        )  # fmt: skip
        said += text("status_untested") if has_model and not status["folds"] else ""
        said += text("status_refused", problem=status["problem"]) if status["problem"] else ""
        reasons[language] = said
    row = {
        "as_of": run.as_of, "method": "model" if has_model else "rules",
        "model_id": plan.model_id if has_model else "rules",
        "reason_zh": reasons["zh-CN"], "reason_en": reasons["en"], "horizon_days": run.settings.risk.horizon_days,
        "known_at": plan.known_at, "landmarks": plan.landmarks, "opportunities": plan.opportunities,
        "signed": plan.signed, "failed": plan.failed, "minimum_signed": plan.enough.signed,
        "minimum_failed": plan.enough.failed, "folds": status["folds"], "model_sha256": status["sha256"],
        "shock_company": status["shocks"].company, "shock_region": status["shocks"].region,
    }  # fmt: skip
    replace_rows(con, "ml.model_status", pl.DataFrame([row], schema_overrides={"model_sha256": pl.String}))


def _label_features(con: duckdb.DuckDBPyConnection, known_at: datetime) -> None:
    """Put what became of each landmark, as known at the last Monday, beside its features."""
    con.execute(
        """create or replace table ml.landmark_features as
           select f.*, l.followed_days, l.outcome, l.event_days
           from ml.landmark_features f
           left join ml.work_labels l
             on l.opportunity_key = f.opportunity_key and l.landmark_at = f.landmark_at and l.known_at = ?
           order by f.opportunity_key, f.landmark_at""",
        [known_at],
    )


def _figures(con: duckdb.DuckDBPyConnection, plan: Plan, has_model: bool, scored: int) -> dict[str, Any]:
    measures = dict(
        read_table(
            con,
            """select measure, value from ml.backtest where fold = 0 and model = 'risk_model' and value is not null
               and measure in ('roc_auc', 'brier_skill', 'calibration_error', 'funnel_accuracy', 'lead_time_days')
               order by measure""",
        ).iter_rows()
    )
    return {
        "method": "model" if has_model else "rules",
        "model_id": plan.model_id if has_model else "rules",
        "landmarks": plan.landmarks,
        "signed": plan.signed,
        "failed": plan.failed,
        "scored": scored,
    } | {name: round(float(value), 4) for name, value in measures.items()}
