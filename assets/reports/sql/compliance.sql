-- Required actions of the moves made in the week and in the week before, by region (null: the company).
-- Grain: one row per region. Reads marts.transition_compliance. Parameters: $week_start.
with moves as (
  select
    region,
    verdict,
    moved_at >= $week_start::date::timestamptz as is_week
  from marts.transition_compliance
  where moved_at >= ($week_start::date - 7)::timestamptz and moved_at < ($week_start::date + 7)::timestamptz
    and verdict <> 'waived')
select
  grouping(region) = 1 as is_company,
  region,
  count(*) filter (is_week) as required,
  count(*) filter (is_week and verdict = 'pass') as passed,
  count(*) filter (is_week and verdict = 'late') as late,
  count(*) filter (is_week and verdict = 'missing') as missing,
  count(*) filter (not is_week) as required_before,
  count(*) filter (not is_week and verdict = 'pass') as passed_before
from moves
group by grouping sets ((), (region))
order by is_company desc, region nulls last
