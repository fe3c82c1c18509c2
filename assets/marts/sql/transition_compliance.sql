-- transition_compliance: each required action of each forward move out of a stage, with its verdict.
-- Grain: one row per opportunity, stage that was left forward (its first such move), and required action of
--   that stage. Keys: opportunity_key, stage, action_code.
-- Meaning: a move is forward when the stage was left for a later one, over a stage, or by a win; a loss, a
--   lapse and a return are none, and stages skipped are not judged: nobody was in them. When an action
--   was done does not depend on the spell: done before the stage was entered is done before the move.
--   Verdict: pass, done with its evidence at or before the move; else waived, by whom, whenever; else
--   late, done with its evidence after the move; else missing, also when done but never proved
--   (is_met says so). A move known by its day alone may have come last on that day, so what was done
--   on it is not late.
create or replace table marts.transition_compliance as
with moves as (
  select opportunity_key, opportunity_id, stage, stage_no, min(left_at) as moved_at
  from marts.stage_spells
  where exit in ('advanced', 'skipped_ahead', 'won')
  group by opportunity_key, opportunity_id, stage, stage_no
),
moves_by_day as (
  select distinct m.opportunity_key, m.stage
  from moves m
  join known.stage_events e
    on e.opportunity_key = m.opportunity_key and e.occurred_at = m.moved_at and e.occurred_precision = 'day'
),
judged as (
  select
    m.opportunity_key, m.opportunity_id, m.stage, m.stage_no, m.moved_at, r.position, r.action_code,
    d.first_done_at, d.first_proved_at, d.waived_by,
    coalesce(
      case when b.stage is null then d.first_proved_at <= m.moved_at
           else d.first_proved_at < (m.moved_at::date + 1)::timestamptz end,
      false) as is_met_before_move
  from moves m
  join ref.required_actions r on r.stage = m.stage
  left join moves_by_day b on b.opportunity_key = m.opportunity_key and b.stage = m.stage
  left join marts.actions_done d on d.opportunity_key = m.opportunity_key and d.action_code = r.action_code
)
select
  j.opportunity_key,
  j.opportunity_id,
  j.stage,
  j.stage_no,
  j.moved_at,
  j.action_code,
  j.first_done_at is not null as is_met,
  j.first_proved_at is not null as has_evidence,
  j.is_met_before_move,
  coalesce(j.first_proved_at, j.first_done_at) as done_at,
  case
    when j.is_met_before_move then 'pass'
    when j.waived_by is not null then 'waived'
    when j.first_proved_at is not null then 'late'
    else 'missing'
  end as verdict,
  j.waived_by,
  v.owner_id,
  v.city,
  v.region
from judged j
left join marts.opportunity_versions v
  on v.opportunity_key = j.opportunity_key and v.from_at <= j.moved_at and v.to_at > j.moved_at
order by j.opportunity_key, j.stage_no, j.position
