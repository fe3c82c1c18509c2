"""The alerts' step of a run: replay a history on the first run, evaluate, sum up what came of the alerts."""

from __future__ import annotations

from typing import Any

import duckdb

from assets.alerts.conditions import PACKAGE
from assets.alerts.evaluate import evaluate
from assets.alerts.replay import replay
from assets.warehouse import count, run_script
from assets.workspace import Run

# In this order: the second reads the first.
OUTCOMES = ("alert_outcomes", "recovered_value")


def build_alerts(con: duckdb.DuckDBPyConnection, run: Run) -> dict[str, Any]:
    """Bring `ops.alerts` to the run's as-of time and rebuild the marts of outcomes; figures of the step."""
    replayed = replay(con, run)
    evaluated = evaluate(con, run, run.as_of)
    return {
        "replayed_weeks": len(replayed),
        "replayed_openings": sum(week.get("opened", 0) for week in replayed),
        **evaluated,
        "live": _live(con),
        **build_outcomes(con),
    }


def build_outcomes(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rebuild `marts.alert_outcomes` and `marts.recovered_value`; rows by mart."""
    for mart in OUTCOMES:
        run_script(con, PACKAGE, f"{mart}.sql")
    return {mart: count(con, f"marts.{mart}") for mart in OUTCOMES}


def _live(con: duckdb.DuckDBPyConnection) -> int:
    return count(con, "ops.alerts where status in ('open', 'acknowledged', 'answered', 'snoozed')")
