"""The units of a funnel as SQL: who is in the cohort, when each stage came about, how deep it counted."""

from __future__ import annotations

from collections.abc import Callable

from data_contracts.sql_names import quote_ident
from queries.dimensions import DIMENSIONS, of_table, predicates, selected
from queries.funnel_request import Exclusion, Plan
from queries.statement import Statement, indent, template

_LENGTH = {
    "day": "interval 1 day",
    "week": "interval 7 days",
    "month": "interval 1 month",
    "quarter": "interval 3 months",
}
_PARTITION = {
    "customer": "customer_id, case when customer_id is null then opportunity_key end",
    "rep_customer": "unit_owner_id, customer_id, case when customer_id is null then opportunity_key end",
}
# Past any instant that data can hold: 2260-01-01, in epoch microseconds.
NEVER_US = 9_151_488_000_000_000


def units(plan: Plan, statement: Statement) -> str:
    """The common table expressions up to `unit`: one row per unit of the cohort."""
    request = plan.request
    column, joins = _dimension_source(plan)
    entry = f"epoch_us(p.reached_at[{plan.first}])"
    where = [f"p.reached_at[{plan.first}] is not null"] if plan.first > 1 else []
    where += [f"{entry} >= {statement.bind(plan.from_us)}"] if plan.from_us is not None else []
    where += [f"{entry} < {statement.bind(plan.to_us)}"] if plan.to_us is not None else []
    where += predicates(statement, request.filters, column)
    before = [_exclusion(statement, plan, e, f"excluded_{n}") for n, e in enumerate(request.exclusions)]
    excluded = " or ".join(f"p.opportunity_key in (from excluded_{n})" for n in range(len(before)))
    columns = [
        "p.opportunity_key",
        "p.opportunity_id",
        f"{entry} as entry_us",
        "case when p.outcome <> 'open' then epoch_us(p.outcome_at) end as closed_us",
        *(f"{_time(plan, k)} as t_{k}" for k in plan.stages),
        f"{excluded or 'false'} as is_excluded",
        *selected(request.by, column),
    ]
    if request.unit != "opportunity":
        columns += ["p.customer_id", "p.owner_id as unit_owner_id"]
    has_period = request.period != "none"
    if has_period:
        before.append(_periods(plan, statement))
    return template(
        "funnel_units",
        before="".join(f"{piece},\n" for piece in before),
        columns=indent(columns),
        joins=joins,
        where=indent(where or ["true"], " and"),
        period="\n    period.period_start, period.period_end," if has_period else "",
        join_period=" join period on period.bucket = path.entry_us // 900000000" if has_period else "",
        depth=_depth(plan, statement),
        mature=_mature(plan, statement),
        one_per_unit=_one_per_unit(plan),
    )


def group_keys(plan: Plan) -> list[str]:
    """Columns that tell the groups of an answer apart."""
    own = [] if plan.request.period == "none" else ["period_start", "period_end"]
    return own + [quote_ident(dimension) for dimension in plan.request.by]


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
        conditions += [
            f"t_{j} - {_previous(plan, j)} <= {statement.bind(us)}" for j, us in plan.step_us.items() if j <= k
        ]
        cases.append(f"when {' and '.join(conditions)} then {k}")
    return f"case {indent(cases, '', 9)} else 0 end"


def _previous(plan: Plan, stage_no: int) -> str:
    return "entry_us" if stage_no - 1 <= plan.first else f"t_{stage_no - 1}"


def _mature(plan: Plan, statement: Statement) -> str:
    if plan.window_us is None:
        return "false"
    last = "entry_us" if plan.request.period == "none" else "period.last_us"
    return f"{last} + {statement.bind(plan.window_us)} <= {statement.bind(plan.as_of_us)}"


def _one_per_unit(plan: Plan) -> str:
    if plan.request.unit == "opportunity":
        return ""
    partition = _PARTITION[plan.request.unit]
    order = "depth desc, entry_us, opportunity_key"
    return f"\n  qualify row_number() over (partition by {partition} order by {order}) = 1"


def _periods(plan: Plan, statement: Statement) -> str:
    return template(
        "funnel_periods",
        unit=statement.bind(plan.request.period),
        length=_LENGTH[plan.request.period],
        entry=str(plan.first),
        cut=statement.bind(NEVER_US if plan.to_us is None else plan.to_us),
    )


def _exclusion(statement: Statement, plan: Plan, exclusion: Exclusion, name: str) -> str:
    after, before = (plan.process.stage(stage).stage_no for stage in (exclusion.after, exclusion.before))
    window = ""
    if plan.window_us is not None:
        entry = f"epoch_us(p.reached_at[{plan.first}])"
        window = f"\n    and epoch_us(x.occurred_at) - {entry} <= {statement.bind(plan.window_us)}"
    return (
        f"{name} as (\n"
        "  select distinct x.opportunity_key\n"
        "  from marts.opportunity_timeline x join marts.funnel_paths p using (opportunity_key)\n"
        f"  where x.record = {statement.bind(exclusion.record)} and x.what = {statement.bind(exclusion.what)}\n"
        f"    and x.occurred_at > p.reached_at[{after}]\n"
        f"    and coalesce(x.occurred_at < p.reached_at[{before}], true){window}\n"
        ")"
    )
