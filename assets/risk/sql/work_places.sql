-- work_places: where an owner, and where an office, stood in the organisation at each moment, as known then.
-- Grain: kind (owner, office) x value x moment. Key: kind, value, landmark_at.
-- Meaning: the row of the organisation valid on that day and recorded by then; of several the one valid latest.
create or replace table ml.work_places as
with places as (
  select
    rep_id, supervisor_id, office, city, region, recorded_at as visible_at, source_rank, content_hash,
    coalesce(overruled_at, 'infinity'::timestamptz) as hidden_at,
    coalesce(valid_from::timestamptz, '-infinity'::timestamptz) as valid_from,
    coalesce(valid_to::timestamptz, 'infinity'::timestamptz) as valid_to
  from staging.organisation
  where recorded_at <= getvariable('as_of')
),
asked as (
  select distinct v.owner_id, v.office, s.landmark_at
  from ml.work_states s
  join ml.work_versions v on v.opportunity_key = s.opportunity_key and v.version_no = s.version_no
),
fitting as (
  select 'owner' as kind, a.owner_id as value, a.landmark_at, p.*
  from (select distinct owner_id, landmark_at from asked) a
  join places p on p.rep_id = a.owner_id
  union all
  select 'office', a.office, a.landmark_at, p.*
  from (select distinct office, landmark_at from asked) a
  join places p on p.office = a.office
)
select
  kind, value, landmark_at,
  unnest(arg_max(
    struct_pack(
      supervisor_id := case when kind = 'owner' then supervisor_id end, office := office, city := city,
      region := region),
    (valid_from, visible_at, -source_rank::int, rep_id, content_hash)))
from fitting
where visible_at <= landmark_at and landmark_at < hidden_at and valid_from <= landmark_at and landmark_at < valid_to
group by kind, value, landmark_at
order by kind, value, landmark_at;
