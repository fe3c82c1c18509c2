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
with broken_down as not materialized (
  select
    -- a narrow key for (dimension, value, stage): sorts and groups several times faster
    hash(dimension, value, stage_no) as group_no,
    *
  from (
    select
      unnest(['all', 'region', 'city', 'product_line', 'channel', 'owner_id']) as dimension,
      unnest([null, region, city, product_line, channel, owner_id]) as value,
      stage_no, dwell_days, dwell_business_days, is_censored, is_overrun,
      exit in ('advanced', 'skipped_ahead', 'won') as is_advance
    from marts.stage_spells)
),
groups as (
  select group_no, dimension, value, stage_no, count(*) as spells
  from broken_down
  group by group_no, dimension, value, stage_no
),
statistics as (
  select
    group_no,
    count(*) filter (not is_censored) as completed,
    count(*) filter (is_censored) as censored,
    -- in whole microseconds: a sum of doubles would depend on the order in which threads add it up
    avg((dwell_days * 86400e6)::bigint) filter (not is_censored) / 86400e6 as mean_days,
    quantile_cont(dwell_days, [0.5, 0.9]) filter (not is_censored) as quantiles,
    median(dwell_business_days) filter (not is_censored) as median_business_days,
    count(*) filter (is_advance) as advanced,
    median(dwell_days) filter (is_advance) as median_days_to_advance,
    count(*) filter (is_overrun) as overrun,
    count(*) filter (is_overrun and is_censored) as overrun_open
  from broken_down
  group by group_no
),
ranked as (
  select
    group_no,
    dwell_days,
    is_censored,
    row_number() over in_order as r,
    lead(case when not is_censored then dwell_days end) over in_order is distinct from dwell_days as is_last_of_tie
  from broken_down
  window in_order as (partition by group_no order by dwell_days, is_censored)
),
-- What the censored spells up to the r-th take out. Running products over these few alone; a running sum, or
-- worse a running count with a filter, over all spells would take longer than everything else here.
censored as (
  select
    c.group_no,
    c.r,
    product((g.spells - c.r + 1) / (g.spells - c.r)) over so_far as factor,
    sum(1 / ((g.spells - c.r + 1) * (g.spells - c.r))) over so_far as term
  from ranked c
  join groups g on g.group_no = c.group_no
  where c.is_censored and c.r < g.spells
  window so_far as (partition by c.group_no order by c.r rows between unbounded preceding and current row)
),
ends as (
  select r.group_no, r.dwell_days, r.r, g.spells
  from ranked r
  join groups g on g.group_no = r.group_no
  where not r.is_censored and r.is_last_of_tie
),
curves as (
  select
    e.group_no,
    e.dwell_days,
    (e.spells - e.r) / e.spells * coalesce(c.factor, 1) as survival,
    -- infinite once nobody is left; survival is 0 there, and so are both bounds
    1 / nullif(e.spells - e.r, 0) - 1 / e.spells - coalesce(c.term, 0) as variance
  from ends e
  asof left join censored c on c.group_no = e.group_no and c.r < e.r
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
  g.dimension,
  g.value,
  g.stage_no,
  s.stage,
  g.spells,
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
  case when s.sla_days is not null then t.overrun / g.spells end as overrun_share
from groups g
join statistics t on t.group_no = g.group_no
join ref.stages s on s.stage_no = g.stage_no
left join medians m on m.group_no = g.group_no
order by g.dimension, g.value nulls last, g.stage_no
