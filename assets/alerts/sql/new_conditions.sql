-- Conditions without a live alert, with the number their next episode gets.
-- Grain: one row per rule and subject. Reads alert_conditions, ops.alerts.
select c.rule, c.subject_id, c.since, c.state, c.inhibitor, coalesce(max(a.episode), 0) + 1 as episode
from alert_conditions c
left join ops.alerts a on a.rule = c.rule and a.subject_id = c.subject_id
group by all
having count(*) filter (a.alert_key is not null and a.resolved_at is null) = 0
order by c.rule, c.subject_id
