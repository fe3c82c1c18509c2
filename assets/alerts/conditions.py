"""What the rules see of the world at the as-of time, laid down in temporary tables.

`observe` reads the marts and the `known` views that the connection sees just now (the warehouse's own, or a
scratch rebuild as of another time), and nothing of the alerts themselves. What it leaves behind
(`alert_conditions`, `alert_closed`, `alert_signals`, `alert_rules`) is all that `evaluate.advance` needs.
"""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl

from assets.warehouse import read_sql, run_script
from assets.workspace import Run
from data_contracts.alert_rules import AlertRule, AlertRules, FailureRisk, load_alert_rules
from data_contracts.settings import Settings
from data_contracts.texts import Texts

PACKAGE = "assets.alerts"


def rules_of(run: Run) -> AlertRules:
    """The run's rule set."""
    return load_alert_rules(run.settings.alerts.rules, run.workspace.root)


def observe(con: duckdb.DuckDBPyConnection, run: Run) -> int:
    """Ask every rule; the number of conditions that hold."""
    rules = rules_of(run)
    _write_rules(con, rules, run.settings)
    run_script(con, PACKAGE, "people.sql")
    con.execute("""
        create or replace temp table alert_raised (
          rule varchar, subject_type varchar, subject_id varchar, opportunity_key integer, city varchar,
          region varchar, amount decimal(18, 2), severity varchar, since timestamptz, state varchar, facts json)""")
    for rule in rules.alerts:
        raise_conditions(con, rule, run.settings)
    con.execute("set variable head_office = ?", [Texts("alerts", run.settings.language)("head_office")])
    run_script(con, PACKAGE, "conditions.sql")
    return int(scalar(con, "select count(*) from alert_conditions"))


def raise_conditions(con: duckdb.DuckDBPyConnection, rule: AlertRule, settings: Settings) -> None:
    """Run one rule's query into `alert_raised`."""
    query = read_sql(PACKAGE, f"{rule.rule}.sql")
    con.execute(
        f"insert into alert_raised by name select '{rule.rule}' as rule, c.* from ({query}) c",
        parameters_of(rule, settings),
    )


def parameters_of(rule: AlertRule, settings: Settings) -> dict[str, Any]:
    """The query's named parameters; what the rule leaves null comes from the workspace's settings."""
    parameters = rule.parameters()
    if isinstance(rule, FailureRisk) and parameters["weekly_budget"] is None:
        parameters["weekly_budget"] = settings.alerts.weekly_budget
    return parameters


def escalation_hours(rule: AlertRule, settings: Settings) -> float | None:
    """Working hours after which an unanswered alert of the rule escalates; None never."""
    if not rule.escalates or rule.severity == "low":
        return None
    return rule.escalate_after_working_hours or settings.alerts.escalate_after_working_hours


def _write_rules(con: duckdb.DuckDBPyConnection, rules: AlertRules, settings: Settings) -> None:
    frame = pl.DataFrame(
        [(r.rule, r.severity, r.recipient, list(r.inhibited_by), escalation_hours(r, settings)) for r in rules.alerts],
        schema={
            "rule": pl.String,
            "severity": pl.String,
            "recipient": pl.String,
            "inhibited_by": pl.List(pl.String),
            "escalate_after": pl.Float64,
        },
        orient="row",
    )
    replace_temporary(con, "alert_rules", frame)


def scalar(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The one value of a query; read to its end, since DuckDB allows nothing else before."""
    return con.execute(sql).fetchall()[0][0]


def replace_temporary(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Make a temporary table of a frame (`table` is named by the code, never by data)."""
    con.register("_frame", frame)
    try:
        con.execute(f"create or replace temp table {table} as from _frame")
    finally:
        con.unregister("_frame")
