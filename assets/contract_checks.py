"""Holding staging and marts against their contracts, and keeping what each rule said in `ops.check_results`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb

from data_contracts.contract import load_contract, names
from data_contracts.errors import StagewatchError
from data_contracts.expectations import ExpectationOutcome, validate

TABLE = """
    create table if not exists ops.check_results (
      table_name varchar not null, rule_id varchar not null, column_name varchar, severity varchar not null,
      success boolean not null, is_error boolean not null, unexpected_count bigint, details varchar not null,
      text_zh varchar not null, text_en varchar not null)"""
BROKEN_MARTS = """
    select table_name || ': ' || text_en from ops.check_results
    where starts_with(table_name, 'marts.') and not success and (severity = 'error' or is_error) order by all"""


def check_contracts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Hold every contracted table against its rules, inside DuckDB; rules, and how many failed or erred."""
    contracts = [load_contract(layer, name) for layer in ("sources", "marts") for name in names(layer)]
    outcomes = validate(con, contracts)
    _keep(con, outcomes)
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
