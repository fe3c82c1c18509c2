-- The alerts that opened in the week and in the week before, and the answers given in the week, by rule.
-- Grain: one row per rule. Reads marts.alert_outcomes. Parameters: $week_start.
with weeks as (
  select
    *,
    opened_at >= $week_start::date::timestamptz and opened_at < ($week_start::date + 7)::timestamptz as is_week,
    opened_at >= ($week_start::date - 7)::timestamptz and opened_at < $week_start::date::timestamptz as is_week_before,
    coalesce(
      responded_at >= $week_start::date::timestamptz and responded_at < ($week_start::date + 7)::timestamptz, false)
      as is_answered_in_week
  from marts.alert_outcomes)
select
  rule,
  count(*) filter (is_week) as opened,
  count(*) filter (is_week_before) as opened_before,
  count(*) filter (is_answered_in_week) as responded,
  count(escalated_at) filter (is_week) as escalated,
  count(*) filter (is_week and resolved_at is null and status not in ('resolved', 'inhibited')) as still_open,
  median(response_hours) filter (is_answered_in_week) as median_response_hours,
  count(*) filter (is_week and is_replayed) as replayed
from weeks
group by rule
having count(*) filter (is_week or is_week_before or is_answered_in_week) > 0
order by opened desc, rule
