-- activity_spans: when each opportunity was active, coarsely: no gap longer than the lapse days can hide
--   inside a span.
-- Grain: one row per opportunity and stretch of the playbook's lapse days in which it was active (one row
--   per opportunity where the playbook has no lapse rule). Keys: opportunity_key, first_at.
-- Meaning: activity is a stage event, a visit done, an action, a signing; a plan, a reschedule, a
--   cancellation, a no-show and a waiver (of what was not done) are none. Two times in one stretch of L days
--   are less than L apart, so the gaps that matter lie between spans; and to group is several times cheaper
--   than to sort all activity.
create or replace table marts.activity_spans as
with activity as (
  select opportunity_key, epoch_us(occurred_at) as moment from known.stage_events
  union all
  select opportunity_key, epoch_us(occurred_at) from known.signings
  union all
  select opportunity_key, epoch_us(occurred_at) from known.actions where waived_by is null
  union all
  select opportunity_key, epoch_us(done_at) from marts.visits where opportunity_key is not null and done_at is not null
),
lapse as (
  select coalesce((lapse_days * 86400e6)::bigint, 9000000000000000000) as microseconds from ref.playbook
)
select
  opportunity_key,
  make_timestamptz(min(moment)) as first_at,
  make_timestamptz(max(moment)) as last_at
from activity, lapse
-- counted from year 1, so that no time is negative and every stretch is as long as the next
group by opportunity_key, (moment + 62135596800000000) // microseconds
