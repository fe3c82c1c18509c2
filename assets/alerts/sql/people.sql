-- Who is told: everybody of the organisation in force at the as-of time, with their superior.
-- Grain: one row per person. Key: rep_id. Reads marts.organisation_segments.
create or replace temp table alert_people as
with in_force as (
  select rep_id, rep_name, supervisor_id, supervisor_name, city, region, role
  from marts.organisation_segments
  where from_at <= getvariable('as_of') and to_at > getvariable('as_of')
    and (rep_name is not null or supervisor_id is not null or region is not null))
select p.rep_id, p.rep_name, p.city, p.region, p.role,
       p.supervisor_id as superior_id, coalesce(s.rep_name, p.supervisor_name) as superior_name
from in_force p
left join in_force s on s.rep_id = p.supervisor_id;

-- The manager of each region: its person of that role, else whom most of the region's supervisors answer to.
-- Grain: one row per region. Key: region.
create or replace temp table alert_managers as
with candidates as (
  select region, rep_id as manager_id, rep_name as manager_name, 1 as choice, 1 as votes
  from alert_people where role = 'manager' and region is not null
  union all
  select region, superior_id, any_value(superior_name), 2, count(*)
  from alert_people
  where role = 'supervisor' and region is not null and superior_id is not null
  group by region, superior_id)
select region, manager_id, manager_name
from candidates
qualify row_number() over (partition by region order by choice, votes desc, manager_id) = 1;
