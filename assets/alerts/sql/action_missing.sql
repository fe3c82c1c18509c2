-- Rule action_missing: an open opportunity that left a stage forward without a required action (lately), or
-- whose present stage has used a share of its SLA with required actions not yet done.
-- Grain: one row per opportunity. Reads marts.opportunity_state, marts.transition_compliance, marts.stage_spells,
-- ref.stages, ref.required_actions. Parameters: $moved_within_days, $overdue_at_sla_share.
with left_without as (
  select
    c.opportunity_key,
    min(c.moved_at) as since,
    list(struct_pack(zh := a.name_zh, en := a.name_en) order by a.stage_no, a.position) as actions
  from marts.transition_compliance c
  join ref.required_actions a on a.stage = c.stage and a.action_code = c.action_code
  where c.verdict = 'missing'
    and epoch_us(getvariable('as_of')) - epoch_us(c.moved_at) <= $moved_within_days * 86400e6
  group by c.opportunity_key),
overdue as (
  select
    o.opportunity_key,
    case when any_value(s.sla_clock) = 'calendar'
         then any_value(o.entered_at) + to_microseconds((any_value(o.sla_days) * $overdue_at_sla_share * 86400e6)::bigint)
    end as since,
    list(struct_pack(zh := a.name_zh, en := a.name_en) order by a.position) as actions
  from marts.opportunity_state o
  join ref.stages s on s.stage = o.stage
  join ref.required_actions a on a.stage = o.stage and list_contains(o.next_required_actions, a.action_code)
  where o.status = 'open'
    and case s.sla_clock when 'business' then o.dwell_business_days else o.dwell_days end
        >= o.sla_days * $overdue_at_sla_share
  group by o.opportunity_key)
select
  'opportunity' as subject_type,
  o.opportunity_id as subject_id,
  o.opportunity_key,
  o.city,
  o.region,
  o.amount,
  case when l.opportunity_key is not null and d.opportunity_key is not null then 'medium' end as severity,
  least(l.since, d.since) as since,
  o.stage as state,
  json_object('left_without', to_json(coalesce(l.actions, [])), 'overdue', to_json(coalesce(d.actions, []))) as facts
from marts.opportunity_state o
left join left_without l using (opportunity_key)
left join overdue d using (opportunity_key)
where o.status = 'open' and (l.opportunity_key is not null or d.opportunity_key is not null)
