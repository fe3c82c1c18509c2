"""Holding staging and marts against their contracts, and keeping what each rule said in `ops.check_results`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb

from data_contracts.contract import load_contract, names
from data_contracts.errors import StagewatchError
from data_contracts.expectations import ExpectationOutcome, validate
from data_contracts.sql_names import quote_ident, quote_literal
from data_contracts.statistical_rules import EARLIER_ROWS

TABLE = """
    create table if not exists ops.check_results (
      table_name varchar not null, rule_id varchar not null, column_name varchar, severity varchar not null,
      success boolean not null, is_error boolean not null, unexpected_count bigint, details varchar not null,
      text_zh varchar not null, text_en varchar not null)"""
RUNS = """
    create table if not exists ops.contract_runs (
      as_of timestamptz not null, table_name varchar not null, rows bigint, rules integer not null,
      failed integer not null, warned integer not null, errors integer not null)"""
USUAL_ROWS = """
    select map(list(table_name), list(rows)) from (
      select table_name, median(rows)::double as rows from ops.contract_runs
      where as_of < getvariable('as_of') and as_of >= getvariable('as_of') - interval 56 day and rows is not null
      group by table_name having count(*) >= 3)"""
KEPT_RUNS = 200  # as-of times of which the figures are kept
BROKEN_MARTS = """
    select table_name || ': ' || text_en from ops.check_results
    where starts_with(table_name, 'marts.') and not success and (severity = 'error' or is_error) order by all"""


def check_contracts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Hold every contracted table against its rules, inside DuckDB; rules, and how many failed or erred."""
    contracts = [load_contract(layer, name) for layer in ("sources", "marts") for name in names(layer)]
    con.execute(RUNS)
    con.execute(f"set variable {EARLIER_ROWS} = ({USUAL_ROWS})")
    outcomes = validate(con, contracts)
    _keep(con, outcomes)
    _remember(con)
    return {
        "rules": len(outcomes),
        "failed": sum(not o.success and o.severity == "error" for o in outcomes),
        "warned": sum(not o.success and o.severity == "warning" for o in outcomes),
    }


def refuse_broken_marts(con: duckdb.DuckDBPyConnection) -> None:
    """Raise where a mart breaks a rule of severity error: such a run publishes nothing.

    A rule that could not be evaluated counts as broken whatever its severity: it is no pass.
    """
    broken = [text for (text,) in con.execute(BROKEN_MARTS).fetchall()]
    if broken:
        raise StagewatchError(
            f"nothing was published, a mart breaks its contract: {'; '.join(broken[:5])}",
            remedy="this is a fault of ours unless the mart's SQL is yours: please report it",
        )


def failed_rules(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, bool]]:
    """What failed of one table: words for people, and whether it is more than a warning."""
    return [
        (words, bool(is_broken))
        for words, is_broken in con.execute(
            "select rule_id || ' (' || severity || '): ' || text_en || '; ' || coalesce(unexpected_count, 0)"
            " || ' rows; ' || details[:300], severity = 'error' or is_error"
            " from ops.check_results where table_name = ? and not success order by all",
            [table],
        ).fetchall()
    ]


def _remember(con: duckdb.DuckDBPyConnection) -> None:
    """One line a table and as-of time in `ops.contract_runs`: what later runs are compared with."""
    there = con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
        " and schema_name || '.' || table_name in (select c.table_name from ops.check_results c)"
    ).fetchall()
    counts = "select null::varchar as table_name, null::bigint as rows" + "".join(
        f" union all select {quote_literal(f'{schema}.{name}')}, count(*)"
        f" from {quote_ident(schema)}.{quote_ident(name)}"
        for schema, name in there
    )
    con.execute("begin")
    con.execute("delete from ops.contract_runs where as_of = getvariable('as_of')")
    con.execute(
        f"""insert into ops.contract_runs
        select getvariable('as_of'), c.table_name, any_value(n.rows), count(*),
               count(*) filter (not success and severity = 'error'),
               count(*) filter (not success and severity = 'warning'), count(*) filter (is_error)
        from ops.check_results c left join ({counts}) n using (table_name) group by c.table_name"""
    )
    con.execute(
        f"""delete from ops.contract_runs where as_of not in
        (select as_of from (select distinct as_of from ops.contract_runs) order by as_of desc limit {KEPT_RUNS})"""
    )
    con.execute("commit")


def _keep(con: duckdb.DuckDBPyConnection, outcomes: Sequence[ExpectationOutcome]) -> None:
    con.execute(TABLE)
    con.execute("begin")
    con.execute("delete from ops.check_results")
    con.executemany(
        "insert into ops.check_results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (o.table, o.rule_id, o.column, o.severity, o.success, o.is_error, o.unexpected_count,
             o.error or json.dumps(o.failing_keys, ensure_ascii=False, default=str), o.text.zh, o.text.en)
            for o in outcomes
        ],
    )  # fmt: skip
    con.execute("commit")
