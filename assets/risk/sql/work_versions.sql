-- work_versions: what an opportunity's own record said, from when to when it was the latest word known.
-- Grain: one row per version of an opportunity. Key: opportunity_key, version_no.
-- Meaning: versions hold in the order (occurred_at, recorded_at, source precedence, content hash); what a later one
--   leaves out, an earlier one known by then has said. A version is visible from visible_at = the later of
--   happening and being recorded, and superseded from the moment that any later version is visible. So the
--   version in force, as known at T, is the one with visible_at <= T < superseded_at, and nothing recorded after
--   T can change which that is or what it says.
create or replace table ml.work_versions as
with said as (
  select
    *, greatest(recorded_at, coalesce(occurred_at, created_at, recorded_at)) as visible_at,
    row_number() over (
      partition by opportunity_key
      order by occurred_at nulls first, recorded_at, source_rank desc, content_hash, file_id, source_row)::integer
      as version_no
  from known.opportunities
),
filled as (
  select
    v.opportunity_key, v.version_no, v.visible_at,
    arg_max(e.customer_id, e.version_no) as customer_id,
    arg_max(e.customer_name, e.version_no) as customer_name,
    arg_max(e.office, e.version_no) as office,
    arg_max(e.owner_id, e.version_no) as owner_id,
    arg_max(e.product_line, e.version_no) as product_line,
    arg_max(e.channel, e.version_no) as channel,
    arg_max(e.lead_source, e.version_no) as lead_source,
    arg_max(e.expected_amount, e.version_no) as expected_amount,
    arg_max(e.created_at, e.version_no) as created_at
  from said v
  join said e
    on e.opportunity_key = v.opportunity_key and e.version_no <= v.version_no and e.visible_at <= v.visible_at
  group by v.opportunity_key, v.version_no, v.visible_at
)
select
  *,
  coalesce(
    min(visible_at) over (
      partition by opportunity_key order by version_no rows between 1 following and unbounded following),
    'infinity'::timestamptz) as superseded_at
from filled
order by opportunity_key, version_no;
