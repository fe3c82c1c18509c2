-- silences: every time an opportunity was without activity for more than the playbook's lapse days.
-- Grain: one row per opportunity and silence. Keys: opportunity_key, silent_from.
-- Meaning: lapsed_at = silent_from + lapse days, to the second; returned_at is the activity that ended the
--   silence, null where it lasts at the as-of time. Activity at lapsed_at itself comes in time: there is
--   no silence then. The clock starts at the creation where that is before any activity. Empty where the
--   playbook has no lapse rule. Whether the opportunity stood open meanwhile, see `lapses`.
create or replace table marts.silences as
with created as (
  select opportunity_key, arg_max(created_at, from_at) as created_at
  from marts.opportunity_versions
  group by opportunity_key
),
started as (
  select opportunity_key, created_at as first_at, created_at as last_at
  from created
  where created_at is not null
    and not exists (
      from marts.activity_spans s where s.opportunity_key = created.opportunity_key and s.first_at <= created.created_at)
),
gaps as (
  select
    opportunity_key,
    epoch_us(last_at) as silent_from,
    epoch_us(lead(first_at) over (partition by opportunity_key order by first_at)) as returned_at
  from (
    select opportunity_key, first_at, last_at from marts.activity_spans
    union all
    from started)
),
lapse as (
  select (lapse_days * 86400e6)::bigint as microseconds from ref.playbook where lapse_days is not null
)
select
  opportunity_key,
  make_timestamptz(silent_from) as silent_from,
  make_timestamptz(silent_from + microseconds) as lapsed_at,
  make_timestamptz(returned_at) as returned_at
from gaps, lapse
where silent_from + microseconds < returned_at
  or (returned_at is null and silent_from + microseconds <= epoch_us(getvariable('as_of')))
