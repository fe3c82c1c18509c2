-- Who and what names are resolved to: made from the records of the mappings that need no resolving.

-- Grain: one rep in one place: as named, office, city.
create or replace temp table _reps as
select distinct rep_id, rep_name, phone, office, city from staging.organisation where is_primary;

create or replace temp table _rep_cities as
select distinct rep_id, coalesce(city, office) as city from _reps where coalesce(city, office) is not null;

-- Grain: one name of one customer, known to one rep in one city. Key of a customer without a number: its name.
create or replace temp table _customers as
with told as (
  select customer_id, customer_name, owner_id as rep_id, office from staging.opportunities
  union all
  select customer_id, customer_name, rep_id, null from staging.visits
)
select distinct coalesce(t.customer_id, t.customer_name) as customer_id, coalesce(t.customer_name, t.customer_id) as customer_name,
       t.rep_id, coalesce(c.city, o.city, t.office) as city
from told t
left join _rep_cities c on c.rep_id = t.rep_id
left join (select office, min(coalesce(city, office)) as city from _reps group by office) o on o.office = t.office
where coalesce(t.customer_id, t.customer_name) is not null;

-- The name that a customer goes by: of several, the one that most records have, then the first by letters.
create or replace temp table _customer_names as
select customer_id, arg_max(customer_name, (n, customer_name)) as customer_name, max(number) as number
from (select coalesce(customer_id, customer_name) as customer_id, coalesce(customer_name, customer_id) as customer_name,
             customer_id as number, count(*) as n
      from (select customer_id, customer_name from staging.opportunities
            union all select customer_id, customer_name from staging.visits)
      where coalesce(customer_id, customer_name) is not null group by all)
group by customer_id;

-- Grain: one stay of an opportunity with an owner while it is open, in days: both ends belong to it, so that what is
-- told of the day of the signing is told of it. Closed is won, lost or signed; reopened and entered anew opens.
create or replace temp table _open as
with born as (
  select opportunity_id, coalesce(customer_id, customer_name) as customer_id, owner_id,
         coalesce(created_at, occurred_at, recorded_at)::date as since,
         coalesce(occurred_at, created_at, recorded_at) as moment, content_hash
  from staging.opportunities where is_primary
),
owners as (
  select opportunity_id, owner_id, customer_id, if(n = 1, since, moment::date) as from_day,
         lead(moment::date) over (partition by opportunity_id order by n) as to_day
  from (select *, row_number() over (partition by opportunity_id order by moment, content_hash) as n from born)
),
turns as (
  select opportunity_id, occurred_at, event in ('enter', 'reopened') as opens, if(event in ('won', 'lost'), 1, 0) as n
  from staging.stage_events where is_primary
  union all
  select opportunity_id, occurred_at, false, 2 from staging.signings where is_primary
  union all
  select opportunity_id, min(since)::timestamptz, true, 0 from born group by opportunity_id
),
walked as (
  select opportunity_id, occurred_at::date as day, opens, occurred_at, n,
         lag(opens) over (partition by opportunity_id order by occurred_at, n, opens) as before
  from turns
),
ends as (
  select opportunity_id, day, opens, lead(day) over (partition by opportunity_id order by occurred_at, n, opens) as next_day
  from walked where before is distinct from opens
)
select distinct o.opportunity_id, o.owner_id as rep_id, o.customer_id,
       greatest(e.day, o.from_day) as from_day, least(coalesce(e.next_day, date '9999-01-01'), coalesce(o.to_day, date '9999-01-01')) as to_day
from ends e join owners o using (opportunity_id)
where e.opens and o.owner_id is not null and o.customer_id is not null
  and greatest(e.day, o.from_day) <= least(coalesce(e.next_day, date '9999-01-01'), coalesce(o.to_day, date '9999-01-01'));

-- Grain: one day on which a structured record has a visit of a rep and a customer stand: planned for, moved to or held.
create or replace temp table _visit_days as
select distinct visit_id, rep_id, coalesce(customer_id, customer_name) as customer_id, customer_name, day
from (select visit_id, rep_id, customer_id, customer_name,
             unnest([planned_at::date, rescheduled_to::date, if(status in ('done', 'no_show'), occurred_at::date, null)]) as day
      from staging.visits where is_primary)
where day is not null and rep_id is not null;

-- The settled word on a name: the latest decision; of two at one time the same one, whatever came first.
create or replace temp table _aliases as
select what, coalesce(scope, '') as scope, alias, decision, settled_as
from staging.aliases
qualify row_number() over (partition by what, coalesce(scope, ''), alias order by occurred_at desc, landed_at desc, content_hash) = 1;
