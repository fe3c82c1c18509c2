-- Conversion (first won within the window) by month of entry, the last months up to the week's end. A month has a rate
-- once it is mature: its last instant + window <= as-of; before, its opportunities still have time.
-- Grain: one row per month. Reads marts.funnel_paths, ref.playbook. Parameters: $week_start, $months.
with entries as (
  select
    date_trunc('month', f.cohort_at::timestamp)::date as month,
    coalesce(epoch_us(f.won_at) <= epoch_us(f.cohort_at) + (p.default_window_days * 86400e6)::bigint, false) as is_won,
    p.default_window_days as window_days
  from marts.funnel_paths f
  cross join ref.playbook p)
select
  month,
  count(*) as cohort,
  count(*) filter (is_won) as converted,
  coalesce(
    epoch_us((month + interval 1 month)::date::timestamptz) + (any_value(window_days) * 86400e6)::bigint
      <= epoch_us(getvariable('as_of')), false) as is_mature
from entries
where month <= $week_start::date + 6 and month > $week_start::date + 6 - to_months($months::integer)
group by month
order by month
