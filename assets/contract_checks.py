"""Holding staging and marts against their contracts, and keeping what each rule said in `ops.check_results`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from data_contracts.contract import Layer, load_contract
from data_contracts.expectations import ExpectationOutcome, validate

TABLE = """
    create table if not exists ops.check_results (
      table_name varchar not null, rule_id varchar not null, column_name varchar, severity varchar not null,
      success boolean not null, is_error boolean not null, unexpected_count bigint, details varchar not null,
      text_zh varchar not null, text_en varchar not null)"""


@dataclass(frozen=True)
class CheckedTable:
    """One table's outcome: how many rules, what failed (in words), whether a rule of severity error did."""

    name: str
    rules: int
    failures: Sequence[str]
    is_broken: bool


def check_contracts(con: duckdb.DuckDBPyConnection, layer: Layer, tables: Sequence[str]) -> list[CheckedTable]:
    """Hold the tables named against their contracts, inside DuckDB; outcomes in the order of the names.

    A rule that could not be evaluated counts as broken whatever its severity: it is no pass.
    """
    contracts = [load_contract(layer, name) for name in tables]
    outcomes = validate(con, contracts)
    _keep(con, [contract.table for contract in contracts], outcomes)
    checked = []
    for contract in contracts:
        own = [o for o in outcomes if o.table == contract.table]
        failed = [o for o in own if not o.success]
        checked.append(
            CheckedTable(
                contract.name,
                len(own),
                [_words(o) for o in failed],
                any(o.severity == "error" or o.is_error for o in failed),
            )
        )
    return checked


def _keep(con: duckdb.DuckDBPyConnection, tables: list[str], outcomes: Sequence[ExpectationOutcome]) -> None:
    con.execute(TABLE)
    con.execute("begin")
    con.execute("delete from ops.check_results where list_contains(?, table_name)", [tables])
    con.executemany(
        "insert into ops.check_results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (o.table, o.rule_id, o.column, o.severity, o.success, o.is_error, o.unexpected_count,
             o.error or json.dumps(o.failing_keys, ensure_ascii=False, default=str), o.text.zh, o.text.en)
            for o in outcomes
        ],
    )  # fmt: skip
    con.execute("commit")


def _words(outcome: ExpectationOutcome) -> str:
    if outcome.is_error:
        return f"{outcome.rule_id}: could not be evaluated: {outcome.error}"
    keys = json.dumps(outcome.failing_keys[:5], ensure_ascii=False, default=str)
    return f"{outcome.rule_id} ({outcome.severity}): {outcome.text.en}; {outcome.unexpected_count} rows, first {keys}"
