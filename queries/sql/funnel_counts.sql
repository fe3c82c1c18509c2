-- A funnel: per period and break-down, how many entered, and how many counted at each stage.
-- Mature: the period's last instant (without periods: the unit's own entry) + window had passed at the as-of time.
with {{ units }},
grouped as (
  select {{ keys }}is_mature, is_excluded, depth, count(*) as units
  from unit
  group by all
)
select {{ answer_keys }}stage_no,
  coalesce(sum(units) filter (not is_excluded), 0)::bigint as cohort,
  coalesce(sum(units) filter (not is_excluded and depth >= stage_no), 0)::bigint as counted,
  coalesce(sum(units) filter (not is_excluded and is_mature), 0)::bigint as cohort_mature,
  coalesce(sum(units) filter (not is_excluded and is_mature and depth >= stage_no), 0)::bigint as counted_mature,
  coalesce(sum(units) filter (is_excluded), 0)::bigint as excluded
from grouped cross join (select unnest(range({{ first }}, {{ last }} + 1))::integer as stage_no)
group by {{ group }}stage_no
order by all
