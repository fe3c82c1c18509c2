"""`stagewatch status`: what the last run did and what the published snapshot holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assets.lock import holder
from assets.workspace import Workspace
from data_contracts.settings import load_settings
from data_contracts.sql_names import quote_ident
from pipelines.journal import read_journal
from queries.snapshot import current_snapshot, open_snapshot

LEDGER = """
    select count(*) as files, coalesce(sum(rows_read), 0)::bigint as rows_read,
           coalesce(sum(accepted), 0)::bigint as accepted, coalesce(sum(quarantined), 0)::bigint as quarantined,
           coalesce(sum(duplicates), 0)::bigint as duplicates
    from staging.ledger"""
CHECKS = """
    select count(*) filter (success)::bigint as passed,
           count(*) filter (not success and severity = 'warning')::bigint as warned,
           count(*) filter (not success and severity = 'error')::bigint as failed
    from ops.check_results"""
REVIEW = "select what, count(*) as waiting from staging.review group by all order by all"
ALERTS = """
    select rule, count(*) as alerts from ops.alerts
    where status in ('open', 'acknowledged', 'answered', 'snoozed') group by all order by all"""


def status(root: Path) -> dict[str, Any]:
    """Snapshot, as-of, last run, ledger, marts, checks and alerts; null for what is not there yet."""
    load_settings(root)
    workspace = Workspace(root)
    answer: dict[str, Any] = {
        "workspace": str(root),
        "snapshot": None,
        "as_of": None,
        "last_run": last_run(workspace),
        "ledger": None,
        "marts": None,
        "checks": None,
        "alerts": None,
        "review": None,
    }
    current = current_snapshot(workspace.published)
    if current is None:
        return answer
    with open_snapshot(workspace.published) as snapshot:

        def rows(sql: str) -> list[dict[str, Any]]:
            return snapshot.query(sql).to_dicts()

        answer["snapshot"] = snapshot.id
        answer["as_of"] = rows("select value from ref.settings where key = 'as_of'")[0]["value"]
        answer["ledger"] = rows(LEDGER)[0]
        tables = rows("select table_name from duckdb_tables() where schema_name = 'marts' order by all")
        answer["marts"] = {
            t["table_name"]: rows(f"select count(*) as n from marts.{quote_ident(t['table_name'])}")[0]["n"]
            for t in tables
        }
        answer["checks"] = rows(CHECKS)[0]
        if rows("select 1 from duckdb_tables() where schema_name = 'staging' and table_name = 'review'"):
            answer["review"] = {r["what"]: r["waiting"] for r in rows(REVIEW)}  # an older version published none
        answer["alerts"] = {r["rule"]: r["alerts"] for r in rows(ALERTS)}
    return answer


def last_run(workspace: Workspace) -> dict[str, Any] | None:
    """The last run: succeeded, failed, under way, or killed, of which nobody could write how it ended."""
    held = holder(workspace)
    if held is not None:
        status = "running" if held.is_alive else "killed"
        return {"run_id": None, "status": status, "seconds": None, "started_at": held.started_at, "finished_at": None}
    entry = read_journal(workspace)
    return entry and {key: entry.get(key) for key in ("run_id", "status", "seconds", "started_at", "finished_at")}
