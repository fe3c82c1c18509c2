-- How late visits were recorded, by kind of source: the month of the week's last day and the month before.
-- Grain: one row per source kind. Reads marts.reporting_latency. Parameters: $week_start.
with months as (
  select
    source_kind,
    month = date_trunc('month', $week_start::date + 6)::date as is_month,
    records, recorded_p50_minutes, recorded_p90_minutes, share_within_15_minutes
  from marts.reporting_latency
  where record = 'visits'
    and month in (
      date_trunc('month', $week_start::date + 6)::date,
      (date_trunc('month', $week_start::date + 6) - interval 1 month)::date))
select
  source_kind,
  sum(records) filter (is_month)::bigint as records,
  any_value(recorded_p50_minutes) filter (is_month) as p50_minutes,
  any_value(recorded_p90_minutes) filter (is_month) as p90_minutes,
  any_value(share_within_15_minutes) filter (is_month) as share_within_15_minutes,
  any_value(recorded_p50_minutes) filter (not is_month) as p50_minutes_before
from months
group by source_kind
order by source_kind
