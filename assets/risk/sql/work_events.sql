-- work_events: stage events and signings with the moment from which each could be known.
-- Grain: one row per known stage event or signing.
-- Meaning: visible_at = the later of happening and being recorded. `kind` is the event, or signing.
create or replace table ml.work_events as
select
  e.opportunity_key, e.event as kind, s.stage_no, e.occurred_at,
  greatest(e.occurred_at, e.recorded_at) as visible_at
from known.stage_events e
left join ref.stages s using (stage)
union all
select opportunity_key, 'signing', null, occurred_at, greatest(occurred_at, recorded_at)
from known.signings
order by opportunity_key, occurred_at;
