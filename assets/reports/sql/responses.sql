-- All alerts' responses by week of opening. Grain: one row per week. Reads marts.alert_outcomes.
-- Parameters: $weeks (Mondays).
with weeks as (select unnest($weeks::date[]) as week_start)
select w.week_start, count(o.alert_key) as opened, count(o.responded_at) as responded,
       median(o.response_hours) as median_response_hours
from weeks w
left join marts.alert_outcomes o
  on o.opened_at >= w.week_start::timestamptz and o.opened_at < (w.week_start + 7)::timestamptz
group by w.week_start
order by w.week_start desc
