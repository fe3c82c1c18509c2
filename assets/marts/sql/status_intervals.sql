-- status_intervals: what each opportunity was (open, won, lost, lapsed), and from when to when.
-- Grain: one row per opportunity and stretch of one status; no gap or overlap from its beginning on.
-- Keys: opportunity_key, from_at. from_at is inclusive, to_at exclusive, infinity for the status in force.
-- Meaning: by when things occurred, so a lapse that was undone by a return is there for as long as it
--   lasted. An opportunity begins open, at its creation or its first activity, whichever is earlier
--   (-infinity where neither is known); what an instant's last event leaves is what it was from then on.
create or replace table marts.status_intervals as
with turns as (
  select
    opportunity_key, coalesce(least(created_at, first_activity_at), '-infinity') as moment, 'open' as status, 0 as seq
  from marts.opportunity_lives
  union all
  select opportunity_key, lapsed_at, 'lapsed', 0 from marts.lapses
  union all
  select opportunity_key, returned_at, 'open', 0 from marts.lapses where returned_at is not null
  union all
  select opportunity_key, occurred_at, case when is_close then event else 'open' end, seq
  from marts.ordered_events
  where is_close or (was_closed and event in ('enter', 'reopened'))
),
lasting as (
  select opportunity_key, moment, status
  from turns
  qualify row_number() over (partition by opportunity_key, moment order by seq desc) = 1
),
changes as (
  select opportunity_key, moment, status
  from lasting
  qualify status is distinct from lag(status) over (partition by opportunity_key order by moment)
)
select
  opportunity_key,
  moment as from_at,
  coalesce(lead(moment) over (partition by opportunity_key order by moment), 'infinity') as to_at,
  status
from changes
