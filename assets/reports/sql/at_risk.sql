-- The open opportunities with most at stake: amount x failure probability, the greatest first.
-- Grain: one row per opportunity. Reads marts.opportunity_state, ref.stages, ref.required_actions. Parameters: $most.
select
  o.opportunity_id, o.customer_name, o.city, o.region, o.owner_name, o.supervisor_name, o.amount,
  s.name_zh as stage_zh, s.name_en as stage_en, o.dwell_days, o.silent_days, o.p_fail, o.p_sign, o.risk_reasons,
  o.amount * o.p_fail as expected_loss, a.name_zh as action_zh, a.name_en as action_en, o.risk_method,
  (select count(*) from ops.alerts l
   where l.opportunity_id = o.opportunity_id and l.status in ('open', 'acknowledged', 'answered', 'snoozed')) as alerts
from marts.opportunity_state o
left join ref.stages s on s.stage = o.stage
left join ref.required_actions a on a.action_code = coalesce(o.risk_next_action, o.next_required_actions[1])
where o.status = 'open' and o.p_fail is not null
order by expected_loss desc nulls last, o.p_fail desc, o.opportunity_id
limit $most
