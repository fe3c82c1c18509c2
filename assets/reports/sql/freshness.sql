-- When each kind of source was last heard of. Grain: one row per canonical record and source kind.
-- Reads staging (what a more structured source overrules was still sent). Parameters: none.
select record, source_kind, count(*) as records, max(recorded_at) as last_recorded_at
from (
  select 'visits' as record, source_kind, recorded_at from staging.visits
  union all
  select 'stage_events', source_kind, recorded_at from staging.stage_events
  union all
  select 'actions', source_kind, recorded_at from staging.actions
  union all
  select 'signings', source_kind, recorded_at from staging.signings
  union all
  select 'interventions', source_kind, recorded_at from staging.interventions)
where recorded_at <= getvariable('as_of')
group by record, source_kind
order by record, source_kind
