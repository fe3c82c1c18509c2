-- work_records: how many opportunities of an owner, office, customer or of all had failed or signed, as known then.
-- Grain: dimension x value x moment at which a count changed. Key: dimension, value, landmark_at.
-- Meaning: running counts over the grid's moments; an opportunity counts for who owned it at that moment, and stops
--   counting when it is open again. Opportunities outlive their landmarks here: the whole known history counts.
create or replace table ml.work_records as
with turns as (
  select
    s.opportunity_key, s.landmark_at, s.version_no,
    (s.status in ('lost', 'lapsed'))::int - coalesce(lag((s.status in ('lost', 'lapsed'))::int) over steps, 0) as failed,
    (s.status = 'won')::int - coalesce(lag((s.status = 'won')::int) over steps, 0) as signed
  from ml.work_states s
  window steps as (partition by s.opportunity_key order by s.landmark_at)
),
credited as (
  select t.landmark_at, t.failed, t.signed, v.owner_id, coalesce(p.office, v.office) as office, v.customer_id
  from turns t
  left join ml.work_versions v on v.opportunity_key = t.opportunity_key and v.version_no = t.version_no
  left join ml.work_places p on p.kind = 'owner' and p.value = v.owner_id and p.landmark_at = t.landmark_at
  where t.failed <> 0 or t.signed <> 0
),
by_value as (
  select 'owner' as dimension, owner_id as value, landmark_at, failed, signed from credited where owner_id is not null
  union all
  select 'office', office, landmark_at, failed, signed from credited where office is not null
  union all
  select 'customer', customer_id, landmark_at, failed, signed from credited where customer_id is not null
  union all
  select 'company', '', landmark_at, failed, signed from credited
),
changes as (
  select dimension, value, landmark_at, sum(failed) as failed, sum(signed) as signed
  from by_value
  group by dimension, value, landmark_at
)
select
  dimension, value, landmark_at,
  (sum(failed) over so_far)::integer as failed,
  (sum(signed) over so_far)::integer as signed
from changes
window so_far as (
  partition by dimension, value order by landmark_at rows between unbounded preceding and current row)
order by dimension, value, landmark_at;
