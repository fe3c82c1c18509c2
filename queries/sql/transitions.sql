-- The process map for the opportunities chosen, as marts.transitions: from one stage (or start, or a closing) to
-- the next stage or outcome, how often, in how many opportunities, after how many days.
with spell as (
  select z.opportunity_key, z.spell_no, z.stage, z.exit, z.next_stage, z.dwell_days,
    lag(z.exit) over earlier as exit_before,
    (epoch_us(z.entered_at) - epoch_us(lag(z.left_at) over earlier)) / 86400e6 as days_closed
  from marts.stage_spells z
  semi join (select p.opportunity_key from marts.funnel_paths p where {{ where }}) using (opportunity_key)
  window earlier as (partition by z.opportunity_key order by z.spell_no)
),
move as (
  select opportunity_key, '(start)' as from_stage, stage as to_stage, 'start' as kind, null::double as days
  from spell
  where spell_no = 1
  union all
  select opportunity_key, '(' || exit_before || ')', stage, 'reopen', days_closed
  from spell
  where exit_before in ('won', 'lost')
  union all
  select opportunity_key, stage, coalesce(next_stage, '(' || exit || ')'),
    case exit when 'advanced' then 'advance' when 'skipped_ahead' then 'skip' when 'returned' then 'rework' else 'end' end,
    dwell_days
  from spell
  where exit <> 'open'
),
counted as (
  select from_stage, to_stage, kind, count(*) as transitions, count(distinct opportunity_key) as opportunities,
    quantile_cont(days, [0.5, 0.9]) as quantiles, avg(days) as mean_days
  from move
  group by from_stage, to_stage, kind
)
select c.from_stage, f.stage_no as from_stage_no, c.to_stage, t.stage_no as to_stage_no, c.kind,
  c.transitions, c.opportunities, c.quantiles[1] as median_days, c.mean_days, c.quantiles[2] as p90_days
from counted c
left join ref.stages f on f.stage = c.from_stage
left join ref.stages t on t.stage = c.to_stage
order by from_stage_no nulls first, from_stage, to_stage_no nulls last, to_stage
