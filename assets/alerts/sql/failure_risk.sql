-- Rule failure_risk: an open opportunity whose failure probability is at or above the threshold, or that is
-- among its supervisor's most endangered, as many as the weekly budget and none below the floor.
-- Grain: one row per opportunity. Reads marts.opportunity_state. Parameters: $p_fail, $weekly_budget, $budget_floor.
-- Without a probability (too few closed opportunities for a model) the band of the stand-in rules decides.
with ranked as (
  select *, row_number() over (
    partition by supervisor_id order by p_fail desc nulls last, amount desc nulls last, opportunity_key) as rank
  from marts.opportunity_state
  where status = 'open')
select
  'opportunity' as subject_type,
  opportunity_id as subject_id,
  opportunity_key,
  city,
  region,
  amount,
  case when coalesce(p_fail < $p_fail, false) then 'medium' end as severity,
  null::timestamptz as since,
  risk_band as state,
  json_object(
    'rank', rank, 'is_above_threshold', coalesce(p_fail >= $p_fail, true), 'threshold', $p_fail::double,
    'risk_band', risk_band, 'risk_method', risk_method) as facts
from ranked
where p_fail >= $p_fail
   or (rank <= $weekly_budget and p_fail >= $budget_floor)
   or (p_fail is null and risk_band = 'high')
