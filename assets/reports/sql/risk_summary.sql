-- The open pipeline and how much of it is at high risk. Grain: one row. Reads marts.opportunity_state.
select
  count(*) as open_opportunities,
  sum(amount) as open_amount,
  count(p_fail) as scored,
  count(*) filter (risk_band = 'high') as high,
  sum(amount) filter (risk_band = 'high') as high_amount,
  mode(risk_method order by risk_method) as method
from marts.opportunity_state
where status = 'open'
