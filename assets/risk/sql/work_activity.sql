-- work_activity: everything that counts as activity: stage events, visits done, actions carried out, signings.
-- Grain: one row per record. Meaning: visible_at and hidden_at as in work_events; of a visit told as done several
--   times the one that counts (counted_at of work_visits); a waived action was not carried out.
--   delay_seconds: recorded - occurred, null where the recording time was filled by rule.
create or replace table ml.work_activity as
with told as (
  select
    opportunity_key, occurred_at, recorded_at, overruled_at, is_recorded_at_filled, source_kind
  from staging.stage_events
  union all
  select opportunity_key, occurred_at, recorded_at, overruled_at, is_recorded_at_filled, source_kind
  from staging.signings
  union all
  select opportunity_key, occurred_at, recorded_at, overruled_at, is_recorded_at_filled, source_kind
  from staging.actions
  where waived_by is null
),
counted as (
  select
    opportunity_key, occurred_at, recorded_at, greatest(occurred_at, recorded_at) as visible_at,
    coalesce(overruled_at, 'infinity'::timestamptz) as hidden_at, is_recorded_at_filled, source_kind
  from told
  where recorded_at <= getvariable('as_of') and occurred_at <= getvariable('as_of')
  union all
  select
    opportunity_key, occurred_at, recorded_at, counted_at, hidden_at, is_recorded_at_filled, source_kind
  from ml.work_visits
  where counted_at < hidden_at
)
select
  opportunity_key, occurred_at, visible_at, hidden_at,
  case when not is_recorded_at_filled then (epoch_us(recorded_at) - epoch_us(occurred_at)) // 1000000 end
    as delay_seconds,
  source_kind
from counted
order by opportunity_key, occurred_at;
