-- The episodes that this evaluation may change. What is left out is an alert whose condition still holds, in
-- the same way, without a new answer: it is only seen again.
-- Grain: one row per episode. Key: alert_key. Reads ops.alerts, alert_conditions, alert_closed, alert_answers,
-- alert_rules. Parameters: $at. Variable: told_from (nobody was told anything before).
with seen as (
  select
    a.alert_key, a.rule, a.subject_id, a.episode, a.answers, a.status, a.pending_since, a.last_seen_at, a.opened_at,
    a.cleared_since, a.resolved_at, a.acknowledged_at, a.answered_at, a.snoozed_at, a.snoozed_until, a.snoozed_state,
    a.snooze_ended_at, a.unanswered_since, a.is_inhibited, a.escalation_level, a.escalated_at, a.state,
    c.rule is not null as is_present,
    c.since as seen_since,
    c.state as seen_state,
    case when k.opportunity_id is not null then 'subject_closed' else c.inhibitor end as inhibitor,
    coalesce(n.answers, 0) as known_answers,
    n.given,
    24 * (working_clock($at::timestamptz) - working_clock(greatest(a.unanswered_since, getvariable('told_from'))))
      as unanswered_hours,
    r.escalate_after
  from ops.alerts a
  left join alert_rules r on r.rule = a.rule
  left join alert_conditions c on c.rule = a.rule and c.subject_id = a.subject_id and a.resolved_at is null
  left join alert_closed k on k.opportunity_id = a.opportunity_id and a.resolved_at is null
  left join alert_answers n on n.alert_key = a.alert_key)
select *
from seen
where known_answers <> answers
   or (resolved_at is null and (
        not is_present
        or cleared_since is not null
        or status in ('pending', 'snoozed')
        or (inhibitor is not null) <> is_inhibited
        or (status = 'open' and escalation_level = 0 and unanswered_hours >= escalate_after)))
order by alert_key
