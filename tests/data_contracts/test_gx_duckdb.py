"""The shell by which SQLAlchemy is handed a connection that is not its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from data_contracts.gx_duckdb import MAX_ROWS, HeldConnection


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        yield connection


@pytest.fixture
def engine(con: duckdb.DuckDBPyConnection) -> sa.Engine:
    held = HeldConnection(con)
    return sa.create_engine("duckdb+held:///:memory:", creator=lambda: held, poolclass=StaticPool)


def test_a_result_outlives_the_connection_it_was_asked_on(con: duckdb.DuckDBPyConnection, engine: sa.Engine) -> None:
    with engine.connect() as first:
        one = first.execute(sa.text("select i from range(3) r(i)"))
        other = first.execute(sa.text("select 'x'"))
    assert other.fetchone() == ("x",)
    assert [tuple(row) for row in one.fetchall()] == [(0,), (1,), (2,)]
    assert con.execute("select 1").fetchall() == [(1,)]


def test_neither_closing_nor_rolling_back_reaches_the_connection(
    con: duckdb.DuckDBPyConnection, engine: sa.Engine
) -> None:
    con.execute("create table t (x integer)")
    con.execute("begin")
    con.execute("insert into t values (1)")
    with engine.connect() as asked:
        assert asked.execute(sa.text("select count(*) from t")).scalar() == 1
        asked.rollback()
    with engine.begin():
        pass
    engine.dispose()
    assert con.execute("select count(*) from t").fetchall() == [(1,)]
    con.execute("rollback")
    assert con.execute("select count(*) from t").fetchall() == [(0,)]


def test_a_result_is_never_short_in_silence(con: duckdb.DuckDBPyConnection) -> None:
    cursor = HeldConnection(con).cursor()
    cursor.execute("select i from range(?) r(i)", [MAX_ROWS])
    assert len(cursor.fetchall()) == MAX_ROWS
    assert cursor.fetchall() == []
    assert cursor.fetchone() is None
    cursor.execute("select i from range(?) r(i)", [MAX_ROWS + 1])
    assert cursor.fetchmany(2) == [(0,), (1,)]
    with pytest.raises(OverflowError):
        cursor.fetchall()


def test_columns_are_reflected_by_duckdbs_own_catalog(con: duckdb.DuckDBPyConnection, engine: sa.Engine) -> None:
    con.execute('create schema s; create table s.t ("Ä b" varchar not null, amount decimal(18,2), tags varchar[])')
    con.execute("create table main.t (x integer)")
    columns = sa.inspect(engine).get_columns("t", schema="s")
    assert [(c["name"], c["nullable"]) for c in columns] == [("Ä b", False), ("amount", True), ("tags", True)]
    assert isinstance(columns[0]["type"], sa.String)
    assert [c["name"] for c in sa.inspect(engine).get_columns("t")] == ["x"]


OFFLINE = """
import socket, sys
import duckdb
from data_contracts.contract import load_contract
from data_contracts.expectations import validate
assert "great_expectations" not in sys.modules, "imported before anything is validated"
def refuse(*_):
    raise AssertionError("reached for the network")
socket.socket.connect = socket.getaddrinfo = refuse
con = duckdb.connect()
con.execute("create schema marts; create table marts.warnings (x integer)")
outcomes = validate(con, [load_contract("marts", "warnings")])
assert outcomes[0].rule_id == "columns" and not outcomes[0].success
print(len(outcomes))
"""


@pytest.mark.slow
def test_validation_is_imported_late_offline_and_silent(repository: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", OFFLINE], cwd=repository, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 5
    said = [line for line in run.stderr.splitlines() if "nanobind" not in line and not line.startswith(" - ")]
    assert [line for line in said if "refleaks" not in line] == []  # DuckDB's own note when the interpreter ends
