-- landmarks: an opportunity on a Monday 00:00 (company time), or at the as-of time, while open as known then.
-- Grain: opportunity x moment. Key: opportunity_key, landmark_at.
-- Meaning: who owned it and where it belonged, as known then (the owner's place in the organisation, else the
--   office's). team is whom a weekly budget belongs to: the supervisor, else the office, else the company.
--   is_scoring marks the rows of the as-of time itself.
create or replace table ml.landmarks as
with named as (
  select opportunity_key, min(opportunity_id) as opportunity_id
  from (
    select opportunity_key, opportunity_id from known.opportunities
    union all
    select opportunity_key, opportunity_id from staging.stage_events
    union all
    select opportunity_key, opportunity_id from staging.signings
    union all
    select opportunity_key, opportunity_id from staging.actions
    union all
    select opportunity_key, opportunity_id from staging.visits where opportunity_key is not null)
  group by opportunity_key
)
select
  s.opportunity_key, n.opportunity_id, s.landmark_at, s.landmark_at = getvariable('as_of') as is_scoring,
  s.stage_no, st.stage,
  v.owner_id, o.supervisor_id,
  coalesce(o.office, v.office) as office,
  coalesce(o.city, f.city) as city,
  coalesce(o.region, f.region) as region,
  coalesce(o.supervisor_id, o.office, v.office, '') as team
from ml.work_states s
join named n using (opportunity_key)
left join ml.work_versions v on v.opportunity_key = s.opportunity_key and v.version_no = s.version_no
left join ml.work_places o on o.kind = 'owner' and o.value = v.owner_id and o.landmark_at = s.landmark_at
left join ml.work_places f on f.kind = 'office' and f.value = v.office and f.landmark_at = s.landmark_at
left join ref.stages st on st.stage_no = s.stage_no
where s.status = 'open' and s.landmark_at >= getvariable('landmarks_since')
order by s.opportunity_key, s.landmark_at;
