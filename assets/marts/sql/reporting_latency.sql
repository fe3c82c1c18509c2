-- reporting_latency: how late records come.
-- Grain: one row per canonical record, source kind and company-time month of recording; where the recording
--   time was filled, the month of occurrence, else of landing (a rule may have filled it with year 1).
-- Keys: record, source_kind, month.
-- Meaning: recorded = recorded_at - occurred_at, landed = landed_at - recorded_at, both in minutes,
--   percentiles interpolated; a day-precise occurred_at is that day's midnight, so its latency is counted
--   from there. A recording time that a mapping's rule filled says nothing of latency: such records are
--   only counted (`filled`). The share within 15 minutes is over the records whose occurrence is known,
--   null where there are none.
-- Reads staging and not `known`: a WeChat report that a form overrules was still reported, and its lateness
--   is the WeChat route's. What is known by the as-of time is therefore asked here.
create or replace table marts.reporting_latency as
with reported as (
  select 'opportunities' as record, source_kind, occurred_at, recorded_at, landed_at, is_recorded_at_filled
  from staging.opportunities
  union all by name
  select 'stage_events' as record, source_kind, occurred_at, recorded_at, landed_at, is_recorded_at_filled
  from staging.stage_events
  union all by name
  select 'visits' as record, source_kind, occurred_at, recorded_at, landed_at, is_recorded_at_filled
  from staging.visits
  union all by name
  select 'actions' as record, source_kind, occurred_at, recorded_at, landed_at, is_recorded_at_filled
  from staging.actions
  union all by name
  select 'signings' as record, source_kind, occurred_at, recorded_at, landed_at, is_recorded_at_filled
  from staging.signings
  union all by name
  select 'interventions' as record, source_kind, occurred_at, recorded_at, landed_at, is_recorded_at_filled
  from staging.interventions
),
timed as (
  select
    record,
    source_kind,
    date_trunc(
      'month',
      case when is_recorded_at_filled then coalesce(occurred_at, landed_at) else recorded_at end)::date as month,
    is_recorded_at_filled,
    case when not is_recorded_at_filled then (epoch_us(recorded_at) - epoch_us(occurred_at)) / 60e6 end
      as recorded_minutes,
    case when not is_recorded_at_filled then (epoch_us(landed_at) - epoch_us(recorded_at)) / 60e6 end
      as landed_minutes
  from reported
  where recorded_at <= getvariable('as_of') and coalesce(occurred_at <= getvariable('as_of'), true)
),
measured as (
  select
    record,
    source_kind,
    month,
    count(*) filter (not is_recorded_at_filled) as records,
    quantile_cont(recorded_minutes, [0.5, 0.9]) as recorded_quantiles,
    quantile_cont(landed_minutes, [0.5, 0.9]) as landed_quantiles,
    count(*) filter (recorded_minutes <= 15) / nullif(count(recorded_minutes), 0) as share_within_15_minutes,
    count(*) filter (is_recorded_at_filled) as filled
  from timed
  group by record, source_kind, month
)
select
  record,
  source_kind,
  month,
  records,
  recorded_quantiles[1] as recorded_p50_minutes,
  recorded_quantiles[2] as recorded_p90_minutes,
  landed_quantiles[1] as landed_p50_minutes,
  landed_quantiles[2] as landed_p90_minutes,
  share_within_15_minutes,
  filled
from measured
order by record, source_kind, month
