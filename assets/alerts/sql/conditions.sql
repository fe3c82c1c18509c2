-- What the rules see at the as-of time, with whom to tell and what silences it.
-- Grain: one row per rule and subject. Key: rule, subject_id. Reads alert_raised (what the rules' queries
-- returned), alert_rules, alert_people, alert_managers, marts.opportunity_state, ref.stages, ref.required_actions.
create or replace temp table alert_conditions as
with city_supervisors as (
  select city, rep_id, rep_name
  from alert_people
  where role = 'supervisor' and city is not null
  qualify row_number() over (partition by city order by rep_id) = 1),
next_actions as (
  select o.opportunity_key, list(struct_pack(zh := a.name_zh, en := a.name_en) order by a.position) as actions
  from marts.opportunity_state o
  join ref.required_actions a on a.stage = o.stage and list_contains(o.next_required_actions, a.action_code)
  where o.status = 'open'
  group by o.opportunity_key),
told as (
  select
    r.*,
    o.opportunity_id,
    o.customer_name,
    o.p_fail,
    o.p_sign,
    coalesce(r.severity, u.severity) as final_severity,
    coalesce(
      case when u.recipient = 'owner' then o.owner_id end,
      case when u.recipient in ('owner', 'supervisor') then coalesce(o.supervisor_id, c.rep_id) end,
      case when u.recipient <> 'company' then m.manager_id end,
      'company') as recipient_id,
    m.manager_id,
    u.inhibited_by,
    json_object(
      'customer', o.customer_name, 'owner', o.owner_name, 'stage', o.stage,
      'stage_zh', s.name_zh, 'stage_en', s.name_en, 'dwell_days', round(o.dwell_days, 1),
      'silent_days', round(o.silent_days, 1), 'reschedules', o.reschedules,
      'technical_meetings', o.technical_meetings, 'next_planned_on', strftime(o.next_planned_at, '%Y-%m-%d'),
      'p_fail', round(o.p_fail, 4), 'p_sign', round(o.p_sign, 4),
      'risk_reasons', try_cast(o.risk_reasons as json), 'next_actions', to_json(n.actions),
      'advised_zh', advised.name_zh, 'advised_en', advised.name_en) as context
  from alert_raised r
  join alert_rules u on u.rule = r.rule
  left join marts.opportunity_state o on o.opportunity_key = r.opportunity_key
  left join ref.stages s on s.stage = o.stage
  left join next_actions n on n.opportunity_key = o.opportunity_key
  left join ref.required_actions advised on advised.action_code = o.risk_next_action
  left join alert_managers m on m.region = r.region
  left join city_supervisors c on c.city = r.city)
select
  t.rule,
  t.subject_type,
  t.subject_id,
  t.opportunity_key,
  t.opportunity_id,
  t.customer_name,
  t.city,
  t.region,
  t.amount::decimal(18, 2) as amount,
  t.final_severity as severity,
  t.since,
  t.state,
  case when t.opportunity_id is null then t.facts else json_merge_patch(t.context, t.facts) end as facts,
  t.p_fail,
  t.p_sign,
  t.recipient_id,
  coalesce(p.rep_name, case when t.recipient_id = 'company' then getvariable('head_office') else t.recipient_id end) as recipient_name,
  coalesce(p.superior_id, nullif(t.manager_id, t.recipient_id), 'company') as superior_id,
  case
    when p.superior_id is not null then coalesce(p.superior_name, p.superior_id)
    when t.manager_id <> t.recipient_id then coalesce(q.rep_name, t.manager_id)
    else getvariable('head_office')
  end as superior_name,
  i.rule as inhibitor
from told t
left join alert_people p on p.rep_id = t.recipient_id
left join alert_people q on q.rep_id = t.manager_id
left join (select distinct rule, city from alert_raised where city is not null) i
  on i.city = t.city and list_contains(t.inhibited_by, i.rule)
qualify row_number() over (partition by t.rule, t.subject_id order by i.rule) = 1;

-- Where a closed opportunity silences what was said of it.
-- Grain: one row per closed opportunity. Key: opportunity_id.
create or replace temp table alert_closed as
select opportunity_id, status from marts.opportunity_state where status <> 'open';

-- What people did about alerts, as known. Grain: one intervention.
-- acted_at: of a date alone the end of that day, but not after it was recorded (or the as-of time).
create or replace temp table alert_signals as
select
  intervention_id,
  alert_key,
  opportunity_id,
  case action when 'acknowledged' then 'acknowledged' when 'snoozed' then 'snoozed' else 'answered' end as kind,
  snoozed_until,
  case occurred_precision
    when 'instant' then occurred_at
    else greatest(occurred_at, least(
      occurred_at + interval 1 day, case when is_recorded_at_filled then getvariable('as_of') else recorded_at end))
  end as acted_at
from known.interventions;
