-- Open opportunities with what speaks for and against them, in the order asked for.
select s.opportunity_id, s.customer_name, s.stage, s.stage_no, s.entered_at, s.amount,
  s.p_fail, s.p_sign, s.risk_band, s.p_fail * s.amount::double as amount_at_risk,
  s.risk_reasons, s.risk_next_action, s.risk_method,
  s.dwell_days, s.sla_days, s.is_overrun, s.overrun_days, s.silent_days, s.next_planned_at,
  s.reschedules, s.technical_meetings, s.visits_done, s.reworks, s.lapses, s.next_required_actions,
  s.owner_id, s.owner_name, s.supervisor_id, s.supervisor_name, s.office, s.city, s.region, s.product_line, s.channel
from marts.opportunity_state s
where {{ where }}
order by {{ order }}, s.opportunity_id
