-- signing_target: target, signed and gap per period and scope.
-- Grain: one row per period and scope that has a target. Keys: period, scope, scope_id (null: the company).
-- Meaning: of several records of one target the last recorded holds. Signed is all that was signed within
--   [period_start, period_end) in company time, as known; a region's and a city's by the place of the
--   opportunity in force when it was signed. elapsed_share is the part of the period that has passed,
--   0 to 1; pace = signed / (target x elapsed_share), 1 is on track, null where that is 0.
create or replace table marts.signing_target as
with targets as (
  select period, period_start, period_end, scope, case when scope <> 'company' then scope_id end as scope_id, amount
  from known.targets
  qualify row_number() over (
    partition by period, scope, case when scope <> 'company' then scope_id end
    order by recorded_at desc, occurred_at desc nulls last, source_rank, content_hash desc, file_id, source_row) = 1
),
signed as (
  select s.occurred_at, s.amount, v.city, v.region
  from known.signings s
  left join marts.opportunity_versions v
    on v.opportunity_key = s.opportunity_key and v.from_at <= s.occurred_at and v.to_at > s.occurred_at
),
scoped as (
  select occurred_at, amount, 'company' as scope, null as scope_id from signed
  union all
  select occurred_at, amount, 'region', region from signed
  union all
  select occurred_at, amount, 'city', city from signed
),
summed as (
  select t.period, t.scope, t.scope_id, sum(s.amount) as signed
  from targets t
  join scoped s
    on s.scope = t.scope and s.scope_id is not distinct from t.scope_id
    and s.occurred_at >= t.period_start::timestamptz and s.occurred_at < t.period_end::timestamptz
  group by t.period, t.scope, t.scope_id
),
elapsed as (
  select
    *,
    greatest(0.0, least(1.0,
      (epoch_us(getvariable('as_of')) - epoch_us(period_start::timestamptz))
      / nullif(epoch_us(period_end::timestamptz) - epoch_us(period_start::timestamptz), 0))) as elapsed_share
  from targets
)
select
  t.period,
  t.period_start,
  t.period_end,
  t.scope,
  t.scope_id,
  t.amount as target,
  coalesce(s.signed, 0)::decimal(18, 2) as signed,
  (t.amount - coalesce(s.signed, 0))::decimal(18, 2) as gap,
  t.elapsed_share,
  coalesce(s.signed, 0)::double / nullif(t.amount::double * t.elapsed_share, 0) as pace
from elapsed t
left join summed s
  on s.period = t.period and s.scope = t.scope and s.scope_id is not distinct from t.scope_id
order by t.period_start, t.period, t.scope, t.scope_id nulls first
