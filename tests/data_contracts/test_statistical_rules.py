"""Volume and drift: figures worked out by hand, and silence where there is too little to compare."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from assets.warehouse import connect_memory
from data_contracts.playbook import load_playbook
from data_contracts.settings import Settings
from data_contracts.statistical_rules import drift_query, volume_query

VOLUME = {"at": "seen_at", "weeks": 8, "low": 0.5, "high": 2.0, "leastRows": 20}
DRIFT = {"at": "seen_at", "weeks": 4, "weeksBefore": 12, "index": 0.25, "leastRows": 50}
MONDAY = "timestamptz '2025-07-07 00:00+08'"  # the as-of time; the weeks before it have five working days each


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    as_of = datetime(2025, 7, 6, 16, tzinfo=UTC)
    connection = connect_memory(Settings(), load_playbook("fmcg_five_stage"), as_of)
    connection.execute("create table t (seen_at timestamptz, word varchar, number double)")
    yield connection
    connection.close()


def add(con: duckdb.DuckDBPyConnection, weeks_ago: int, rows: int, word: str | None = "a", number: Any = 1) -> None:
    """`rows` rows on the Wednesday of the week that ended so many weeks before the as-of time."""
    con.execute(
        f"insert into t select {MONDAY} - to_days({7 * weeks_ago + 5}), ?, ? from range({rows})", [word, number]
    )


def asked(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(f"with checked as (from t) {query}").fetchall()


def test_volume_is_held_against_the_median_week(con: duckdb.DuckDBPyConnection) -> None:
    for week, rows in enumerate([40, 60, 100, 100, 100, 120, 900], start=1):
        add(con, week, rows)
    add(con, 0, 50)  # of the weeks before, 100 is the median
    assert asked(con, volume_query("s.t", VOLUME)) == []
    con.execute(f"delete from t where seen_at >= {MONDAY} - to_days(7)")
    add(con, 0, 49)
    assert asked(con, volume_query("s.t", VOLUME)) == [(49, 100.0, 5.0)]
    add(con, 0, 152)
    assert asked(con, volume_query("s.t", VOLUME)) == [(201, 100.0, 5.0)]


def test_a_week_with_a_holiday_is_held_against_its_working_days(con: duckdb.DuckDBPyConnection) -> None:
    """1 to 8 October 2025 were days off; 9 and 10 were worked, and so was Saturday the 11th."""
    con.execute("set variable as_of = '2025-10-12 00:00+08'::timestamptz")
    sent = "insert into t (seen_at) select timestamptz '2025-10-09 12:00+08' - to_days({}) from range({})"
    for week in range(3, 9):
        con.execute(sent.format(7 * week, 100))
    con.execute(sent.format(0, 30))  # 3 of 5 days: 60 are usual, 30 is half
    assert asked(con, volume_query("s.t", VOLUME)) == []
    con.execute(sent.format(0, 91))
    assert asked(con, volume_query("s.t", VOLUME)) == [(121, 60.0, 3.0)]


def test_volume_says_nothing_of_a_short_or_thin_past(con: duckdb.DuckDBPyConnection) -> None:
    for week in (1, 2, 3):
        add(con, week, 100)
    assert asked(con, volume_query("s.t", VOLUME)) == []
    con.execute("delete from t")
    for week in range(1, 9):
        add(con, week, 19)
    assert asked(con, volume_query("s.t", VOLUME)) == []


def test_volume_against_earlier_runs(con: duckdb.DuckDBPyConnection) -> None:
    against_runs = {"weeks": 8, "low": 0.5, "high": 2.0, "leastRows": 20}
    add(con, 0, 30)
    assert asked(con, volume_query("s.t", against_runs)) == []  # no run before
    con.execute("set variable earlier_rows = map {'s.t': 61.0, 's.other': 1.0}")
    assert asked(con, volume_query("s.t", against_runs)) == [(30, 61.0)]
    con.execute("set variable earlier_rows = map {'s.t': 60.0}")
    assert asked(con, volume_query("s.t", against_runs)) == []


def test_drift_of_values_is_the_population_stability_index(con: duckdb.DuckDBPyConnection) -> None:
    add(con, 8, 80, "a")
    add(con, 8, 20, None)
    add(con, 2, 40, "a")
    add(con, 2, 60, "b")
    before, now = [80.5 / 101.5, 20.5 / 101.5, 0.5 / 101.5], [40.5 / 101.5, 0.5 / 101.5, 60.5 / 101.5]
    parts = [(n - b) * math.log(n / b) for b, n in zip(before, now, strict=True)]
    found = asked(con, drift_query("word", DRIFT))
    assert [row[0] for row in found] == ["b", None, "a"]
    assert [row[3] for row in found] == pytest.approx(sorted(parts, reverse=True), abs=1e-4)
    assert found[0][4] == pytest.approx(sum(parts), abs=1e-4)
    assert asked(con, drift_query("word", {**DRIFT, "index": sum(parts) + 0.001})) == []
    assert asked(con, drift_query("word", {**DRIFT, "leastRows": 101})) == []


def test_drift_of_a_number_is_told_by_its_bins(con: duckdb.DuckDBPyConnection) -> None:
    for number in range(100):
        add(con, 8, 1, number=number)
        add(con, 2, 1, number=number)
    assert asked(con, drift_query("number", {**DRIFT, "bins": 4})) == []
    con.execute(f"update t set number = number + 50 where seen_at > {MONDAY} - to_days(28)")
    found = asked(con, drift_query("number", {**DRIFT, "bins": 4}))
    assert {row[0]: (round(row[1], 2), round(row[2], 2)) for row in found} == {
        "0": (0.25, 0.0), "1": (0.25, 0.0), "2": (0.25, 0.25), "3": (0.25, 0.74),
    }  # fmt: skip


def test_what_is_recorded_after_the_as_of_time_counts_nothing(con: duckdb.DuckDBPyConnection) -> None:
    for week in range(1, 9):
        add(con, week, 100)
    add(con, 0, 100)
    add(con, -1, 5000, "b")
    assert asked(con, volume_query("s.t", VOLUME)) == []
    assert asked(con, drift_query("word", DRIFT)) == []
