"""Dwell: how long spells last per stage and break-down, the survival curve, and the spells behind each figure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from data_contracts.sql_names import quote_ident
from queries.dimensions import (
    DIMENSIONS,
    Dimension,
    Filter,
    Strict,
    aggregated,
    equals_any,
    of_table,
    predicates,
    selected,
)
from queries.funnel import Table
from queries.process import Process, process_of, unknown
from queries.snapshot import Snapshot
from queries.statement import Statement
from queries.statistics import Z95


class DwellRequest(Strict):
    """Spells by stage. Dimensions are those in force at the spell's entry; the range is of its entry, local days,
    `entered_to` exclusive. `clock`: calendar days of 86,400 s, or days of the company's working calendar.
    """

    by: tuple[Dimension, ...] = ()
    filters: tuple[Filter, ...] = ()
    stages: tuple[str, ...] = ()
    entered_from: date | None = None
    entered_to: date | None = None
    clock: Literal["calendar", "business"] = "calendar"


class SpellCell(Strict):
    """Which figure of a dwell answer: the stage (None is all), what of it, and the group it stands in."""

    stage: str | None = None
    what: Literal["spells", "completed", "censored", "advanced", "overrun", "overrun_open"] = "spells"
    values: Mapping[Dimension, str | None] = Field(default_factory=dict)


_WHAT = {
    "spells": "true",
    "completed": "not z.is_censored",
    "censored": "z.is_censored",
    "advanced": "z.exit in ('advanced', 'skipped_ahead', 'won')",
    "overrun": "z.is_overrun",
    "overrun_open": "z.is_overrun and z.is_censored",
}
_DAYS = {"calendar": "z.dwell_days", "business": "z.dwell_business_days"}


def dwell(snapshot: Snapshot, request: DwellRequest) -> Table:
    """Figures per stage and break-down.

    Columns: the dimensions (and labels), stage_no, stage, sla_days, sla_clock, spells, completed, censored,
    mean_days, median_days, p75_days, p90_days (completed only), km_median_days, km_median_low, km_median_high,
    advanced, median_days_to_advance, overrun, overrun_open, overrun_share, days_lost (beyond the SLA, in all,
    on the SLA's clock). Shares are null for 0/0 and without an SLA.
    """
    statement = Statement()
    labelled, keys = aggregated(request.by)
    labels = [quote_ident(f"{d}_label") for d in request.by if DIMENSIONS[d] != d]
    statement.render(
        "dwell_statistics",
        columns=_list(selected(request.by, of_table("z"))),
        labelled=_list(labelled),
        keys=_list(keys),
        days=_DAYS[request.clock],
        where=_where(statement, request, process_of(snapshot)),
        z=repr(Z95),
        answer=_list([f"p.{name}" for name in keys + labels]),
        same="".join(f"m.{key} is not distinct from p.{key} and " for key in keys),
        order="".join(f"p.{key} nulls last, " for key in keys),
    )
    return Table(statement.run(snapshot), statement.shown)


def dwell_curve(snapshot: Snapshot, request: DwellRequest, stage: str) -> Table:
    """The Kaplan-Meier curve of a stage: the break-down, days, at_risk, ends, survival, low, high."""
    process = process_of(snapshot)
    statement = Statement()
    _, keys = aggregated(request.by)
    narrowed = request.model_copy(update={"stages": (process.stage(stage).stage,)})
    statement.render(
        "dwell_curve",
        columns=_list(selected(request.by, of_table("z"))),
        keys=_list(keys),
        partition=f"partition by {', '.join(keys)} " if keys else "",
        days=_DAYS[request.clock],
        where=_where(statement, narrowed, process),
        z=repr(Z95),
    )
    return Table(statement.run(snapshot), statement.shown)


def spells_behind(snapshot: Snapshot, request: DwellRequest, cell: SpellCell, limit: int = 1_000_000) -> Table:
    """The spells behind one figure; its length is the figure (up to `limit`). The overrun list is `overrun_open`."""
    process = process_of(snapshot)
    statement = Statement()
    where = [_where(statement, request, process), _WHAT[cell.what]]
    if cell.stage is not None:
        where.append(f"z.stage = {statement.bind(process.stage(cell.stage).stage)}")
    for dimension, value in cell.values.items():
        if dimension not in request.by:
            raise unknown("break-down of this answer", dimension, list(request.by))
        where.append(equals_any(statement, f"z.{quote_ident(dimension)}", [value]))
    statement.render("dwell_list", where="\n  and ".join(where))
    return Table(statement.run(snapshot, limit=limit), statement.shown)


def _where(statement: Statement, request: DwellRequest, process: Process) -> str:
    conditions = predicates(statement, request.filters, of_table("z"))
    if request.stages:
        conditions.append(equals_any(statement, "z.stage", [process.stage(code).stage for code in request.stages]))
    for day, sign in ((request.entered_from, ">="), (request.entered_to, "<")):
        if day is not None:
            conditions.append(f"z.entered_at {sign} {statement.bind(process.instant(day))}")
    return " and ".join(conditions) or "true"


def _list(columns: list[str]) -> str:
    return "".join(f"{column}, " for column in columns)
