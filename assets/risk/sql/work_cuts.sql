-- work_cuts: the times at which labels are asked for, and until when each may be taken to know what happened.
-- Grain: one row per time asked for. Key: known_at.
-- Meaning: observed_until = known_at less the reporting delay within which 95% of the activity of the 180 days
--   before had come in, at most 14 days. Closer to known_at, what happened has not yet been told, and "nothing
--   happened" would be taken for "still open".
create or replace table ml.work_cuts as
select
  c.known_at,
  c.known_at - to_microseconds((1e6 * least(greatest(coalesce(
    quantile_cont(a.delay_seconds, 0.95), 0.0), 0.0), 14 * 86400.0))::bigint) as observed_until
from ml.work_asked c
left join ml.work_activity a
  on a.visible_at <= c.known_at and c.known_at < a.hidden_at
  and a.occurred_at > c.known_at - interval 180 days
group by c.known_at
order by c.known_at;
