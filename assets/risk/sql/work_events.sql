-- work_events: stage events and signings with the moment from which each could be known.
-- Grain: one row per known stage event or signing.
-- Meaning: visible_at = the later of happening and being recorded; hidden_at: from when a more structured source told
--   the same, else never. What was known at T is visible_at <= T < hidden_at: also what was overruled later.
--   `kind` is the event, or signing.
create or replace table ml.work_events as
select
  e.opportunity_key, e.event as kind, s.stage_no, e.occurred_at,
  greatest(e.occurred_at, e.recorded_at) as visible_at, coalesce(e.overruled_at, 'infinity'::timestamptz) as hidden_at
from staging.stage_events e
left join ref.stages s using (stage)
where e.recorded_at <= getvariable('as_of') and e.occurred_at <= getvariable('as_of')
union all
select
  opportunity_key, 'signing', null, occurred_at, greatest(occurred_at, recorded_at),
  coalesce(overruled_at, 'infinity'::timestamptz)
from staging.signings
where recorded_at <= getvariable('as_of') and occurred_at <= getvariable('as_of')
order by opportunity_key, occurred_at;
