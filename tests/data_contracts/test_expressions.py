"""Expressions of a mapping: what they may hold, and that nothing else reaches SQL."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.expressions import parse_expression
from data_contracts.sql_names import quote_literal


def compute(text: str, **columns: str | None) -> object:
    row = ", ".join(f'{quote_literal(v)}::varchar as "{k}"' for k, v in columns.items()) or "1 as one"
    return duckdb.sql(f"select {parse_expression(text).sql()} from (select {row})").fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "columns", "answer"),
    [
        ("lifecycle = 'START' and starts_with(activity, 'W_')", {"lifecycle": "START", "activity": "W_x"}, True),
        ("coalesce(a, '') || b", {"a": None, "b": "x"}, "x"),
        ("case when stage = 'won' then amount end", {"stage": "won", "amount": "5"}, "5"),
        ("amount::double * 2 > 9", {"amount": "5"}, True),
        ("a::int is null", {"a": "no number"}, True),
        ("strptime(a, '%Y-%m-%d') is null", {"a": "no date"}, True),
        ("substring(a, 1, 4)", {"a": "2025-03"}, "2025"),
        ("string_split(a, ';')[1]", {"a": "x;y"}, "x"),
        ("regexp_extract(a, '(\\d+)', 1)", {"a": "no 42"}, "42"),
        ("lpad(a, 3, '0')", {"a": "7"}, "007"),
        ("is_yes(a) and not is_no(a)", {"a": " 是 "}, True),
        ("is_blank(a)", {"a": "  "}, True),
        ("field(a, '客户', '客户名称')", {"a": '{"客户": " ", "客户名称": "江北精密"}'}, "江北精密"),
        ("field(a, '@customer_name')", {"a": '{"拜访对象": "江北精密"}'}, "江北精密"),
        ("客户 like '江%'", {"客户": "江北精密"}, True),
        ("a in ('x', 'y')", {"a": "y"}, True),
        ("if(a = 'it''s', 'yes', 'no')", {"a": "it's"}, "yes"),
        ("(a::timestamp + to_minutes(b::int))::varchar", {"a": "2025-03-01 09:50", "b": "30"}, "2025-03-01 10:20:00"),
        ("date_diff('day', a::date, b::date)::varchar", {"a": "2025-03-01", "b": "2025-03-05"}, "4"),
    ],
)
def test_scalar_expressions_compute(text: str, columns: dict[str, str | None], answer: object) -> None:
    assert compute(text, **columns) == answer


@pytest.mark.parametrize(
    "text",
    [
        "(select 1)", "a in (select b from t)", "exists(select 1)", "a; drop table b", "sum(a)", "count(*)", "*",
        "row_number() over ()", "read_text('/etc/passwd')", "getenv('HOME')", "getvariable('as_of')", "now()",
        "current_date", "random()", "current_setting('x')", "a::json", "{'a': 1}", "[1, 2]", "lambda x: x", "?", "$1",
        "a.b.c = 1", "repeat(a, 1000000)", "lpad(a, 999999, 'x')", "lpad(a, b::int, 'x')", "a at time zone 'UTC'",
        "error('x')", "query('select 1')", "unnest(a)", "", "a =", "is_yes(a, b)", "field(a)", "field(a, b)",
        "field(a, '@nope')", "a collate nocase", "x" * 5000,
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"may not|must be|cannot be read|longer|too many|pad to|field\(\)"):
        parse_expression(text)


def test_columns_are_named_with_their_join() -> None:
    assert set(parse_expression("products.price is not null and a = b").columns) == {"products.price", "a", "b"}


def test_a_joined_column_is_one_quoted_name() -> None:
    assert parse_expression("products.price = 1").sql() == '("products.price" = 1)'


def test_comments_do_not_reach_sql() -> None:
    assert parse_expression("a -- */ drop table x").sql() == '("a")'


@given(st.text(max_size=60))
def test_any_text_is_computed_or_refused_in_words(text: str) -> None:
    try:
        expression = parse_expression(text)
    except ValueError:
        return
    assert expression.sql().startswith("(")


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_a_literal_survives_whatever_it_holds(value: str) -> None:
    assert compute(f"a = {quote_literal(value)}", a=value) is True


# One call of every function that docs/mappings.md names.
CALLS = """
    coalesce(a, b), nullif(a, ''), concat(a, b), concat_ws('-', a, b), lower(a), upper(a), trim(a), length(a),
    left(a, 2), right(a, 2), substring(a, 1, 2), replace(a, 'x', 'y'), lpad(a, 3, '0'), split_part(a, '-', 1),
    string_split(a, '-'), list_contains(string_split(a, ';'), 'x'), starts_with(a, 'x'), ends_with(a, 'x'),
    contains(a, 'x'), instr(a, 'x'), regexp_matches(a, 'x'), regexp_extract(a, '(x)', 1), regexp_replace(a, 'x', 'y'),
    abs(a::int), round(a::double, 1),
    ceil(a::double), floor(a::double), greatest(a, b), least(a, b), date_trunc('day', a::timestamp), year(a::date),
    quarter(a::date), month(a::date), day(a::date), hour(a::timestamp), extract(hour from a::timestamp),
    strftime(a::timestamp, '%Y'), strptime(a, '%Y'), date_diff('day', a::date, b::date), to_days(a::int),
    to_hours(a::int), to_minutes(a::int), to_seconds(a::int), if(a = '1', b, 'x'), is_yes(a), is_no(a), is_blank(a),
    field(a, '客户')"""


def test_every_documented_function_computes(repository: Path) -> None:
    calls = [f"{call})" for call in re.split(r"\),\s+(?=[a-z_]+\()", CALLS.strip().removesuffix(")"))]
    text = (repository / "docs" / "mappings.md").read_text(encoding="utf-8")
    listed = re.search(r"and\s+(coalesce,.*?, if); and our own (.*?)\.", text, re.DOTALL)
    assert listed is not None
    assert {call.split("(")[0] for call in calls} == {*re.split(r",\s+", listed[1]), *re.split(r",\s+", listed[2])}
    con = duckdb.connect()
    for call in calls:
        con.execute(f"select {parse_expression(call).sql()} from (select '1' as a, '2025-03-05' as b)").fetchall()
