"""Two segments or two cohorts side by side: difference, interval, test, and whether it can be told at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from data_contracts.errors import StagewatchError
from queries.dimensions import Filter, Strict
from queries.funnel import FunnelAnswer, funnel
from queries.funnel_request import FunnelRequest
from queries.process import ProcessStage
from queries.snapshot import Snapshot
from queries.statistics import Difference, difference, holm

SIGNIFICANT = 0.05


class Segment(Strict):
    """One side: its filters and cohort range, on top of what the request says for both."""

    name: str
    filters: tuple[Filter, ...] = ()
    cohort_from: date | None = None
    cohort_to: date | None = None


@dataclass(frozen=True)
class Comparison:
    """A row per stage and part (overall, step): counts and rates of both sides, and how they differ.

    Columns: stage_no, stage, part, first_counted, first_of, first_rate, second_counted, second_of, second_rate,
    difference (first - second), low, high, p_value, p_adjusted (Holm over the part's stages), test,
    detectable, verdict: higher, lower, no_difference or too_small (to tell), of the first side.
    """

    frame: pl.DataFrame
    first: FunnelAnswer
    second: FunnelAnswer


def compare(snapshot: Snapshot, request: FunnelRequest, first: Segment, second: Segment) -> Comparison:
    """Compare two sides; rates are over the request's basis.

    They must stand apart, by their ranges or by the values of a dimension: the interval and the test are of two
    groups that share nobody.
    """
    if request.period != "none" or request.by:
        raise StagewatchError(
            "a comparison has no periods and no break-down of its own", remedy="make each side a segment"
        )
    if not _stand_apart(first, second):
        raise StagewatchError(
            f"{first.name!r} and {second.name!r} may share opportunities",
            remedy="choose cohort ranges, or values of one dimension, that do not overlap",
        )
    answers = [funnel(snapshot, _narrowed(request, side)) for side in (first, second)]
    ending = "_mature" if answers[0].basis == "mature" else ""
    sides = [
        {stage_no: (counted, cohort) for stage_no, counted, cohort in rows.iter_rows()}
        for rows in (a.frame.select("stage_no", f"counted{ending}", f"cohort{ending}") for a in answers)
    ]
    stages = [answers[0].plan.process.stages[k - 1] for k in answers[0].plan.stages[1:]]
    rows: list[dict[str, Any]] = []
    for part in ("overall", "step"):
        own = [_row(part, stage, sides) for stage in stages]
        adjusted = iter(holm([row["p_value"] for row in own if row["p_value"] is not None]))
        for row in own:
            row["p_adjusted"] = None if row["p_value"] is None else next(adjusted)
            row["verdict"] = _verdict(row)
        rows += own
    return Comparison(pl.DataFrame(rows, schema=_SCHEMA), *answers)


_SCHEMA: dict[str, Any] = {
    "stage_no": pl.Int32,
    "stage": pl.String,
    "part": pl.String,
    "first_counted": pl.Int64,
    "first_of": pl.Int64,
    "first_rate": pl.Float64,
    "second_counted": pl.Int64,
    "second_of": pl.Int64,
    "second_rate": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "p_adjusted": pl.Float64,
    "test": pl.String,
    "is_small": pl.Boolean,
    "detectable": pl.Float64,
    "verdict": pl.String,
}


def _stand_apart(first: Segment, second: Segment) -> bool:
    """Whether one range ends before the other begins, or both filter a dimension by values that differ."""
    ends = ((first.cohort_to, second.cohort_from), (second.cohort_to, first.cohort_from))
    if any(end is not None and begin is not None and end <= begin for end, begin in ends):
        return True
    return any(
        ours.dimension == theirs.dimension and not set(ours.values) & set(theirs.values)
        for ours in first.filters
        for theirs in second.filters
    )


def _narrowed(request: FunnelRequest, side: Segment) -> FunnelRequest:
    changes: dict[str, Any] = {"filters": request.filters + side.filters}
    if side.cohort_from is not None or side.cohort_to is not None:
        changes |= {"cohort_from": side.cohort_from, "cohort_to": side.cohort_to}
    return FunnelRequest.model_validate(request.model_dump() | changes)


def _row(part: str, stage: ProcessStage, sides: list[dict[int, tuple[int, int]]]) -> dict[str, Any]:
    """One stage after the entry: its counts on both sides, of the cohort or of the stage before; none is 0 of 0."""
    at, before = ([side.get(k, (0, 0)) for side in sides] for k in (stage.stage_no, stage.stage_no - 1))
    count_1, count_2 = (counted for counted, _ in at)
    of_1, of_2 = (cohort for _, cohort in at) if part == "overall" else (counted for counted, _ in before)
    found: Difference | None = difference(count_1, of_1, count_2, of_2)
    return {
        "stage_no": stage.stage_no,
        "stage": stage.stage,
        "part": part,
        "first_counted": count_1,
        "first_of": of_1,
        "first_rate": count_1 / of_1 if of_1 else None,
        "second_counted": count_2,
        "second_of": of_2,
        "second_rate": count_2 / of_2 if of_2 else None,
        "difference": found and found.difference,
        "low": found and found.interval.low,
        "high": found and found.interval.high,
        "p_value": found and found.p_value,
        "test": found and found.test,
        "is_small": found is None or found.is_too_small,
        "detectable": found and found.detectable,
    }


def _verdict(row: dict[str, Any]) -> str:
    if row["p_adjusted"] is None:
        return "too_small"
    if row["p_adjusted"] < SIGNIFICANT:
        return "higher" if row["difference"] > 0 else "lower"
    return "too_small" if row["is_small"] else "no_difference"
