-- Rule failure_risk: the open opportunities of each supervisor on which an intervention can save most, as many as
-- the weekly budget and none below the floor; and, where a threshold is set, whatever is at or above it.
-- Grain: one row per opportunity. Reads marts.opportunity_state. Parameters: $p_fail (null: the budget alone),
-- $weekly_budget, $budget_floor.
-- Ranked by amount x p_fail x p_sign, not by p_fail: what changes the odds of failing by a given ratio moves most
-- where both ends are open, and nothing where the customer is as good as lost. An unknown amount counts as the
-- supervisor's median. Without a probability (too few closed opportunities for a model) the band of the stand-in
-- rules decides, and the amount ranks.
with valued as (
  select *, coalesce(amount, median(amount) over (partition by supervisor_id), 1) as weight
  from marts.opportunity_state
  where status = 'open'),
ranked as (
  select *, row_number() over (
    partition by supervisor_id
    order by weight * coalesce(p_fail * coalesce(p_sign, 1 - p_fail), 1) desc, p_fail desc nulls last, opportunity_key) as rank
  from valued
  where p_fail >= $budget_floor or (p_fail is null and risk_band = 'high'))
select
  'opportunity' as subject_type,
  opportunity_id as subject_id,
  opportunity_key,
  city,
  region,
  amount,
  null::varchar as severity,
  null::timestamptz as since,
  risk_band as state,
  json_object(
    'rank', rank, 'is_above_threshold', coalesce(p_fail >= $p_fail, false), 'threshold', $p_fail::double,
    'risk_band', risk_band, 'risk_method', risk_method) as facts
from ranked
where rank <= $weekly_budget or p_fail >= $p_fail
