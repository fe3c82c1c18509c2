-- dwell: how long spells last, by stage and dimension.
-- Grain: one row per dimension, value and stage with a spell. Keys: dimension, value, stage_no.
--   value null is unknown (and for dimension all).
-- Meaning: of `dwell_days` of single spells (an opportunity's total in a stage is `stage_days`). mean, median
--   and p90 are of the completed alone, whatever their exit, quantiles interpolated linearly; open spells are
--   never averaged as if closed. The Kaplan-Meier median uses both: an open spell counts as at risk until the
--   as-of time. Risk sets are summed at each distinct time; the median is the first time at which survival is
--   one half or less, its 95% interval where the log-log (exponential Greenwood) bounds are; null where they
--   stay above. Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 1.4.
--   How it is summed: of N spells in order of dwell (an end before what is censored at the same time), the
--   r-th leaves N - r. Were all of them ends, survival would be (N - r) / N and Greenwood's sum
--   1 / (N - r) - 1 / N; each censored one before takes its own factor and term out again. So only the
--   censored ones, few, need running products, and ties need no grouping: their terms telescope.
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
-- One narrow row per spell and break-down, under a number for (dimension, value, stage).
broken_down as (
  select
    stage_no, dwell_days, is_censored,
    unnest(['all', 'region', 'city', 'product_line', 'channel', 'owner_id']) as dimension,
    unnest([null, region, city, product_line, channel, owner_id]) as value
  from spells
),
groups as (
  select dimension, value, stage_no, count(*) as spells, row_number() over () as group_no
  from broken_down
  group by dimension, value, stage_no
),
ranked as (
  select
    g.group_no,
    g.spells,
    b.dwell_days,
    b.is_censored,
    row_number() over in_order as r,
    -- (a running count with a filter takes quadratic time in DuckDB 2.0; a running sum does not)
    sum(b.is_censored::int) over in_order as censored_so_far,
    lead(b.is_censored or null) over in_order is not null
      or lead(b.dwell_days) over in_order is distinct from b.dwell_days as is_last_of_tie
  from broken_down b
  join groups g on g.dimension = b.dimension and g.value is not distinct from b.value and g.stage_no = b.stage_no
  window in_order as (
    partition by g.group_no order by b.dwell_days, b.is_censored rows between unbounded preceding and current row)
),
-- What the first censored_so_far censored spells of a group take out.
censored as (
  select
    group_no,
    censored_so_far,
    product((spells - r + 1) / (spells - r)) over so_far as factor,
    sum(1 / ((spells - r + 1) * (spells - r))) over so_far as term
  from ranked
  where is_censored and r < spells
  window so_far as (partition by group_no order by r rows between unbounded preceding and current row)
),
curves as (
  select
    e.group_no,
    e.dwell_days,
    (e.spells - e.r) / e.spells * coalesce(c.factor, 1) as survival,
    -- infinite once nobody is left; survival is 0 there, and so are both bounds
    1 / nullif(e.spells - e.r, 0) - 1 / e.spells - coalesce(c.term, 0) as variance
  from ranked e
  left join censored c on c.group_no = e.group_no and c.censored_so_far = e.censored_so_far
  where not e.is_censored and e.is_last_of_tie
),
medians as (
  select
    group_no,
    -- the margin forgives the rounding of a product that is exactly one half
    min(dwell_days) filter (survival <= 0.5 + 1e-12) as km_median_days,
    min(dwell_days) filter (
      survival = 0 or pow(survival, exp(1.959963984540054 * sqrt(variance) / -ln(survival))) <= 0.5) as km_median_low,
    min(dwell_days) filter (
      survival = 0 or pow(survival, exp(1.959963984540054 * sqrt(variance) / ln(survival))) <= 0.5) as km_median_high
  from curves
  group by group_no
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
join groups g on g.stage_no = t.stage_no and g.dimension = t.dimension and g.value is not distinct from t.value
left join medians m on m.group_no = g.group_no
order by t.dimension, t.value nulls last, t.stage_no
