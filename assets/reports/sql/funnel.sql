-- Where the funnel leaks: how far two cohorts came within the window: `now` is the cohort of performance.sql, `before`
-- that of as many days earlier. failed_here: of the cohort, those that failed with this as their furthest stage.
-- Grain: one row per cohort and stage. Reads marts.funnel_paths, ref.stages, ref.playbook.
-- Parameters: $week_start, $cohort_days.
with cohorts as (
  select
    c.cohort,
    ($week_start::date + 7)::timestamptz
      - to_microseconds(((p.default_window_days + (c.back + 1) * $cohort_days) * 86400e6)::bigint) as from_at,
    ($week_start::date + 7)::timestamptz
      - to_microseconds(((p.default_window_days + c.back * $cohort_days) * 86400e6)::bigint) as to_at,
    (p.default_window_days * 86400e6)::bigint as window_length
  from (values ('now', 0), ('before', 1)) c(cohort, back)
  cross join ref.playbook p
  where p.default_window_days is not null)
select
  c.cohort,
  s.stage_no,
  s.stage,
  s.name_zh,
  s.name_en,
  count(f.opportunity_key) as units,
  count(*) filter (epoch_us(f.reached_at[s.stage_no]) <= epoch_us(f.cohort_at) + c.window_length) as reached,
  count(*) filter (epoch_us(f.won_at) <= epoch_us(f.cohort_at) + c.window_length) as won,
  count(*) filter (f.failed_at is not null and f.furthest_stage_no = s.stage_no) as failed_here
from cohorts c
cross join ref.stages s
left join marts.funnel_paths f on f.cohort_at >= c.from_at and f.cohort_at < c.to_at
group by all
order by c.cohort desc, s.stage_no
