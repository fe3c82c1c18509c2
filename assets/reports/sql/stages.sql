-- The open opportunities by stage as of now, with those beyond their SLA; and how long the stage takes.
-- Grain: one row per stage. Reads ref.stages, marts.opportunity_state, marts.dwell.
select
  s.stage_no,
  s.stage,
  s.sla_days,
  s.sla_clock,
  count(o.opportunity_key) as open_opportunities,
  sum(o.amount) as open_amount,
  count(*) filter (o.is_overrun) as overrun,
  sum(o.amount) filter (o.is_overrun) as overrun_amount,
  any_value(d.median_days_to_advance) as median_days_to_advance,
  any_value(d.km_median_days) as km_median_days
from ref.stages s
left join marts.opportunity_state o on o.stage = s.stage and o.status = 'open'
left join marts.dwell d on d.dimension = 'all' and d.stage_no = s.stage_no
group by s.stage_no, s.stage, s.sla_days, s.sla_clock
order by s.stage_no
