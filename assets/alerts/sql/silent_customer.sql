-- Rule silent_customer: an open opportunity without activity for a share of the playbook's lapse days.
-- Grain: one row per opportunity. Reads marts.opportunity_state, ref.playbook.
-- Parameters: $share_of_lapse, $high_at_share_of_lapse, $days (where the playbook never lapses).
-- A visit planned in the future does not end a silence; it is told. lapses_at: when it will count as failed.
with limits as (
  select
    lapse_days,
    coalesce(lapse_days * $share_of_lapse, $days) as silent_after,
    coalesce(lapse_days * $high_at_share_of_lapse, 2 * $days) as high_after
  from ref.playbook)
select
  'opportunity' as subject_type,
  o.opportunity_id as subject_id,
  o.opportunity_key,
  o.city,
  o.region,
  o.amount,
  case when o.silent_days >= l.high_after then 'high' end as severity,
  o.last_activity_at + to_microseconds((l.silent_after * 86400e6)::bigint) as since,
  o.stage as state,
  json_object(
    'silent_days', round(o.silent_days, 1), 'limit_days', round(l.silent_after, 1),
    'last_activity_on', strftime(o.last_activity_at, '%Y-%m-%d'),
    'lapses_at', strftime(o.last_activity_at + to_microseconds((l.lapse_days * 86400e6)::bigint), '%Y-%m-%d')) as facts
from marts.opportunity_state o
cross join limits l
where o.status = 'open' and o.silent_days > l.silent_after
