-- Rule city_no_data: a city whose reps have reported no visit for more than so many working days, and that
-- reported on enough days of the eight weeks before. A silent city is not a healthy one.
-- Grain: one row per city. Reads staging.visits (whatever is reported counts), alert_people,
-- marts.opportunity_state.
-- Parameters: $working_days, $active_days_before.
with days as (
  select distinct p.city, p.region, v.recorded_at::date as day
  from staging.visits v
  join alert_people p on p.rep_id = v.rep_id
  where p.city is not null and v.recorded_at <= getvariable('as_of')
    and v.recorded_at > getvariable('as_of') - interval 120 day),
last_report as (
  select city, any_value(region) as region, max(day) as last_day
  from days
  group by city),
quiet as (
  select
    l.city,
    l.region,
    l.last_day,
    working_clock(getvariable('as_of')) - working_clock((l.last_day + 1)::timestamptz) as quiet_working_days,
    (select count(*) from days d where d.city = l.city and d.day > l.last_day - 56) as active_days
  from last_report l),
pipeline as (
  select city, count(*) as open_opportunities, sum(amount) as open_amount
  from marts.opportunity_state
  where status = 'open'
  group by city)
select
  'city' as subject_type,
  q.city as subject_id,
  null::integer as opportunity_key,
  q.city,
  q.region,
  p.open_amount as amount,
  null::varchar as severity,
  null::timestamptz as since,
  'quiet' as state,
  json_object(
    'quiet_working_days', round(q.quiet_working_days, 1), 'last_report_on', strftime(q.last_day, '%Y-%m-%d'),
    'active_days', q.active_days, 'open_opportunities', coalesce(p.open_opportunities, 0)) as facts
from quiet q
left join pipeline p on p.city = q.city
where q.quiet_working_days > $working_days and q.active_days >= $active_days_before
