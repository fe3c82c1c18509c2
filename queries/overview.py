"""The headline: the open pipeline, signings against target and forecast, conversion, cycle time, alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from queries.dimensions import Filter, of_table, predicates
from queries.lists import alert_predicates
from queries.process import process_of
from queries.snapshot import Snapshot
from queries.statement import Statement, template

SILENT_DAYS = 14


@dataclass(frozen=True)
class Overview:
    """What leadership reads first.

    `stages`: the open pipeline by stage, and in none yet (null). `months`: first wins of the last thirteen months,
    amounts and median days from entry. `targets`: marts.signing_target of the periods the as-of time falls in, for
    the scope asked.
    `regions`: the same for every region, when the whole company is asked: the quarter's, else the shortest period's.
    `forecast`: weekly signings ahead with 80% interval; `quarter`: the quarter's forecast, null without one.
    `alerts`: live ones by rule. `silent_cities`: complete weeks without a new customer, most surprising first.
    """

    stages: pl.DataFrame
    months: pl.DataFrame
    targets: pl.DataFrame
    regions: pl.DataFrame
    forecast: pl.DataFrame
    quarter: dict[str, Any] | None
    alerts: pl.DataFrame
    silent_cities: pl.DataFrame


def overview(snapshot: Snapshot, filters: tuple[Filter, ...] = ()) -> Overview:
    """The headline for the whole company, or narrowed; targets and forecasts exist for company, region and city."""
    process = process_of(snapshot)
    scope, scope_id = _scope(filters)
    of_scope = "scope = $scope and scope_id is not distinct from $id"
    place = {"scope": scope, "id": scope_id}
    quarter = snapshot.query(f"from ml.forecast_quarter where {of_scope} order by period limit 1", place).to_dicts()
    return Overview(
        stages=_open_stages(snapshot, filters),
        months=_months(snapshot, filters, process.as_of.date()),
        targets=snapshot.query(
            f"""from marts.signing_target where {of_scope} and period_start <= $day and period_end > $day
                order by period_end - period_start""",
            {**place, "day": process.as_of.date()},
        ),
        regions=snapshot.query(template("region_targets"), {"day": process.as_of.date()})
        if scope == "company"
        else pl.DataFrame(),
        forecast=snapshot.query(f"from ml.forecast where {of_scope} order by week_start", place),
        quarter=quarter[0] if quarter else None,
        alerts=_alerts(snapshot, filters),
        silent_cities=_silent_cities(snapshot, filters),
    )


def _scope(filters: tuple[Filter, ...]) -> tuple[str | None, str | None]:
    """The one scope that the filters mean of those that targets and forecasts have; (None, None) where none is."""
    if not filters:
        return "company", None
    if len(filters) == 1 and len(filters[0].values) == 1 and filters[0].dimension in ("region", "city"):
        return filters[0].dimension, filters[0].values[0]
    return None, None


def _open_stages(snapshot: Snapshot, filters: tuple[Filter, ...]) -> pl.DataFrame:
    statement = Statement()
    where = predicates(statement, filters, of_table("s"))
    statement.render("open_stages", where=" and ".join(where) or "true", silent_days=str(SILENT_DAYS))
    return statement.run(snapshot)


def _months(snapshot: Snapshot, filters: tuple[Filter, ...], today: date) -> pl.DataFrame:
    first = (today.replace(day=1) - timedelta(days=365)).replace(day=1)
    statement = Statement()
    where = predicates(statement, filters, of_table("s"))
    statement.render(
        "won_by_period",
        unit=statement.bind("month"),
        since=statement.bind(process_of(snapshot).instant(first)),
        where=" and ".join(where) or "true",
    )
    return statement.run(snapshot)


def _alerts(snapshot: Snapshot, filters: tuple[Filter, ...]) -> pl.DataFrame:
    statement = Statement()
    statement.render("alerts_by_rule", where=alert_predicates(statement, filters, only_live=True))
    return statement.run(snapshot)


def _silent_cities(snapshot: Snapshot, filters: tuple[Filter, ...]) -> pl.DataFrame:
    statement = Statement()
    where = predicates(statement, [f for f in filters if f.dimension in ("region", "city")], of_table("c"))
    statement.render("silent_cities", where=" and ".join(where) or "true")
    return statement.run(snapshot)
