"""Contracts through Great Expectations on an open connection: verdicts, failing keys, errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from data_contracts.contract import Column, Contract, Rule, create_table_sql, load_contract, names
from data_contracts.expectations import ExpectationOutcome, bad_rows_query, validate
from data_contracts.texts import Name
from tiny import Tiny

TEXT = Name(zh="规则", en="rule")


def column(name: str, type_: str, key: int | None = None) -> Column:
    return Column(name, type_, False, key, name, name, name, None, False)


def rule(rule_id: str, metric: Any, on: str | None = None, query: str | None = None, **arguments: Any) -> Rule:
    return Rule(rule_id, on, metric, "error", "accuracy", arguments, query, TEXT)


def table(*rules: Rule) -> Contract:
    columns = (
        column("id", "INTEGER", 1),
        column("word", "VARCHAR"),
        column("number", "DOUBLE"),
        column("money", "DECIMAL(18,2)"),
        column("moment", "TIMESTAMPTZ"),
        column("steps", "INTEGER[]"),
    )
    return Contract("marts", "t", "1.0.0", "marts", "表", "T", "t", None, "One row per id.", columns, rules)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema marts; set TimeZone = 'Asia/Shanghai'")
        connection.execute("set variable as_of = '2025-04-01 00:00:00+08'::timestamptz")
        connection.execute(create_table_sql(table()))
        yield connection


def outcomes_by_rule(outcomes: list[ExpectationOutcome]) -> dict[str, ExpectationOutcome]:
    return {outcome.rule_id: outcome for outcome in outcomes}


def test_rules_about_the_whole_table(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from marts.t")
    con.execute("""insert into marts.t (id, word, number, moment) values
        (1, 'a', 1, '2025-03-01'), (1, 'b', 1, '2025-03-02'), (2, null, 2, null), (3, null, 2, '2025-03-02 12:00')""")
    contract = table(
        rule("columns", "columns"),
        rule("id_unique", "duplicateValues", "id"),
        rule("key_unique", "duplicateValues", properties=("word", "number")),
        rule("few", "rowCount", above=4),
        rule("enough", "rowCount", above=3),
        rule("some", "rowCount", minimum=1, maximum=3),
        rule("fresh", "freshness", "moment", days=30),
        rule("stale", "freshness", "moment", days=29.5),
        rule("edge", "freshness", "moment", days=29.499),
        rule(
            "groups",
            "sql",
            None,
            "select count(*) from (select word, count(*) as n from ${table} group by word having n > 1)",
        ),
        rule("rows", "sql", None, "select count(*) from (select f.* from ${table} f where f.id > 2)"),
    )
    found = outcomes_by_rule(validate(con, [contract]))
    assert {name for name, o in found.items() if not o.success} == {
        "id_unique",
        "key_unique",
        "few",
        "some",
        "edge",
        "groups",
        "rows",
    }
    assert not any(o.is_error for o in found.values())
    assert found["id_unique"].unexpected_count == 2
    assert found["key_unique"].unexpected_count == 2  # null equals null in a key
    assert [key["id"] for key in found["key_unique"].failing_keys] == [2, 3]
    assert found["groups"].failing_keys == ({"word": None, "n": 2},)
    assert found["rows"].failing_keys == ({"id": 3},)
    assert found["few"].unexpected_count is None
    assert found["edge"].failing_keys[0]["newest"].startswith("2025-03-02T12:00")


def test_failing_rows_are_limited_and_counted_all(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from marts.t")
    con.execute("insert into marts.t (id, number) select i, -1 from range(50000) r(i)")
    contract = table(
        rule("word_there", "nullValues", "word"),
        rule("number_range", "invalidValues", "number", minimum=0),
        rule("negative", "sql", None, "select count(*) from ${table} where number < 0"),
    )
    for outcome in validate(con, [contract], failing_rows=3):
        assert outcome.unexpected_count == 50_000
        assert len(outcome.failing_keys) == 3
        assert all("id" in key for key in outcome.failing_keys)


def test_a_rule_that_cannot_run_is_an_error_and_no_failure(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from marts.t")
    con.execute("insert into marts.t (id) values (1)")
    contract = table(
        rule("absent_there", "nullValues", "absent"),
        rule("broken", "sql", None, "select count(*) from ${table} where absent > 1"),
        rule("word_there", "nullValues", "word"),
    )
    found = outcomes_by_rule(validate(con, [contract]))
    assert {name: (o.success, o.is_error) for name, o in found.items()} == {
        "absent_there": (False, True),
        "broken": (False, True),
        "word_there": (False, False),
    }
    assert "absent" in found["absent_there"].error
    assert "absent" in found["broken"].error
    assert found["broken"].unexpected_count is None


def test_a_table_that_is_not_there_is_one_error() -> None:
    contract = load_contract("marts", "funnel")
    with duckdb.connect(":memory:") as connection:
        (outcome,) = validate(connection, [contract])
    assert (outcome.table, outcome.rule_id, outcome.success, outcome.is_error) == (
        "marts.funnel",
        "columns",
        False,
        True,
    )
    assert "funnel" in outcome.error


def test_columns_are_held_by_name_order_and_type() -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.t (id bigint, number double, word varchar, extra date)")
        (outcome,) = validate(connection, [table(rule("columns", "columns"))])
    assert not outcome.success
    assert [(key["place"], key["promised_name"], key["found_name"]) for key in outcome.failing_keys] == [
        (1, "id", "id"),
        (2, "word", "number"),
        (3, "number", "word"),
        (4, "money", "extra"),
        (5, "moment", None),
        (6, "steps", None),
    ]
    assert (outcome.failing_keys[0]["promised_type"], outcome.failing_keys[0]["found_type"]) == ("INTEGER", "BIGINT")


def test_validation_uses_and_leaves_the_session_alone(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from marts.t")
    con.execute("create or replace temp table seen_only_here as select 7 as id")
    con.execute("insert into marts.t (id) values (7), (8)")
    here = "select count(*) from ${table} where id in (select s.id from seen_only_here s)"
    (outcome,) = validate(con, [table(rule("here", "sql", None, here))])
    assert [key["id"] for key in outcome.failing_keys] == [7]
    assert con.execute("select count(*) from marts.t").fetchall() == [(2,)]
    assert con.execute("select current_setting('TimeZone'), count(*) from seen_only_here").fetchall() == [
        ("Asia/Shanghai", 1)
    ]


def test_nothing_is_printed(con: duckdb.DuckDBPyConnection, capfd: pytest.CaptureFixture[str]) -> None:
    validate(
        con,
        [table(rule("word_there", "nullValues", "word"), rule("rows", "sql", None, "select count(*) from (select 1)"))],
    )
    assert capfd.readouterr() == ("", "")


def test_a_rule_that_counts_rows_selects_none() -> None:
    with pytest.raises(ValueError, match="no bad rows"):
        bad_rows_query(table(), rule("few", "rowCount", above=4))


CROSS_RECORD = """
    A | 2025-03-01 09:00 | enter first_contact
    A | 2025-03-02 09:00 | enter contract_signed
    A | 2025-03-03 09:00 | won
    A | 2025-03-05 09:00 | enter quotation
    B | 2025-03-01 09:00 | won
    B | 2025-03-02 09:00 | reopened
    B | 2025-03-03 09:00 | enter quotation
"""


def test_cross_record_rules_of_the_sources_warn() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(CROSS_RECORD)
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", occurred_at="2025-03-01 09:00")
    tiny.add("opportunities", opportunity_id="B", owner_id="R9", occurred_at="2025-03-01 09:00")
    tiny.add("organisation", rep_id="R1", valid_from="2024-01-01", valid_to="2025-03-02")
    here = {"city": "上海", "region": "华东"}
    tiny.add("organisation", rep_id="R1", valid_from="2025-03-01", phone="13800000000", **here)
    tiny.add("opportunities", opportunity_id="C", created_at="2025-03-01 15:00", occurred_at="2025-03-01 15:00")
    early = {"opportunity_id": "C", "event": "enter", "stage": "first_contact", "actor_id": "R1"}
    tiny.add("stage_events", occurred_at="2023-12-31 09:00", **early)
    tiny.add("stage_events", occurred_at="2025-03-02 09:00", **{**early, "actor_id": "R9"})
    tiny.add("stage_events", occurred_at="2025-03-01 09:00", **early)  # the same day is no contradiction
    tiny.add("signings", opportunity_id="A", amount=5, contract_no="C1", occurred_at="2025-03-03 09:00")
    tiny.add("signings", opportunity_id="B", amount=5, contract_no="C1", occurred_at="2025-03-03 09:00")
    tiny.add("visits", visit_id="V", rep_id="R1", status="done", occurred_at="2023-12-31 09:00", opportunity_id="Z")
    tiny.add("interventions", intervention_id="I", action="coached", alert_key="k", occurred_at="2025-03-03 09:00")
    tiny.add("interventions", intervention_id="I", action="other", alert_key="k", occurred_at="2025-03-03 10:00")
    tiny.add("interventions", intervention_id="J", action="other", supervisor_id="R9", occurred_at="2025-03-03 11:00")
    tiny.add("actions", opportunity_id="A", action_code="store_survey", actor_id="R1", occurred_at="2023-12-31 09:00")
    tiny.add("actions", opportunity_id="A", action_code="store_survey", actor_id="R9", occurred_at="2025-03-03 09:00")
    year = {"period": "2025", "period_start": "2025-01-01", "period_end": "2026-01-01"}
    for scope, scope_id in (
        ("company", None),
        ("company", None),
        ("city", "上海"),
        ("city", "上海市"),
        ("region", "上海"),
    ):
        tiny.add("targets", **year, scope=scope, scope_id=scope_id, amount=1)
    for region in ("华东", "华北", None):
        tiny.add("costs", **year, category="other", item="差旅", region=region, amount=1)
    for what, settled_as in (
        ("rep", "R1"),
        ("rep", "R9"),
        ("opportunity", "A"),
        ("opportunity", "Z"),
        ("customer", "K"),
    ):
        told = {"alias": f"{what} {settled_as}", "decision": "same", "settled_as": settled_as}
        tiny.add("aliases", what=what, **told, occurred_at="2025-03-03 09:00")
    contracts = [load_contract("sources", name) for name in names("sources")]
    failed = {(o.table, o.rule_id): o for o in validate(tiny.con, contracts) if not o.success}
    assert {key: (o.unexpected_count, o.severity, o.is_error) for key, o in failed.items()} == {
        ("staging.opportunities", "owner_id_known"): (1, "warning", False),
        ("staging.stage_events", "entry_after_win_reopened"): (1, "warning", False),
        ("staging.stage_events", "opportunity_created_before"): (1, "warning", False),
        ("staging.stage_events", "actor_id_known"): (1, "warning", False),
        ("staging.stage_events", "actor_id_valid_then"): (1, "warning", False),
        ("staging.stage_events", "recorded_at_freshness"): (1, "warning", False),
        ("staging.visits", "opportunity_known"): (1, "warning", False),
        ("staging.visits", "rep_id_valid_then"): (1, "warning", False),
        ("staging.visits", "recorded_at_freshness"): (1, "warning", False),
        ("staging.signings", "contract_stage_entered"): (1, "warning", False),
        ("staging.signings", "contract_no_once"): (2, "warning", False),
        ("staging.organisation", "validity_does_not_overlap"): (1, "warning", False),
        ("staging.interventions", "intervention_once"): (2, "warning", False),
        ("staging.interventions", "supervisor_id_known"): (1, "warning", False),
        ("staging.interventions", "answers_something"): (1, "warning", False),
        ("staging.targets", "target_once"): (2, "warning", False),
        ("staging.targets", "scope_id_known"): (2, "warning", False),
        ("staging.costs", "region_known"): (1, "warning", False),
        ("staging.aliases", "settled_as_known"): (2, "warning", False),
        ("staging.actions", "actor_id_known"): (1, "warning", False),
        ("staging.actions", "actor_id_valid_then"): (1, "warning", False),
        ("staging.actions", "recorded_at_freshness"): (1, "warning", False),
    }
    assert failed["staging.stage_events", "entry_after_win_reopened"].failing_keys == (
        {"file_id": 1, "source_sheet": None, "source_row": 4},
    )
    assert "13800000000" not in str(failed)
