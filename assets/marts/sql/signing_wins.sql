-- signing_wins: the signings that stand for a win, because no won event tells of it.
-- Grain: one row per such signing. Keys: opportunity_key, occurred_at, content_hash, file_id, source_row.
-- Meaning: a signing has its won event when the opportunity stands won at the signing's time (its last
--   event by then is a won), or when the next closing after it is a won. A signing of an opportunity with
--   no won event at all never has one; nor has one after a reopening that nobody marked as won again.
create or replace table marts.signing_wins as
with events as (
  select opportunity_key, occurred_at, event
  from known.stage_events
  where event <> 'enter' or stage in (select stage from ref.stages)
),
around as (
  select
    s.opportunity_key, s.occurred_at, s.recorded_at, s.source_rank, s.content_hash, s.file_id, s.source_row,
    max(e.occurred_at) filter (e.event = 'won' and e.occurred_at <= s.occurred_at) as won_by_then,
    max(e.occurred_at) filter (e.event <> 'won' and e.occurred_at <= s.occurred_at) as other_by_then,
    min(e.occurred_at) filter (e.event = 'won' and e.occurred_at > s.occurred_at) as next_won,
    min(e.occurred_at) filter (e.event = 'lost' and e.occurred_at > s.occurred_at) as next_lost
  from known.signings s
  left join events e on e.opportunity_key = s.opportunity_key
  group by all
)
select opportunity_key, occurred_at, recorded_at, source_rank, content_hash, file_id, source_row
from around
where not coalesce(won_by_then >= coalesce(other_by_then, won_by_then), false)
  and not coalesce(next_won <= coalesce(next_lost, next_won), false)
