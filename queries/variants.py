"""Variants and the process map: the ways opportunities went, how often, how long, and with what end."""

from __future__ import annotations

from datetime import date

from queries.dimensions import Filter, Strict, of_table, predicates
from queries.funnel import Table
from queries.process import Process, process_of
from queries.snapshot import Snapshot
from queries.statement import Statement


class PathRequest(Strict):
    """Which opportunities: by their values at entry, and by the local days on which they entered the funnel
    (`cohort_to` exclusive).
    """

    filters: tuple[Filter, ...] = ()
    cohort_from: date | None = None
    cohort_to: date | None = None


def variants(snapshot: Snapshot, request: PathRequest, limit: int = 10_000) -> Table:
    """Distinct ways, most frequent first.

    Columns: steps (stages in order, with (won), (lost), (lapsed) where they fell), is_open, opportunities, won,
    share and coverage (among the equally open or closed), median_days, p90_days (null while open), an example.
    """
    statement = Statement()
    statement.render("variants", where=_where(statement, request, process_of(snapshot)))
    return Table(statement.run(snapshot, limit=limit), statement.shown)


def transitions(snapshot: Snapshot, request: PathRequest) -> Table:
    """The process map. Columns as marts.transitions: from_stage, to_stage, kind, transitions, opportunities, days."""
    statement = Statement()
    statement.render("transitions", where=_where(statement, request, process_of(snapshot)))
    return Table(statement.run(snapshot), statement.shown)


def _where(statement: Statement, request: PathRequest, process: Process) -> str:
    conditions = predicates(statement, request.filters, of_table("p"))
    for day, sign in ((request.cohort_from, ">="), (request.cohort_to, "<")):
        if day is not None:
            conditions.append(f"p.cohort_at {sign} {statement.bind(process.instant(day))}")
    return " and ".join(conditions) or "true"
