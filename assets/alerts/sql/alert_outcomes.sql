-- alert_outcomes: what became of every alert that opened, and of the opportunity it was about.
-- Grain: one row per alert episode that opened by the as-of time. Key: alert_key.
-- Meaning: responded_at is the first acknowledgement or intervention, response_hours the hours from opening to it
--   (null while there is none; a snooze is no answer). signed_after sums the signings of the opportunity after the
--   intervention (answered_at), zero where there were none, null where nobody intervened or there is no
--   opportunity. reporting_source_kind is how most visits of the alert's region were reported in the four weeks
--   before it opened. What happened after the as-of time is left out, also where the alerts know it.
-- Reads ops.alerts, known.signings, known.visits, marts.organisation_segments, marts.opportunity_state.
create or replace table marts.alert_outcomes as
with opened as (
  select
    *,
    case when answered_at <= getvariable('as_of') then answered_at end as intervened_at,
    least(
      case when answered_at <= getvariable('as_of') then answered_at end,
      case when acknowledged_at <= getvariable('as_of') then acknowledged_at end) as responded_at
  from ops.alerts
  where opened_at <= getvariable('as_of')),
signed as (
  select o.alert_key, sum(s.amount)::decimal(18, 2) as amount, min(s.occurred_at) as first_at
  from opened o
  join known.signings s on s.opportunity_id = o.opportunity_id and s.occurred_at > o.intervened_at
  group by o.alert_key),
reported as (
  select p.region, v.source_kind, date_trunc('week', v.recorded_at)::date as week_start, count(*) as visits
  from known.visits v
  join marts.organisation_segments p
    on p.rep_id = v.rep_id and p.from_at <= v.occurred_at and p.to_at > v.occurred_at
  where p.region is not null
  group by all),
weeks as (
  select distinct region, date_trunc('week', opened_at)::date as week_start from opened where region is not null),
routes as (
  select w.region, w.week_start, r.source_kind
  from weeks w
  join reported r on r.region = w.region and r.week_start < w.week_start and r.week_start >= w.week_start - 28
  group by w.region, w.week_start, r.source_kind
  qualify row_number() over (
    partition by w.region, w.week_start order by sum(r.visits) desc, r.source_kind) = 1)
select
  o.alert_key,
  o.rule,
  o.subject_type,
  o.subject_id,
  o.episode,
  o.status,
  o.severity,
  o.opportunity_key,
  o.opportunity_id,
  o.customer_name,
  o.city,
  o.region,
  o.recipient_id,
  o.recipient_name,
  r.source_kind as reporting_source_kind,
  o.is_replayed,
  o.opened_at,
  o.acknowledged_at,
  o.intervened_at as answered_at,
  o.responded_at,
  (epoch_us(o.responded_at) - epoch_us(o.opened_at)) / 3600e6 as response_hours,
  case when o.escalated_at <= getvariable('as_of') then o.escalated_at end as escalated_at,
  case when o.resolved_at <= getvariable('as_of') then o.resolved_at end as resolved_at,
  o.amount_at_open,
  o.p_fail_at_open,
  o.p_sign_at_open,
  s.status as outcome,
  s.closed_at,
  case when o.opportunity_id is not null and o.intervened_at is not null then coalesce(g.amount, 0) end::decimal(18, 2)
    as signed_after,
  g.first_at as signed_after_at
from opened o
left join signed g on g.alert_key = o.alert_key
left join routes r on r.region = o.region and r.week_start = date_trunc('week', o.opened_at)::date
left join marts.opportunity_state s on s.opportunity_id = o.opportunity_id
order by o.opened_at, o.alert_key;
