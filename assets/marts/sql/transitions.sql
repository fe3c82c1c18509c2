-- transitions: the process map: from one stage (or start, or a closing) to the next stage or outcome.
-- Grain: one row per pair. Keys: from_stage, to_stage.
-- Meaning: every spell has one transition into it and, unless it is open, one out of it, so the transitions
--   into a stage are its spells. (start) leads to the first spell; a spell after a win or a loss comes from
--   (won) or (lost), by word or implied, and its days are those it had been closed. All other days are the
--   dwell before the move. A move to the next stage is an advance, over a stage a skip, to a lower one
--   rework. A lapse that was undone by a return is no transition.
create or replace table marts.transitions as
with spells as (
  select
    opportunity_key, spell_no, stage, stage_no, entered_at, exit, next_stage, dwell_days,
    lag(exit) over earlier as exit_before,
    (epoch_us(entered_at) - epoch_us(lag(left_at) over earlier)) / 86400e6 as days_closed
  from marts.stage_spells
  window earlier as (partition by opportunity_key order by spell_no)
),
moves as (
  select opportunity_key, '(start)' as from_stage, stage as to_stage, 'start' as kind, null::double as days
  from spells
  where spell_no = 1
  union all
  select opportunity_key, '(' || exit_before || ')', stage, 'reopen', days_closed
  from spells
  where exit_before in ('won', 'lost')
  union all
  select
    opportunity_key,
    stage,
    coalesce(next_stage, '(' || exit || ')'),
    case exit when 'advanced' then 'advance' when 'skipped_ahead' then 'skip' when 'returned' then 'rework' else 'end' end,
    dwell_days
  from spells
  where exit <> 'open'
),
counted as (
  select
    from_stage, to_stage, kind,
    count(*) as transitions,
    count(distinct opportunity_key) as opportunities,
    quantile_cont(days, [0.5, 0.9]) as quantiles,
    -- in whole microseconds: a sum of doubles would depend on the order in which threads add it up
    avg((days * 86400e6)::bigint) / 86400e6 as mean_days
  from moves
  group by from_stage, to_stage, kind
)
select
  c.from_stage,
  f.stage_no as from_stage_no,
  c.to_stage,
  t.stage_no as to_stage_no,
  c.kind,
  c.transitions,
  c.opportunities,
  c.quantiles[1] as median_days,
  c.mean_days,
  c.quantiles[2] as p90_days
from counted c
left join ref.stages f on f.stage = c.from_stage
left join ref.stages t on t.stage = c.to_stage
order by from_stage_no nulls first, from_stage, to_stage_no nulls last, to_stage
