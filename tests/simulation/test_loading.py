"""The shipped mappings load the whole company, and refuse exactly the rows that the simulator spoilt."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import pytest

from assets.landing.inbox import take_inbox
from assets.staging.build import build_staging
from assets.warehouse import connect
from assets.workspace import Run, Workspace
from simulation.dirt import EXPECTED

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def loaded(tiny_company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    root = tmp_path_factory.mktemp("workspace")
    settings = (files("simulation") / "demo.yaml").read_text(encoding="utf-8")
    (root / "stagewatch.yaml").write_text(settings + "inbox: {settle_seconds: 0}\n", encoding="utf-8")
    Workspace(root).make_folders()
    for path in (tiny_company.folder / "inbox").iterdir():
        (root / "inbox" / path.name).write_bytes(path.read_bytes())
    run = Run.of(root, run_id="loading", now=datetime(2026, 1, 1, tzinfo=UTC))
    with connect(run) as con:
        take_inbox(con, run)
        build_staging(con, run)
        yield con


@pytest.fixture(scope="module")
def dirt(tiny_company) -> list[dict]:
    lines = (tiny_company.folder / "truth" / "dirt.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_row_is_read_and_the_ledger_balances(loaded, tiny_company):
    ledger = loaded.execute(
        "select file_name, rows_read, accepted, quarantined, duplicates from staging.ledger"
    ).fetchall()
    assert {name: read for name, read, *_ in ledger} == tiny_company.summary.rows
    assert all(read == accepted + refused + copies for _, read, accepted, refused, copies in ledger)


@pytest.mark.parametrize(("column", "fate"), [("quarantined", "quarantined"), ("duplicates", "duplicate")])
def test_what_was_spoilt_is_refused_file_by_file_and_nothing_else(loaded, dirt, column, fate):
    expected = Counter()
    for line in dirt:
        if line["expected"] == fate:
            expected[line["file"]] += line["rows"]
    found = {
        name: count
        for name, count in loaded.execute(f"select file_name, {column} from staging.ledger").fetchall()
        if count
    }
    assert found == dict(expected)
    assert sum(found.values()) > 20


def test_each_kind_of_dirt_is_refused_for_its_own_reason(loaded, dirt):
    reasons = dict(loaded.execute("select reason, count(*) from staging.quarantine group by all").fetchall())
    kinds = Counter()
    for line in dirt:
        kinds[line["kind"]] += line["rows"]
    assert set(kinds) <= set(EXPECTED)
    assert reasons["not_a_date"] == kinds["impossible_date"]
    assert reasons["not_in_value_map"] == kinds["unknown_code"]


def test_ugly_values_are_taken_as_what_they_say(loaded):
    """Text amounts are numbers, padding is gone, notes that look like formulas or markup are kept as they are."""
    one = loaded.execute
    assert one("select count(*) from staging.opportunities where expected_amount is null").fetchone() == (0,)
    assert one("select min(expected_amount) > 1000 from staging.opportunities").fetchone() == (True,)
    padded = "select count(*) from staging.visits where customer_name <> trim(customer_name, ' \u3000')"
    assert one(padded).fetchone() == (0,)
    kept = "select count(*) from staging.visits where starts_with(note, '=') or contains(note, '<')"
    assert one(kept).fetchone() > (0,)


def test_all_records_are_there(loaded, tiny_company):
    offices = loaded.execute("select count(distinct office) from staging.organisation").fetchone()
    assert offices == (32,)
    opportunities = loaded.execute("select count(distinct opportunity_id) from staging.opportunities").fetchone()
    assert opportunities[0] >= tiny_company.summary.opportunities - 3  # quarantined rows may hold the only version
    for table in ("stage_events", "visits", "actions", "signings", "interventions", "targets", "costs"):
        assert loaded.execute(f"select count(*) > 0 from staging.{table}").fetchone() == (True,), table
    twice = loaded.execute("select count(*) from staging.visits where not is_primary").fetchone()
    assert twice > (0,), "a visit told on the form and in the daily report is one fact"


def test_stage_events_tell_the_true_outcomes(loaded, tiny_company):
    """Won and lost as loaded are those of the truth, but for what is spoilt, late or never sent."""
    truth = tiny_company.folder / "truth" / "opportunities.parquet"
    agree, told = loaded.execute(
        """
        with told as (
          select opportunity_id, arg_min(event, occurred_at) as event
          from staging.stage_events where event in ('won', 'lost') group by all)
        select count(*) filter (t.outcome = told.event), count(*)
        from told join read_parquet(?) t using (opportunity_id)""",
        [str(truth)],
    ).fetchone()
    assert told > 250
    assert agree / told > 0.98
