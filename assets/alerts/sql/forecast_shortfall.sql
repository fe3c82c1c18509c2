-- Rule forecast_shortfall: a quarter whose target will probably be missed, for the company or a region.
-- Grain: one row per scope and period. Reads ml.forecast_quarter. Parameters: $p_target_met_below, $high_below.
select
  f.scope as subject_type,
  case f.scope when 'company' then 'company' else f.scope_id end || ' ' || f.period as subject_id,
  null::integer as opportunity_key,
  null::varchar as city,
  case f.scope when 'region' then f.scope_id end as region,
  f.gap::decimal(18, 2) as amount,
  case when f.p_target_met <= $high_below then 'high' end as severity,
  null::timestamptz as since,
  case when f.p_target_met <= $high_below then 'high' else 'medium' end as state,
  json_object(
    'period', f.period, 'scope', f.scope, 'scope_id', f.scope_id, 'target', f.target::double, 'signed', f.signed::double,
    'forecast', f.forecast::double, 'low', f.low::double, 'high', f.high::double, 'gap', f.gap::double,
    'p_target_met', round(f.p_target_met, 4)) as facts
from ml.forecast_quarter f
where f.scope in ('company', 'region') and f.target > 0 and f.p_target_met < $p_target_met_below
