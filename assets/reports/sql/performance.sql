-- The figures of a week, of the week before and of the same week a year (52 weeks) ago.
-- Grain: one row per week asked for. Key: week_start. Reads marts.funnel_paths, ref.playbook.
-- Parameters: $weeks (Mondays), $cohort_days.
-- Conversion is of the opportunities that entered within $cohort_days before the week's end less the window, so that
-- each had the whole window; converted: first won within it (inclusive). Without a window there is no cohort.
-- Cycle time is from entry to the first win, of the opportunities won in the week.
with weeks as (
  select week_start, week_start::timestamptz as from_at, (week_start + 7)::timestamptz as to_at
  from (select unnest($weeks::date[]) as week_start)),
windows as (
  select
    w.*,
    p.default_window_days as window_days,
    w.to_at - to_microseconds((p.default_window_days * 86400e6)::bigint) as cohort_to,
    w.to_at - to_microseconds(((p.default_window_days + $cohort_days) * 86400e6)::bigint) as cohort_from
  from weeks w
  cross join ref.playbook p)
select
  w.week_start,
  count(*) filter (f.cohort_at >= w.from_at and f.cohort_at < w.to_at) as entered,
  count(*) filter (f.won_at >= w.from_at and f.won_at < w.to_at) as wins,
  count(*) filter (f.failed_at >= w.from_at and f.failed_at < w.to_at) as failed,
  median((epoch_us(f.won_at) - epoch_us(f.cohort_at)) / 86400e6)
    filter (f.won_at >= w.from_at and f.won_at < w.to_at) as cycle_days,
  count(*) filter (f.cohort_at >= w.cohort_from and f.cohort_at < w.cohort_to) as cohort,
  count(*) filter (
    f.cohort_at >= w.cohort_from and f.cohort_at < w.cohort_to
    and epoch_us(f.won_at) <= epoch_us(f.cohort_at) + (w.window_days * 86400e6)::bigint)
    as converted,
  min(f.cohort_at) as first_entry_at
from windows w
left join marts.funnel_paths f on true
group by w.week_start
order by w.week_start desc
