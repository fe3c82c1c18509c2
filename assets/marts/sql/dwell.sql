-- dwell: how long spells last, by stage and dimension.
-- Grain: one row per dimension, value and stage with a spell. Keys: dimension, value, stage_no.
--   value null is unknown (and for dimension all).
-- Meaning: of `dwell_days` of single spells (an opportunity's total in a stage is `stage_days`). mean, median
--   and p90 are of the completed alone, whatever their exit, quantiles interpolated linearly; open spells are
--   never averaged as if closed. The Kaplan-Meier median uses both: an open spell counts as at risk until the
--   as-of time. Risk sets are summed at each distinct time; the median is the first time at which survival is
--   one half or less, its 95% interval where the log-log (exponential Greenwood) bounds are; null where they
--   stay above. Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 1.4.
--   Time to advance is of the spells that ended in a later stage or a win.
create or replace table marts.dwell as
with spells as (
  select
    stage_no, region, city, product_line, channel, owner_id,
    dwell_days, dwell_business_days, is_censored, is_overrun,
    exit in ('advanced', 'skipped_ahead', 'won') as is_advance
  from marts.stage_spells
),
statistics as (
  select
    stage_no,
    case
      when grouping(region) = 0 then 'region'
      when grouping(city) = 0 then 'city'
      when grouping(product_line) = 0 then 'product_line'
      when grouping(channel) = 0 then 'channel'
      when grouping(owner_id) = 0 then 'owner_id'
      else 'all'
    end as dimension,
    coalesce(region, city, product_line, channel, owner_id) as value,
    count(*) as spells,
    count(*) filter (not is_censored) as completed,
    count(*) filter (is_censored) as censored,
    avg(dwell_days) filter (not is_censored) as mean_days,
    quantile_cont(dwell_days, [0.5, 0.9]) filter (not is_censored) as quantiles,
    median(dwell_business_days) filter (not is_censored) as median_business_days,
    count(*) filter (is_advance) as advanced,
    median(dwell_days) filter (is_advance) as median_days_to_advance,
    count(*) filter (is_overrun) as overrun,
    count(*) filter (is_overrun and is_censored) as overrun_open
  from spells
  group by stage_no, grouping sets ((region), (city), (product_line), (channel), (owner_id), ())
),
times as (
  select
    stage_no,
    case
      when grouping(region) = 0 then 'region'
      when grouping(city) = 0 then 'city'
      when grouping(product_line) = 0 then 'product_line'
      when grouping(channel) = 0 then 'channel'
      when grouping(owner_id) = 0 then 'owner_id'
      else 'all'
    end as dimension,
    coalesce(region, city, product_line, channel, owner_id) as value,
    dwell_days,
    count(*) as spells,
    count(*) filter (not is_censored) as ends
  from spells
  group by stage_no, dwell_days, grouping sets ((region), (city), (product_line), (channel), (owner_id), ())
),
risk_sets as (
  select
    stage_no, dimension, value, dwell_days, ends,
    sum(spells) over (
      partition by dimension, value, stage_no
      order by dwell_days rows between current row and unbounded following) as at_risk
  from times
),
curves as (
  select
    stage_no, dimension, value, dwell_days,
    product(1 - ends / at_risk) over following as survival,
    -- infinite once nobody is left, where survival is 0 and so are both bounds
    sum(case when at_risk > ends then ends / (at_risk * (at_risk - ends)) end) over following as variance
  from risk_sets
  where ends > 0
  window following as (
    partition by dimension, value, stage_no order by dwell_days rows between unbounded preceding and current row)
),
medians as (
  select
    stage_no, dimension, value,
    -- the margin forgives the rounding of a product that is exactly one half
    min(dwell_days) filter (survival <= 0.5 + 1e-12) as km_median_days,
    min(dwell_days) filter (
      survival = 0 or pow(survival, exp(1.959963984540054 * sqrt(variance) / -ln(survival))) <= 0.5) as km_median_low,
    min(dwell_days) filter (
      survival = 0 or pow(survival, exp(1.959963984540054 * sqrt(variance) / ln(survival))) <= 0.5) as km_median_high
  from curves
  group by stage_no, dimension, value
)
select
  t.dimension,
  t.value,
  t.stage_no,
  s.stage,
  t.spells,
  t.completed,
  t.censored,
  t.mean_days,
  t.quantiles[1] as median_days,
  t.quantiles[2] as p90_days,
  t.median_business_days,
  m.km_median_days,
  m.km_median_low,
  m.km_median_high,
  t.advanced,
  t.median_days_to_advance,
  t.overrun,
  t.overrun_open,
  case when s.sla_days is not null then t.overrun / t.spells end as overrun_share
from statistics t
join ref.stages s on s.stage_no = t.stage_no
left join medians m
  on m.stage_no = t.stage_no and m.dimension = t.dimension and m.value is not distinct from t.value
order by t.dimension, t.value nulls last, t.stage_no
