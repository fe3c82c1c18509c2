"""Lists: the opportunities at risk, one opportunity with all its evidence, alerts, and the state of the data."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from data_contracts.errors import StagewatchError
from queries.dimensions import Filter, Strict, equals_any, of_table, predicates
from queries.funnel import Table
from queries.process import process_of
from queries.snapshot import OtherVersionError, Snapshot
from queries.statement import Statement, template

Band = Literal["high", "medium", "low", "unknown"]
BANDS: tuple[Band, ...] = ("high", "medium", "low", "unknown")
_ORDER = {
    "p_fail": "s.p_fail desc nulls last, s.amount desc nulls last",
    "amount_at_risk": "amount_at_risk desc nulls last, s.amount desc nulls last",
    "overrun_days": "s.overrun_days desc nulls last, s.amount desc nulls last",
    "silent_days": "s.silent_days desc nulls last, s.amount desc nulls last",
    "amount": "s.amount desc nulls last",
}
LIVE_ALERTS = ("open", "acknowledged", "snoozed", "answered")


class RiskRequest(Strict):
    """Open opportunities. Dimensions are the current ones. `text` is looked for in the id and customer's name."""

    filters: tuple[Filter, ...] = ()
    bands: tuple[Band, ...] = ()
    stages: tuple[str, ...] = ()
    only_overrun: bool = False
    silent_over_days: float | None = None
    text: str = ""
    order: Literal["p_fail", "amount_at_risk", "overrun_days", "silent_days", "amount"] = "p_fail"


def at_risk(snapshot: Snapshot, request: RiskRequest, limit: int = 1_000_000) -> Table:
    """Open opportunities in the order asked for, with chances, reasons and what is due."""
    process = process_of(snapshot)
    statement = Statement()
    where = ["s.status = 'open'", *predicates(statement, request.filters, of_table("s"))]
    if request.bands:
        known = [band for band in request.bands if band != "unknown"]
        own = [equals_any(statement, "s.risk_band", known)] if known else []
        where.append(f"({' or '.join(own + _unscored(request.bands))})")
    if request.stages:
        where.append(equals_any(statement, "s.stage", [process.stage(code).stage for code in request.stages]))
    if request.only_overrun:
        where.append("s.is_overrun")
    if request.silent_over_days is not None:
        where.append(f"s.silent_days > {statement.bind(request.silent_over_days)}")
    if request.text.strip():
        sought = statement.bind(request.text.strip().lower())
        where.append(
            f"(contains(lower(s.opportunity_id), {sought}) or contains(lower(coalesce(s.customer_name, '')), {sought}))"
        )
    statement.render("at_risk", where="\n  and ".join(where), order=_ORDER[request.order])
    return Table(statement.run(snapshot, limit=limit), statement.shown)


@dataclass(frozen=True)
class Dossier:
    """All that is known of one opportunity: its state, spells, evidence in order, required actions and alerts."""

    state: dict[str, Any]
    spells: pl.DataFrame
    timeline: pl.DataFrame
    actions: pl.DataFrame
    alerts: pl.DataFrame


def dossier(snapshot: Snapshot, opportunity_id: str) -> Dossier:
    """One opportunity; raises StagewatchError where there is none of that id."""
    one = {"id": opportunity_id}
    state = snapshot.query("from marts.opportunity_state where opportunity_id = $id", one)
    if state.is_empty():
        raise StagewatchError(f"there is no opportunity {opportunity_id!r}", remedy="look it up on the risk page")
    return Dossier(
        state=state.row(0, named=True),
        spells=snapshot.query("from marts.stage_spells where opportunity_id = $id order by spell_no", one),
        timeline=snapshot.query("from marts.opportunity_timeline where opportunity_id = $id order by seq desc", one),
        actions=snapshot.query(template("dossier_actions"), one),
        alerts=snapshot.query("from ops.alerts where opportunity_id = $id order by updated_at desc", one),
    )


def alerts(snapshot: Snapshot, filters: tuple[Filter, ...] = (), *, only_live: bool = True) -> Table:
    """Alerts, the gravest first; filtered by region and city, which is what an alert knows of its place."""
    statement = Statement()
    statement.render("alerts", where=alert_predicates(statement, filters, only_live=only_live))
    return Table(statement.run(snapshot), statement.shown)


def alert_predicates(statement: Statement, filters: tuple[Filter, ...], *, only_live: bool) -> str:
    """Which alerts: live ones are open, acknowledged, answered or snoozed."""
    kept = [f for f in filters if f.dimension in ("region", "city")]
    where = predicates(statement, kept, of_table("a"))
    if only_live:
        where.append(equals_any(statement, "a.status", LIVE_ALERTS))
    return " and ".join(where) or "true"


@dataclass(frozen=True)
class Health:
    """How sound and fresh the data is; None for what the snapshot of another version does not have.

    `ledger`: a row a file (rows_read = accepted + quarantined + duplicates for active ones). `checks`: every contract
    rule. `latency`: as marts.reporting_latency. `warnings`: counts by kind. `sources`: per source kind, files and the
    last landing. `review`: what a person should settle. `contradictions`: what sources tell differently, the latest
    thousand. The quarantine is asked for by itself (`queries.quarantine`).
    """

    ledger: pl.DataFrame | None
    checks: pl.DataFrame | None
    latency: pl.DataFrame | None
    warnings: pl.DataFrame | None
    sources: pl.DataFrame | None
    review: pl.DataFrame | None
    contradictions: pl.DataFrame | None


def health(snapshot: Snapshot) -> Health:
    """What the data health page shows."""

    def held(ask: Callable[[], pl.DataFrame]) -> pl.DataFrame | None:
        with suppress(OtherVersionError):
            return ask()
        return None

    def rows(sql: str) -> pl.DataFrame | None:
        return held(lambda: snapshot.query(sql))

    return Health(
        ledger=rows(template("ledger")),
        checks=rows("from ops.check_results order by success, severity, table_name, rule_id"),
        latency=rows("from marts.reporting_latency order by month, record, source_kind"),
        warnings=rows("select warning, count(*) as events from marts.warnings group by all order by all"),
        sources=rows(template("sources")),
        review=held(lambda: review(snapshot)),
        contradictions=rows("from marts.contradictions order by day desc, record, attribute limit 1000"),
    )


def review(snapshot: Snapshot, what: str | None = None) -> pl.DataFrame:
    """What a person should settle, the most wanted first: of one kind (customer, rep, opportunity, note), or all."""
    return snapshot.query(
        "select what, scope, alias, reason, facts, candidates, file_name, source_sheet, source_row, first_at"
        " from staging.review where what = coalesce($what, what) order by facts desc, what, scope, alias",
        {"what": what},
    )


def _unscored(bands: tuple[Band, ...]) -> list[str]:
    return ["s.risk_band = 'unknown' or s.risk_band is null"] if "unknown" in bands else []
