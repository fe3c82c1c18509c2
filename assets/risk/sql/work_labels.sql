-- work_labels: what became of each landmark, as known at each of the times asked for.
-- Grain: known_at x landmark before it. Key: known_at, opportunity_key, landmark_at.
-- Meaning: followed_days is how long it was followed: to the window's end, or to what known_at may be taken to know
--   (ml.work_cuts.observed_until: known_at less the usual reporting delay). outcome is the status at that moment by
--   when things occurred: failed, signed, or null, still open: censored, neither a success nor a failure.
--   event_days is from the landmark to the closing in force then, at least 0 (closed before, but not yet reported).
create or replace table ml.work_labels as
with followed as (
  select
    c.known_at, l.opportunity_key, l.landmark_at,
    least(l.landmark_at + to_days(getvariable('window_days')::integer), c.observed_until) as until_at
  from ml.work_cuts c
  join ml.landmarks l on l.landmark_at < c.observed_until
)
select
  f.known_at, f.opportunity_key, f.landmark_at,
  (epoch_us(f.until_at) - epoch_us(f.landmark_at)) / 86400e6 as followed_days,
  e.outcome,
  case when e.outcome is not null
    then greatest((epoch_us(e.closed_at) - epoch_us(f.landmark_at)) / 86400e6, 0.0) end as event_days,
  e.closed_at
from followed f
left join ml.work_closings e
  on e.known_at = f.known_at and e.opportunity_key = f.opportunity_key
  and e.closed_at <= f.until_at and coalesce(e.undone_at > f.until_at, true)
order by f.known_at, f.opportunity_key, f.landmark_at;
