-- Which intervention answers which alert: one that names the alert, or a deed on the alert's opportunity while
-- it was live. A deed on an opportunity answers all its live alerts; an acknowledgement or a snooze that names
-- an alert is for that one alone.
-- Grain: one row per answered alert. Key: alert_key. Reads ops.alerts, alert_signals.
create or replace temp table alert_answers as
with matched as (
  select a.alert_key, s.intervention_id, s.kind, greatest(s.acted_at, a.opened_at) as acted_at, s.snoozed_until,
         a.resolved_at
  from ops.alerts a
  join alert_signals s on s.alert_key = a.alert_key
  where a.opened_at is not null
  union
  select a.alert_key, s.intervention_id, s.kind, s.acted_at, s.snoozed_until, a.resolved_at
  from ops.alerts a
  join alert_signals s on s.opportunity_id = a.opportunity_id
  where s.acted_at >= a.opened_at and (s.alert_key is null or s.kind = 'answered'))
select
  alert_key,
  count(distinct intervention_id)::integer as answers,
  list(distinct struct_pack(kind := kind, acted_at := acted_at, snoozed_until := snoozed_until)) as given
from matched
where resolved_at is null or acted_at <= resolved_at
group by alert_key;
