"""A contract's two renderings, and what it says in words, call the same rows bad: SQL predicates, Great Expectations,
and Python over the values that were put in. For every rule of every contract, over tables that hypothesis makes."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from odd_tables import TEXTS, Row, fill, rows_of

from data_contracts.contract import Column, Contract, Layer, Rule, load_contract, names
from data_contracts.expectations import bad_rows_query, validate
from data_contracts.predicates import row_predicates
from data_contracts.texts import Name
from tiny import Tiny

ALL: list[tuple[Layer, str]] = [("sources", n) for n in names("sources")] + [("marts", n) for n in names("marts")]
few = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a table is told as it is: shrinking it takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def tiny() -> Iterator[Tiny]:
    """Every table of every contract, with rows in what the rules of others ask."""
    tiny = Tiny(as_of="2025-04-01 00:00")
    for layer, name in ALL:
        fill(tiny.con, load_contract(layer, name), [])
    yield tiny
    tiny.con.close()


def bad_by_words(rule: Rule, rows: list[Row], type_: str) -> list[int] | None:
    """Places of the rows that break a rule, by Python; None for a rule that it does not know."""
    given = rule.arguments
    if rule.metric == "duplicateValues":
        keys = [tuple(map(_as_key, (row[name] for name in given.get("properties") or [rule.column]))) for row in rows]
        return [n for n, key in enumerate(keys) if Counter(keys)[key] > 1]
    if rule.metric not in ("nullValues", "invalidValues"):
        return None
    values = [row[rule.column or ""] for row in rows]
    if rule.metric == "nullValues":
        return [n for n, value in enumerate(values) if value is None]
    return [n for n, value in enumerate(values) if value is not None and not _is_valid(value, given, type_)]


def _is_valid(value: Any, given: dict[str, Any], type_: str) -> bool:
    if "validValues" in given:
        return value in given["validValues"]
    if "pattern" in given:  # RE2: digits are ASCII, and $ is the very end
        return re.search(given["pattern"].replace("$", r"\Z"), value, re.ASCII) is not None
    number = value if type_ == "DOUBLE" else Decimal(value)
    if type_ == "DOUBLE" and math.isnan(number):
        return False
    low, high = (given.get(bound) for bound in ("minimum", "maximum"))
    return (low is None or number >= Decimal(str(low))) and (high is None or number <= Decimal(str(high)))


def _as_key(value: Any) -> Any:
    return repr(value) if isinstance(value, list) or value != value else (value,)


def hold(tiny: Tiny, contract: Contract, rows: list[Row]) -> None:
    """Both renderings over the rows; what they say must be the same, and what Python says where it can tell.

    A rule that cannot be computed of such values (a sum out of range), or whose rows cannot be named (a key in the year
    1, which Python cannot hold in another time zone), must be an error of both.
    """
    fill(tiny.con, contract, rows)
    outcomes = {o.rule_id: o for o in validate(tiny.con, [contract], failing_rows=200)}
    assert list(outcomes) == [rule.rule_id for rule in contract.rules]
    predicates = {p.rule_id: p for p in row_predicates(contract, severity=None)}
    for rule in contract.rules:
        if rule.metric == "rowCount":
            continue
        outcome = outcomes[rule.rule_id]
        query = f"with checked as (select * from {contract.table}) {bad_rows_query(contract, rule)}"
        try:
            told = len(tiny.rows(query))
        except (duckdb.OutOfRangeException, duckdb.ConversionException, OverflowError):
            assert (outcome.is_error, outcome.success, outcome.unexpected_count) == (True, False, None), rule.rule_id
            continue
        assert not outcome.is_error, outcome.error
        assert (outcome.unexpected_count, outcome.success) == (told, told == 0), rule.rule_id
        by_words = bad_by_words(rule, rows, contract.column(rule.column).type if rule.column else "")
        if rule.is_row_rule:
            bad_sql = predicates[rule.rule_id].bad_sql
            assert tiny.rows(f"select 1 from {contract.table} where ({bad_sql}) is null") == []
            places = [n for (n,) in tiny.rows(f"select rowid from {contract.table} where {bad_sql} order by 1")]
            assert len(places) == len(outcome.failing_keys) == told, rule.rule_id
            assert by_words in (None, places), rule.rule_id
        elif by_words is not None:
            assert len(by_words) == told, rule.rule_id


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "name"), ALL)
@given(data=st.data())
@settings(few, max_examples=2)
def test_every_rule_of_every_contract(tiny: Tiny, layer: Layer, name: str, data: st.DataObject) -> None:
    contract = load_contract(layer, name)
    hold(tiny, contract, data.draw(rows_of(contract)))


TYPES = ["VARCHAR", "DOUBLE", "DECIMAL(18,2)", "INTEGER", "BIGINT", "UTINYINT", "UBIGINT", "BOOLEAN", "TIMESTAMPTZ",
         "DATE", "INTEGER[]", "VARCHAR[]", "TIMESTAMPTZ[]", "BOOLEAN[]"]  # fmt: skip
COLUMNS = tuple(
    Column(f"c{n}", type_, False, 1 if n == 0 else None, f"c{n}", f"c{n}", f"c{n}", None, False)
    for n, type_ in enumerate(TYPES)
)
NUMERIC = [c for c in COLUMNS if c.type in ("DOUBLE", "DECIMAL(18,2)", "INTEGER", "BIGINT", "UTINYINT", "UBIGINT")]
SELECT = "select count(*) from ${table} where "
ends = st.none() | st.integers(-9, 9) | st.integers(-(2**63), 2**64) | st.floats(-9, 9).map(lambda x: round(x, 3))


def rule(rule_id: str, metric: Any, on: Column | None = None, query: str | None = None, **arguments: Any) -> Rule:
    column, type_ = (on.name, on.type) if on else (None, None)
    return Rule(rule_id, column, metric, "error", "accuracy", arguments, query, Name(zh="规则", en="rule"), type_)


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    """Every kind of rule for every type that it can be about, with arguments of any kind."""
    found = [rule(f"{c.name}_there", "nullValues", c) for c in COLUMNS]
    for c in NUMERIC:
        low, high = draw(ends), draw(ends)
        if low is not None and high is not None:
            low, high = min(low, high), max(low, high)
        given = {k: v for k, v in (("minimum", low), ("maximum", high)) if v is not None} or {"minimum": 0}
        found.append(rule(f"{c.name}_range", "invalidValues", c, **given))
    word, number, money, *_ = COLUMNS
    moment, steps = (next(c for c in COLUMNS if c.type == t) for t in ("TIMESTAMPTZ", "INTEGER[]"))
    values = draw(st.lists(st.sampled_from([t for t in TEXTS if "\0" not in t]), min_size=1, max_size=4, unique=True))
    key = draw(st.lists(st.sampled_from([c.name for c in COLUMNS]), min_size=1, max_size=3, unique=True))
    sane = "${column} < timestamptz '1995-01-01 00:00' or ${column} > '2040-01-01'"
    listed = f"len(list_filter({steps.name}, lambda k: k > 1)) > 0 or {{'a': {steps.name}[1:2]}}.a = [0]"
    together = f"{number.name} > {money.name} or ({word.name} is null) <> ({number.name} is null)"
    groups = f"select count(*) from (select {word.name} from ${{table}} group by all having count(*) > 1)"
    return (
        *found,
        rule("values", "invalidValues", word, validValues=tuple(values)),
        rule("pattern", "invalidValues", word, pattern=r"^\d{4}(-Q[1-4]|-\d{2})?$"),
        rule("key", "duplicateValues", properties=tuple(key)),
        rule("column_key", "duplicateValues", draw(st.sampled_from(COLUMNS))),
        rule("moment_sane", "sql", moment, SELECT + sane),
        rule(
            "braces", "sql", None, SELECT + f"{word.name} in ('{{b}}', '{{{{', '50%', ':c') or {word.name} like '%\\:d'"
        ),
        rule("lists", "sql", None, SELECT + listed),
        rule("columns_together", "sql", None, SELECT + together),
        rule("later_than_as_of", "sql", None, SELECT + f"{moment.name} > getvariable('as_of')"),
        rule("among_others", "sql", word, SELECT + "${column} in (select x from (values ('a'), ('乳')) v(x))"),
        rule("groups", "sql", None, groups),
        rule("whole_rows", "sql", None, "select count(*) from (select f.* from ${table} f where f.c3 > 0)"),
        rule("fresh", "freshness", moment, days=draw(st.floats(0.001, 1e5))),
    )


@pytest.mark.slow
@given(rules=rules(), data=st.data())
@settings(few, max_examples=6)
def test_any_rule_over_any_type(tiny: Tiny, rules: tuple[Rule, ...], data: st.DataObject) -> None:
    contract = Contract("marts", "t", "1.0.0", "marts", "表", "T", "t", None, "One row per id.", COLUMNS, rules)
    hold(tiny, contract, data.draw(rows_of(contract)))
