-- The spells behind one figure of the dwell page: as many rows as the figure. Longest over its SLA first.
select
  z.opportunity_id, s.customer_name, z.spell_no, z.stage, z.entered_at, z.left_at, z.exit,
  z.dwell_days, z.dwell_business_days, z.sla_days, z.sla_clock, z.is_overrun,
  case z.sla_clock when 'business' then z.dwell_business_days else z.dwell_days end - z.sla_days as over_sla_days,
  s.status, s.silent_days, s.next_planned_at, s.amount, s.p_fail, z.owner_name, z.supervisor_name, z.city, z.region
from marts.stage_spells z
left join marts.opportunity_state s on s.opportunity_key = z.opportunity_key
where {{ where }}
order by over_sla_days desc nulls last, z.dwell_days desc, z.opportunity_id, z.spell_no
