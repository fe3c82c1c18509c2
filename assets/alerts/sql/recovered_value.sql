-- recovered_value: what interventions after alerts brought in, gross and incremental, beside its cost.
-- Grain: one row per period (all, or the quarter or month in which the answered alert opened) and scope (company or
-- region). Keys: period_type, period_start, scope, scope_id.
-- Meaning: an opportunity counts once, by its first alert that an intervention followed.
--   gross: amounts signed after that intervention, whenever.
--   expected_anyway: what would have been signed by now without it, given that the opportunity was still open when
--     somebody intervened: amount at the alert x p, where by the calibrated p_sign and p_fail of the last Monday
--     between alert and intervention that the backtest scored out of sample, else of the alert itself
--       p = p_sign (S(now) - S(then)) / (1 - p_sign S(then) - p_fail F(then)),
--     S(x), F(x): share of the horizon's signings and failures that come within x days of a landmark (from the
--     backtest's, all opportunities alike; 1 once the horizon has passed), then: the days from score to intervention.
--     The score of the alert alone would not do: who is still worth an answer two weeks later has come on since.
--   gross_scored: of gross, the opportunities with a p_sign, signed within the horizon: like against like.
--   incremental = gross_scored - expected_anyway. Null where no intervened opportunity has a p_sign, or where the
--     backtest cannot tell the share for a young alert.
--   cost: programme costs in money (hours are not priced), by the days that fall into the span from the period's
--     start (or the first alert) to its end (or the as-of time); company only, null where none is recorded.
--   roi = (value - cost) / cost. payback_months: months of the span x cost / incremental; null where nothing is left.
--   Amounts are contract amounts, not margins. Interventions were not drawn by lot: that an opportunity lived until
--   its intervention is already a selection, which p_sign at the alert does not know.
-- Reads marts.alert_outcomes, ml.backtest_scores, known.costs, known.signings, ref.settings.
create or replace table marts.recovered_value as
with horizon as (
  select value::integer as days from ref.settings where key = 'horizon_days'),
closings as (
  select
    floor((epoch_us(b.closed_at) - epoch_us(b.landmark_at)) / 86400e6)::integer as day,
    count(*) filter (b.outcome = 'signed') as signed,
    count(*) filter (b.outcome = 'failed') as failed
  from ml.backtest_scores b
  cross join horizon h
  where b.outcome is not null and epoch_us(b.closed_at) - epoch_us(b.landmark_at) between 0 and h.days * 86400e6 - 1
  group by all),
-- Of the horizon's signings (and failures): the share before each day, and on it.
accrual as (
  select
    d.day,
    sum(coalesce(c.signed, 0)) over earlier / nullif(sum(coalesce(c.signed, 0)) over (), 0) as signed_before,
    coalesce(c.signed, 0) / nullif(sum(coalesce(c.signed, 0)) over (), 0) as signed_on,
    sum(coalesce(c.failed, 0)) over earlier / nullif(sum(coalesce(c.failed, 0)) over (), 0) as failed_before,
    coalesce(c.failed, 0) / nullif(sum(coalesce(c.failed, 0)) over (), 0) as failed_on
  from (select unnest(range(h.days + 1))::integer as day from horizon h) d
  left join closings c on c.day = d.day
  window earlier as (order by d.day rows between unbounded preceding and 1 preceding)),
answered as (
  select *
  from marts.alert_outcomes
  where opportunity_id is not null and answered_at is not null
  qualify row_number() over (
    partition by opportunity_id order by answered_at, opened_at, alert_key) = 1),
-- The last score between alert and intervention.
latest as (
  select a.alert_key, b.landmark_at, b.p_sign, b.p_fail
  from answered a
  join ml.backtest_scores b
    on b.opportunity_key = a.opportunity_key and b.landmark_at > a.opened_at and b.landmark_at <= a.answered_at
  qualify row_number() over (partition by a.alert_key order by b.landmark_at desc, b.fold desc, b.model) = 1),
intervened as (
  select
    a.*,
    coalesce(l.landmark_at, a.opened_at) as scored_at,
    coalesce(l.p_sign, a.p_sign_at_open) as p_sign,
    coalesce(l.p_fail, a.p_fail_at_open) as p_fail,
    least((epoch_us(getvariable('as_of')) - epoch_us(scored_at)) / 86400e6, h.days) as followed_days,
    least((epoch_us(a.answered_at) - epoch_us(scored_at)) / 86400e6, h.days) as waited_days,
    h.days as horizon_days
  from answered a
  cross join horizon h
  left join latest l on l.alert_key = a.alert_key),
within_horizon as (
  select i.alert_key, sum(s.amount) as amount
  from intervened i
  join known.signings s
    on s.opportunity_id = i.opportunity_id and s.occurred_at > i.answered_at
    and epoch_us(s.occurred_at) - epoch_us(i.scored_at) <= i.horizon_days * 86400e6
  group by i.alert_key),
valued as (
  select
    i.*,
    i.p_sign is not null and i.amount_at_open is not null as is_scored,
    coalesce(w.amount, 0) as signed_within_horizon,
    case when i.followed_days >= i.horizon_days then 1.0
         else coalesce(n.signed_before, 0) + (i.followed_days - floor(i.followed_days)) * n.signed_on end as signed_by_now,
    coalesce(coalesce(t.signed_before, 0) + (i.waited_days - floor(i.waited_days)) * t.signed_on, 0) as signed_by_then,
    coalesce(coalesce(t.failed_before, 0) + (i.waited_days - floor(i.waited_days)) * t.failed_on, 0) as failed_by_then,
    i.amount_at_open::double * i.p_sign
      * case when signed_by_now is not null then greatest(signed_by_now - signed_by_then, 0) end
      / greatest(1 - i.p_sign * signed_by_then - coalesce(i.p_fail, 0) * failed_by_then, 0.05)
      as expected_anyway
  from intervened i
  left join within_horizon w on w.alert_key = i.alert_key
  left join accrual n on n.day = floor(i.followed_days)::integer
  left join accrual t on t.day = floor(i.waited_days)::integer),
periods as (
  select 'all' as period_type, null::date as period_start, null::date as period_end
  union all
  select distinct 'quarter', date_trunc('quarter', opened_at)::date, (date_trunc('quarter', opened_at) + interval 3 month)::date
  from marts.alert_outcomes
  union all
  select distinct 'month', date_trunc('month', opened_at)::date, (date_trunc('month', opened_at) + interval 1 month)::date
  from marts.alert_outcomes),
scopes as (
  select 'company' as scope, null as scope_id
  union all
  select distinct 'region', region from marts.alert_outcomes where region is not null),
grid as (
  select
    p.*, s.*,
    greatest(p.period_start::timestamptz, f.first_opened_at) as span_from,
    least(p.period_end::timestamptz, getvariable('as_of')) as span_to
  from periods p
  cross join scopes s
  cross join (select min(opened_at) as first_opened_at from marts.alert_outcomes) f
  where f.first_opened_at is not null),
opened as (
  select
    g.period_type, g.period_start, g.scope, g.scope_id,
    count(o.alert_key) as alerts,
    count(o.responded_at) as responded,
    count(distinct o.opportunity_id) as alerted_opportunities,
    median(o.response_hours) as median_response_hours
  from grid g
  left join marts.alert_outcomes o
    on coalesce(o.opened_at >= g.period_start::timestamptz and o.opened_at < g.period_end::timestamptz, true)
    and (g.scope = 'company' or o.region = g.scope_id)
  group by all),
summed as (
  select
    g.period_type, g.period_start, g.scope, g.scope_id,
    count(v.alert_key) as intervened_opportunities,
    count(v.alert_key) filter (v.is_scored) as scored_opportunities,
    count(v.alert_key) filter (v.signed_after > 0) as signed_opportunities,
    coalesce(sum(v.signed_after), 0)::decimal(18, 2) as gross,
    coalesce(sum(v.signed_within_horizon) filter (v.is_scored), 0)::decimal(18, 2) as gross_scored,
    case when count(*) filter (v.is_scored) > 0 and count(*) filter (v.is_scored and v.expected_anyway is null) = 0
         then sum(v.expected_anyway) filter (v.is_scored) end::decimal(18, 2) as expected_anyway
  from grid g
  left join valued v
    on coalesce(v.opened_at >= g.period_start::timestamptz and v.opened_at < g.period_end::timestamptz, true)
    and (g.scope = 'company' or v.region = g.scope_id)
  group by all),
spent as (
  select
    g.period_type, g.period_start,
    sum(c.amount::double
      * (epoch_us(least(c.period_end::timestamptz, g.span_to)) - epoch_us(greatest(c.period_start::timestamptz, g.span_from)))
      / (epoch_us(c.period_end::timestamptz) - epoch_us(c.period_start::timestamptz)))::decimal(18, 2) as cost
  from grid g
  join known.costs c
    on c.category = 'programme' and c.amount is not null
    and c.period_start::timestamptz < g.span_to and c.period_end::timestamptz > g.span_from
  where g.scope = 'company'
  group by all)
select
  g.period_type,
  g.period_start,
  g.scope,
  g.scope_id,
  g.span_from,
  g.span_to,
  o.alerts,
  o.responded,
  o.median_response_hours,
  o.alerted_opportunities,
  s.intervened_opportunities,
  s.scored_opportunities,
  s.signed_opportunities,
  s.gross,
  s.gross_scored,
  s.expected_anyway,
  (s.gross_scored - s.expected_anyway)::decimal(18, 2) as incremental,
  c.cost,
  (s.gross - c.cost)::double / nullif(c.cost, 0)::double as roi_gross,
  (s.gross_scored - s.expected_anyway - c.cost)::double / nullif(c.cost, 0)::double as roi_incremental,
  case when s.gross_scored > s.expected_anyway
       then (epoch_us(g.span_to) - epoch_us(g.span_from)) / 86400e6 / 30.4375
            * c.cost::double / (s.gross_scored - s.expected_anyway)::double end as payback_months
from grid g
join opened o
  on o.period_type = g.period_type and o.period_start is not distinct from g.period_start
  and o.scope = g.scope and o.scope_id is not distinct from g.scope_id
join summed s
  on s.period_type = g.period_type and s.period_start is not distinct from g.period_start
  and s.scope = g.scope and s.scope_id is not distinct from g.scope_id
left join spent c
  on g.scope = 'company' and c.period_type = g.period_type and c.period_start is not distinct from g.period_start
order by g.period_type, g.period_start nulls first, g.scope, g.scope_id nulls first;
