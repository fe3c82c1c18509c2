"""The alerts as files: CSV, XLSX and JSONL of the live ones, and the messages as they would be sent.

Each file handed out is noted in `ops.deliveries`, once for each evaluation and content.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from assets.alerts.conditions import PACKAGE, rules_of
from assets.alerts.evaluate import ensure_tables, last_evaluation
from assets.alerts.messages import Composer
from assets.exports.writer import Field, Kind, Reader, Sheet, write_csv, write_jsonl, write_xlsx
from assets.files import write_atomically
from assets.warehouse import read_sql
from assets.workspace import Run
from data_contracts.figures import clock
from data_contracts.texts import Language, Name, Texts

COLUMNS: tuple[tuple[str, Kind, int | None], ...] = (
    ("alert_key", "text", 36),
    ("rule", "text", 16),
    ("severity", "text", 8),
    ("status", "text", 10),
    ("title", "text", 40),
    ("body", "text", 60),
    ("customer_name", "text", 20),
    ("opportunity_id", "text", 16),
    ("city", "text", 10),
    ("region", "text", 10),
    ("amount", "decimal", 14),
    ("p_fail_at_open", "share", None),
    ("p_sign_at_open", "share", None),
    ("recipient_id", "text", 12),
    ("recipient_name", "text", 12),
    ("escalated_to_name", "text", 12),
    ("opened_at", "instant", None),
    ("due_at", "instant", None),
    ("acknowledged_at", "instant", None),
    ("answered_at", "instant", None),
    ("snoozed_until", "instant", None),
    ("escalated_at", "instant", None),
    ("last_seen_at", "instant", None),
)


def write_alert_exports(con: duckdb.DuckDBPyConnection, run: Run) -> list[Path]:
    """Write exports/alerts.{csv,xlsx,jsonl} and exports/alert_messages.md; the files, in that order."""
    ensure_tables(con)
    language = run.settings.language
    alerts = live_alerts(con)
    rule_names: dict[str, Name] = {rule.rule: rule.name for rule in rules_of(run).alerts}
    reader = Reader(language, ZoneInfo(run.settings.timezone))
    people = alert_sheet(alerts, rule_names, language)
    codes = alert_sheet(alerts, None, language)
    folder = run.workspace.exports
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / name for name in ("alerts.csv", "alerts.xlsx", "alerts.jsonl", "alert_messages.md")]
    write_csv(files[0], people, reader)
    write_xlsx(files[1], [people], reader)
    write_jsonl(files[2], codes, reader)
    at = last_evaluation(con) or run.as_of
    composer = Composer(language, run.settings.currency, rule_names, at, reader.zone)
    as_of = clock(at.astimezone(reader.zone))
    write_atomically(files[3], composer.preview(composer.compose(alerts), as_of))
    for path in files:
        note_delivery(con, run, path, alerts=len(alerts))
    return files


def live_alerts(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows of `ops.alerts` that are live, the weightiest first."""
    cursor = con.execute(read_sql(PACKAGE, "live_alerts.sql"))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def alert_sheet(alerts: list[dict[str, Any]], rule_names: dict[str, Name] | None, language: Language) -> Sheet:
    """The alerts as a table; codes of rule, severity and status in words where `rule_names` are given."""
    text = Texts("alerts", language)
    ending = "zh" if language == "zh-CN" else "en"

    def value(alert: dict[str, Any], name: str) -> Any:
        if name in ("title", "body"):
            return alert[f"{name}_{ending}"]
        if rule_names is not None and name == "rule":
            rule = alert["rule"]
            return rule_names[rule].in_language(language) if rule in rule_names else rule
        if rule_names is not None and name in ("severity", "status"):
            return text(f"{name}_{alert[name]}")
        return alert[name]

    fields = tuple(Field(name, text(f"column_{name}"), kind, width) for name, kind, width in COLUMNS)
    return Sheet(text("sheet_alerts"), fields, [tuple(value(a, name) for name, _, _ in COLUMNS) for a in alerts])


def note_delivery(con: duckdb.DuckDBPyConnection, run: Run, path: Path, *, alerts: int) -> None:
    """One row in `ops.deliveries` for a file; the same content at the same evaluation is the same delivery."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    target = f"exports/{path.name}"
    at = last_evaluation(con) or run.as_of
    key = hashlib.sha256("|".join(("file", target, digest, at.isoformat())).encode()).hexdigest()
    con.execute(
        """insert into ops.deliveries by name
           select $key as idempotency_key, 'file' as channel, $target as target, null as recipient_id, null as rule,
                  $alerts as alerts, $digest as content_sha256, $bytes as bytes, 'delivered' as status, 1 as attempts,
                  $at::timestamptz as evaluated_at, $now::timestamptz as delivered_at, null as last_error
           where not exists (select 1 from ops.deliveries where idempotency_key = $key)""",
        {
            "key": key,
            "target": target,
            "alerts": alerts,
            "digest": digest,
            "bytes": len(content),
            "at": at,
            "now": run.now,
        },
    )
