-- How long spells last, per stage and break-down. Mean, median, p75 and p90 are of the spells that were left,
-- whatever the exit; the Kaplan-Meier median uses the open ones too, as censored at the as-of time, with risk
-- sets summed at each distinct time and log-log (exponential Greenwood) 95% bounds.
with spell as (
  select {{ columns }}z.stage_no, {{ days }} as days, z.is_censored, z.is_overrun,
    z.exit in ('advanced', 'skipped_ahead', 'won') as is_advance,
    greatest(case z.sla_clock when 'business' then z.dwell_business_days else z.dwell_days end - z.sla_days, 0)
      as days_lost
  from marts.stage_spells z
  where {{ where }}
),
plain as (
  select {{ labelled }}stage_no,
    count(*) as spells,
    count(*) filter (not is_censored) as completed,
    count(*) filter (is_censored) as censored,
    avg(days) filter (not is_censored) as mean_days,
    quantile_cont(days, [0.5, 0.75, 0.9]) filter (not is_censored) as quantiles,
    count(*) filter (is_advance) as advanced,
    median(days) filter (is_advance) as median_days_to_advance,
    count(*) filter (is_overrun) as overrun,
    count(*) filter (is_overrun and is_censored) as overrun_open,
    sum(days_lost) as days_lost
  from spell
  group by {{ keys }}stage_no
),
at_time as (
  select {{ keys }}stage_no, days, count(*) as units, count(*) filter (not is_censored) as ends
  from spell
  group by all
),
risk as (
  select *, sum(units) over (partition by {{ keys }}stage_no order by days desc) as at_risk from at_time
),
curve as (
  select *,
    product(1 - ends / at_risk) over past as survival,
    sum(case when at_risk > ends then ends / (at_risk * (at_risk - ends)) end) over past as variance
  from risk
  where ends > 0
  window past as (partition by {{ keys }}stage_no order by days rows between unbounded preceding and current row)
),
middle as (
  select {{ keys }}stage_no,
    -- the margin forgives the rounding of a product that is exactly one half
    min(days) filter (survival <= 0.5 + 1e-12) as km_median_days,
    min(days) filter (survival = 0 or pow(survival, exp({{ z }} * sqrt(variance) / -ln(survival))) <= 0.5)
      as km_median_low,
    min(days) filter (survival = 0 or pow(survival, exp({{ z }} * sqrt(variance) / ln(survival))) <= 0.5)
      as km_median_high
  from curve
  group by {{ keys }}stage_no
)
select {{ answer }}p.stage_no, s.stage, s.sla_days, s.sla_clock,
  p.spells, p.completed, p.censored, p.mean_days,
  p.quantiles[1] as median_days, p.quantiles[2] as p75_days, p.quantiles[3] as p90_days,
  m.km_median_days, m.km_median_low, m.km_median_high,
  p.advanced, p.median_days_to_advance, p.overrun, p.overrun_open,
  case when s.sla_days is not null then p.overrun / p.spells end as overrun_share,
  p.days_lost
from plain p
join ref.stages s on s.stage_no = p.stage_no
left join middle m on {{ same }}m.stage_no = p.stage_no
order by {{ order }}p.stage_no
