-- Alerts opened in a week, and answers given in it, whenever their alert opened: by week of opening, the latest week
-- would hold its quick answers alone. Grain: one row per week. Reads marts.alert_outcomes.
-- Parameters: $weeks (Mondays).
with weeks as (select unnest($weeks::date[]) as week_start),
spans as (select week_start, week_start::timestamptz as from_at, (week_start + 7)::timestamptz as to_at from weeks)
select
  w.week_start,
  count(*) filter (o.opened_at >= w.from_at and o.opened_at < w.to_at) as opened,
  count(*) filter (o.responded_at >= w.from_at and o.responded_at < w.to_at) as responded,
  median(o.response_hours) filter (o.responded_at >= w.from_at and o.responded_at < w.to_at) as median_response_hours
from spans w
left join marts.alert_outcomes o on true
group by w.week_start
order by w.week_start desc
