-- The playbook's required actions for one opportunity: judged at the move out of the stage, or due now.
select r.stage, r.stage_no, r.action_code, r.name_zh, r.name_en, c.verdict, c.moved_at, c.done_at, c.waived_by,
  coalesce(list_contains(s.next_required_actions, r.action_code), false) as is_due
from ref.required_actions r
join marts.opportunity_state s on s.opportunity_id = $id
left join marts.transition_compliance c on c.opportunity_key = s.opportunity_key and c.action_code = r.action_code
order by r.stage_no, r.position
