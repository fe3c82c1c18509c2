"""A contract's row rules as SQL: what the quarantine asks of every row before it is accepted.

The same rules run once more through Great Expectations over what was accepted (`expectations.py`); a test
proves that both call the same rows bad.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from data_contracts.contract import Contract, Rule
from data_contracts.odcs import ROWS_OF_TABLE, Severity
from data_contracts.sql_names import quote_ident, quote_literal
from data_contracts.texts import Name


@dataclass(frozen=True)
class RowPredicate:
    """One rule over rows: `bad_sql` is a boolean expression, true for a bad row and never null.

    It names the columns of the row's relation bare and quoted; `columns` are those it needs. It may ask the
    `ref` tables. `column` is the one the rule is about, None where it is about several.
    """

    rule_id: str
    column: str | None
    columns: tuple[str, ...]
    severity: Severity
    bad_sql: str
    reason: Name


def row_predicates(
    contract: Contract, columns: Iterable[str] | None = None, severity: Severity | None = "error"
) -> list[RowPredicate]:
    """The contract's row rules of one severity (None: of both), in the contract's order.

    With `columns`, only the rules that need no other column: for a relation that has not all of them yet.
    """
    there = set(contract.column_names if columns is None else columns)
    predicates = [
        _predicate(contract, rule) for rule in contract.rules if rule.is_row_rule and severity in (None, rule.severity)
    ]
    return [p for p in predicates if there.issuperset(p.columns)]


def bad_row_sql(rule: Rule) -> str:
    """The SQL condition under which a row breaks `rule`; never null. ValueError for a rule that is not about rows."""
    if not rule.is_row_rule:
        raise ValueError(f"{rule.rule_id} does not judge rows one by one")
    return f"({_condition(rule)}) is true"


def _condition(rule: Rule) -> str:
    name = quote_ident(rule.column) if rule.column else ""
    if rule.metric == "sql":
        return (rule.query or "").removeprefix(ROWS_OF_TABLE).strip().replace("${column}", name)
    if rule.metric == "nullValues":
        return f"{name} is null"
    if "validValues" in rule.arguments:
        return f"{name} not in ({', '.join(map(quote_literal, rule.arguments['validValues']))})"
    if "pattern" in rule.arguments:
        return f"not regexp_matches({name}, {quote_literal(rule.arguments['pattern'])})"
    low, high = bounds(rule)
    limits = [
        f"{name} {operator} {_number(bound)}" for operator, bound in (("<", low), (">", high)) if bound is not None
    ]
    return " or ".join(limits)


def bounds(rule: Rule) -> tuple[float | None, float | None]:
    """The inclusive range of a rule. NaN lies in none: DuckDB has it above infinity, so a DOUBLE never lacks an end."""
    low, high = rule.arguments.get("minimum"), rule.arguments.get("maximum")
    return low, math.inf if high is None and rule.type == "DOUBLE" else high


def _number(bound: float) -> str:
    return quote_literal(bound if math.isinf(bound) else Decimal(str(bound)))


def _predicate(contract: Contract, rule: Rule) -> RowPredicate:
    sql = bad_row_sql(rule)
    words = set(re.findall(r"\w+", re.sub(r"'(?:[^']|'')*'", "", sql)))
    return RowPredicate(
        rule_id=rule.rule_id,
        column=rule.column,
        columns=tuple(c for c in contract.column_names if c in words),
        severity=rule.severity,
        bad_sql=sql,
        reason=rule.text,
    )
