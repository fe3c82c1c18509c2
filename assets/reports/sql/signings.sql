-- Signings by week: the weeks asked for, with zero where none was signed; is_recorded: signings are recorded at all.
-- Grain: one row per week. Key: week_start. Reads known.signings. Parameters: $weeks (Mondays).
with weeks as (select unnest($weeks::date[]) as week_start)
select w.week_start, count(s.amount) as signings, coalesce(sum(s.amount), 0)::decimal(18, 2) as amount,
       exists (select 1 from known.signings) as is_recorded
from weeks w
left join known.signings s
  on s.occurred_at >= w.week_start::timestamptz and s.occurred_at < (w.week_start + 7)::timestamptz
group by w.week_start
order by w.week_start
