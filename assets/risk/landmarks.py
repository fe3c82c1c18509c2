"""Landmarks: what was known of every open opportunity on each Monday, and what became of it.

Everything happens in the SQL files beside this module, in the order below; what is left are
`ml.landmarks`, `ml.landmark_features` and, for each time asked for, labels as known at that time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb
import polars as pl

from assets.warehouse import run_script
from assets.workspace import Run
from data_contracts.sql_names import quote_ident

FEATURE_FILES = (
    "work_versions",
    "work_events",
    "work_visits",
    "work_activity",
    "work_passed",
    "work_grid",
    "work_states",
    "work_places",
    "work_records",
    "landmarks",
    "work_visit_features",
    "landmark_features",
)
LABEL_FILES = ("work_cuts", "work_closings", "work_labels", "work_usual", "work_beginnings")


def build_features(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Build `ml.landmarks` and `ml.landmark_features`: `train_weeks` of Mondays, and the as-of time."""
    since = run.as_of - timedelta(weeks=run.settings.risk.train_weeks)
    con.execute("set variable landmarks_since = ?::timestamptz", [since])
    for name in FEATURE_FILES:
        run_script(con, "assets.risk", f"{name}.sql")


def build_labels(con: duckdb.DuckDBPyConnection, known_at: Sequence[datetime], window_days: int) -> None:
    """Build `ml.work_labels`: what became of the landmarks before each of `known_at`, by what was known then."""
    con.execute("set variable window_days = ?::integer", [window_days])
    con.execute("create or replace table ml.work_asked (known_at timestamptz)")
    con.executemany("insert into ml.work_asked values (?)", [[moment] for moment in sorted(set(known_at))])
    for name in LABEL_FILES:
        run_script(con, "assets.risk", f"{name}.sql")


def read_features(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """`ml.landmark_features`, in an order that no key given by a run decides; single precision."""
    described = con.execute("select column_name, column_type from (describe ml.landmark_features)").fetchall()
    columns = [
        f"{quote_ident(name)}::float as {quote_ident(name)}" if kind == "DOUBLE" else quote_ident(name)
        for name, kind in described
    ]
    return read_table(
        con, f"select {', '.join(columns)} from ml.landmark_features order by opportunity_id, landmark_at"
    )


def read_labels(con: duckdb.DuckDBPyConnection, known_at: datetime) -> pl.DataFrame:
    """One row per landmark before `known_at`: opportunity_key, landmark_at, followed_days, outcome, event_days."""
    return read_table(
        con,
        "select opportunity_key, landmark_at, followed_days, outcome, event_days, closed_at"
        " from ml.work_labels where known_at = $known_at order by opportunity_key, landmark_at",
        known_at=known_at,
    )


def read_table(con: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> pl.DataFrame:
    """The rows of a query as a frame; parameters are bound by name."""
    frame = pl.from_arrow(con.sql(sql, params=parameters or None).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def drop_work_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the intermediate tables: large, and of no use once the scores stand."""
    names = con.execute(
        "select table_name from duckdb_tables() where database_name = current_database()"
        " and schema_name = 'ml' and starts_with(table_name, 'work_') order by table_name"
    ).fetchall()
    for (name,) in names:
        con.execute(f"drop table ml.{quote_ident(name)}")
