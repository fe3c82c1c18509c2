-- The backtest's scores of one Monday in the shape of ml.scores: by a model that had not seen what came after.
-- Grain: one row per opportunity scored at that landmark. Reads alert_backtest (a copy of ml.backtest_scores),
-- staging (for the identifiers). Parameters: $monday, $horizon, $high, $medium.
insert into ml.scores by name
select
  b.opportunity_key,
  o.opportunity_id,
  b.landmark_at as as_of,
  $horizon::integer as horizon_days,
  b.p_fail,
  b.p_sign,
  case when b.p_fail >= $high then 'high' when b.p_fail >= $medium then 'medium' else 'low' end as risk_band,
  '[]' as reasons,
  null as next_action,
  'model' as method,
  b.model as model_id
from alert_backtest b
join (
  select opportunity_key, opportunity_id from staging.stage_events
  union
  select opportunity_key, opportunity_id from staging.opportunities) o using (opportunity_key)
where b.landmark_at = $monday
qualify row_number() over (partition by b.opportunity_key order by b.fold desc, b.model) = 1
