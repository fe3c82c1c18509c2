-- What the state machine decided (alert_changes: every remembered field of each changed episode, status
-- `dropped` for one that never opened) becomes the alerts' tables. Parameters stand in alert_evaluation.
delete from ops.alerts
where alert_key in (select alert_key from alert_changes where status = 'dropped');

insert into ops.alerts by name
select
  x.alert_key, c.rule, c.subject_type, c.subject_id, x.episode, x.status, c.severity, x.pending_since, x.opened_at,
  e.evaluated_at as updated_at, x.last_seen_at, x.resolved_at, x.acknowledged_at, x.answered_at, x.snoozed_until,
  x.escalation_level, x.escalated_at, c.recipient_id, c.recipient_name, c.opportunity_key, c.opportunity_id,
  c.customer_name, c.city, c.region, c.amount, null::double as p_fail_at_open, null::double as p_sign_at_open,
  c.facts, '' as title_zh, '' as title_en, '' as body_zh, '' as body_en, e.is_replayed,
  x.cleared_since, x.unanswered_since, x.state, x.snoozed_at, x.snoozed_state, x.snooze_ended_at, x.is_inhibited,
  null::varchar as escalated_to_id, null::varchar as escalated_to_name, null::decimal(18, 2) as amount_at_open,
  x.answers
from alert_changes x
join alert_conditions c on c.rule = x.rule and c.subject_id = x.subject_id
cross join alert_evaluation e
where x.is_new and x.status <> 'dropped';

update ops.alerts a
set status = x.status, pending_since = x.pending_since, opened_at = x.opened_at, updated_at = e.evaluated_at,
    last_seen_at = x.last_seen_at, resolved_at = x.resolved_at, acknowledged_at = x.acknowledged_at,
    answered_at = x.answered_at, snoozed_until = x.snoozed_until, escalation_level = x.escalation_level,
    escalated_at = x.escalated_at, cleared_since = x.cleared_since, unanswered_since = x.unanswered_since,
    state = x.state, snoozed_at = x.snoozed_at, snoozed_state = x.snoozed_state,
    snooze_ended_at = x.snooze_ended_at, is_inhibited = x.is_inhibited, answers = x.answers
from alert_changes x, alert_evaluation e
where a.alert_key = x.alert_key and not x.is_new;

-- What opened at this evaluation keeps what was known of it then.
update ops.alerts a
set p_fail_at_open = c.p_fail, p_sign_at_open = c.p_sign, amount_at_open = c.amount
from alert_conditions c, alert_evaluation e
where a.rule = c.rule and a.subject_id = c.subject_id and a.opened_at = e.evaluated_at and a.resolved_at is null;

-- Updated rather than repeated: whose condition is seen again tells its present facts, to whom it concerns now.
update ops.alerts a
set last_seen_at = e.evaluated_at, updated_at = e.evaluated_at, state = c.state, severity = c.severity, amount = c.amount,
    facts = c.facts, title_zh = t.title_zh, title_en = t.title_en, body_zh = t.body_zh, body_en = t.body_en,
    recipient_id = c.recipient_id, recipient_name = c.recipient_name, opportunity_key = c.opportunity_key,
    customer_name = c.customer_name, city = c.city, region = c.region
from alert_conditions c, alert_texts t, alert_evaluation e
where a.rule = c.rule and a.subject_id = c.subject_id and a.resolved_at is null
  and t.rule = c.rule and t.subject_id = c.subject_id;

update ops.alerts a
set escalated_to_id = c.superior_id, escalated_to_name = c.superior_name
from alert_conditions c, alert_evaluation e
where a.rule = c.rule and a.subject_id = c.subject_id and a.escalated_at = e.evaluated_at and a.resolved_at is null;

insert into ops.alert_events by name
select
  x.alert_key, x.rule,
  x.seq + coalesce(before.seq, 0) as seq,
  e.evaluated_at, x.effective_at, x.event, x.reason, x.from_status, x.to_status, e.is_replayed
from alert_transitions x
left join (select alert_key, max(seq) as seq from ops.alert_events group by alert_key) before
  on before.alert_key = x.alert_key
cross join alert_evaluation e;

delete from ops.evaluations where evaluated_at = (select evaluated_at from alert_evaluation);
insert into ops.evaluations by name
select
  e.evaluated_at, e.is_replayed, e.rules, e.rules_version,
  (select count(*) from alert_conditions) as conditions,
  (select count(*) from ops.alerts where resolved_at is null and opened_at is not null) as live
from alert_evaluation e;

-- Integer keys may be dealt anew when opportunities are added: the text identifier is what holds.
update ops.alerts a
set opportunity_key = o.opportunity_key
from marts.opportunity_state o
where o.opportunity_id = a.opportunity_id and a.opportunity_key <> o.opportunity_key;
