-- opportunity_lives: what each opportunity came to by the as-of time.
-- Grain: one row per opportunity that any record names. Key: opportunity_key.
-- Meaning: status is won or lost by its last stage event, else lapsed while a lapse is in force, else open
--   (also without any stage event). closed_at, lost_at, lost_reason, lapsed_at are of the closing in force;
--   a second win or loss moves none of them. won_at is the first win, whatever came after it. lapses counts
--   those that it came back from. created_at is what the latest record that knows it says.
create or replace table marts.opportunity_lives as
with named as (
  select opportunity_key, any_value(opportunity_id) as opportunity_id
  from (
    select opportunity_key, opportunity_id from known.opportunities
    union all
    select opportunity_key, opportunity_id from known.stage_events
    union all
    select opportunity_key, opportunity_id from known.actions
    union all
    select opportunity_key, opportunity_id from known.signings
    union all
    select opportunity_key, opportunity_id from marts.visits where opportunity_key is not null)
  group by opportunity_key
),
created as (
  select opportunity_key, arg_max(created_at, from_at) as created_at
  from marts.opportunity_versions
  group by opportunity_key
),
active as (
  select opportunity_key, min(first_at) as first_activity_at, max(last_at) as last_activity_at
  from marts.activity_spans
  group by opportunity_key
),
closings as (
  select
    opportunity_key,
    arg_max(event, seq) as last_event,
    min(occurred_at) filter (event = 'won') as won_at,
    max(occurred_at) filter (is_close) as closed_at,
    max(seq) filter (is_close) as closing_seq
  from marts.ordered_events
  group by opportunity_key
),
reasons as (
  select e.opportunity_key, any_value(k.lost_reason) as lost_reason
  from closings c
  join marts.ordered_events e on e.opportunity_key = c.opportunity_key and e.seq = c.closing_seq
  join known.stage_events k
    on k.opportunity_key = e.opportunity_key and k.event = 'lost' and k.occurred_at = e.occurred_at
    and k.content_hash = e.content_hash and k.file_id = e.file_id and k.source_row = e.source_row
  where c.last_event = 'lost'
  group by e.opportunity_key
),
lapsed as (
  select
    opportunity_key,
    count(returned_at) as lapses,
    max(lapsed_at) filter (returned_at is null) as lapsed_at
  from marts.lapses
  group by opportunity_key
)
select
  n.opportunity_key,
  n.opportunity_id,
  cr.created_at,
  a.first_activity_at,
  a.last_activity_at,
  case
    when c.last_event in ('won', 'lost') then c.last_event
    when l.lapsed_at is not null then 'lapsed'
    else 'open'
  end as status,
  case when c.last_event in ('won', 'lost') then c.closed_at else l.lapsed_at end as closed_at,
  c.won_at,
  case when c.last_event = 'lost' then c.closed_at end as lost_at,
  r.lost_reason,
  l.lapsed_at,
  coalesce(l.lapses, 0)::integer as lapses
from named n
left join created cr on cr.opportunity_key = n.opportunity_key
left join active a on a.opportunity_key = n.opportunity_key
left join closings c on c.opportunity_key = n.opportunity_key
left join reasons r on r.opportunity_key = n.opportunity_key
left join lapsed l on l.opportunity_key = n.opportunity_key
