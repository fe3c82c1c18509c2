"""Our expectations answer as Great Expectations' own do, with less work."""

from __future__ import annotations

from typing import Any

import duckdb
import great_expectations as gx
import great_expectations.expectations as library
import pytest

from data_contracts import gx_expectations as ours
from data_contracts.gx_duckdb import HeldCursor, Validator

PAIRS: tuple[Any, ...] = (
    (ours.PromisedNotNull, library.ExpectColumnValuesToNotBeNull, {"column": "word"}),
    (ours.PromisedInSet, library.ExpectColumnValuesToBeInSet, {"column": "word", "value_set": ["a"]}),
    (ours.PromisedBetween, library.ExpectColumnValuesToBeBetween, {"column": "id", "min_value": 2}),
    (ours.PromisedRowCount, library.ExpectTableRowCountToBeBetween, {"min_value": 9}),
    (ours.PromisedRows, library.UnexpectedRowsExpectation, {"unexpected_rows_query": "select id from {batch}"}),
)
RESULT = {"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]}


def test_ours_and_the_librarys_say_the_same() -> None:
    with duckdb.connect(":memory:") as con:
        con.execute("create table t as from (values (1, 'a'), (2, null), (3, 'b'), (4, 'b')) v(id, word)")
        with Validator(con) as validator:
            batch = validator.batch("main", "t")
            for which, result_format in ((0, RESULT), (1, {"result_format": "BOOLEAN_ONLY"})):
                mine, theirs = (
                    batch.validate(
                        gx.ExpectationSuite(f"{number}{which}", expectations=[p[number](**p[2]) for p in PAIRS]),
                        result_format=result_format,
                    ).results
                    for number in (0, 1)
                )
                assert [r.success for r in mine] == [r.success for r in theirs] == [False] * len(PAIRS)
                assert [r.result for r in mine] == [r.result for r in theirs]


def test_a_configuration_is_made_once_until_a_field_is_set() -> None:
    made = ours.PromisedBetween(column="a", min_value=1)
    first = made.configuration
    assert made.configuration is first
    made.column = "b"
    assert (first.kwargs["column"], made.configuration.kwargs["column"]) == ("a", "b")


def test_rows_are_not_selected_where_only_the_verdict_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    execute = HeldCursor.execute

    def listen(cursor: HeldCursor, statement: str, *given: object) -> None:
        asked.append(statement)
        execute(cursor, statement, *given)

    monkeypatch.setattr(HeldCursor, "execute", listen)
    with duckdb.connect(":memory:") as con:
        con.execute("create table t as select 1 as id")
        with Validator(con) as validator:
            suite = gx.ExpectationSuite("s", expectations=[ours.PromisedRows(**PAIRS[-1][2])])
            validator.batch("main", "t").validate(suite, result_format={"result_format": "BOOLEAN_ONLY"})
    assert len([s for s in asked if "select id from" in s.lower()]) == 1
