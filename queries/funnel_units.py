"""The units of a funnel as SQL: who is in the cohort, when each stage came about, how deep it counted."""

from __future__ import annotations

from collections.abc import Callable

from data_contracts.sql_names import quote_ident
from queries.dimensions import DIMENSIONS, of_table, predicates, selected
from queries.funnel_request import Plan
from queries.statement import Statement, indent, template

_LENGTH = {
    "day": "interval 1 day",
    "week": "interval 7 days",
    "month": "interval 1 month",
    "quarter": "interval 3 months",
}
# What an opportunity is a member of. One without a customer stands for itself.
_MEMBER_OF = {
    "customer": "coalesce('customer ' || p.customer_id, 'opportunity ' || p.opportunity_id)",
    "rep_customer": "coalesce('customer ' || p.customer_id || chr(31) || coalesce('rep ' || p.owner_id, ''),"
    " 'opportunity ' || p.opportunity_id)",
}
# Past any instant that data can hold: 2260-01-01, in epoch microseconds.
NEVER_US = 9_151_488_000_000_000


def units(plan: Plan, statement: Statement) -> str:
    """The common table expressions up to `unit`: one row per unit of the cohort."""
    request = plan.request
    before = [_excluded(plan, statement, number) for number in range(len(request.exclusions))]
    has_period = request.period != "none"
    if has_period:
        before.append(_periods(plan, statement))
    excluded = " or ".join(f"{_unit(plan)} in (from excluded_{n})" for n in range(len(request.exclusions)))
    return template(
        "funnel_units",
        path=_paths(plan, statement) if request.unit == "opportunity" else _members(plan, statement),
        before="".join(f"{piece},\n" for piece in before),
        excluded=excluded or "false",
        period="\n    period.period_start, period.period_end," if has_period else "",
        join_period=" join period on period.bucket = path.entry_us // 900000000" if has_period else "",
        depth=_depth(plan, statement),
        mature=_mature(plan, statement),
    )


def _paths(plan: Plan, statement: Statement) -> str:
    """The opportunities of the cohort, one row each: the units, or what the units are made of."""
    request = plan.request
    column, joins = _dimension_source(plan)
    entry = f"epoch_us(p.reached_at[{plan.first}])"
    where = [f"p.reached_at[{plan.first}] is not null"] if plan.first > 1 else []
    where += predicates(statement, request.filters, column)
    columns = [
        "p.opportunity_key",
        "p.opportunity_id",
        f"{entry} as entry_us",
        "case when p.outcome <> 'open' then epoch_us(p.outcome_at) end as closed_us",
        *(f"{_time(plan, k)} as t_{k}" for k in plan.stages),
        *(f"epoch_us(p.reached_at[{k}]) as reached_{k}" for k in _exclusion_stages(plan)),
        *selected(request.by, column),
    ]
    if request.unit == "opportunity":
        where += _in_range(plan, statement, entry)
    else:
        columns.append(f"{_MEMBER_OF[request.unit]} as member_of")
    return template(
        "funnel_paths",
        alias="path" if request.unit == "opportunity" else "member",
        columns=indent(columns),
        joins=joins,
        where=indent(where or ["true"], " and"),
    )


def _members(plan: Plan, statement: Statement) -> str:
    """Units of several opportunities: their times are the earliest, their values those of the first to enter."""
    times = [f"t_{k}" for k in plan.stages]
    came_furthest = f"(len(list_filter([{', '.join(times)}], lambda t: t is not null)), -entry_us, -opportunity_key)"
    columns = [
        "member_of",
        *(f"arg_max({name}, {came_furthest}) as {name}" for name in ("opportunity_key", "opportunity_id")),
        "case when bool_and(closed_us is not null) then max(closed_us) end as closed_us",
        *(f"min({name}) as {name}" for name in ["entry_us", *times]),
        *(f"min(reached_{k}) as reached_{k}" for k in _exclusion_stages(plan)),
        *(f"first({n} order by entry_us, opportunity_key) as {n}" for n in _dimension_names(plan)),
    ]
    return template(
        "funnel_members",
        members=_paths(plan, statement),
        columns=indent(columns),
        having=indent(_in_range(plan, statement, "min(entry_us)") or ["true"], " and"),
    )


def _in_range(plan: Plan, statement: Statement, entry: str) -> list[str]:
    """The cohort's range as predicates over an entry in epoch microseconds."""
    bounds = ((">=", plan.from_us), ("<", plan.to_us))
    return [f"{entry} {sign} {statement.bind(bound)}" for sign, bound in bounds if bound is not None]


def _unit(plan: Plan) -> str:
    """The column that tells units apart."""
    return "opportunity_key" if plan.request.unit == "opportunity" else "member_of"


def group_keys(plan: Plan) -> list[str]:
    """Columns that tell the groups of an answer apart."""
    own = [] if plan.request.period == "none" else ["period_start", "period_end"]
    return own + [quote_ident(dimension) for dimension in plan.request.by]


def _dimension_names(plan: Plan) -> list[str]:
    return [*(quote_ident(d) for d in plan.request.by), *label_keys(plan)]


def label_keys(plan: Plan) -> list[str]:
    """Columns that only name the groups."""
    return [quote_ident(f"{d}_label") for d in plan.request.by if DIMENSIONS[d] != d]


def _dimension_source(plan: Plan) -> tuple[Callable[[str], str], str]:
    """A dimension's expression, and the joins it needs: the value at entry, or the current one."""
    if plan.request.dimension_time == "current":
        return of_table("s"), "left join marts.opportunity_state s on s.opportunity_key = p.opportunity_key"
    if plan.first == 1:
        return of_table("p"), ""
    joins = (
        "asof left join marts.stage_spells z on z.opportunity_key = p.opportunity_key"
        f" and z.entered_at <= p.reached_at[{plan.first}]"
    )
    return lambda name: f"case when z.spell_no is null then p.{quote_ident(name)} else z.{quote_ident(name)} end", joins


def _time(plan: Plan, stage_no: int) -> str:
    if plan.request.meaning == "reached":
        return f"epoch_us(p.reached_at[{stage_no}])"
    if plan.request.meaning == "observed":
        return f"epoch_us(p.observed_at[{stage_no}])"
    return f"case when p.is_direct[{stage_no}] then epoch_us(p.observed_at[{stage_no}]) end"


def _depth(plan: Plan, statement: Statement) -> str:
    """The furthest stage that counted. What counts at a stage counted at each before it, so one number says all."""
    window = "" if plan.window_us is None else statement.bind(plan.window_us)
    cases = []
    for k in reversed(plan.stages):
        conditions = [f"t_{k} - entry_us <= {window}" if window else f"t_{k} is not null"]
        conditions += [f"t_{j} - t_{j - 1} <= {statement.bind(us)}" for j, us in plan.step_us.items() if j <= k]
        cases.append(f"when {' and '.join(conditions)} then {k}")
    return f"case {indent(cases, '', 9)} else 0 end"


def _mature(plan: Plan, statement: Statement) -> str:
    if plan.window_us is None:
        return "false"
    last = "entry_us" if plan.request.period == "none" else "period.last_us"
    return f"{last} + {statement.bind(plan.window_us)} <= {statement.bind(plan.as_of_us)}"


def _periods(plan: Plan, statement: Statement) -> str:
    return template(
        "funnel_periods",
        unit=statement.bind(plan.request.period),
        length=_LENGTH[plan.request.period],
        entry=str(plan.first),
        cut=statement.bind(NEVER_US if plan.to_us is None else plan.to_us),
    )


def _exclusion_stages(plan: Plan) -> list[int]:
    """Numbers of the stages between which something excludes."""
    named = {stage for e in plan.request.exclusions for stage in (e.after, e.before)}
    return sorted(plan.process.stage(stage).stage_no for stage in named)


def _excluded(plan: Plan, statement: Statement, number: int) -> str:
    """The units with the event of one exclusion after one stage was reached and before another was."""
    exclusion = plan.request.exclusions[number]
    after, before = (plan.process.stage(stage).stage_no for stage in (exclusion.after, exclusion.before))
    window = ""
    if plan.window_us is not None:
        window = f"\n    and epoch_us(x.occurred_at) - path.entry_us <= {statement.bind(plan.window_us)}"
    is_own = plan.request.unit == "opportunity"
    return template(
        "funnel_excluded",
        alias=f"excluded_{number}",
        unit=f"path.{_unit(plan)}",
        joins="join path using (opportunity_key)"
        if is_own
        else "join member using (opportunity_key) join path on path.member_of = member.member_of",
        record=statement.bind(exclusion.record),
        what=statement.bind(exclusion.what),
        after=f"reached_{after}",
        until=f"reached_{before}",
        window=window,
    )
