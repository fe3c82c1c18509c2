"""BPI Challenge 2012 by mapping and playbook alone: the facts that a correct reader reproduces."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from assets.marts.build import build_marts
from assets.warehouse import scratch_as_of
from example_workspace import built_example

pytestmark = pytest.mark.slow
CENT = 5e-5  # the facts are quoted to four decimals


@pytest.fixture(scope="module")
def con(real_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    file = real_data("bpic2012/bpic2012_events.csv.gz")
    return built_example("bpic2012", tmp_path_factory.mktemp("bpic") / "ws", [file])


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row


def test_every_row_is_accounted_for(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select rows_read, accepted, quarantined, duplicates from staging.ledger").fetchall() == [
        (262_200, 262_200, 0, 0)
    ]


def test_the_last_event_is_an_instant_not_a_local_text(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select getvariable('as_of')")[0].astimezone(UTC) == datetime(
        2012, 3, 14, 15, 4, 54, 681_000, tzinfo=UTC
    )
    first = one(con, "select min(occurred_at) from known.stage_events")[0]
    assert first.astimezone(UTC) == datetime(2011, 9, 30, 22, 38, 44, 546_000, tzinfo=UTC)


def test_cases_amounts_and_owners(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(*), sum(amount), count(*) filter (amount = 0) from marts.opportunity_state") == (
        13_087, 177_634_511, 1,
    )  # fmt: skip
    assert one(con, "select round(avg(amount), 2), median(amount) from marts.opportunity_state") == (13_573.36, 10_000)
    assert one(con, "select count(owner_id), count(distinct owner_id), count(*) filter (owner_id = '112')"
                    " from marts.opportunity_state") == (5_113, 53, 0)  # fmt: skip


def test_outcomes_are_not_read_off_the_last_event(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select status, lost_reason, count(*), sum(amount) filter (status = 'won')::bigint"
        " from marts.opportunity_state group by all order by all"
    ).fetchall()
    assert rows == [
        ("lost", "cancelled", 2_807, None),
        ("lost", "declined", 7_635, None),
        ("open", None, 399, None),
        ("won", None, 2_246, 35_290_338),
    ]


def test_spells_by_stage_and_exit(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        """select s.stage, count(*), count(*) filter (exit = 'won'),
                  count(*) filter (exit = 'lost' and o.lost_reason = 'declined'),
                  count(*) filter (exit = 'lost' and o.lost_reason = 'cancelled'),
                  count(*) filter (exit = 'advanced'), count(*) filter (exit = 'open')
           from marts.stage_spells s join marts.opportunity_state o using (opportunity_key)
           group by s.stage, s.stage_no order by s.stage_no"""
    ).fetchall()
    assert rows == [
        ("submitted", 13_087, 0, 5_719, 1, 7_367, 0),
        ("preaccepted", 7_367, 0, 1_085, 1_100, 5_113, 69),
        ("accepted", 5_113, 0, 29, 66, 5_015, 3),
        ("offer", 5_015, 2_246, 802, 1_640, 0, 327),
    ]
    assert one(con, "select count(*), count(*) filter (is_rework), count(*) filter (exit = 'skipped_ahead')"
                    " from marts.stage_spells") == (30_582, 0, 0)  # fmt: skip
    assert one(con, "select count(*), count(*) filter (is_censored) from marts.stage_spells"
                    " where stage = 'offer' and dwell_days > 7") == (4_679, 320)  # fmt: skip


def test_dwell_completed_and_kaplan_meier(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select stage, mean_days, median_days, p90_days, km_median_days from marts.dwell"
        " where dimension = 'all' order by stage_no"
    ).fetchall()
    expected = {
        "submitted": (0.1012, 0.0005, 0.4199, 0.0005),
        "preaccepted": (2.8259, 0.2818, 5.2044, 0.2953),
        "accepted": (0.0331, 0.0021, 0.0049, 0.0021),
        "offer": (17.8383, 14.5606, 30.8738, 15.1305),
    }
    assert {row[0]: row[1:] for row in rows} == {k: pytest.approx(v, abs=CENT) for k, v in expected.items()}


def test_time_between_first_occurrences(con: duckdb.DuckDBPyConnection) -> None:
    sql = """
        select count(*), median(d), avg(d), quantile_cont(d, 0.9) from (
          select (epoch_us({b}) - epoch_us({a})) / 86400e6 as d from marts.funnel_paths
          where {where})"""
    step = sql.format(a="reached_at[1]", b="reached_at[2]", where="reached_at[2] is not null")
    assert one(con, step) == (7_367, *(pytest.approx(v, abs=CENT) for v in (43.963 / 86_400, 0.0867, 0.3997)))
    won = sql.format(a="reached_at[4]", b="won_at", where="won_at is not null")
    assert one(con, won) == (2_246, *(pytest.approx(v, abs=CENT) for v in (13.8266, 15.9977, 27.7947)))


def test_cohorts_by_month_of_entry(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        """select strftime(p.cohort_at, '%Y-%m') as month, count(*),
                  count(reached_at[2]), count(reached_at[3]), count(reached_at[4]), count(p.won_at),
                  count(*) filter (o.lost_reason = 'declined'), count(*) filter (o.lost_reason = 'cancelled'),
                  count(*) filter (outcome = 'open')
           from marts.funnel_paths p join marts.opportunity_state o using (opportunity_key)
           group by all order by all"""
    ).fetchall()
    assert rows == [
        ("2011-10", 2_393, 1_427, 1_024, 1_004, 500, 1_335, 558, 0),
        ("2011-11", 2_940, 1_490, 1_011, 993, 460, 1_860, 620, 0),
        ("2011-12", 2_122, 1_226, 851, 839, 376, 1_206, 540, 0),
        ("2012-01", 2_747, 1_582, 1_094, 1_072, 487, 1_599, 641, 20),
        ("2012-02", 2_885, 1_642, 1_133, 1_107, 423, 1_635, 448, 379),
    ]


def test_february_is_young_not_bad(con: duckdb.DuckDBPyConnection) -> None:
    # Its last instant + 30 days is after the data's end: it is left out of the rate, and counted.
    rows = con.execute(
        "select period_start::varchar, cohort, cohort_mature, cohort_immature, rate_overall is null"
        " from marts.funnel where period_type = 'month' and dimension = 'all' and stage_no = 4 order by 1"
    ).fetchall()
    assert rows[-1] == ("2012-02-01", 2_885, 0, 2_885, True)
    assert rows[0] == ("2011-10-01", 2_393, 2_393, 0, False)


def test_state_as_of_new_year(con: duckdb.DuckDBPyConnection) -> None:
    with scratch_as_of(con, datetime.fromisoformat("2012-01-01T00:00:00+01:00")):
        build_marts(con)
        rows = con.execute(
            "select coalesce(lost_reason, case status when 'won' then 'won' else stage end), count(*)"
            " from marts.opportunity_state group by all"
        ).fetchall()
    assert dict(rows) == {
        "declined": 4_334, "cancelled": 1_346, "won": 1_130, "offer": 509, "preaccepted": 130, "submitted": 5,
        "accepted": 1,
    }  # fmt: skip


def test_work_items_are_paired_and_none_is_dropped(con: duckdb.DuckDBPyConnection) -> None:
    # 71,371 pairs and 1,042 completions without a start.
    assert one(con, "select count(*), count(planned_at), count(distinct visit_id) from known.visits") == (
        72_413, 71_371, 72_413,
    )  # fmt: skip
    assert one(con, "select count(*), count(distinct opportunity_id) from known.visits"
                    " where note = 'W_Nabellen offertes'") == (22_976, 5_011)  # fmt: skip
