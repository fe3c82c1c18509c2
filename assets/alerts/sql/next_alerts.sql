-- The rows of ops.alerts that this evaluation writes: what the state machine changed (alert_changes: every
-- remembered field of each changed episode; status `dropped` for one that never opened) and what is seen again.
-- Updated rather than repeated: a live alert whose condition holds tells its present facts, to whom it concerns
-- now. What it opened with, and to whom it was escalated, stays. Where no new wording was made (alert_texts), the
-- facts stay with the words they had.
-- Grain: one row per alert written. Key: alert_key. Variable: told_from (nobody was told anything before).
create or replace temp table alert_next as
with touched as (
  select alert_key, rule, subject_id, episode from alert_changes where status <> 'dropped'
  union
  select a.alert_key, a.rule, a.subject_id, a.episode
  from ops.alerts a
  join alert_conditions c on c.rule = a.rule and c.subject_id = a.subject_id
  where a.resolved_at is null
    and not exists (select 1 from alert_changes x where x.alert_key = a.alert_key and x.status = 'dropped')),
remembered as (
  select
    k.alert_key, k.rule, k.subject_id, k.episode,
    x.alert_key is not null as is_changed,
    a.alert_key is null as is_new,
    a.* exclude (alert_key, rule, subject_id, episode, status, pending_since, opened_at, last_seen_at, resolved_at,
                 acknowledged_at, answered_at, snoozed_until, escalation_level, escalated_at, cleared_since,
                 unanswered_since, snoozed_at, snoozed_state, snooze_ended_at, is_inhibited, answers, due_at),
    case when is_changed then x.status else a.status end as status,
    case when is_changed then x.pending_since else a.pending_since end as pending_since,
    case when is_changed then x.opened_at else a.opened_at end as opened_at,
    case when is_changed then x.last_seen_at else e.evaluated_at end as last_seen_at,
    case when is_changed then x.resolved_at else a.resolved_at end as resolved_at,
    case when is_changed then x.acknowledged_at else a.acknowledged_at end as acknowledged_at,
    case when is_changed then x.answered_at else a.answered_at end as answered_at,
    case when is_changed then x.snoozed_until else a.snoozed_until end as snoozed_until,
    case when is_changed then x.escalation_level else a.escalation_level end as escalation_level,
    case when is_changed then x.escalated_at else a.escalated_at end as escalated_at,
    case when is_changed then x.cleared_since else a.cleared_since end as cleared_since,
    case when is_changed then x.unanswered_since else a.unanswered_since end as unanswered_since,
    case when is_changed then x.snoozed_at else a.snoozed_at end as snoozed_at,
    case when is_changed then x.snoozed_state else a.snoozed_state end as snoozed_state,
    case when is_changed then x.snooze_ended_at else a.snooze_ended_at end as snooze_ended_at,
    case when is_changed then x.is_inhibited else a.is_inhibited end as is_inhibited,
    case when is_changed then x.answers else a.answers end as answers,
    e.evaluated_at,
    e.is_replayed as is_evaluation_replayed
  from touched k
  cross join alert_evaluation e
  left join ops.alerts a on a.alert_key = k.alert_key
  left join alert_changes x on x.alert_key = k.alert_key),
-- The working hours that an answer may take, from when the recipient was told: the clock read backwards.
due as (
  select w.alert_key, c.day::timestamptz + to_microseconds(((w.clock - c.working_days_before) * 86400e6)::bigint) as due_at
  from (
    select
      r.alert_key,
      working_clock(greatest(r.unanswered_since, getvariable('told_from'))) + u.escalate_after / 24 as clock
    from remembered r
    join alert_rules u on u.rule = r.rule
    where r.status = 'open' and r.cleared_since is null and not r.is_evaluation_replayed) w
  join ref.calendar c
    on c.is_working_day and w.clock > c.working_days_before and w.clock <= c.working_days_before + 1)
select
  r.alert_key,
  r.rule,
  case when r.is_new then c.subject_type else r.subject_type end as subject_type,
  r.subject_id,
  r.episode,
  r.status,
  case when c.rule is not null then c.severity else r.severity end as severity,
  r.pending_since,
  r.opened_at,
  r.evaluated_at as updated_at,
  r.last_seen_at,
  r.resolved_at,
  r.acknowledged_at,
  r.answered_at,
  r.snoozed_until,
  r.escalation_level,
  r.escalated_at,
  case when c.rule is not null then c.recipient_id else r.recipient_id end as recipient_id,
  case when c.rule is not null then c.recipient_name else r.recipient_name end as recipient_name,
  case when c.rule is not null then c.opportunity_key else r.opportunity_key end as opportunity_key,
  case when r.is_new then c.opportunity_id else r.opportunity_id end as opportunity_id,
  case when c.rule is not null then c.customer_name else r.customer_name end as customer_name,
  case when c.rule is not null then c.city else r.city end as city,
  case when c.rule is not null then c.region else r.region end as region,
  case when c.rule is not null then c.amount else r.amount end as amount,
  case when c.rule is not null and r.opened_at = r.evaluated_at then c.p_fail else r.p_fail_at_open end as p_fail_at_open,
  case when c.rule is not null and r.opened_at = r.evaluated_at then c.p_sign else r.p_sign_at_open end as p_sign_at_open,
  case when t.rule is not null then c.facts else r.facts end as facts,
  case when t.rule is not null then t.title_zh else r.title_zh end as title_zh,
  case when t.rule is not null then t.title_en else r.title_en end as title_en,
  case when t.rule is not null then t.body_zh else r.body_zh end as body_zh,
  case when t.rule is not null then t.body_en else r.body_en end as body_en,
  case when r.is_new then r.is_evaluation_replayed else r.is_replayed end as is_replayed,
  r.cleared_since,
  r.unanswered_since,
  case when c.rule is not null then c.state else r.state end as state,
  r.snoozed_at,
  r.snoozed_state,
  r.snooze_ended_at,
  r.is_inhibited,
  case when r.escalated_at = r.evaluated_at and c.rule is not null then c.superior_id else r.escalated_to_id end
    as escalated_to_id,
  case when r.escalated_at = r.evaluated_at and c.rule is not null then c.superior_name else r.escalated_to_name end
    as escalated_to_name,
  case when c.rule is not null and r.opened_at = r.evaluated_at then c.amount else r.amount_at_open end as amount_at_open,
  r.answers,
  d.due_at
from remembered r
left join due d on d.alert_key = r.alert_key
left join alert_conditions c on c.rule = r.rule and c.subject_id = r.subject_id and r.resolved_at is null
left join alert_texts t on t.rule = c.rule and t.subject_id = c.subject_id;
