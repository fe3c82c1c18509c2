"""What is told: a chunk's reports on the paper route as facts, one a customer and interaction.

A visit report is a fact; the first visit done on a day carries the day's move, actions and contract of its
opportunity, which stand alone where no visit is reported. Days count from the company's first day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.organisation import People
from simulation.records import ACTIONS, STATUSES, Desk, Quotation
from simulation.render import KIND_NAMES, Renderer
from simulation.timeline import DAY, ENTER_LAST, KINDS, LOST_EVENT, LOST_REASONS, REOPENED_EVENT, WON_EVENT, Timeline

Ints = NDArray[np.int64]
EVENTS = {WON_EVENT: "won", LOST_EVENT: "lost", REOPENED_EVENT: "reopened"}
QUOTED = 3  # the stage in which an amount is named
# Actions (places in records.ACTIONS) that a note can tell of, by the names of note_facts.
NOTED = {2: "会议纪要", 3: "技术对接会", 5: "样品试用", 6: "报价单", 7: "账期审批", 8: "客户签字确认单", 9: "合同"}
SCHEMA = {
    "office": pl.Int64, "rep": pl.Int64, "customer_id": pl.String, "customer_name": pl.String,
    "opportunity_id": pl.String, "visit_id": pl.String, "day": pl.Int64, "t": pl.Int64, "kind": pl.String,
    "status": pl.String, "plan_day": pl.Int64, "to_day": pl.Int64, "stage": pl.Int64, "event": pl.String,
    "reason": pl.String, "actions": pl.Int64, "missing": pl.Int64, "amount": pl.Float64, "contract": pl.String,
    "rival": pl.Boolean, "stalled": pl.Boolean, "next_day": pl.Int64, "next_kind": pl.String,
}  # fmt: skip


@dataclass(slots=True)
class Fact:
    """One fact as it was. `actions`, `missing`: places in records.ACTIONS; days are numbers; None: there is none."""

    office: int
    rep: int
    customer_id: str
    customer_name: str
    opportunity_id: str | None
    visit_id: str | None
    day: int
    t: int
    kind: str | None
    status: str | None
    plan_day: int | None
    to_day: int | None
    stage: int | None
    event: str | None
    reason: str | None
    actions: tuple[int, ...]
    missing: tuple[int, ...]
    amount: float | None
    contract: str | None
    rival: bool
    stalled: bool
    next_day: int | None
    next_kind: str | None

    @property
    def is_sayable(self) -> bool:
        """Whether words have anything to tell: an action that only a table's column knows is passed over."""
        return bool(
            self.status
            or self.event
            or self.stage is not None
            or self.contract
            or any(place in NOTED for place in self.actions)
        )


def told_facts(
    desk: Desk,
    r: Renderer,
    told: Timeline,
    quotation: Quotation,
    visits: pl.DataFrame,
    stages: pl.DataFrame,
    deeds: pl.DataFrame,
    signings: pl.DataFrame,
) -> pl.DataFrame:
    """One row per fact of the reports given (frames of `records`), as SCHEMA."""
    key = ["opp", "day", "owner"]
    extras = (
        _moves(stages)
        .join(_actions(deeds), on=key, how="full", coalesce=True)
        .join(_contracts(r, signings), on=key, how="full", coalesce=True)
    )
    quoted = pl.Series("_quoted", quotation.amount)
    extras = extras.with_columns(
        t=pl.max_horizontal("t", "t_action", "t_signed"),
        amount=pl.coalesce("amount", pl.when(pl.col("stage") == QUOTED).then(quoted.gather(extras["opp"]))),
    )
    seen = _visits(desk, told, visits)
    carries = (pl.col("status") == "done") & (pl.int_range(pl.len()).over("opp", "day", "owner", "status") == 0)
    seen = seen.with_columns(_carries=carries)
    carried = extras.join(seen.filter("_carries").select(key), on=key, how="semi")
    alone = extras.join(carried.select(key), on=key, how="anti")
    rows = seen.join(
        carried.with_columns(_carries=pl.lit(True)).drop("t"), on=[*key, "_carries"], how="left", maintain_order="left"
    )
    rows = pl.concat([rows, alone], how="diagonal").sort("t", "opp", maintain_order=True)
    opp = rows["opp"].to_numpy()
    rows = rows.with_columns(
        office=pl.Series(desk.people.office[desk.opp.rep[opp]]),
        rep="owner",
        customer_id=r.customers.gather(opp),
        customer_name=r.names.gather(opp),
        opportunity_id=r.ids.gather(opp),
    )
    return _shaped(rows)


def routine_facts(people: People, rounds: pl.DataFrame, start: np.datetime64) -> pl.DataFrame:
    """The rounds to customers without an opportunity (rows of the clerk's table), as SCHEMA."""
    rep = rounds["工号"].str.slice(2).cast(pl.Int64) - 1
    day = (rounds["日期"].str.to_date("%Y/%m/%d").to_numpy().astype("datetime64[D]") - start).astype(np.int64)
    kinds = {name: code for code, name in KIND_NAMES.items()}
    return _shaped(
        pl.DataFrame(
            {
                "office": people.office[rep.to_numpy()],
                "rep": rep,
                "customer_id": rounds["客户编号"],
                "customer_name": rounds["客户名称"],
                "visit_id": rounds["编号"],
                "day": day,
                "t": day * DAY + 15 * 3600,
                "kind": rounds["方式"].replace_strict(kinds, return_dtype=pl.String),
            }
        ).with_columns(status=pl.lit("done"))
    )


def as_facts(rows: pl.DataFrame) -> list[Fact]:
    """The rows (as SCHEMA) as objects."""
    made = []
    for row in rows.select(list(SCHEMA)).iter_rows():
        fact = Fact(*row)
        fact.actions, fact.missing = _places(row[15]), _places(row[16])
        made.append(fact)
    return made


def _places(mask: int | None) -> tuple[int, ...]:
    return tuple(place for place in range(len(ACTIONS)) if mask and mask >> place & 1)


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    blank = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name not in rows.columns]
    return rows.with_columns(blank).select([pl.col(name).cast(kind) for name, kind in SCHEMA.items()])


def _day(column: str) -> pl.Expr:
    return pl.when(pl.col(column) >= 0).then(pl.col(column) // DAY)


def _visits(desk: Desk, told: Timeline, visits: pl.DataFrame) -> pl.DataFrame:
    """One row per report on a visit; one that was done knows the visit arranged next and what is missing then."""
    v = told.visits
    order = np.lexsort((v.t, v.opp))
    after = np.append(order[1:], order[-1:])
    follows = (v.opp[after] == v.opp[order]) & (v.plan[after] // DAY > v.t[order] // DAY)
    following = pl.DataFrame(
        {
            "opp": v.opp[order],
            "number": v.number[order],
            "next_day": np.where(follows, v.plan[after] // DAY, -1),
            "next_kind": pl.Series(KINDS).gather(v.kind[after]),
        }
    )
    rows = visits.join(following, on=["opp", "number"], how="left", maintain_order="left")
    is_done, is_plan = pl.col("status") == 1, pl.col("status") == 0
    plan = pl.col("plan") // DAY
    rows = rows.with_columns(
        day=pl.col("t") // DAY,
        next_day=pl.when(is_plan).then(plan).when(is_done & (pl.col("next_day") >= 0)).then("next_day"),
        next_kind=pl.when(is_plan)
        .then(pl.Series(KINDS).gather(visits["kind"]))
        .when(is_done & (pl.col("next_day") >= 0))
        .then("next_kind"),
        missing=pl.when(is_done).then(pl.Series(_still_missing(desk, told, visits))),
        plan_day=_day("plan"),
        to_day=_day("to"),
        visit_id="BF"
        + pl.Series(desk.opp.number[visits["opp"].to_numpy()] + 1).cast(pl.String).str.zfill(8)
        + pl.col("number").cast(pl.String).str.zfill(3),
    )
    # A plan is told where it is still ahead; a plan of the same day is the visit itself.
    rows = rows.filter(~is_plan | (pl.col("next_day") > pl.col("day")))
    return rows.select(
        *("opp", "owner", "day", "t", "visit_id", "plan_day", "to_day", "missing", "next_day", "next_kind"),
        kind=pl.Series(KINDS).gather(rows["kind"]),
        status=pl.Series(STATUSES).gather(rows["status"]),
        rival="rival",
        stalled="stalled",
    )


def _still_missing(desk: Desk, told: Timeline, visits: pl.DataFrame) -> Ints:
    """For each visit the actions of its stage that are not done a week later either, as a mask."""
    stage = visits["stage"].to_numpy()
    of_stage = np.asarray(
        [sum(1 << a for a, (_, s, _) in enumerate(ACTIONS) if s == k and a in NOTED) for k in range(5)]
    )
    mask = of_stage[np.minimum(stage, 4)]
    # The technical meeting is known from the visits, whoever reports it.
    met = np.full(len(desk.opp), np.iinfo(np.int64).max)
    meetings = (told.visits.kind == 3) & (told.visits.end == 0)
    np.minimum.at(met, told.visits.opp[meetings], told.visits.t[meetings])
    has_met = met[visits["opp"].to_numpy()] <= visits["t"].to_numpy()
    half = told.half_at[visits["opp"].to_numpy(), np.minimum(stage, 4)]
    # Actions are mostly done about when the first half of the stage is: missing is what lies well before it.
    early = (half < 0) | (half > visits["t"].to_numpy() + 7 * DAY)
    mask = np.where(early, mask, 0)
    return np.where(has_met, mask & ~(1 << 3), mask)


def _moves(stages: pl.DataFrame) -> pl.DataFrame:
    """By opportunity and day: the last stage entered and how it ended."""
    enters = pl.col("code") <= ENTER_LAST
    ends = ~enters
    return (
        stages.with_columns(day=pl.col("t") // DAY)
        .group_by("opp", "day", "owner", maintain_order=True)
        .agg(
            t=pl.col("t").max(),
            stage=pl.when(enters).then("code").drop_nulls().last(),
            code=pl.when(ends).then("code").drop_nulls().last(),
            detail=pl.when(pl.col("code") == LOST_EVENT).then("detail").drop_nulls().last(),
        )
        .with_columns(
            event=pl.col("code").replace_strict(EVENTS, default=None, return_dtype=pl.String),
            reason=pl.col("detail").replace_strict(dict(enumerate(LOST_REASONS)), default=None, return_dtype=pl.String),
        )
        .drop("code", "detail")
    )


def _actions(deeds: pl.DataFrame) -> pl.DataFrame:
    """By opportunity and day: the actions done, as a mask."""
    return (
        deeds.filter(~pl.col("is_waived"))
        .with_columns(day=pl.col("t") // DAY, bit=pl.lit(2, pl.Int64).pow(pl.col("action")))
        .group_by("opp", "day", "owner", maintain_order=True)
        .agg(t_action=pl.col("t").max(), actions=pl.col("bit").unique().sum().cast(pl.Int64))
    )


def _contracts(r: Renderer, signings: pl.DataFrame) -> pl.DataFrame:
    """By opportunity and day: the amount signed and its contract."""
    columns = {name: signings[name].to_numpy() for name in ("opp", "number")}
    return (
        signings.with_columns(day=pl.col("t") // DAY, contract=r.contracts(columns))
        .group_by("opp", "day", "owner", maintain_order=True)
        .agg(t_signed=pl.col("t").max(), amount=pl.col("amount").sum(), contract=pl.col("contract").first())
    )
