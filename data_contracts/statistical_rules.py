"""The two rules of a contract that compare a table with its own past: its volume, and the shares of its values.

Both are declared in a contract as `type: custom, engine: stagewatch` and are SQL here, over `checked`, which stands
for the table. Both look back from `as_of`, and say nothing where there is too little to compare.

- **volume**, with `at`: the rows of the last 7 days against what the trailing weeks would give for as many
  working days (so that a holiday is no alarm): the median over those weeks of rows a working day. Without `at`:
  the table's rows against the median of the runs as of the trailing weeks (`ops.contract_runs`, handed over as
  the variable `earlier_rows`, a map of table and rows).
- **drift**: the population stability index of a column between the last weeks and those before,
  sum((now - before) ln(now / before)) over its values, or over bins of equal share before for a number.
  Half a row is added to every count, so that a value that is new or gone counts and divides by nothing.
  Usual reading: below 0.1 the same, above 0.25 another distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_contracts.sql_names import quote_ident, quote_literal

EARLIER_ROWS = "earlier_rows"
FEWEST_WEEKS = 4
FEWEST_WORKING_DAYS = 2


def volume_query(table: str, arguments: Mapping[str, Any]) -> str:
    """One row where `table` (schema.name) has too few or too many rows; else none."""
    low, high, least = arguments["low"], arguments["high"], arguments["leastRows"]
    is_unusual = f"usual_rows >= {least:g} and rows not between {low:g} * usual_rows and {high:g} * usual_rows"
    if "at" not in arguments:
        return f"""
            select rows, usual_rows from (
              select count(*) as rows,
                     cast(getvariable('{EARLIER_ROWS}') as map(varchar, double))[{quote_literal(table)}] as usual_rows
              from checked
            ) where {is_unusual}"""
    at, weeks = quote_ident(arguments["at"]), int(arguments["weeks"])
    return f"""
        select rows, usual_rows, working_days from (
          with as_of as (select getvariable('as_of')::timestamptz as instant),
          recent as (
            select floor((epoch(a.instant) - epoch(c.{at}::timestamptz)) / 604800)::integer as weeks_ago,
                   min(c.{at}::timestamptz) as earliest, count(*) as rows
            from checked c, as_of a where c.{at}::timestamptz <= a.instant group by all
          ),
          weeks as (
            select r.k as weeks_ago, coalesce(n.rows, 0) as rows,
                   working_clock(a.instant - to_days(7 * r.k::integer))
                   - working_clock(a.instant - to_days(7 * r.k::integer + 7)) as working_days,
                   a.instant - to_days(7 * r.k::integer + 7) >= (select min(m.earliest) from recent m) as is_whole
            from as_of a, range({weeks + 1}) r(k) left join recent n on n.weeks_ago = r.k
          ),
          usual as (
            select median(w.rows / w.working_days) as pace from weeks w
            where w.weeks_ago > 0 and w.is_whole and w.working_days >= {FEWEST_WORKING_DAYS}
            having count(*) >= {FEWEST_WEEKS}
          )
          select w.rows, round(u.pace * w.working_days, 1) as usual_rows, round(w.working_days, 2) as working_days
          from weeks w, usual u where w.weeks_ago = 0 and w.working_days >= {FEWEST_WORKING_DAYS}
        ) where {is_unusual}"""


def drift_query(column: str, arguments: Mapping[str, Any]) -> str:
    """The values (or bins) of `column` with their shares and parts of the index, largest part first, where the
    index is above the threshold; else none."""
    at, name = quote_ident(arguments["at"]), quote_ident(column)
    weeks, before, least = int(arguments["weeks"]), int(arguments["weeksBefore"]), arguments["leastRows"]
    bins = arguments.get("bins")
    value, edges = f"p.{name}::varchar", "select null as edges"
    if bins:
        quantiles = ", ".join(f"{k / bins:.6g}" for k in range(1, bins))
        edges = f"select list_distinct(quantile_disc({name}, [{quantiles}])) as edges from parted where not is_now"
        value = (
            f"if(p.{name} is null, null, (select count(*) from unnest(e.edges) x(edge) where x.edge < p.{name}))"
            "::varchar"
        )
    return f"""
        select value, share_before, share_now, part, index from (
          with as_of as (select getvariable('as_of')::timestamptz as instant),
          parted as (
            select c.{name}, c.{at}::timestamptz > a.instant - to_days({7 * weeks}) as is_now
            from checked c, as_of a
            where c.{at}::timestamptz <= a.instant
              and c.{at}::timestamptz > a.instant - to_days({7 * (weeks + before)})
          ),
          edges as ({edges}),
          counted as (
            select {value} as value, count(*) filter (p.is_now) as now, count(*) filter (not p.is_now) as before
            from parted p, edges e group by all
          ),
          shares as (
            select value, sum(now) over () as rows_now, sum(before) over () as rows_before,
                   (before + 0.5) / (rows_before + 0.5 * count(*) over ()) as share_before,
                   (now + 0.5) / (rows_now + 0.5 * count(*) over ()) as share_now
            from counted
          )
          select value, round(share_before, 4) as share_before, round(share_now, 4) as share_now,
                 round((share_now - share_before) * ln(share_now / share_before), 4) as part,
                 round(sum((share_now - share_before) * ln(share_now / share_before)) over (), 4) as index
          from shares where rows_now >= {least:g} and rows_before >= {least:g}
        ) where index > {arguments["index"]:g} order by part desc, value"""
