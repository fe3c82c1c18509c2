"""Names and values from data cannot leave the place in the statement where they were put."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.errors import StagewatchError
from data_contracts.sql_names import Literal, quote_ident, quote_literal

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        yield connection


@given(names)
def test_a_table_with_any_column_name_round_trips(con: duckdb.DuckDBPyConnection, name: str) -> None:
    con.execute(f"create or replace table named ({quote_ident(name)} integer)")
    con.execute(f"insert into named ({quote_ident(name)}) values (7)")
    answer = con.execute(f"select n.{quote_ident(name)} from named n")
    assert [column[0] for column in answer.description] == [name]
    assert answer.fetchall() == [(7,)]
    assert con.execute("select column_name from duckdb_columns() where table_name = 'named'").fetchall() == [(name,)]


@given(names)
def test_a_table_with_any_name_round_trips(con: duckdb.DuckDBPyConnection, name: str) -> None:
    con.execute(f"create or replace table {quote_ident(name)} as select 7 as x")
    assert con.execute(f"select x from {quote_ident(name)}").fetchall() == [(7,)]
    con.execute(f"drop table {quote_ident(name)}")


def test_a_hostile_name_stays_a_name(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create or replace table t (x integer)")
    hostile = 'a"; drop table t; --'
    con.execute(f"create or replace table hostile ({quote_ident(hostile)} integer)")
    assert con.execute("select count(*) from t").fetchall() == [(0,)]


@pytest.mark.parametrize("bad", ["", "a\0b", "\0", "\ud800"])
def test_what_duckdb_cannot_name_is_refused(bad: str) -> None:
    with pytest.raises(StagewatchError) as caught:
        quote_ident(bad)
    assert caught.value.remedy


@given(texts)
def test_any_text_round_trips_as_a_literal(con: duckdb.DuckDBPyConnection, text: str) -> None:
    assert con.execute(f"select {quote_literal(text)}").fetchall() == [(text,)]


@given(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.dates(date(1900, 1, 1), date(2200, 1, 1))
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12)
)
def test_any_value_round_trips_as_a_literal(con: duckdb.DuckDBPyConnection, value: Literal) -> None:
    assert con.execute(f"select {quote_literal(value)}").fetchall() == [(value,)]


def test_an_instant_keeps_its_offset(con: duckdb.DuckDBPyConnection) -> None:
    instant = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
    assert con.execute(f"select epoch_us({quote_literal(instant)})").fetchall() == [
        (int(instant.timestamp() * 1_000_000),)
    ]


@pytest.mark.parametrize("bad", ["a\0b", "\udfff", Decimal("NaN"), Decimal("Infinity")])
def test_a_value_without_a_literal_is_refused(bad: Literal) -> None:
    with pytest.raises(StagewatchError):
        quote_literal(bad)
