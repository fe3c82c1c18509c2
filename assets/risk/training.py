"""Training: whether there is enough to learn from, the model of this week, and its backtest.

A model is trained on what was known at the last Monday 00:00, so every run of a week uses the same one. Its
identifier follows from what it learns from; a run that finds it in the store, with its backtest in the
warehouse, has nothing to train.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from assets.risk.landmarks import build_labels, read_labels, read_table
from assets.warehouse import read_sql
from assets.workspace import Run
from data_contracts.errors import StagewatchError
from models.backtest import Backtest, Setting, run_backtest
from models.blend import Learning
from models.features import CATALOGUE
from models.folds import Enough, Fold, rolling_folds
from models.store import library_versions, model_id

METHOD = 3  # raised whenever the same data would be learned from in another way
FORECAST_ORIGINS = 8
FORECAST_DAYS = 91


@dataclass(frozen=True)
class Plan:
    """What a run would train: the moment known, how much there is, and the identity that follows from it."""

    known_at: datetime
    landmarks: int
    opportunities: int
    signed: int
    failed: int
    enough: Enough
    identity: Mapping[str, Any]

    @property
    def is_enough(self) -> bool:
        return self.enough.is_met((self.failed, self.signed))

    @property
    def model_id(self) -> str:
        return model_id(self.identity)


@dataclass(frozen=True)
class Trained:
    """What a training leaves: the folds, their backtest with the final model, and when the forecast is checked."""

    folds: Sequence[Fold]
    backtest: Backtest
    forecast_origins: Sequence[datetime]


def last_monday(moment: datetime, zone: ZoneInfo) -> datetime:
    """The Monday 00:00 company time at or before a moment."""
    day = moment.astimezone(zone).date()
    return midnight(day - timedelta(days=day.weekday()), zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """00:00 of a day, company time."""
    return datetime.combine(day, time(), zone)


def setting_of(run: Run) -> Setting:
    """What the models are told of the run."""
    return Setting(
        horizon_days=run.settings.risk.horizon_days,
        budget=run.settings.alerts.weekly_budget,
        stages=[s.stage for s in run.playbook.stages],
        action_codes=[a.action for s in run.playbook.stages for a in s.required_actions],
        threads=run.settings.resources.threads,
    )


def plan_training(con: duckdb.DuckDBPyConnection, run: Run, known_at: datetime) -> Plan:
    """Count what is known at `known_at` (labels as of then must stand in ml.work_labels)."""
    landmarks, opportunities, signed, failed = con.execute(
        """select count(*), count(distinct opportunity_key),
                  count(distinct opportunity_key) filter (outcome = 'signed'),
                  count(distinct opportunity_key) filter (outcome = 'failed')
           from ml.work_labels where known_at = ?""",
        [known_at],
    ).fetchall()[0]
    fingerprint = con.execute(read_sql("assets.risk", "fingerprint.sql"), {"known_at": known_at}).fetchall()[0]
    risk = run.settings.risk
    identity = {
        "method": METHOD,
        "known_at": known_at.isoformat(),
        "data": list(fingerprint),
        "risk": risk.model_dump(exclude={"high", "medium"}),  # bands are of the scores, not of the model
        "weekly_budget": run.settings.alerts.weekly_budget,
        "playbook": f"{run.playbook.playbook} {run.playbook.version}",
        "stages": [s.model_dump(mode="json") for s in run.playbook.stages],
        "lapse_days": run.playbook.lapse_days,
        "features": [f.name for f in CATALOGUE],
        "learning": asdict(Learning()),
        "libraries": library_versions() | {"duckdb": version("duckdb")},
    }
    return Plan(
        known_at, landmarks, opportunities, signed, failed,
        Enough(risk.minimum_signed, risk.minimum_failed), identity,
    )  # fmt: skip


def train(con: duckdb.DuckDBPyConnection, run: Run, plan: Plan, features: pl.DataFrame) -> Trained:
    """Backtest and train. `features`: every landmark; labels are computed anew for each origin.

    Raises StagewatchError where the outcomes known are not enough for a model.
    """
    if not plan.is_enough:
        raise StagewatchError("too few closed opportunities for a model", remedy="see `ml.model_status`")
    setting, risk = setting_of(run), run.settings.risk
    mondays = [m for m in features["landmark_at"].unique().sort().to_list() if m < plan.known_at]
    folds = rolling_folds(
        mondays, closed_by(con, plan.known_at, mondays), risk.horizon_days, plan.enough, risk.backtest_folds
    )
    checks = forecast_origins(mondays, folds, plan.known_at)
    build_labels(con, [plan.known_at, run.as_of, *(f.origin for f in folds), *checks], risk.horizon_days)
    final = read_labels(con, plan.known_at)
    backtest = run_backtest(
        features,
        lambda origin: read_labels(con, origin),
        final,
        lambda origin: usual_days(con, origin),
        usual_days(con, plan.known_at),
        folds,
        setting,
    )
    return Trained(folds, backtest, checks)


def closed_by(
    con: duckdb.DuckDBPyConnection, known_at: datetime, mondays: Sequence[datetime]
) -> dict[datetime, tuple[int, int]]:
    """Opportunities with landmarks that had failed, and signed, by each Monday."""
    rows = con.execute(
        """select outcome, closed_at from (
             select opportunity_key, any_value(outcome) as outcome, max(closed_at) as closed_at
             from ml.work_labels where known_at = ? and outcome is not null group by opportunity_key)
           order by closed_at""",
        [known_at],
    ).fetchall()
    result: dict[datetime, tuple[int, int]] = {}
    failed = signed = place = 0
    for monday in mondays:
        while place < len(rows) and rows[place][1] <= monday:
            failed, signed = failed + (rows[place][0] == "failed"), signed + (rows[place][0] == "signed")
            place += 1
        result[monday] = (failed, signed)
    return result


def forecast_origins(mondays: Sequence[datetime], folds: Sequence[Fold], known_at: datetime) -> list[datetime]:
    """Mondays within the folds whose 13 weeks have passed, spread evenly, at most eight."""
    if not folds:
        return []
    fit = [m for m in mondays if m >= folds[0].origin and m + timedelta(days=FORECAST_DAYS) <= known_at]
    step = max(-(-len(fit) // FORECAST_ORIGINS), 1)
    return fit[::step]


def usual_days(con: duckdb.DuckDBPyConnection, known_at: datetime) -> dict[int, float]:
    """Median completed days by stage number, as known then."""
    frame = read_table(
        con, "select stage_no, usual_days from ml.work_usual where known_at = $known_at", known_at=known_at
    )
    return dict(frame.iter_rows())
