-- Write down an evaluation: the alerts of alert_next, without those that were dropped before they opened; one
-- event for each transition; the evaluation itself.
delete from ops.alerts
where alert_key in (
  select alert_key from alert_next union all select alert_key from alert_changes where status = 'dropped');

insert into ops.alerts by name from alert_next;

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
