"""The help desk's log by mapping and playbook alone: duplicates, rework, skips, events after a win."""

from __future__ import annotations

from collections.abc import Callable
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


def test_cases_and_states(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select case status when 'open' then stage else status end, count(*) from marts.opportunity_state group by all"
    ).fetchall()
    assert dict(rows) == {"won": 4_558, "resolved": 10, "waiting": 9, "in_charge": 3}


def test_spells_and_exits(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select count(*) from marts.stage_spells").fetchone() == (15_529,)
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
