-- The quarter (else the shortest period) that holds the week's last day: target, signed and forecast by scope.
-- signed_in_week: the company's, in the part of the week that lies in the period.
-- Grain: one row per scope. Reads marts.signing_target, ml.forecast_quarter, known.signings. Parameters: $week_start.
with periods as (
  select period
  from marts.signing_target
  where period_start <= $week_start::date + 6 and period_end > $week_start::date + 6
  group by period
  order by abs(date_diff('day', any_value(period_start), any_value(period_end)) - 91), period
  limit 1)
select
  t.period, t.period_start, t.period_end, t.scope, t.scope_id, t.target, t.signed, t.gap, t.elapsed_share, t.pace,
  f.forecast, f.low, f.high, f.p_target_met, f.gap as forecast_gap,
  (select coalesce(sum(s.amount), 0)::decimal(18, 2) from known.signings s
   where s.occurred_at >= greatest(t.period_start, $week_start::date)::timestamptz
     and s.occurred_at < least(t.period_end, $week_start::date + 7)::timestamptz) as signed_in_week
from marts.signing_target t
join periods using (period)
left join ml.forecast_quarter f
  on f.period = t.period and f.scope = t.scope and f.scope_id is not distinct from t.scope_id
where t.scope in ('company', 'region')
order by t.scope, t.scope_id
