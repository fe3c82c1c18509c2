-- funnel: how many of each cohort reached, observed and went direct to each stage within the playbook's window.
-- Grain: one row per cohort period (all time, month, quarter), dimension, value and stage.
-- Keys: period_type, period_start, dimension, value, stage_no. value null is unknown (and for dimension all).
-- Meaning: a unit is an opportunity; its period is that of cohort_at in the company's time zone, its value
--   the one in force then. Within the window: at cohort_at + W x 24 h or before; no window, no limit. A
--   cohort never shrinks: whoever entered stays in it. Mature: the period's last instant + W <= as-of (for
--   all time: the unit's own entry + W <= as-of), and only mature units enter a rate, whatever the young
--   ones did; without a window nothing is mature. Rates are of `reached`, null for 0/0, with Wilson 95%
--   intervals; the step's is against the stage before.
create or replace temp macro wilson_low(k, n) as case when n > 0 then
  greatest(0, (k + 1.9207294103470494 - 1.959963984540054 * sqrt(k * (n - k) / n + 0.9603647051735247))
              / (n + 3.8414588206940988)) end;
create or replace temp macro wilson_high(k, n) as case when n > 0 then
  least(1, (k + 1.9207294103470494 + 1.959963984540054 * sqrt(k * (n - k) / n + 0.9603647051735247))
           / (n + 3.8414588206940988)) end;

create or replace table marts.funnel as
with playbook as (
  select
    default_window_days as window_days,
    round(default_window_days * 86400e6)::bigint as window_length
  from ref.playbook
),
-- How far each unit got within its window; all three are times that rise with the stage.
units as (
  select
    date_trunc('month', f.cohort_at::timestamp)::date as month,
    f.region, f.city, f.product_line, f.channel, f.lead_source, f.owner_id,
    coalesce(epoch_us(f.cohort_at) + p.window_length <= epoch_us(getvariable('as_of')), false) as is_mature,
    len(list_filter(f.reached_at,
      lambda t: coalesce(epoch_us(t) <= epoch_us(f.cohort_at) + p.window_length, t is not null))) as reached,
    len(list_filter(f.observed_at,
      lambda t: coalesce(epoch_us(t) <= epoch_us(f.cohort_at) + p.window_length, t is not null))) as observed,
    len(list_filter(f.is_direct, lambda d: d)) as direct_ever
  from marts.funnel_paths f, playbook p
),
-- Months by dimension value: unit counts by how far they got.
monthly as (
  select
    month,
    case
      when grouping(region) = 0 then 'region'
      when grouping(city) = 0 then 'city'
      when grouping(product_line) = 0 then 'product_line'
      when grouping(channel) = 0 then 'channel'
      when grouping(lead_source) = 0 then 'lead_source'
      when grouping(owner_id) = 0 then 'owner_id'
      else 'all'
    end as dimension,
    coalesce(region, city, product_line, channel, lead_source, owner_id) as value,
    is_mature, reached, observed, least(observed, direct_ever) as direct,
    count(*) as units
  from units
  group by
    month, is_mature, reached, observed, least(observed, direct_ever),
    grouping sets ((region), (city), (product_line), (channel), (lead_source), (owner_id), ())
),
-- The same units by month, by quarter and all together, with what is mature in each.
by_period as (
  select
    p.period_type,
    p.period_start,
    m.dimension, m.value, m.reached, m.observed, m.direct, m.units,
    case
      when p.period_type = 'all' then m.is_mature
      else coalesce(epoch_us(p.next_start::timestamptz) - 1 + w.window_length <= epoch_us(getvariable('as_of')), false)
    end as is_mature
  from monthly m
  cross join playbook w
  cross join lateral (
    values
      ('all', null::date, null::date),
      ('month', m.month, (m.month + interval 1 month)::date),
      ('quarter', date_trunc('quarter', m.month)::date, (date_trunc('quarter', m.month) + interval 3 month)::date)
  ) p(period_type, period_start, next_start)
),
counted as (
  select
    b.period_type, b.period_start, b.dimension, b.value, s.stage_no, s.stage,
    sum(b.units)::bigint as cohort,
    coalesce(sum(b.units) filter (b.reached >= s.stage_no), 0)::bigint as reached,
    coalesce(sum(b.units) filter (b.observed >= s.stage_no), 0)::bigint as observed,
    coalesce(sum(b.units) filter (b.direct >= s.stage_no), 0)::bigint as direct,
    coalesce(sum(b.units) filter (b.is_mature), 0)::bigint as cohort_mature,
    coalesce(sum(b.units) filter (b.is_mature and b.reached >= s.stage_no), 0)::bigint as reached_mature,
    coalesce(sum(b.units) filter (b.is_mature and b.observed >= s.stage_no), 0)::bigint as observed_mature,
    coalesce(sum(b.units) filter (b.is_mature and b.direct >= s.stage_no), 0)::bigint as direct_mature,
    coalesce(sum(b.units) filter (not b.is_mature), 0)::bigint as cohort_immature
  from by_period b
  cross join ref.stages s
  group by all
),
rated as (
  select
    *,
    nullif(cohort_mature, 0) as overall_of,
    nullif(lag(reached_mature) over (
      partition by period_type, period_start, dimension, value order by stage_no), 0) as step_of
  from counted
)
select
  period_type,
  period_start,
  dimension,
  value,
  stage_no,
  stage,
  p.window_days,
  cohort,
  reached,
  observed,
  direct,
  cohort_mature,
  reached_mature,
  observed_mature,
  direct_mature,
  cohort_immature,
  reached_mature / overall_of as rate_overall,
  wilson_low(reached_mature, overall_of) as rate_overall_low,
  wilson_high(reached_mature, overall_of) as rate_overall_high,
  reached_mature / step_of as rate_step,
  wilson_low(reached_mature, step_of) as rate_step_low,
  wilson_high(reached_mature, step_of) as rate_step_high
from rated
cross join playbook p
order by period_type, period_start nulls first, dimension, value nulls last, stage_no
