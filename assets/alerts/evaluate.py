"""One evaluation: what the rules see meets the alerts there are, and the state machine says what changes.

Idempotent: evaluated again at the same time with the same data, nothing changes. Time runs forward only: at a
time before the last evaluation nothing is done, and the answer says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from assets.alerts.conditions import PACKAGE, escalation_hours, observe, replace_temporary, rules_of, scalar
from assets.alerts.life_cycle import Answer, Episode, Sighting, Step, Timing, begin, step
from assets.alerts.wording import Subject, Wording
from assets.warehouse import read_sql, run_script
from assets.workspace import Run
from data_contracts.texts import LANGUAGES

INSTANT = pl.Datetime("us", "UTC")
REMEMBERED: dict[str, pl.DataType] = {
    "status": pl.String(),
    "pending_since": INSTANT,
    "last_seen_at": INSTANT,
    "opened_at": INSTANT,
    "cleared_since": INSTANT,
    "resolved_at": INSTANT,
    "acknowledged_at": INSTANT,
    "answered_at": INSTANT,
    "snoozed_at": INSTANT,
    "snoozed_until": INSTANT,
    "snoozed_state": pl.String(),
    "snooze_ended_at": INSTANT,
    "unanswered_since": INSTANT,
    "is_inhibited": pl.Boolean(),
    "escalation_level": pl.Int32(),
    "escalated_at": INSTANT,
    "state": pl.String(),
}
FIRST_LIVE = "select min(evaluated_at) from ops.evaluations where not is_replayed"
AT_ONCE = Timing(hold=timedelta(), clear=timedelta(), escalate_after=None)


@dataclass(frozen=True)
class Changed:
    """One episode after its step, with what it was before (None: it is new)."""

    alert_key: str
    rule: str
    subject_id: str
    number: int
    before: str | None
    answers: int
    step: Step


def ensure_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create the alerts' tables where they are not there."""
    run_script(con, PACKAGE, "tables.sql")


def last_evaluation(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """The latest time evaluated, None before the first."""
    latest: datetime | None = scalar(con, "select max(evaluated_at) from ops.evaluations")
    return latest


def evaluate(con: duckdb.DuckDBPyConnection, run: Run, at: datetime) -> dict[str, Any]:
    """Evaluate all rules over the marts as they are; `at` is the as-of time that they were built for.

    Returns figures of what changed; before the last evaluation's time it does nothing and says so.
    """
    ensure_tables(con)
    as_of = scalar(con, "select getvariable('as_of')")
    if as_of != at:
        raise ValueError(f"the marts stand as of {as_of}, not {at}")
    last = last_evaluation(con)
    if last is not None and at < last:
        return {"is_evaluated": False, "reason": "earlier_than_last_evaluation", "last_evaluation": last.isoformat()}
    observe(con, run)
    return advance(con, run, at)


def advance(
    con: duckdb.DuckDBPyConnection, run: Run, at: datetime, *, is_replayed: bool = False, is_exhaustive: bool = False
) -> dict[str, Any]:
    """Take the alerts from the last evaluation to `at` by what `observe` left behind; one transaction.

    `is_exhaustive` steps every live alert instead of those that may change: the tests hold both to be equal.
    """
    rules = rules_of(run)
    timings: dict[str, Timing] = {
        r.rule: Timing(r.hold, r.clear, escalation_hours(r, run.settings)) for r in rules.alerts
    }
    run_script(con, PACKAGE, "answers.sql")
    con.execute(f"set variable told_from = coalesce(({FIRST_LIVE}), ?)", [at])
    changed = [
        *_step_episodes(con, timings, at, is_exhaustive=is_exhaustive),
        *_begin_episodes(con, timings, at),
    ]
    _write_changes(con, changed)
    _write_texts(
        con, run, at, None if not is_replayed else {(c.rule, c.subject_id) for c in changed if c.before is None}
    )
    replace_temporary(
        con,
        "alert_evaluation",
        pl.DataFrame(
            [(at.astimezone(UTC), is_replayed, rules.rules, rules.version)],
            schema={"evaluated_at": INSTANT, "is_replayed": pl.Boolean, "rules": pl.String, "rules_version": pl.String},
            orient="row",
        ),
    )
    run_script(con, PACKAGE, "next_alerts.sql")
    con.begin()
    try:
        run_script(con, PACKAGE, "apply.sql")
        con.commit()
    except BaseException:
        con.rollback()
        raise
    counted = _count(t.event for c in changed for t in c.step.transitions)
    return {"is_evaluated": True, "at": at.isoformat(), "is_replayed": is_replayed, **counted}


def _step_episodes(
    con: duckdb.DuckDBPyConnection, timings: Mapping[str, Timing], at: datetime, *, is_exhaustive: bool
) -> list[Changed]:
    sql = read_sql(PACKAGE, "candidates.sql")
    if is_exhaustive:
        sql = f"{sql.partition('select *')[0]} select * from seen order by alert_key"
    changed = []
    for row in _rows(con, sql, {"at": at}):
        before = Episode(number=row["episode"], **{name: row[name] for name in REMEMBERED})
        seen = Sighting(
            is_present=row["is_present"],
            since=row["seen_since"],
            state=row["seen_state"],
            inhibitor=row["inhibitor"],
            answers=tuple(Answer(g["kind"], g["acted_at"], g["snoozed_until"]) for g in row["given"] or []),
            unanswered_hours=row["unanswered_hours"] or 0.0,
        )
        after = step(before, seen, timings.get(row["rule"], AT_ONCE), at)
        if after.episode != before or row["known_answers"] != row["answers"]:
            key = (row["alert_key"], row["rule"], row["subject_id"], row["episode"])
            changed.append(Changed(*key, before.status, row["known_answers"], after))
    return changed


def _begin_episodes(con: duckdb.DuckDBPyConnection, timings: Mapping[str, Timing], at: datetime) -> list[Changed]:
    changed = []
    for row in _rows(con, read_sql(PACKAGE, "new_conditions.sql"), {}):
        seen = Sighting(True, since=row["since"], state=row["state"], inhibitor=row["inhibitor"])
        first = begin(row["episode"], seen, timings[row["rule"]], at)
        if first.episode is not None:
            key = f"{row['rule']}|{row['subject_id']}|{row['episode']}"
            changed.append(Changed(key, row["rule"], row["subject_id"], row["episode"], None, 0, first))
    return changed


def _write_changes(con: duckdb.DuckDBPyConnection, changed: list[Changed]) -> None:
    replace_temporary(
        con,
        "alert_changes",
        pl.DataFrame(
            [
                {
                    "alert_key": c.alert_key,
                    "rule": c.rule,
                    "subject_id": c.subject_id,
                    "episode": c.number,
                    "is_new": c.before is None,
                    "answers": c.answers,
                    **_remembered(c.step.episode),
                }
                for c in changed
            ],
            schema={
                "alert_key": pl.String,
                "rule": pl.String,
                "subject_id": pl.String,
                "episode": pl.Int32,
                "is_new": pl.Boolean,
                "answers": pl.Int32,
                **REMEMBERED,
            },
        ),
    )
    replace_temporary(
        con,
        "alert_transitions",
        pl.DataFrame(
            [
                (
                    c.alert_key,
                    c.rule,
                    seq,
                    t.effective_at.astimezone(UTC),
                    t.event,
                    t.reason,
                    c.before,
                    "dropped" if c.step.episode is None else c.step.episode.status,
                )
                for c in changed
                for seq, t in enumerate(c.step.transitions, start=1)
            ],
            schema={
                "alert_key": pl.String,
                "rule": pl.String,
                "seq": pl.Int32,
                "effective_at": INSTANT,
                "event": pl.String,
                "reason": pl.String,
                "from_status": pl.String,
                "to_status": pl.String,
            },
            orient="row",
        ),
    )


def _remembered(episode: Episode | None) -> dict[str, Any]:
    if episode is None:
        return dict.fromkeys(REMEMBERED) | {"status": "dropped"}
    values = {name: getattr(episode, name) for name in REMEMBERED}
    return {k: v.astimezone(UTC) if isinstance(v, datetime) else v for k, v in values.items()}


def _write_texts(con: duckdb.DuckDBPyConnection, run: Run, at: datetime, wanted: set[tuple[str, str]] | None) -> None:
    """Word every condition in both languages: an alert that is seen again tells its present facts.

    `wanted`: only these rules and subjects (a replay words an alert once, when it begins).
    """
    zone = ZoneInfo(run.settings.timezone)
    wordings = [Wording(language, run.settings.currency, run.settings.risk.horizon_days) for language in LANGUAGES]
    texts = []
    sql = "select rule, subject_id, city, region, amount, since, facts from alert_conditions"
    for row in _rows(con, sql, {}):
        if wanted is not None and (row["rule"], row["subject_id"]) not in wanted:
            continue
        since = (row["since"] or at).astimezone(zone)
        facts = {key: value for key, value in json.loads(row["facts"]).items() if value is not None}
        subject = Subject(row["rule"], row["subject_id"], row["city"], row["region"], row["amount"], since, facts)
        said = [part for wording in wordings for part in (wording.title(subject), wording.body(subject))]
        texts.append((row["rule"], row["subject_id"], *said))
    columns = ("rule", "subject_id", "title_zh", "body_zh", "title_en", "body_en")
    replace_temporary(con, "alert_texts", pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row"))


def _rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    cursor = con.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _count(events: Iterable[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for event in events:
        counted[event] = counted.get(event, 0) + 1
    return dict(sorted(counted.items()))
