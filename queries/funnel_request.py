"""What may be asked of a funnel, and how a request is held against the process before it becomes SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from data_contracts.contract import load_contract
from data_contracts.errors import StagewatchError
from queries.dimensions import Dimension, Filter, Strict
from queries.process import Process, unknown

DAY_US = 86_400_000_000
Meaning = Literal["reached", "observed", "direct"]
Period = Literal["none", "day", "week", "month", "quarter"]
Unit = Literal["opportunity", "customer", "rep_customer"]
Days = Annotated[float, Field(gt=0, le=36_500)]
# Where the words of a timeline's `what` are promised; those of an action are the playbook's.
_WHAT = {"stage_events": "event", "visits": "status", "interventions": "action"}


class Exclusion(Strict):
    """Leave out units with this event after one stage was reached and before another was.

    `record` and `what` as in marts.opportunity_timeline: visits and no_show, stage_events and reopened.
    """

    record: Literal["stage_events", "visits", "interventions", "actions"]
    what: str
    after: str
    before: str

    @model_validator(mode="after")
    def _exists(self) -> Exclusion:
        if self.record in _WHAT:
            contract = load_contract("sources", self.record)
            rules = [r for r in contract.rules if r.column == _WHAT[self.record] and "validValues" in r.arguments]
            known = [str(value) for rule in rules for value in rule.arguments["validValues"]]
            if self.what not in known:
                raise unknown(f"{_WHAT[self.record]} of {self.record}", self.what, known)
        return self


class FunnelRequest(Strict):
    """A funnel. Defaults: all opportunities, from the first stage, reached, within the playbook's window.

    `cohort_from` is the first local day of the cohort, `cohort_to` the first day after it. `window_days` counts
    24 h days from the entry, null is no window; `step_windows` (stage: days) are counted from the stage before
    and hold for all later stages too. `dimension_time`: values in force at entry, or now. `basis`: only mature
    units enter the rates, or all so far; without a window nothing is ever mature, and rates are so far.
    `unit`: a customer, or a rep and customer, enters when the first of its opportunities does and is in a stage when
    the first of them is, so it stands in one cohort whatever came of it; an opportunity without a customer stands for
    itself. Filters choose the opportunities; a break-down uses the value of the first to enter.
    """

    meaning: Meaning = "reached"
    entry_stage: str | None = None
    window_days: Days | Literal["default"] | None = "default"
    step_windows: Mapping[str, Days] = Field(default_factory=dict)
    period: Period = "none"
    cohort_from: date | None = None
    cohort_to: date | None = None
    by: tuple[Dimension, ...] = ()
    dimension_time: Literal["entry", "current"] = "entry"
    filters: tuple[Filter, ...] = ()
    unit: Unit = "opportunity"
    exclusions: tuple[Exclusion, ...] = ()
    basis: Literal["mature", "so_far"] = "mature"

    @model_validator(mode="after")
    def _is_in_order(self) -> FunnelRequest:
        if self.cohort_from and self.cohort_to and self.cohort_from >= self.cohort_to:
            raise StagewatchError("the cohort's range is empty", remedy="cohort_to is the first day after the cohort")
        if len(set(self.by)) < len(self.by):
            raise StagewatchError("a break-down is named twice", remedy="name each dimension once")
        return self


@dataclass(frozen=True)
class Plan:
    """A request that the process can answer: stages as numbers, times as epoch microseconds."""

    request: FunnelRequest
    process: Process
    first: int
    last: int
    window_us: int | None
    step_us: Mapping[int, int]
    from_us: int | None
    to_us: int | None
    as_of_us: int

    @property
    def stages(self) -> range:
        """Numbers of the stages in the answer."""
        return range(self.first, self.last + 1)

    @property
    def window_days(self) -> float | None:
        return None if self.window_us is None else self.window_us / DAY_US

    @property
    def basis(self) -> Literal["mature", "so_far"]:
        """What enters the rates of the answer."""
        return "so_far" if self.window_us is None else self.request.basis


def plan(request: FunnelRequest, process: Process) -> Plan:
    """Hold a request against the process; raises StagewatchError for a stage that does not exist."""
    first = 1 if request.entry_stage is None else process.stage(request.entry_stage).stage_no
    window = process.default_window_days if request.window_days == "default" else request.window_days
    steps = {process.stage(stage).stage_no: round(days * DAY_US) for stage, days in request.step_windows.items()}
    for exclusion in request.exclusions:
        if process.stage(exclusion.after).stage_no >= process.stage(exclusion.before).stage_no:
            raise StagewatchError(
                f"{exclusion.before} is not after {exclusion.after}", remedy="name the stages in their order"
            )
    return Plan(
        request=request,
        process=process,
        first=first,
        last=len(process.stages),
        window_us=None if window is None else round(window * DAY_US),
        step_us={k: us for k, us in steps.items() if k > first},
        from_us=None if request.cohort_from is None else _epoch_us(process, request.cohort_from),
        to_us=None if request.cohort_to is None else _epoch_us(process, request.cohort_to),
        as_of_us=epoch_us(process.as_of),
    )


def _epoch_us(process: Process, day: date) -> int:
    return epoch_us(process.instant(day))


def epoch_us(instant: datetime) -> int:
    """Microseconds since 1970 of an aware instant, exact."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
