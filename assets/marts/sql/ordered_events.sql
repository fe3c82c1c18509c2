-- ordered_events: the stage events of each opportunity in the one order that counts, with what each did.
-- Grain: one row per stage event of the playbook, and per signing that stands for a win (`signing_wins`).
-- Keys: opportunity_key, seq.
-- Order: occurred_at; within one instant the stage entered, then lost, then won; then recorded_at, source
--   precedence, content hash (file and row only tell equal records apart). No order of arrival changes it.
--   Within its instant a reopening stands first if the opportunity was closed before it (won, lost or
--   lapsed), else last.
-- Meaning: `stage_no` is the stage the event names; `stage_before` where the opportunity was, also while
--   closed; `is_start`: the event starts a spell, in `spell_stage_no`; `is_close`: it wins or loses what was not so already;
--   `was_closed`: it stood won or lost before; `is_idle_reopening`: a reopening of what was open.
--   Entering the stage one is in, a second win and a second loss do nothing. A win after a loss and a loss
--   after a win imply a reopening at their own instant: they start a spell of no length in the last stage.
--   A reopening of what had only lapsed leaves the spell unbroken, unless it names another stage.
create or replace table marts.ordered_events as
with facts as not materialized (  -- read thrice, narrowly each time: cheaper than kept
  select
    e.opportunity_key, e.occurred_at, e.event, s.stage_no::utinyint as stage_no, e.recorded_at, e.source_rank,
    e.content_hash, e.file_id, e.source_row, false as is_from_signing
  from known.stage_events e
  left join ref.stages s on s.stage = e.stage and e.event in ('enter', 'reopened')
  where e.event <> 'enter' or s.stage_no is not null
  union all
  select
    opportunity_key, occurred_at, 'won', null, recorded_at, source_rank,
    content_hash, file_id, source_row, true
  from marts.signing_wins
),
-- What an instant does to opportunities that were ever reopened: a closing beside a reopening leaves the
-- opportunity as it was before (closed: reopened, then closed; open: closed, then reopened).
instants as (
  select
    opportunity_key,
    occurred_at,
    bool_or(event = 'reopened') as has_reopening,
    bool_or(event in ('won', 'lost')) as has_closing
  from facts
  where opportunity_key in (select opportunity_key from facts where event = 'reopened')
  group by opportunity_key, occurred_at
),
standing as (
  select
    i.opportunity_key, i.occurred_at, i.has_reopening, i.has_closing,
    s.returned_at is not null as is_after_silence,
    coalesce(
      lag(case
            when not has_closing then false
            when not has_reopening or s.returned_at is not null then true
          end ignore nulls) over (partition by i.opportunity_key order by i.occurred_at),
      false) as was_closed
  from instants i
  left join marts.silences s on s.opportunity_key = i.opportunity_key and s.returned_at = i.occurred_at
),
reopenings as (
  select
    f.*,
    t.was_closed or t.is_after_silence as stands_first,
    -- Of several in one instant only the first reopens; after a silence or a closing there is what to reopen.
    (t.was_closed or t.is_after_silence or t.has_closing) and row_number() over (
      partition by f.opportunity_key, f.occurred_at
      order by f.stage_no nulls first, f.recorded_at, f.source_rank, f.content_hash, f.file_id, f.source_row) = 1
      as is_reopening
  from facts f
  join standing t on t.opportunity_key = f.opportunity_key and t.occurred_at = f.occurred_at
  where f.event = 'reopened'
),
placed as (
  select
    *,
    case event when 'enter' then stage_no::smallint when 'lost' then 1000 else 1001 end::smallint as place,
    case when event = 'enter' then stage_no end as stage_set,
    false as is_reopening
  from facts
  where event <> 'reopened'
  union all by name
  select
    * exclude (stands_first),
    (coalesce(stage_no, 0)::smallint + case when stands_first then -1000 else 2000 end)::smallint as place,
    case when is_reopening then stage_no end as stage_set
  from reopenings
),
sequenced as (
  select
    *,
    row_number() over ordered as seq,
    lag(event) over ordered as event_before,
    lag(stage_set ignore nulls) over ordered as stage_before,
    coalesce(lag(occurred_at) over ordered = occurred_at, false)
      or coalesce(lead(occurred_at) over ordered = occurred_at, false) as is_tied
  from placed
  window ordered as (
    partition by opportunity_key
    order by occurred_at, place, recorded_at, source_rank, content_hash, file_id, source_row)
)
select
  opportunity_key,
  seq::integer as seq,
  occurred_at,
  event,
  stage_no,
  stage_before,
  coalesce(event_before in ('won', 'lost'), false) as was_closed,
  coalesce(case
    when event = 'enter' then event_before in ('won', 'lost') or stage_no is distinct from stage_before
    when event = 'reopened' then is_reopening and coalesce(stage_no, stage_before) is not null
      and (coalesce(event_before in ('won', 'lost'), false) or coalesce(stage_no, stage_before) is distinct from stage_before)
    when event = 'won' then event_before = 'lost' and stage_before is not null
    when event = 'lost' then event_before = 'won' and stage_before is not null
  end, false) as is_start,
  case when event in ('enter', 'reopened') then coalesce(stage_no, stage_before) else stage_before end as spell_stage_no,
  event in ('won', 'lost') and event_before is distinct from event as is_close,
  event = 'reopened' and not is_reopening as is_idle_reopening,
  is_tied,
  is_from_signing,
  recorded_at,
  content_hash,
  file_id,
  source_row
from sequenced
