-- pipeline_movement: what moved the open pipeline in a week; opening + movements = closing, to the cent.
-- Grain: one row per week (Monday to Sunday, company time), from the first in which anything moved to the
--   as-of time's, and scope: the company, every region and every city that ever held an open opportunity;
--   region or city null is the unknown one. Keys: week_start, scope, scope_id.
-- Meaning: the open amount is the expected amount in force of every open opportunity; unknown counts 0. The
--   rows are the weekly sums of a ledger, event by event, so a week that raises an amount and then loses
--   the opportunity shows both. Within one instant the attributes change first, then the status: an
--   opportunity lost at the moment its amount is raised is raised, then lost at the new amount.
--     new         its beginning (creation or first activity), at the amount in force
--     reopened    open again after a win, a loss or a lapse; a win or a loss straight out of a closed state
--                 is a reopening and a closing at once
--     increased, decreased   a new expected amount, while open
--     moved_out, moved_in    the owner's (or owner's office's) city or region changed, while open, at the
--                 amount before; the company neither gains nor loses by it
--     won, lost, lapsed      at the expected amount in force, whatever was signed
--   Opportunities that nobody knows the beginning of stand in the opening of the first week. The last
--   week's closing is the open amount at the as-of time.
create or replace table marts.pipeline_movement as
with turns as (
  select
    opportunity_key,
    least(from_at, getvariable('as_of')) as moved_at,
    status,
    lag(status) over (partition by opportunity_key order by from_at) as status_before
  from marts.status_intervals
),
held as (
  select
    opportunity_key, from_at, to_at, region, city, coalesce(expected_amount, 0) as amount,
    lag(region) over versions as region_before,
    lag(city) over versions as city_before,
    lag(coalesce(expected_amount, 0)) over versions as amount_before
  from marts.opportunity_versions
  window versions as (partition by opportunity_key order by from_at)
),
turns_valued as (
  select t.moved_at, t.status, t.status_before, v.region, v.city, coalesce(v.amount, 0) as amount
  from turns t
  left join held v on v.opportunity_key = t.opportunity_key and v.from_at <= t.moved_at and v.to_at > t.moved_at
),
-- Attributes that changed while the opportunity was open; at the instant of a closing it still is.
changes as (
  select v.from_at as moved_at, v.region, v.region_before, v.city, v.city_before, v.amount, v.amount_before
  from held v
  join marts.status_intervals i
    on i.opportunity_key = v.opportunity_key and i.status = 'open' and i.from_at < v.from_at and i.to_at >= v.from_at
  where v.amount_before is not null
    and v.from_at <= getvariable('as_of')
    and (v.amount <> v.amount_before or v.region is distinct from v.region_before
         or v.city is distinct from v.city_before)
),
scopes as (
  select unnest(['company', 'region', 'city']) as scope
),
ledger as (
  select
    t.moved_at, s.scope, case s.scope when 'region' then t.region when 'city' then t.city end as scope_id,
    case when t.status_before is null then 'new' else 'reopened' end as movement,
    t.amount
  from turns_valued t, scopes s
  where t.status = 'open' or t.status_before is distinct from 'open'
  union all
  select
    t.moved_at, s.scope, case s.scope when 'region' then t.region when 'city' then t.city end,
    t.status,
    -t.amount
  from turns_valued t, scopes s
  where t.status <> 'open'
  union all
  select
    c.moved_at, s.scope, case s.scope when 'region' then c.region when 'city' then c.city end,
    case when c.amount > c.amount_before then 'increased' else 'decreased' end,
    c.amount - c.amount_before
  from changes c, scopes s
  where c.amount <> c.amount_before
  union all
  select c.moved_at, 'region', unnest([c.region_before, c.region]), unnest(['moved_out', 'moved_in']),
    unnest([-c.amount_before, c.amount_before])
  from changes c
  where c.region is distinct from c.region_before
  union all
  select c.moved_at, 'city', unnest([c.city_before, c.city]), unnest(['moved_out', 'moved_in']),
    unnest([-c.amount_before, c.amount_before])
  from changes c
  where c.city is distinct from c.city_before
),
weeks as (
  select unnest(generate_series(
    date_trunc('week', coalesce(min(moved_at) filter (isfinite(moved_at)), getvariable('as_of')))::date,
    date_trunc('week', getvariable('as_of'))::date,
    interval 7 day))::date as week_start
  from ledger
),
weekly as (
  select
    coalesce(date_trunc('week', case when isfinite(moved_at) then moved_at end)::date, '-infinity') as week_start,
    scope, scope_id, movement, sum(amount) as amount
  from ledger
  group by all
),
grid as (
  select w.week_start, s.scope, s.scope_id
  from weeks w, (select distinct scope, scope_id from weekly) s
),
pivoted as (
  select
    g.week_start, g.scope, g.scope_id,
    coalesce(sum(m.amount) filter (m.movement = 'new'), 0) as new,
    coalesce(sum(m.amount) filter (m.movement = 'reopened'), 0) as reopened,
    coalesce(sum(m.amount) filter (m.movement = 'increased'), 0) as increased,
    coalesce(sum(m.amount) filter (m.movement = 'decreased'), 0) as decreased,
    coalesce(sum(m.amount) filter (m.movement = 'moved_in'), 0) as moved_in,
    coalesce(sum(m.amount) filter (m.movement = 'moved_out'), 0) as moved_out,
    coalesce(sum(m.amount) filter (m.movement = 'won'), 0) as won,
    coalesce(sum(m.amount) filter (m.movement = 'lost'), 0) as lost,
    coalesce(sum(m.amount) filter (m.movement = 'lapsed'), 0) as lapsed,
    coalesce(sum(m.amount), 0) as net
  from grid g
  left join weekly m
    on m.week_start = g.week_start and m.scope = g.scope and m.scope_id is not distinct from g.scope_id
  group by g.week_start, g.scope, g.scope_id
),
undated as (
  select scope, scope_id, sum(amount) as amount
  from weekly where week_start = '-infinity' group by scope, scope_id
),
carried as (
  select
    p.*,
    coalesce(u.amount, 0) + sum(p.net) over (
      partition by p.scope, p.scope_id order by p.week_start
      rows between unbounded preceding and current row) as closing
  from pivoted p
  left join undated u on u.scope = p.scope and u.scope_id is not distinct from p.scope_id
)
select
  week_start,
  scope,
  scope_id,
  (closing - net)::decimal(18, 2) as opening,
  new::decimal(18, 2) as new,
  reopened::decimal(18, 2) as reopened,
  increased::decimal(18, 2) as increased,
  decreased::decimal(18, 2) as decreased,
  moved_in::decimal(18, 2) as moved_in,
  moved_out::decimal(18, 2) as moved_out,
  won::decimal(18, 2) as won,
  lost::decimal(18, 2) as lost,
  lapsed::decimal(18, 2) as lapsed,
  closing::decimal(18, 2) as closing
from carried
order by week_start, scope, scope_id nulls first
