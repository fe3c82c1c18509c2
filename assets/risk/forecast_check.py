"""How forecasts of the past did: made at Mondays by a model that knew nothing later, against what came.

Beside them two that need no model: the weighted pipeline (a stage's share of signings x amount, over all that is
open), and the signings of the 13 weeks before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import polars as pl

from assets.risk.forecasting import Outlook, amounts_known, outlook, summed
from assets.risk.landmarks import read_labels, read_table
from assets.risk.training import FORECAST_DAYS, Trained, midnight
from models.backtest import last_landmarks_of_closed, training_rows
from models.forecast import Shocks, shared_spread, wape

METHOD = "hazard_forecast"
Key = tuple[str, str | None]
Pairs = list[tuple[float, float]]


class ForecastCheck:
    """Collects what was said and what came, and sums it up as rows of ml.forecast_backtest."""

    def __init__(self) -> None:
        self.totals: dict[tuple[str, str, str], Pairs] = {}
        self.inside: dict[tuple[str, str], list[bool]] = {}

    def add(self, method: str, scope: str, measure: str, came: float, said: float) -> None:
        self.totals.setdefault((method, scope, measure), []).append((came, said))

    def cover(self, scope: str, measure: str, came: float, said: Mapping[str, float], name: str) -> None:
        is_inside = said[f"{name}_low"] <= came <= said[f"{name}_high"]
        self.inside.setdefault((scope, measure), []).append(is_inside)

    def rows(self) -> list[tuple[str, str, str, float | None, int]]:
        """method, measure, scope, value, n."""
        rows: list[tuple[str, str, str, float | None, int]] = []
        for (method, scope, measure), pairs in sorted(self.totals.items()):
            came, said = (np.array(side) for side in zip(*pairs, strict=True))
            rows.append((method, f"wape_{measure}", scope, wape(came, said), len(pairs)))
            bias = float((said - came).sum() / came.sum()) if came.sum() > 0 else None
            rows.append((method, f"bias_{measure}", scope, bias, len(pairs)))
        for (scope, measure), inside in sorted(self.inside.items()):
            rows.append((METHOD, f"coverage_80_{measure}", scope, float(np.mean(inside)), len(inside)))
        return rows

    def shocks(self) -> Shocks:
        """Spreads of the shared factors, from the errors beyond chance that forecasts of the past have shown."""
        spread = {}
        for scope in ("company", "region"):
            pairs = self.totals.get((METHOD, scope, "signings"), [])
            came, said = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
            spread[scope] = shared_spread(came, said)
        # What regions vary by holds the company's part, too.
        region = max(spread["region"] ** 2 - spread["company"] ** 2, 0.0) ** 0.5
        return Shocks(company=spread["company"], region=region)


def check_forecasts(
    con: duckdb.DuckDBPyConnection, features: pl.DataFrame, trained: Trained, zone: ZoneInfo
) -> ForecastCheck:
    """Forecast each of the training's origins by its fold's model and compare the 13 weeks after."""
    check = ForecastCheck()
    wins = read_table(con, "from ml.work_wins order by opportunity_key, signed_at")
    for origin in trained.forecast_origins:
        fold = max((f for f in trained.folds if f.origin <= origin), key=lambda f: f.origin)
        rows = features.filter(pl.col("landmark_at") == origin)
        look = outlook(con, rows, trained.backtest.models[fold.number], origin, zone, Shocks())
        ahead = wins.filter(pl.col("signed_at").is_between(origin, _later(origin, zone, FORECAST_DAYS), closed="left"))
        known = wins.filter(pl.col("visible_at") <= origin)
        before = known.filter(
            pl.col("signed_at").is_between(_later(origin, zone, -FORECAST_DAYS), origin, closed="left")
        )
        rates = stage_rates(training_rows(features, read_labels(con, fold.origin)))
        weighted = rows.with_columns(
            rate=pl.col("stage").fill_null("").replace_strict(rates, default=0.0, return_dtype=pl.Float64),
            worth=pl.col("amount").cast(pl.Float64).fill_null(amounts_known(con, origin)[0]),
        )
        _compare(check, look, ahead, before, weighted, zone)
    return check


def stage_rates(train: pl.DataFrame) -> dict[str, float]:
    """The share of signed among the closed opportunities that got to each stage; "" is all."""
    closed = last_landmarks_of_closed(train)
    seen = train.select("opportunity_id", "stage").unique(maintain_order=True)
    joined = seen.join(closed.select("opportunity_id", "is_signed"), on="opportunity_id", maintain_order="left")
    shares = joined.group_by(pl.col("stage").fill_null(""), maintain_order=True).agg(pl.col("is_signed").mean())
    return {"": float(closed["is_signed"].mean() or 0.0)} | dict(shares.iter_rows())  # type: ignore[arg-type]


def _compare(
    check: ForecastCheck,
    look: Outlook,
    ahead: pl.DataFrame,
    before: pl.DataFrame,
    weighted: pl.DataFrame,
    zone: ZoneInfo,
) -> None:
    whole = look.span.week < len(look.span.week_starts)
    for (scope, scope_id), mask in look.scope_masks().items():
        if scope == "city" or (scope == "region" and scope_id is None):
            continue

        def here(frame: pl.DataFrame, scope: str = scope, scope_id: str | None = scope_id) -> pl.DataFrame:
            return frame if scope == "company" else frame.filter(pl.col(scope) == scope_id)

        came, last, open_now = _counted(here(ahead)), _counted(here(before)), here(weighted)
        said = summed(look, mask, whole)
        pipeline = {
            "signings": float(open_now["rate"].sum()),
            "amount": float((open_now["rate"] * open_now["worth"]).sum()),
        }
        for name in ("signings", "amount"):
            check.add(METHOD, scope, name, came[name], said[name])
            check.add("last_quarter", scope, name, came[name], last[name])
            check.add("weighted_pipeline", scope, name, came[name], pipeline[name])
            check.cover(scope, f"total_{name}", came[name], said, name)
        for week, start in enumerate(look.span.week_starts):
            begin, end = midnight(start, zone), midnight(start + timedelta(weeks=1), zone)
            in_week = _counted(here(ahead.filter(pl.col("signed_at").is_between(begin, end, closed="left"))))
            said = summed(look, mask, look.span.week == week)
            for name in ("signings", "amount"):
                check.cover(scope, f"week_{name}", in_week[name], said, name)


def _counted(wins: pl.DataFrame) -> dict[str, float]:
    return {"signings": float(wins["is_first"].sum()), "amount": float(wins["amount"].sum())}


def _later(moment: datetime, zone: ZoneInfo, days: int) -> datetime:
    return midnight(moment.astimezone(zone).date() + timedelta(days=days), zone)


def forecast_backtest_frame(rows: Sequence[tuple[str, str, str, float | None, int]]) -> pl.DataFrame:
    """Rows of ml.forecast_backtest as a frame."""
    return pl.DataFrame(
        rows,
        schema={"method": pl.String, "measure": pl.String, "scope": pl.String, "value": pl.Float64, "n": pl.Int64},
        orient="row",
    )
