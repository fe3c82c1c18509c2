-- organisation_segments: what the organisation says of each rep, and from when to when.
-- Grain: one row per rep and stretch of time; each rep's rows cover all time without gap or overlap.
-- Keys: rep_id, from_at. from_at is inclusive, to_at exclusive; open ends are -infinity and infinity.
-- Meaning: valid_from and valid_to are days, and begin at midnight in the company's time zone. Where two
--   records of a rep overlap, the one that begins later holds (a move whose old record was never closed),
--   then the one recorded later. A stretch that no record covers has nulls. A supervisor without a name
--   of their own in the record has the name of their own latest record.
create or replace table marts.organisation_segments as
with said as (
  select
    rep_id, rep_name, supervisor_id, supervisor_name, office, city, province, region, role,
    coalesce(valid_from::timestamptz, '-infinity') as from_at,
    coalesce(valid_to::timestamptz, 'infinity') as to_at,
    row_number() over (
      partition by rep_id order by valid_from nulls first, recorded_at, source_rank desc, content_hash) as precedence
  from known.organisation
  where coalesce(valid_from < valid_to, true)
),
cuts as (
  select rep_id, unnest(['-infinity'::timestamptz, from_at, to_at, 'infinity']) as moment from said
),
stretches as (
  select rep_id, moment as from_at, lead(moment) over (partition by rep_id order by moment) as to_at
  from (select distinct rep_id, moment from cuts)
  qualify to_at is not null
),
in_force as (
  select s.rep_id, s.from_at, s.to_at, max(r.precedence) as precedence
  from stretches s
  left join said r on r.rep_id = s.rep_id and r.from_at <= s.from_at and r.to_at >= s.to_at
  group by s.rep_id, s.from_at, s.to_at
),
latest_names as (
  select rep_id, arg_max(rep_name, precedence) filter (rep_name is not null) as rep_name from said group by rep_id
)
select
  f.rep_id,
  f.from_at,
  f.to_at,
  r.rep_name,
  r.supervisor_id,
  coalesce(r.supervisor_name, n.rep_name) as supervisor_name,
  r.office,
  r.city,
  r.province,
  r.region,
  r.role
from in_force f
left join said r on r.rep_id = f.rep_id and r.precedence = f.precedence
left join latest_names n on n.rep_id = r.supervisor_id
order by f.rep_id, f.from_at
