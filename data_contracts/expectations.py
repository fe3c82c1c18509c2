"""A contract's rules as Great Expectations, run inside DuckDB over the table as it stands.

What Great Expectations' library says (not null, in set, between, row count) is said by it; what it cannot do on
DuckDB or at all (patterns, cross-record SQL, keys, in which null equals null, freshness, column types) goes through
its UnexpectedRowsExpectation. Validation goes twice: once for the verdicts alone, which the library
bundles into one scan of a table, and once more for the expectations that failed, to name the rows.

A rule that cannot be evaluated is an error (`is_error`), never a pass and never an ordinary failure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_contracts.contract import Contract, Rule
from data_contracts.odcs import COUNT_FROM, Severity
from data_contracts.predicates import bad_row_sql, bounds
from data_contracts.sql_names import quote_ident, quote_literal
from data_contracts.statistical_rules import drift_query, volume_query
from data_contracts.texts import Name

if TYPE_CHECKING:
    import duckdb

PROVENANCE = ("file_id", "source_sheet", "source_row")
_WHOLE_ROWS = re.compile(r"\(\s*select (\w+\.)?\*")  # a query over rows of the table, not over groups


@dataclass(frozen=True)
class ExpectationOutcome:
    """What one rule said of one table.

    `unexpected_count`: rows (or groups) that break it, None where the rule counts none or could not be
    evaluated. `failing_keys`: the first of them, each a dict of column and value: file and row in staging, the
    key in marts, or what a rule over groups selects. `error`: why the rule could not be evaluated.
    """

    table: str
    rule_id: str
    column: str | None
    severity: Severity
    dimension: str
    success: bool
    is_error: bool
    error: str
    unexpected_count: int | None
    failing_keys: tuple[dict[str, Any], ...]
    expectation: str
    text: Name


def validate(
    con: duckdb.DuckDBPyConnection, contracts: Iterable[Contract], failing_rows: int = 20
) -> list[ExpectationOutcome]:
    """Hold every contract's table against its rules; outcomes in the order of contracts and rules.

    Uses `con` itself with its variables and time zone (outside a transaction: a rule that cannot be evaluated
    would abort it); names at most `failing_rows` rows a rule, never more than 200.
    """
    from data_contracts.gx_duckdb import Validator

    with Validator(con) as validator:
        return [outcome for contract in contracts for outcome in _validate(validator, contract, failing_rows)]


def _validate(validator: Any, contract: Contract, failing_rows: int) -> list[ExpectationOutcome]:
    try:
        batch = validator.batch(contract.schema, contract.name)
    except Exception as error:  # Great Expectations wraps whatever the database said
        reason = f"{contract.table} cannot be read: {error}"
        return [_unreadable(contract, rule, reason) for rule in contract.rules if rule.metric == "columns"]
    first = _run(batch, contract, contract.rules, {"result_format": "BOOLEAN_ONLY"})
    failed = tuple(rule for rule in contract.rules if not first[rule.rule_id]["success"])
    second = _run(batch, contract, failed, _naming_rows(contract, failing_rows)) if failed else {}
    return [
        _outcome(contract, rule, second.get(rule.rule_id, first[rule.rule_id]), failing_rows) for rule in contract.rules
    ]


def _naming_rows(contract: Contract, failing_rows: int) -> dict[str, Any]:
    return {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": list(_row_names(contract)),
        "partial_unexpected_count": failing_rows,
    }


def _run(batch: Any, contract: Contract, rules: Iterable[Rule], result_format: dict[str, Any]) -> dict[str, Any]:
    """Validate the rules over a batch; results by rule id, as Great Expectations' plain dictionaries."""
    import great_expectations as gx

    suite = gx.ExpectationSuite(contract.table, expectations=[expectation(contract, rule) for rule in rules])
    results = [result.to_json_dict() for result in batch.validate(suite, result_format=result_format).results]
    return {result["expectation_config"]["meta"]["rule_id"]: result for result in results}


def expectation(contract: Contract, rule: Rule) -> Any:
    """The Great Expectations expectation of one rule; its `meta` names the rule."""
    from data_contracts import gx_expectations as gxe

    common: dict[str, Any] = {
        "meta": {"rule_id": rule.rule_id},
        "description": rule.text.en,
        "severity": "critical" if rule.severity == "error" else "warning",
    }
    given = rule.arguments
    if rule.metric == "nullValues":
        return gxe.PromisedNotNull(column=rule.column, **common)
    if rule.metric == "invalidValues" and "validValues" in given:
        return gxe.PromisedInSet(column=rule.column, value_set=list(given["validValues"]), **common)
    if rule.metric == "invalidValues" and "pattern" not in given:
        low, high = bounds(rule)
        return gxe.PromisedBetween(column=rule.column, min_value=low, max_value=high, **common)
    if rule.metric == "rowCount":
        low = given["minimum"] if "minimum" in given else math.floor(given["above"]) + 1
        return gxe.PromisedRowCount(min_value=low, max_value=given.get("maximum"), **common)
    return gxe.PromisedRows(unexpected_rows_query=_for_gx(bad_rows_query(contract, rule)), **common)


def bad_rows_query(contract: Contract, rule: Rule) -> str:
    """SQL that selects the bad rows (or groups) of `checked`, which stands for the table.

    ValueError for a rule that counts rows only.
    """
    names = ", ".join(map(quote_ident, _row_names(contract))) or "*"
    if rule.is_row_rule:
        return f"select {names} from checked where {bad_row_sql(rule)}"
    if rule.metric == "sql":
        query = (rule.query or "").replace("${table}", "checked").replace("${column}", quote_ident(rule.column or "_"))
        rows = query.removeprefix(COUNT_FROM)
        return f"select {names if _WHOLE_ROWS.match(rows) else '*'} from {rows}"
    if rule.metric == "duplicateValues":
        unique = ", ".join(map(quote_ident, rule.arguments.get("properties") or (rule.column or "",)))
        return f"select {names} from checked qualify count(*) over (partition by {unique}) > 1"
    if rule.metric == "freshness":
        newest, seconds = f"max({quote_ident(rule.column or '')})", rule.arguments["days"] * 86_400
        return (
            f"select {newest} as newest from checked"
            f" having {newest} < getvariable('as_of')::timestamptz - to_seconds({seconds:g})"
        )
    if rule.metric == "volume":
        return volume_query(contract.table, rule.arguments)
    if rule.metric == "drift":
        return drift_query(rule.column or "", rule.arguments)
    if rule.metric == "columns":
        return _column_differences(contract)
    raise ValueError(f"{rule.rule_id} has no bad rows to select")


def _column_differences(contract: Contract) -> str:
    """Positions at which the table's columns are not the contract's, by name and type."""
    types = [c.type.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for c in contract.columns]
    promised = ", ".join(
        f"({place}, {quote_literal(name)}, {quote_literal(type_)})"
        for place, (name, type_) in enumerate(zip(contract.column_names, types, strict=True), start=1)
    )
    return f"""
        select place, p.name as promised_name, p.type as promised_type, f.name as found_name, f.type as found_type
        from (values {promised}) p(place, name, type)
        full join (
          select row_number() over (order by column_index) as place, column_name as name, data_type as type
          from duckdb_columns()
          where database_name = current_database()
            and schema_name = {quote_literal(contract.schema)} and table_name = {quote_literal(contract.name)}
        ) f using (place)
        where p.name is distinct from f.name or p.type is distinct from f.type"""


def _row_names(contract: Contract) -> tuple[str, ...]:
    """The columns by which people find a row: file, sheet and row in staging, the key in marts."""
    return PROVENANCE if contract.layer == "sources" else contract.keys


def _for_gx(query: str) -> str:
    """The query as UnexpectedRowsExpectation takes it: `{batch}` named once, other braces and colons escaped.

    Great Expectations formats the text and gives `{batch}` an alias or none by whether it finds a JOIN in the
    query; SQLAlchemy takes `:name` for a parameter.
    """
    text = re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", query).replace("{", "{{").replace("}", "}}")
    return f"with checked as not materialized (select * from {{batch}}) {text}"


def _outcome(contract: Contract, rule: Rule, raw: dict[str, Any], failing_rows: int) -> ExpectationOutcome:
    error = _error(raw.get("exception_info") or {})
    result = raw.get("result") or {}
    count = result.get("unexpected_count")
    rows = result.get("partial_unexpected_index_list") or []
    if raw["expectation_config"]["type"] == "promised_rows":
        count = result.get("observed_value", 0 if raw["success"] else None)
        rows = (result.get("details") or {}).get("unexpected_rows") or []
    elif raw["success"] and rule.metric != "rowCount":
        count = 0
    return ExpectationOutcome(
        table=contract.table,
        rule_id=rule.rule_id,
        column=rule.column,
        severity=rule.severity,
        dimension=rule.dimension,
        success=bool(raw["success"]) and not error,
        is_error=bool(error),
        error=error,
        unexpected_count=None if error else count,
        failing_keys=tuple(rows[:failing_rows]),
        expectation=raw["expectation_config"]["type"],
        text=rule.text,
    )


def _error(info: dict[str, Any]) -> str:
    """What went wrong in evaluating, "" where nothing did. The library nests one entry a failed metric."""
    entries = [info] if "raised_exception" in info else [entry for entry in info.values() if isinstance(entry, dict)]
    messages = [str(e.get("exception_message") or "unknown error") for e in entries if e.get("raised_exception")]
    return "; ".join(dict.fromkeys(messages))


def _unreadable(contract: Contract, rule: Rule, error: str) -> ExpectationOutcome:
    """The one outcome of a table that is not there: its columns are not those promised, and no rule could run."""
    return ExpectationOutcome(
        contract.table, rule.rule_id, None, rule.severity, rule.dimension, False, True, error, None, (), "", rule.text
    )
