-- work_beginnings: every opportunity that had begun, and what had become of it, as known at each of the times asked for.
-- Grain: known_at x opportunity. Key: known_at, opportunity_key.
-- Meaning: began_at is its creation or first event, whichever is earlier. age_days is the age to which it was
--   followed (to observed_until), closed_age_days its age at the closing in force then; null is open.
--   region and city are those of its first landmark: where it arrived; null where it closed before any.
create or replace table ml.work_beginnings as
with known_then as (
  select c.known_at, b.opportunity_key, min(b.began_at) as began_at
  from ml.work_cuts c
  join (
    select opportunity_key, occurred_at as began_at, visible_at, hidden_at from ml.work_events
    union all
    select opportunity_key, coalesce(created_at, visible_at), visible_at, 'infinity'::timestamptz from ml.work_versions
  ) b on b.visible_at <= c.known_at and c.known_at < b.hidden_at
  group by c.known_at, b.opportunity_key
),
arrived as (
  select
    opportunity_key, min(landmark_at) as first_landmark_at, arg_min(region, landmark_at) as region,
    arg_min(city, landmark_at) as city
  from ml.landmarks
  group by opportunity_key
)
select
  b.known_at, b.opportunity_key, b.began_at, a.region, a.city,
  (epoch_us(c.observed_until) - epoch_us(b.began_at)) / 86400e6 as age_days,
  e.outcome,
  (epoch_us(e.closed_at) - epoch_us(b.began_at)) / 86400e6 as closed_age_days
from known_then b
join ml.work_cuts c using (known_at)
left join arrived a on a.opportunity_key = b.opportunity_key and a.first_landmark_at <= b.known_at
left join ml.work_closings e
  on e.known_at = b.known_at and e.opportunity_key = b.opportunity_key
  and e.closed_at <= c.observed_until and coalesce(e.undone_at > c.observed_until, true)
where b.began_at <= c.observed_until
order by b.known_at, b.opportunity_key;
