"""The first run over a history: the alerts that the Mondays before would have raised.

Each Monday's marts are rebuilt from what was known by then, only those that the rules read, in a scratch
database; the risk is the backtest's for that landmark, scored by a model that had not seen it. The forecast is
not replayed: there is no forecast of the time to look at. A replay that was cut off goes on where it stopped.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from assets.alerts.conditions import PACKAGE, observe, scalar
from assets.alerts.evaluate import advance, ensure_tables, last_evaluation
from assets.marts.build import MARTS, build_marts
from assets.warehouse import read_sql, scratch_as_of
from assets.workspace import Run

RULES_READ = ("organisation_segments", "opportunity_state", "transition_compliance", "city_signings")
MART = re.compile(r"\bmarts\.([a-z_]+)")


def replay(con: duckdb.DuckDBPyConnection, run: Run) -> list[dict[str, Any]]:
    """Evaluate the Mondays that are due, in order; figures of each. Nothing where no replay is due."""
    marts = marts_needed()
    # Inside the scratch database `ml` is its own: the backtest's scores go along as a temporary table.
    con.execute("create or replace temp table alert_backtest as from ml.backtest_scores")
    done = []
    for monday in mondays_due(con, run):
        with scratch_as_of(con, monday):
            con.execute(read_sql(PACKAGE, "landmark_scores.sql"), {"monday": monday, **_bands(run)})
            build_marts(con, marts)
            observe(con, replace(run, as_of=monday))
        done.append(advance(con, replace(run, as_of=monday), monday, is_replayed=True))
    return done


def mondays_due(con: duckdb.DuckDBPyConnection, run: Run) -> list[datetime]:
    """The Mondays 00:00 to replay: the last weeks before as-of that have data, until a live evaluation was made."""
    ensure_tables(con)
    if scalar(con, "select count(*) from ops.evaluations where not is_replayed"):
        return []
    first_record = scalar(con, "select min(recorded_at) from staging.stage_events")
    if first_record is None:
        return []
    zone = ZoneInfo(run.settings.timezone)
    today = run.as_of.astimezone(zone).date()
    this_monday = today - timedelta(days=today.weekday())
    weeks = range(run.settings.alerts.replay_weeks, -1, -1)
    mondays = [datetime.combine(this_monday - timedelta(weeks=n), time(), zone) for n in weeks]
    last = last_evaluation(con)
    due = [m for m in mondays if first_record <= m < run.as_of and (last is None or m > last)]
    return due[-run.settings.alerts.replay_weeks :] if run.settings.alerts.replay_weeks else []


def marts_needed() -> tuple[str, ...]:
    """The marts that the rules read, and all that those are built from."""
    needed, found = set[str](), set(RULES_READ)
    while found:
        mart = found.pop()
        needed.add(mart)
        sql = re.sub(r"--.*", "", read_sql("assets.marts", f"{mart}.sql"))
        found |= {name for name in MART.findall(sql) if name in MARTS} - needed
    return tuple(mart for mart in MARTS if mart in needed)


def _bands(run: Run) -> dict[str, Any]:
    risk = run.settings.risk
    return {"high": risk.high, "medium": risk.medium, "horizon": risk.horizon_days}
