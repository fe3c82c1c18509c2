"""Funnels: counts and rates, time to convert, projected rates, and the list behind every count.

Each answer says its SQL with the values written out, so that `stagewatch sql` gives the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl
from pydantic import Field

from data_contracts.sql_names import quote_ident
from queries.dimensions import DIMENSIONS, Dimension, Strict, equals_any
from queries.funnel_request import DAY_US, FunnelRequest, Plan, plan
from queries.funnel_units import group_keys, label_keys, units
from queries.process import ProcessStage, process_of, unknown
from queries.snapshot import Snapshot
from queries.statement import Statement
from queries.statistics import incidence_interval, rate, wilson

Basis = Literal["mature", "young", "all"]
_RATES = ("overall", "overall_low", "overall_high", "step", "step_low", "step_high")
# A horizon that no follow-up reaches: a thousand years of microseconds.
_NEVER_ENDS = 365_000 * DAY_US


@dataclass(frozen=True)
class FunnelAnswer:
    """A funnel. `frame` has a row per period, break-down and stage; `total` the same without periods.

    Columns: period_start, period_end (exclusive), is_mature (only with periods), the dimensions (and
    `<dimension>_label`), stage_no, stage, cohort, counted, cohort_mature, counted_mature, cohort_young, excluded;
    overall, overall_low, overall_high (of the cohort) and step, step_low, step_high (of the stage before; null for
    the first): shares with Wilson 95% intervals over `basis`, null for 0/0 and for young periods.
    Without a window nothing is mature: the mature columns are null and `basis` is so_far.
    """

    plan: Plan
    frame: pl.DataFrame
    total: pl.DataFrame
    sql: str

    @property
    def basis(self) -> Literal["mature", "so_far"]:
        return self.plan.basis


@dataclass(frozen=True)
class Table:
    """Rows and the SQL that gave them."""

    frame: pl.DataFrame
    sql: str


class Cell(Strict):
    """Which count of a funnel: the stage, what of it, and the group it stands in.

    `counted` at the stage; `dropped`: counted at the stage before and not at this; `cohort`; `excluded`.
    `values` are the group's dimension values; `period_start` its period.
    """

    stage: str
    what: Literal["counted", "dropped", "cohort", "excluded"] = "counted"
    basis: Basis = "all"
    period_start: date | None = None
    values: Mapping[Dimension, str | None] = Field(default_factory=dict)


def funnel(snapshot: Snapshot, request: FunnelRequest) -> FunnelAnswer:
    """Counts and rates of a funnel; raises StagewatchError for a stage or dimension that does not exist."""
    p = plan(request, process_of(snapshot))
    statement = Statement()
    keys, labels = group_keys(p), label_keys(p)
    statement.render(
        "funnel_counts",
        units=units(p, statement),
        keys=_list(keys + labels),
        answer_keys=_list(keys + [f"max({label}) as {label}" for label in labels]),
        group=_list(keys),
        first=str(p.first),
        last=str(p.last),
    )
    counts = _with_stages(statement.run(snapshot), p).with_columns(
        cohort_young=pl.col("cohort") - pl.col("cohort_mature")
    )
    return FunnelAnswer(p, _rated(counts, p), _total(counts, p), statement.shown)


def time_to_convert(
    snapshot: Snapshot, request: FunnelRequest, clock: Literal["calendar", "business"] = "calendar"
) -> Table:
    """Quantiles (p25, 50, 75, 90) of days from the entry and from the stage before, of the units that counted.

    Columns: the group's, stage_no, stage, converted, overall_p25 .. overall_p90, step_p25 .. step_p90.
    Business days follow the company's working calendar.
    """
    p = plan(request, process_of(snapshot))
    statement = Statement()
    keys = group_keys(p)
    stages = [k for k in p.stages if k > p.first]
    if clock == "calendar":
        overall, step, calendar = "(t_us - entry_us) / 86400e6", "(t_us - previous_us) / 86400e6", ""
    else:
        overall, step = f"{_clock('t')} - {_clock('entry')}", f"{_clock('t')} - {_clock('previous')}"
        calendar = "\n  ".join(
            f"join ref.calendar c_{n} on c_{n}.day = make_timestamptz({n}_us)::date" for n in ("t", "entry", "previous")
        )
    statement.render(
        "funnel_times",
        units=units(p, statement),
        keys=_list(keys),
        stages=str(stages),
        times=_columns([f"t_{k}" for k in stages]),
        previous=_columns([f"t_{k - 1}" for k in stages]),
        where=_of_basis("mature" if p.basis == "mature" else "all"),
        overall=overall,
        step=step,
        calendar=calendar,
    )
    frame = _with_stages(statement.run(snapshot), p).with_columns(
        pl.col(f"{part}_days").list.get(n).alias(f"{part}_p{percent}")
        for part in ("overall", "step")
        for n, percent in enumerate((25, 50, 75, 90))
    )
    return Table(frame.drop("overall_days", "step_days"), statement.shown)


def projected(snapshot: Snapshot, request: FunnelRequest) -> Table:
    """Aalen-Johansen rates with 95% intervals, for young periods, or for all units where there are no periods.

    Columns: the group's, stage_no, stage, units, counted (so far), projected, low, high, horizon_days (the window,
    or without one the longest follow-up). Empty for `direct` and with step windows: there a unit may have lost its
    chance before it closed, which the competing event does not see.
    """
    p = plan(request, process_of(snapshot))
    statement = Statement()
    keys = group_keys(p)
    stages = [k for k in p.stages if k > p.first]
    is_defined = request.meaning != "direct" and not p.step_us
    horizon = _NEVER_ENDS if p.window_us is None else p.window_us
    statement.render(
        "funnel_projected",
        units=units(p, statement),
        keys=_list(keys),
        stages=str(stages),
        times=_columns([f"t_{k}" for k in stages]),
        as_of=statement.bind(p.as_of_us),
        horizon=statement.bind(horizon),
        where="not is_excluded" + (" and not is_mature" if request.period != "none" else "") if is_defined else "false",
    )
    frame = _with_stages(statement.run(snapshot), p)
    bounds = [incidence_interval(*row) for row in frame.select("projected", "variance").iter_rows()]
    frame = frame.with_columns(
        pl.Series("low", [b and b.low for b in bounds], pl.Float64),
        pl.Series("high", [b and b.high for b in bounds], pl.Float64),
        (pl.col("followed_days") if p.window_days is None else pl.lit(p.window_days)).alias("horizon_days"),
    )
    return Table(frame.drop("variance", "followed_days"), statement.shown)


def skip_rates(snapshot: Snapshot, request: FunnelRequest) -> Table:
    """How many reached each stage without the stages up to it having been entered in order: reached less observed.

    Columns: the group's, stage_no, stage, reached, observed, skip_rate, low, high (of reached, Wilson 95%, null for
    0/0). Of all units so far, within the request's windows; the request's meaning is not asked.
    """
    reached, observed = (
        funnel(snapshot, request.model_copy(update={"meaning": meaning})) for meaning in ("reached", "observed")
    )
    keys = [*([] if request.period == "none" else ["period_start", "period_end"]), *request.by, "stage_no"]
    of_observed = observed.frame.select(*keys, pl.col("counted").alias("observed"))
    frame = reached.frame.select(*keys, "stage", pl.col("counted").alias("reached"))
    frame = frame.join(of_observed, on=keys, nulls_equal=True, maintain_order="left")
    skipped = [(of - counted, of) for of, counted in frame.select("reached", "observed").iter_rows()]
    bounds = [wilson(*pair) for pair in skipped]
    frame = frame.with_columns(
        pl.Series("skip_rate", [rate(*pair) for pair in skipped], pl.Float64),
        pl.Series("low", [b and b.low for b in bounds], pl.Float64),
        pl.Series("high", [b and b.high for b in bounds], pl.Float64),
    )
    return Table(frame, f"{reached.sql};\n{observed.sql}")


def list_behind(snapshot: Snapshot, request: FunnelRequest, cell: Cell, limit: int = 1_000_000) -> Table:
    """The opportunities behind one count; its length is the count (up to `limit`).

    Columns: opportunity_id, customer_name, cohort_at, status, stage (now), stage_entered_at, closed_at,
    lost_reason, amount, signed_amount, owner_name, supervisor_name, city, region, then when each stage counted.
    """
    p = plan(request, process_of(snapshot))
    stage_no = p.process.stage(cell.stage).stage_no
    if stage_no < p.first:
        raise unknown("stage in this funnel", cell.stage, [s.stage for s in p.process.stages[p.first - 1 :]])
    statement = Statement()
    where = {
        "counted": [f"u.depth >= {stage_no}", "not u.is_excluded"],
        "dropped": [f"u.depth = {stage_no - 1}" if stage_no > p.first else "u.depth = 0", "not u.is_excluded"],
        "cohort": ["not u.is_excluded"],
        "excluded": ["u.is_excluded"],
    }[cell.what]
    if cell.basis != "all":
        where.append("u.is_mature" if cell.basis == "mature" else "not u.is_mature")
    if cell.period_start is not None:
        where.append(f"u.period_start = {statement.bind(cell.period_start)}")
    for dimension, value in cell.values.items():
        if dimension not in request.by:
            raise unknown("break-down of this funnel", dimension, list(request.by))
        where.append(equals_any(statement, f"u.{quote_ident(dimension)}", [value]))
    statement.render(
        "funnel_list",
        units=units(p, statement),
        times=", ".join(f"make_timestamptz(u.t_{k}) as {quote_ident(s.stage)}" for k, s in _stages(p)),
        where=" and ".join(where),
    )
    return Table(statement.run(snapshot, limit=limit), statement.shown)


def _stages(p: Plan) -> list[tuple[int, ProcessStage]]:
    return [(k, p.process.stages[k - 1]) for k in p.stages]


def _list(columns: list[str]) -> str:
    return "".join(f"{column}, " for column in columns)


def _columns(names: list[str]) -> str:
    return f"[{', '.join(names)}]"


def _of_basis(basis: Basis) -> str:
    return {"mature": "not is_excluded and is_mature", "young": "not is_excluded and not is_mature"}.get(
        basis, "not is_excluded"
    )


def _clock(instant: str) -> str:
    """The working clock at `<instant>_us`: a working day is the 24 h of its local date, a day off is none."""
    c = f"c_{instant}"
    part = f"least(1, ({instant}_us - epoch_us({c}.day::timestamptz)) / 86400e6)"
    return f"({c}.working_days_before + case when {c}.is_working_day then {part} else 0 end)"


def _with_stages(frame: pl.DataFrame, p: Plan) -> pl.DataFrame:
    """The frame with each stage's code after its number."""
    codes = pl.DataFrame(
        {"stage_no": [k for k, _ in _stages(p)], "stage": [s.stage for _, s in _stages(p)]},
        schema={"stage_no": frame.schema["stage_no"], "stage": pl.String},
    )
    at = frame.columns.index("stage_no") + 1
    joined = frame.join(codes, on="stage_no", how="left", maintain_order="left")
    return joined.select(*frame.columns[:at], "stage", *frame.columns[at:])


def _total(counts: pl.DataFrame, p: Plan) -> pl.DataFrame:
    """The groups over all periods: counts add up, and only mature periods enter the mature ones."""
    if p.request.period == "none":
        return _rated(counts, p)
    kept = [c for c in counts.columns if c not in ("period_start", "period_end")]
    figures = ["cohort", "counted", "cohort_mature", "counted_mature", "excluded", "cohort_young"]
    groups = [c for c in kept if c not in figures]
    added = counts.group_by(groups, maintain_order=True).agg(pl.col(figures).sum())
    return _rated(added.select(kept).sort(groups, nulls_last=True), p, is_total=True)


def _rated(counts: pl.DataFrame, p: Plan, *, is_total: bool = False) -> pl.DataFrame:
    """Counts with their rates over the plan's basis; young periods have none."""
    ending = "_mature" if p.basis == "mature" else ""
    groups = [c for c in counts.columns if c in DIMENSIONS or c in ("period_start", "period_end")]
    has_periods = p.request.period != "none" and not is_total
    before = (
        pl.col(f"counted{ending}").shift(1).over(groups, order_by="stage_no")
        if groups
        else (pl.col(f"counted{ending}").shift(1))
    )
    frame = counts.with_columns(step_of=before)
    rates: dict[str, list[float | None]] = {name: [] for name in _RATES}
    for counted, cohort, step_of in frame.select(f"counted{ending}", f"cohort{ending}", "step_of").iter_rows():
        for part, of in (("overall", cohort), ("step", step_of)):
            interval = wilson(counted, of) if of else None
            rates[part].append(rate(counted, of) if of else None)
            rates[f"{part}_low"].append(None if interval is None else interval.low)
            rates[f"{part}_high"].append(None if interval is None else interval.high)
    frame = frame.with_columns(pl.Series(name, values, pl.Float64) for name, values in rates.items())
    if has_periods:
        is_mature = pl.col("cohort_young") == 0 if p.window_us is not None else pl.lit(None, pl.Boolean)
        frame = frame.with_columns(is_mature=is_mature)
    if p.window_us is None:
        nothing = pl.lit(None, pl.Int64)
        frame = frame.with_columns(cohort_mature=nothing, counted_mature=nothing, cohort_young=nothing)
    return frame.drop("step_of")
