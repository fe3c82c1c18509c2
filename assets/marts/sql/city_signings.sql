-- city_signings: signings per city and week, and how surprising a city's silence is.
-- Grain: one row per city of the organisation and week (Monday to Sunday, company time), also without any
--   signing. Keys: city, week_start.
-- Meaning: a city's weeks run from the later of its first day in the organisation and the company's
--   first recorded activity (but never from after its first signing) to its last day, or the as-of time.
--   A signing is its opportunity's city's, as in force when it was signed; those without a city stand in no
--   row. A new customer is the first signing ever of its customer (by identifier, else by name; an
--   opportunity without either is a customer of its own). A week is complete when it ended at or before
--   the as-of time. weeks_silent counts the complete weeks without a new customer up to and including this
--   one; the week under way carries the count so far, until a new customer ends it.
--   expected_per_week is the mean of the complete weeks before the silence began (the 26 last of them, fewer
--   where the city has no more; null where it has none); without silence, of those up to this week.
--   p_silence = exp(-expected_per_week x weeks_silent).
create or replace table marts.city_signings as
with bounds as (
  select
    date_trunc('week', coalesce(min(first_activity_at), getvariable('as_of')))::date as first_week,
    date_trunc('week', getvariable('as_of'))::date as last_week
  from marts.opportunity_lives
),
signed as (
  select
    v.city,
    v.region,
    date_trunc('week', s.occurred_at)::date as week_start,
    s.amount,
    row_number() over (
      partition by coalesce('id ' || v.customer_id, 'name ' || v.customer_name, 'opportunity ' || s.opportunity_id)
      order by s.occurred_at, s.recorded_at, s.source_rank, s.content_hash, s.file_id, s.source_row) = 1
      as is_new_customer
  from known.signings s
  left join marts.opportunity_versions v
    on v.opportunity_key = s.opportunity_key and v.from_at <= s.occurred_at and v.to_at > s.occurred_at
),
signed_weeks as (
  select
    city, week_start, count(*) as signings, count(*) filter (is_new_customer) as new_customers,
    sum(amount) as amount
  from signed
  where city is not null
  group by city, week_start
),
cities as (
  select
    city,
    arg_max(region, from_at) as region,
    min(from_at) as from_at,
    max(to_at) as to_at
  from marts.organisation_segments
  where city is not null and from_at <= getvariable('as_of')
  group by city
),
spans as (
  select
    c.city,
    c.region,
    least(
      greatest(b.first_week, case when isfinite(c.from_at) then date_trunc('week', c.from_at)::date end),
      f.week_start) as first_week,
    greatest(
      least(b.last_week,
            case when isfinite(c.to_at) then date_trunc('week', c.to_at - interval 1 microsecond)::date end),
      f.last_week_start) as last_week
  from cities c
  cross join bounds b
  left join (
    select city, min(week_start) as week_start, max(week_start) as last_week_start
    from signed_weeks group by city
  ) f on f.city = c.city
),
weeks as (
  select city, region, unnest(generate_series(first_week, last_week, interval 7 day))::date as week_start
  from spans
),
counted as (
  select
    w.region,
    w.city,
    w.week_start,
    coalesce(s.signings, 0) as signings,
    coalesce(s.new_customers, 0) as new_customers,
    coalesce(s.amount, 0)::decimal(18, 2) as amount,
    (w.week_start + 7)::timestamptz <= getvariable('as_of') as is_complete,
    row_number() over of_city as week_no
  from weeks w
  left join signed_weeks s on s.city = w.city and s.week_start = w.week_start
  window of_city as (partition by w.city order by w.week_start)
),
silent as (
  select
    *,
    -- the last week with a new customer, 0 before any
    coalesce(max(case when new_customers > 0 then week_no end) over so_far, 0) as last_new_no,
    week_no - case when is_complete then 0 else 1 end as last_complete_no,
    sum(new_customers) over so_far as customers_so_far
  from counted
  window so_far as (partition by city order by week_start rows between unbounded preceding and current row)
),
-- The silence began after the last week with a new customer; the baseline ends there, or at the last
-- complete week where the new customer is of the week under way.
based as (
  select
    *,
    least(last_new_no, last_complete_no) as base_end_no
  from silent
)
select
  n.region,
  n.city,
  n.week_start,
  n.signings,
  n.new_customers,
  n.amount,
  n.is_complete,
  greatest(n.last_complete_no - n.last_new_no, 0)::integer as weeks_silent,
  (e.customers_so_far - coalesce(b.customers_so_far, 0)) / least(n.base_end_no, 26) as expected_per_week,
  exp(-(e.customers_so_far - coalesce(b.customers_so_far, 0)) / least(n.base_end_no, 26)
      * greatest(n.last_complete_no - n.last_new_no, 0)) as p_silence
from based n
left join silent e on e.city = n.city and e.week_no = n.base_end_no
left join silent b on b.city = n.city and b.week_no = n.base_end_no - 26
order by n.city, n.week_start
