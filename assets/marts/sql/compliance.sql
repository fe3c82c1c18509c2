-- compliance: required actions passed per rep and month, the score and its share of the KPI.
-- Grain: one row per owner (null is unknown) and company-time month in which they moved opportunities
--   forward out of a stage that requires actions. Keys: owner_id, month.
-- Meaning: counts of transition_compliance by the owner in force at the move. Waived actions are left out
--   of `required`. score = 100 x passed / required, null for 0/0; kpi_points = score x the KPI share of the
--   settings. Name, city and region are those of the rep's last move of the month; the unknown owner has none.
create or replace table marts.compliance as
with counted as (
  select
    owner_id,
    date_trunc('month', moved_at)::date as month,
    max(moved_at) as last_moved_at,
    case when owner_id is not null then arg_max(row(city, region), row(moved_at, opportunity_key)) end as place,
    count(*) filter (verdict <> 'waived') as required,
    count(*) filter (verdict = 'pass') as passed,
    count(*) filter (verdict = 'late') as late,
    count(*) filter (verdict = 'missing') as missing,
    count(*) filter (verdict = 'waived') as waived
  from marts.transition_compliance
  group by owner_id, date_trunc('month', moved_at)
)
select
  c.owner_id,
  s.rep_name as owner_name,
  c.place[1] as city,
  c.place[2] as region,
  c.month,
  c.required,
  c.passed,
  c.late,
  c.missing,
  c.waived,
  100.0 * c.passed / nullif(c.required, 0) as score,
  100.0 * c.passed / nullif(c.required, 0)
    * (select value::double from ref.settings where key = 'kpi_share') as kpi_points
from counted c
left join marts.organisation_segments s
  on s.rep_id = c.owner_id and s.from_at <= c.last_moved_at and s.to_at > c.last_moved_at
order by c.owner_id nulls last, c.month
