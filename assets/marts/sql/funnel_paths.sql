-- funnel_paths: when each opportunity first reached, and observed, each stage. Every funnel is counted from it.
-- Grain: one row per opportunity that ever reached a stage. Key: opportunity_key.
-- Meaning: lists are by stage number, as long as the playbook has stages.
--   reached_at[k]: the first time it was in stage k or beyond; a skip counts, one that begins at stage 2 has
--     reached stage 1 at that moment, and the first win reaches every stage. cohort_at is reached_at[1].
--   observed_at[k]: when stages 1 to k had themselves been entered, in that order among all entries, with
--     anything between: from the first entry of stage 1, the first entry of stage 2 after it, and so on.
--   is_direct[k]: observed to k with no rework and no skip between stage 1 and k; a loss reopened in the
--     same stage is neither.
--   What was reached stays reached, whatever came after; outcome is what holds at the as-of time. The
--   attributes and the amount are those in force when it entered the cohort.
create or replace table marts.funnel_paths as
with recursive
stages as (select max(stage_no) as last_no from ref.stages),
entries as (
  select opportunity_key, spell_no, stage_no, entered_at, is_rework, is_skip from marts.stage_spells
),
-- The furthest stage so far rises at some entries, and each rise reaches the stages that it passes: one row
-- a stage. Time never falls as the stages rise, so sorting the times sorts them by stage.
rises as (
  select
    opportunity_key, entered_at,
    stage_no - coalesce(
      max(stage_no) over (
        partition by opportunity_key order by spell_no rows between unbounded preceding and 1 preceding),
      0) as stages_reached
  from entries
),
reached as (
  select opportunity_key, list_sort(list(entered_at)) as reached_at
  from (select opportunity_key, entered_at, unnest(range(stages_reached)) from rises where stages_reached > 0)
  group by opportunity_key
),
-- Observed: the chain of first entries, a stage at a time.
chain as (
  select opportunity_key, 1 as stage_no, min(spell_no) as spell_no
  from entries
  where stage_no = 1
  group by opportunity_key
  union all
  select c.opportunity_key, c.stage_no + 1, min(e.spell_no)
  from chain c
  join entries e on e.opportunity_key = c.opportunity_key and e.stage_no = c.stage_no + 1 and e.spell_no > c.spell_no
  group by c.opportunity_key, c.stage_no
),
-- The first rework or skip after stage 1 was entered: what is observed from there on is not direct.
detours as (
  select e.opportunity_key, min(e.spell_no) as spell_no
  from entries e
  join chain c on c.opportunity_key = e.opportunity_key and c.stage_no = 1 and e.spell_no > c.spell_no
  where e.is_rework or e.is_skip
  group by e.opportunity_key
),
observed as (
  select
    c.opportunity_key,
    list_sort(list(e.entered_at)) as observed_at,
    count(*) filter (c.spell_no < coalesce(d.spell_no, 2147483647)) as direct
  from chain c
  join entries e on e.opportunity_key = c.opportunity_key and e.spell_no = c.spell_no
  left join detours d on d.opportunity_key = c.opportunity_key
  group by c.opportunity_key
),
habits as (
  select opportunity_key, bool_or(is_skip) as is_skipped, bool_or(is_rework) as is_reworked
  from entries
  group by opportunity_key
),
paths as (
  select
    l.opportunity_key, l.opportunity_id, l.status, l.closed_at, l.won_at,
    -- from stages reached in their turn, cut or filled up by the win
    list_transform(range(1, s.last_no + 1), lambda k: least(r.reached_at[k], l.won_at)) as reached_at,
    list_resize(coalesce(o.observed_at, []), s.last_no, null) as observed_at,
    list_transform(range(1, s.last_no + 1), lambda k: k <= coalesce(o.direct, 0)) as is_direct,
    case when l.won_at is not null then s.last_no else len(r.reached_at) end as furthest_stage_no,
    coalesce(h.is_skipped, false) as is_skipped,
    coalesce(h.is_reworked, false) as is_reworked
  from marts.opportunity_lives l
  cross join stages s
  left join reached r on r.opportunity_key = l.opportunity_key
  left join observed o on o.opportunity_key = l.opportunity_key
  left join habits h on h.opportunity_key = l.opportunity_key
  where r.opportunity_key is not null or l.won_at is not null
)
select
  p.opportunity_key,
  p.opportunity_id,
  v.customer_id,
  v.customer_name,
  p.reached_at[1] as cohort_at,
  p.reached_at,
  p.observed_at,
  p.is_direct,
  p.furthest_stage_no::integer as furthest_stage_no,
  p.status as outcome,
  p.closed_at as outcome_at,
  case when p.status in ('lost', 'lapsed') then p.closed_at end as failed_at,
  p.won_at,
  p.is_skipped,
  p.is_reworked,
  v.expected_amount as amount,
  v.owner_id,
  v.owner_name,
  v.supervisor_id,
  v.supervisor_name,
  v.office,
  v.city,
  v.province,
  v.region,
  v.product_line,
  v.channel,
  v.lead_source
from paths p
left join marts.opportunity_versions v
  on v.opportunity_key = p.opportunity_key and v.from_at <= p.reached_at[1] and v.to_at > p.reached_at[1]
