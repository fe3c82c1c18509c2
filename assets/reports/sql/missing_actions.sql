-- Which required actions were left out most, of the moves made in the week. Grain: one row per action.
-- Reads marts.transition_compliance, ref.required_actions, ref.stages. Parameters: $week_start, $most.
select
  s.name_zh as stage_zh, s.name_en as stage_en, a.name_zh, a.name_en,
  count(*) as required,
  count(*) filter (c.verdict = 'missing') as missing,
  count(*) filter (c.verdict = 'late') as late
from marts.transition_compliance c
join ref.required_actions a on a.action_code = c.action_code and a.stage = c.stage
join ref.stages s on s.stage = c.stage
where c.moved_at >= $week_start::date::timestamptz and c.moved_at < ($week_start::date + 7)::timestamptz
  and c.verdict <> 'waived'
group by all
having count(*) filter (c.verdict <> 'pass') > 0
order by missing / required desc, missing desc, a.name_zh
limit $most
