"""The help desk's log by mapping and playbook alone: duplicates, rework, skips, events after a win."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from example_workspace import built_example


@pytest.fixture(scope="module")
def con(real_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    file = real_data("helpdesk/helpdesk_events.csv.gz")
    return built_example("helpdesk", tmp_path_factory.mktemp("helpdesk") / "ws", [file])


def test_the_ledger_finds_the_exact_duplicates(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select rows_read, accepted, quarantined, duplicates from staging.ledger").fetchall() == [
        (21_348, 21_221, 0, 127)
    ]


EVENTS = "landing.helpdesk__events"
# The log without its exact duplicates, times as instants.
LOG = f"""
    create or replace temp view log as
    select l.*, l."at"::timestamptz as t from {EVENTS} l
    where not exists (select 1 from staging.duplicates d where d.source_row = l.source_row)"""


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row


def test_the_duplicates_stand_next_to_their_originals_and_point_to_them(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(*), count(*) filter (d.source_row = d.kept_row + 1), count(distinct e.\"case\")"
                    f" from staging.duplicates d join {EVENTS} e using (source_row)") == (127, 127, 126)  # fmt: skip
    rows = con.execute(
        f"select activity, count(*) from staging.duplicates join {EVENTS} using (source_row) group by 1"
    ).fetchall()
    assert dict(rows) == {
        "Resolve ticket": 88, "Closed": 13, "Wait": 13, "Assign seriousness": 9, "Take in charge ticket": 2,
        "Create SW anomaly": 1, "Require upgrade": 1,
    }  # fmt: skip


def test_the_log_is_landed_whole(con: duckdb.DuckDBPyConnection) -> None:
    assert dict(con.execute(f"select activity, count(*) from {EVENTS} group by 1").fetchall()) == {
        "Take in charge ticket": 5_060, "Resolve ticket": 4_983, "Assign seriousness": 4_938, "Closed": 4_574,
        "Wait": 1_463, "Require upgrade": 119, "Insert ticket": 118, "Create SW anomaly": 67,
        "Resolve SW anomaly": 13, "Schedule intervention": 5, "VERIFIED": 3, "RESOLVED": 2, "INVALID": 2,
        "DUPLICATE": 1,
    }  # fmt: skip
    assert one(con, f'select count(distinct "case"), count(distinct resource), min(lifecycle), max(lifecycle),'
                    f" count(*) - count(resource) from {EVENTS}") == (4_580, 22, "complete", "complete", 0)  # fmt: skip
    assert dict(con.execute(f'select "at"[-6:], count(*) from {EVENTS} group by 1').fetchall()) == {
        "+03:00": 12_872, "+02:00": 8_476,
    }  # fmt: skip
    first, last = one(con, f'select min("at"::timestamptz), max("at"::timestamptz) from {EVENTS}')
    assert first == datetime.fromisoformat("2010-01-13T08:40:25+02:00")
    assert last == datetime.fromisoformat("2014-01-03T13:20:58+02:00")
    ordered = f"""
        select "at"::timestamptz as t, lag("at"::timestamptz) over (partition by "case" order by source_row) as before
        from {EVENTS}"""
    assert one(con, f"select count(*) filter (t < before), count(*) filter (t = before) from ({ordered})") == (0, 130)


def test_cases_begin_end_and_run_as_the_log_says(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(LOG)
    ends = """
        select arg_min(activity, source_row) as first, arg_max(activity, source_row) as last, min(t) as begun,
               (epoch_us(max(t)) - epoch_us(min(t))) / 86400e6 as days,
               string_agg(activity, '>' order by source_row) as variant
        from log group by "case" """
    con.execute(f"create or replace temp table cases as {ends}")
    assert dict(con.execute("select first, count(*) from cases group by 1").fetchall()) == {
        "Assign seriousness": 4_384, "Insert ticket": 118, "Take in charge ticket": 74, "Resolve ticket": 2,
        "Create SW anomaly": 1, "Wait": 1,
    }  # fmt: skip
    assert dict(con.execute("select last, count(*) from cases group by 1").fetchall()) == {
        "Closed": 4_557, "Resolve ticket": 10, "Wait": 8, "Require upgrade": 3, "VERIFIED": 1,
        "Take in charge ticket": 1,
    }  # fmt: skip
    assert one(con, "select avg(days), median(days), min(days), max(days) from cases") == tuple(
        pytest.approx(v, abs=5e-5) for v in (40.8577, 39.8592, 30.6260, 59.9950)
    )
    assert con.execute("select year(timezone('UTC', begun)), count(*) from cases group by 1 order by 1").fetchall() == [
        (2010, 977),
        (2011, 1_518),
        (2012, 1_412),
        (2013, 673),
    ]
    assert one(con, "select count(distinct variant) from cases") == (211,)
    assert con.execute("select count(*) from cases group by variant order by 1 desc limit 3").fetchall() == [
        (2_418,), (557,), (235,),
    ]  # fmt: skip
    whole = f"select string_agg(activity, '>' order by source_row) as v from {EVENTS} group by \"case\""
    assert one(con, f"select count(distinct v) from ({whole})") == (226,)


@pytest.mark.parametrize(
    ("origin", "goal", "cases", "median", "mean", "negative"),
    [
        ("Assign seriousness", "Take in charge ticket", 4_207, 0.7098, 4.1258, 0),
        ("Resolve ticket", "Closed", 4_559, 30.1804, 29.7857, 0),
        ("Take in charge ticket", "Resolve ticket", 4_278, 1.9182, None, 9),
    ],
)
def test_time_between_first_occurrences(
    con: duckdb.DuckDBPyConnection, origin: str, goal: str, cases: int, median: float, mean: float | None, negative: int
) -> None:
    con.execute(LOG)
    row = con.execute(
        """
        select count(d), median(d), avg(d), count(*) filter (d < 0) from (
          select (epoch_us(min(t) filter (activity = $goal)) - epoch_us(min(t) filter (activity = $origin)))
                 / 86400e6 as d
          from log group by "case")""",
        {"goal": goal, "origin": origin},
    ).fetchone()
    assert row is not None
    assert (row[0], row[1], row[3]) == (cases, pytest.approx(median, abs=5e-5), negative)
    assert mean is None or row[2] == pytest.approx(mean, abs=5e-5)


def test_cases_and_states(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select case status when 'open' then stage else status end, count(*) from marts.opportunity_state group by all"
    ).fetchall()
    assert dict(rows) == {"won": 4_558, "resolved": 10, "waiting": 9, "in_charge": 3}


def test_spells_and_exits(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select count(*) from marts.stage_spells").fetchone() == (15_529,)
    assert dict(con.execute("select stage, count(*) from marts.stage_spells group by 1").fetchall()) == {
        "assigned": 4_499, "in_charge": 4_953, "waiting": 1_348, "resolved": 4_729,
    }  # fmt: skip
    rows = con.execute(
        "select stage, case exit when 'open' then 'open' when 'won' then 'won' else next_stage end as went, count(*)"
        " from marts.stage_spells group by all"
    ).fetchall()
    assert {(a, b): n for a, b, n in rows} == {
        ("assigned", "in_charge"): 4_161, ("assigned", "waiting"): 69, ("assigned", "resolved"): 269,
        ("in_charge", "waiting"): 1_271, ("in_charge", "resolved"): 3_678, ("in_charge", "assigned"): 1,
        ("in_charge", "open"): 3,
        ("waiting", "in_charge"): 558, ("waiting", "resolved"): 779, ("waiting", "assigned"): 2,
        ("waiting", "open"): 9,
        ("resolved", "won"): 4_560, ("resolved", "in_charge"): 155, ("resolved", "waiting"): 3,
        ("resolved", "assigned"): 1, ("resolved", "open"): 10,
    }  # fmt: skip


def test_dwell_of_what_was_left(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select stage, completed, mean_days, median_days, p90_days from marts.dwell"
        " where dimension = 'all' order by stage_no"
    ).fetchall()
    expected = {
        "assigned": (4_499, 4.0943, 0.6767, 14.8723),
        "in_charge": (4_950, 3.9434, 0.2199, 13.8563),
        "waiting": (1_339, 10.4529, 7.3056, 25.0458),
        "resolved": (4_719, 28.5448, 30.0003, 45.1911),
    }
    assert {row[0]: row[1:] for row in rows} == {k: pytest.approx(v, abs=5e-5) for k, v in expected.items()}


def test_two_tickets_go_on_after_their_close_and_are_told(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select count(distinct opportunity_id) from marts.warnings where warning = 'implied_reopening'"
    ).fetchall()
    assert rows == [(2,)]
