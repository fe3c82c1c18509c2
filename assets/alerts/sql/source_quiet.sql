-- Rule source_quiet: a kind of source that has sent no record for more working days than it ever paused
-- before (times a margin). No data is no good news.
-- Grain: one row per canonical record and source kind. Reads staging, not `known`: a report that a more
-- structured source overrules was still sent.
-- Parameters: $working_days, $times_usual_gap, $active_days_before.
with days as (
  select distinct record, source_kind, recorded_at::date as day
  from (
    select 'visits' as record, source_kind, recorded_at from staging.visits
    union all
    select 'stage_events', source_kind, recorded_at from staging.stage_events
    union all
    select 'actions', source_kind, recorded_at from staging.actions
    union all
    select 'signings', source_kind, recorded_at from staging.signings)
  where recorded_at <= getvariable('as_of') and recorded_at > getvariable('as_of') - interval 120 day),
gaps as (
  select
    record,
    source_kind,
    day,
    working_clock(day::timestamptz)
      - lag(working_clock(day::timestamptz)) over (partition by record, source_kind order by day) as gap,
    max(day) over (partition by record, source_kind) as last_day
  from days),
sources as (
  select record, source_kind, last_day, count(*) as active_days, max(gap) as usual_gap
  from gaps
  where day > last_day - 56
  group by record, source_kind, last_day),
quiet as (
  select *, working_clock(getvariable('as_of')) - working_clock((last_day + 1)::timestamptz) as quiet_working_days
  from sources)
select
  'source' as subject_type,
  record || '/' || source_kind as subject_id,
  null::integer as opportunity_key,
  null::varchar as city,
  null::varchar as region,
  null::decimal(18, 2) as amount,
  null::varchar as severity,
  null::timestamptz as since,
  'quiet' as state,
  json_object(
    'record', record, 'source_kind', source_kind, 'quiet_working_days', round(quiet_working_days, 1),
    'last_record_on', strftime(last_day, '%Y-%m-%d'), 'usual_gap_working_days', round(usual_gap, 1),
    'active_days', active_days) as facts
from quiet
where active_days >= $active_days_before
  and quiet_working_days > greatest($working_days, $times_usual_gap * coalesce(usual_gap, 1))
