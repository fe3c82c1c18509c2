-- Kaplan-Meier: the share of spells still in the stage after so many days, with log-log 95% bounds.
-- Grain: one row per break-down and distinct time at which a spell was left.
with spell as (
  select {{ columns }}{{ days }} as days, z.is_censored
  from marts.stage_spells z
  where {{ where }}
),
at_time as (
  select {{ keys }}days, count(*) as units, count(*) filter (not is_censored) as ends
  from spell
  group by all
),
risk as (
  select *, sum(units) over ({{ partition }}order by days desc)::bigint as at_risk from at_time
),
curve as (
  select *,
    product(1 - ends / at_risk) over past as survival,
    sum(case when at_risk > ends then ends / (at_risk * (at_risk - ends)) end) over past as variance
  from risk
  where ends > 0
  window past as ({{ partition }}order by days rows between unbounded preceding and current row)
)
select {{ keys }}days, at_risk, ends, survival,
  case when survival in (0, 1) then survival
       else pow(survival, exp({{ z }} * sqrt(variance) / -ln(survival))) end as low,
  case when survival in (0, 1) then survival
       else pow(survival, exp({{ z }} * sqrt(variance) / ln(survival))) end as high
from curve
order by {{ keys }}days
