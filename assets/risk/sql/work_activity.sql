-- work_activity: everything that counts as activity: stage events, visits done, actions carried out, signings.
-- Grain: one row per record. Meaning: visible_at as in work_events; a waived action was not carried out.
--   delay_seconds: recorded - occurred, null where the recording time was filled by rule.
create or replace table ml.work_activity as
select
  opportunity_key, occurred_at, greatest(occurred_at, recorded_at) as visible_at,
  case when not is_recorded_at_filled then (epoch_us(recorded_at) - epoch_us(occurred_at)) // 1000000 end
    as delay_seconds,
  source_kind
from (
  select opportunity_key, occurred_at, recorded_at, is_recorded_at_filled, source_kind from known.stage_events
  union all
  select opportunity_key, occurred_at, recorded_at, is_recorded_at_filled, source_kind from known.signings
  union all
  select opportunity_key, occurred_at, recorded_at, is_recorded_at_filled, source_kind from known.actions
  union all
  select opportunity_key, occurred_at, recorded_at, is_recorded_at_filled, source_kind from ml.work_visits
  where is_first_done)
order by opportunity_key, occurred_at;
