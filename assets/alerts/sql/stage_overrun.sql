-- Rule stage_overrun: an open opportunity whose spell exceeds its stage's SLA, on the SLA's own clock.
-- Grain: one row per opportunity. Reads marts.opportunity_state, ref.stages.
-- Parameters: $high_at_sla_multiple.
-- since: when the SLA ran out; on a business clock no later than overrun_days ago.
select
  'opportunity' as subject_type,
  o.opportunity_id as subject_id,
  o.opportunity_key,
  o.city,
  o.region,
  o.amount,
  case when (o.sla_days + o.overrun_days) >= $high_at_sla_multiple * o.sla_days then 'high' end as severity,
  case s.sla_clock
    when 'calendar' then o.entered_at + to_microseconds((o.sla_days * 86400e6)::bigint)
    else getvariable('as_of') - to_microseconds((o.overrun_days * 86400e6)::bigint)
  end as since,
  o.stage as state,
  json_object('overrun_days', round(o.overrun_days, 1), 'sla_days', o.sla_days, 'sla_clock', s.sla_clock) as facts
from marts.opportunity_state o
join ref.stages s on s.stage = o.stage
where o.status = 'open' and o.is_overrun
