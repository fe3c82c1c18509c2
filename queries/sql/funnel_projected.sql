-- The projected rate: Aalen-Johansen cumulative incidence of counting at a stage, with failing as the competing
-- event and whoever may still do either censored at the as-of time (or at the window's end). Ties are summed at
-- each distinct time. Variance: Greenwood's extended to competing risks (Collett, 3rd ed., p. 411).
with {{ units }},
follow as (
  select {{ keys }}stage_no,
    greatest(least(coalesce(t_us, closed_us, {{ as_of }}), entry_us + {{ horizon }}) - entry_us, 0) as t,
    case when t_us - entry_us <= {{ horizon }} then 1
         when t_us is null and closed_us - entry_us <= {{ horizon }} then 2 else 0 end as event
  from (
    select {{ keys }}entry_us, closed_us, unnest({{ stages }}) as stage_no, unnest({{ times }}) as t_us
    from unit
    where {{ where }}
  )
),
at_time as (
  select {{ keys }}stage_no, t, count(*) as units,
    count(*) filter (event = 1) as counted, count(*) filter (event <> 0) as events
  from follow
  group by all
),
risk as (
  select *, sum(units) over (partition by {{ keys }}stage_no order by t desc)::double as at_risk from at_time
),
survival as (
  select *,
    coalesce(exp(sum(case when events < at_risk then ln(1 - events / at_risk) else 0 end)
      over (partition by {{ keys }}stage_no order by t rows between unbounded preceding and 1 preceding)), 1) as before
  from risk
),
incidence as (
  select *, sum(before * counted / at_risk) over (partition by {{ keys }}stage_no order by t) as cumulative
  from survival
),
moments as (
  select {{ keys }}stage_no,
    sum(units)::bigint as units, sum(counted)::bigint as counted,
    max(t) / 86400e6 as followed_days,
    max(cumulative) as f,
    coalesce(sum(events / (at_risk * (at_risk - events))) filter (events < at_risk), 0) as a0,
    coalesce(sum(cumulative * events / (at_risk * (at_risk - events))) filter (events < at_risk), 0) as a1,
    coalesce(sum(cumulative * cumulative * events / (at_risk * (at_risk - events))) filter (events < at_risk), 0) as a2,
    sum(before * before * counted * (at_risk - counted) / at_risk ** 3) as b,
    sum(before * counted / at_risk ** 2) as c0,
    sum(cumulative * before * counted / at_risk ** 2) as c1
  from incidence
  group by {{ keys }}stage_no
)
select {{ keys }}stage_no, units, counted, followed_days, f as projected,
  (f * f * a0 - 2 * f * a1 + a2) + b - 2 * (f * c0 - c1) as variance
from moments
order by all
