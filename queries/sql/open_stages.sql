-- The open pipeline by stage (a stock, never a funnel): how many, how much, how late and how much at risk.
-- What is open in no stage yet has a last row of its own, without a stage, where there is any.
select t.stage_no, t.stage, count(s.opportunity_key) as opportunities,
  coalesce(sum(s.amount), 0)::double as amount,
  count(*) filter (s.is_overrun) as overrun,
  count(*) filter (s.risk_band = 'high') as high_risk,
  coalesce(sum(s.amount) filter (s.risk_band = 'high'), 0)::double as amount_high_risk,
  coalesce(sum(s.p_sign * s.amount::double), 0) as amount_expected,
  count(*) filter (s.silent_days > {{ silent_days }}) as silent
from ref.stages t
full join (from marts.opportunity_state s where s.status = 'open' and {{ where }}) s on s.stage = t.stage
group by all
order by t.stage_no nulls last
