-- warnings: what the rules accepted, but somebody should look at.
-- Grain: one row per event and warning. Keys: opportunity_key, occurred_at, warning, content_hash, file_id, source_row.
-- Meaning: implied_reopening: an entry after a loss or a win, a win after a loss, a loss after a win, without
--   a word of reopening. reopened_while_open: a reopening of what was open (reopening what had lapsed is
--   none). second_win, second_loss: they changed nothing. signing_without_win: a signing that stands for the
--   win nobody recorded (a further such signing of a won opportunity is this too, and no second win).
--   unknown_stage: an entry into, or a reopening at, a stage that the playbook does not have; the entry is
--   left out, the reopening is taken as one that names none.
create or replace table marts.warnings as
with raised as (
  select opportunity_key, occurred_at, 'implied_reopening' as warning, content_hash, file_id, source_row
  from marts.ordered_events
  where was_closed and (event = 'enter' or is_close)
  union all
  select opportunity_key, occurred_at, 'reopened_while_open', content_hash, file_id, source_row
  from marts.ordered_events
  where is_idle_reopening
  union all
  select opportunity_key, occurred_at, 'second_win', content_hash, file_id, source_row
  from marts.ordered_events
  where event = 'won' and not is_close and not is_from_signing
  union all
  select opportunity_key, occurred_at, 'second_loss', content_hash, file_id, source_row
  from marts.ordered_events
  where event = 'lost' and not is_close
  union all
  select opportunity_key, occurred_at, 'signing_without_win', content_hash, file_id, source_row
  from marts.ordered_events
  where is_from_signing
  union all
  select opportunity_key, occurred_at, 'unknown_stage', content_hash, file_id, source_row
  from known.stage_events
  where (event = 'enter' or (event = 'reopened' and stage is not null))
    and coalesce(stage not in (select stage from ref.stages), true)
)
select
  r.opportunity_key, n.opportunity_id, r.occurred_at, r.warning, r.content_hash, r.file_id, r.source_row
from raised r
join marts.opportunity_lives n on n.opportunity_key = r.opportunity_key
order by r.occurred_at, r.opportunity_key, r.warning, r.content_hash
