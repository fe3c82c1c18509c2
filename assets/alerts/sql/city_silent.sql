-- Rule city_silent: a city without a new customer for so many complete weeks, with how improbable that is
-- (p_silence, from the city's own rate before the silence).
-- Grain: one row per city. Reads marts.city_signings, marts.opportunity_state.
-- Parameters: $weeks, $high_at_p, $low_above_p.
with latest as (
  select *
  from marts.city_signings
  where is_complete
  qualify row_number() over (partition by city order by week_start desc) = 1),
pipeline as (
  select city, count(*) as open_opportunities, sum(amount) as open_amount, max(last_activity_at) as last_activity_at
  from marts.opportunity_state
  where status = 'open'
  group by city)
select
  'city' as subject_type,
  c.city as subject_id,
  null::integer as opportunity_key,
  c.city,
  c.region,
  p.open_amount as amount,
  case when c.p_silence <= $high_at_p then 'high' when coalesce(c.p_silence > $low_above_p, true) then 'low' end
    as severity,
  (c.week_start + 7 - 7 * (c.weeks_silent - $weeks)::integer)::timestamptz as since,
  case when c.p_silence <= $high_at_p then 'high' else 'usual' end as state,
  json_object(
    'weeks_silent', c.weeks_silent, 'silent_since', strftime(c.week_start + 7 - 7 * c.weeks_silent, '%Y-%m-%d'),
    'expected_per_week', round(c.expected_per_week, 2),
    'p_silence', round(c.p_silence, 4), 'open_opportunities', coalesce(p.open_opportunities, 0),
    'last_activity_on', strftime(p.last_activity_at, '%Y-%m-%d')) as facts
from latest c
left join pipeline p on p.city = c.city
where c.weeks_silent >= $weeks
