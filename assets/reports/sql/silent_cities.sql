-- Cities without a new customer for two complete weeks or more at the week's end, the most surprising first.
-- Grain: one row per city. Reads marts.city_signings, marts.opportunity_state. Parameters: $week_start.
with pipeline as (
  select city, count(*) as open_opportunities, sum(amount) as open_amount, max(last_activity_at) as last_activity_at
  from marts.opportunity_state
  where status = 'open'
  group by city)
select
  c.city, c.region, c.weeks_silent, c.expected_per_week, c.p_silence, p.open_opportunities, p.open_amount,
  p.last_activity_at
from marts.city_signings c
left join pipeline p on p.city = c.city
where c.week_start = $week_start::date and c.is_complete and c.weeks_silent >= 2
order by c.p_silence nulls last, c.weeks_silent desc, c.city
