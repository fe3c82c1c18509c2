-- work_grid: the moments at which an opportunity may be looked at: Mondays 00:00 company time, and the as-of time.
-- Grain: opportunity x moment. Key: opportunity_key, landmark_at.
-- Meaning: from the first that was visible of it until a week after it can last have been open: its last
--   visible record when that leaves it won or lost, else lapse days later, and never beyond the as-of time. Where a
--   reopening stands beside the closing, work_states tells which it was: here it may have been open.
create or replace table ml.work_grid as
with seen as (
  select opportunity_key, min(visible_at) as first_at, max(visible_at) as last_at
  from (
    select opportunity_key, visible_at from ml.work_versions
    union all
    select opportunity_key, visible_at from ml.work_activity)
  group by opportunity_key
),
endings as (
  select
    opportunity_key,
    arg_max(
      kind in ('won', 'lost'),
      (occurred_at, case kind when 'enter' then 0 when 'reopened' then 2 else 1 end)) as is_closed
  from ml.work_events
  where kind <> 'signing'
  group by opportunity_key
),
bounds as (
  select
    s.opportunity_key, s.first_at,
    case
      when coalesce(e.is_closed, false) then s.last_at + interval 7 days
      when p.lapse_days is not null then s.last_at + to_days(ceil(p.lapse_days)::integer + 7)
      else 'infinity'::timestamptz
    end as until_at
  from seen s
  left join endings e using (opportunity_key)
  cross join ref.playbook p
)
select
  opportunity_key,
  unnest(generate_series(
    date_trunc('week', first_at - interval 1 microsecond) + interval 7 days,
    least(until_at, getvariable('as_of')),
    interval 7 days)) as landmark_at
from bounds
union
select opportunity_key, getvariable('as_of')
from bounds
where until_at >= getvariable('as_of')
order by opportunity_key, landmark_at;
