-- The quarter (else the shortest period) that holds the week's last day: target, signed and forecast by scope.
-- Grain: one row per scope. Reads marts.signing_target, ml.forecast_quarter. Parameters: $week_start.
with periods as (
  select period
  from marts.signing_target
  where period_start <= $week_start::date + 6 and period_end > $week_start::date + 6
  group by period
  order by abs(date_diff('day', any_value(period_start), any_value(period_end)) - 91), period
  limit 1)
select
  t.period, t.period_start, t.period_end, t.scope, t.scope_id, t.target, t.signed, t.gap, t.elapsed_share, t.pace,
  f.forecast, f.low, f.high, f.p_target_met, f.gap as forecast_gap
from marts.signing_target t
join periods using (period)
left join ml.forecast_quarter f
  on f.period = t.period and f.scope = t.scope and f.scope_id is not distinct from t.scope_id
where t.scope in ('company', 'region')
order by t.scope, t.scope_id
