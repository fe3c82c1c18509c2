-- lapses: every time an opportunity lapsed: it stood open and had no activity for the playbook's lapse days.
-- Grain: one row per opportunity and lapse. Keys: opportunity_key, lapsed_at.
-- Meaning: lapsed from lapsed_at until returned_at, by when things occurred; returned_at is null for the
--   lapse in force at the as-of time. A silence that began when it stood won or lost is no lapse.
create or replace table marts.lapses as
with at_silence as (
  select s.opportunity_key, s.silent_from, s.lapsed_at, s.returned_at, arg_max(e.event, e.seq) as last_event
  from marts.silences s
  left join marts.ordered_events e on e.opportunity_key = s.opportunity_key and e.occurred_at <= s.silent_from
  group by all
)
select opportunity_key, silent_from, lapsed_at, returned_at
from at_silence
where coalesce(last_event not in ('won', 'lost'), true)
