-- contradictions: what two sources tell differently of one fact.
-- Grain: one attribute of one record of a less structured source that says otherwise than the most structured one.
-- Keys: record, attribute, other_file_id, other_sheet, other_row, other_hash.
-- Meaning: visits are the same by rep, customer, day and whether they tell a plan or an outcome (the fact key), signings
--   by opportunity and day, stage entries by opportunity and day. Of each the most structured source is believed; where
--   it has several records (a visit moved and held on one day), the other contradicts it if it agrees with none.
--   A blank contradicts nothing. known_at is when both were known. What a correction has taken back by then
--   contradicts nobody any more.
-- Reads staging and not `known`: the overruled side is what this is about. What is known by the as-of time is
--   therefore asked here.
create or replace table marts.contradictions as
with told as (
  select 'visits' as record, fact_key as same, occurred_at::date as day, rep_id, customer_id, customer_name, opportunity_id,
         {'status': if(status = 'planned', null, status), 'kind': kind, 'rescheduled_to': rescheduled_to::date::varchar,
          'stage': null::varchar, 'amount': null::varchar} as say,
         source_kind, source_rank, file_id, source_sheet, source_row, content_hash,
         greatest(recorded_at, occurred_at) as known_at, overruled_at
  from staging.visits
  union all by name
  select 'stage_events' as record, hash(opportunity_id, occurred_at::date) as same, occurred_at::date as day, actor_id as rep_id,
         opportunity_id,
         {'status': null::varchar, 'kind': null::varchar, 'rescheduled_to': null::varchar, 'stage': stage,
          'amount': null::varchar} as say,
         source_kind, source_rank, file_id, source_sheet, source_row, content_hash,
         greatest(recorded_at, occurred_at) as known_at, overruled_at
  from staging.stage_events where event = 'enter'
  union all by name
  select 'signings' as record, fact_key as same, occurred_at::date as day, opportunity_id,
         {'status': null::varchar, 'kind': null::varchar, 'rescheduled_to': null::varchar, 'stage': null::varchar,
          'amount': amount::varchar} as say,
         source_kind, source_rank, file_id, source_sheet, source_row, content_hash,
         greatest(recorded_at, occurred_at) as known_at, overruled_at
  from staging.signings
),
known as (
  select t.*, min(source_rank) over (partition by record, same) as best_rank
  from told t where known_at <= getvariable('as_of')
  qualify best_rank < max(source_rank) over (partition by record, same)
),
better_known as (
  select record, same, min(known_at) as known_at from known where source_rank = best_rank group by all
),
said as (
  select k.*, unnest(['status', 'kind', 'rescheduled_to', 'stage', 'amount']) as attribute,
         unnest([say.status, say.kind, say.rescheduled_to, say.stage, say.amount]) as "value"
  from known k
),
believed as (
  select record, same, attribute, list(distinct "value") as "values", string_agg(distinct "value", ', ' order by "value") as shown,
         arg_min({'source_kind': source_kind, 'file_id': file_id, 'sheet': source_sheet, 'row': source_row},
                 (known_at, content_hash, file_id, source_row)) as place,
         max_by(opportunity_id, known_at) filter (opportunity_id is not null) as opportunity_id
  from said where source_rank = best_rank and "value" is not null
  group by all
)
select o.record, o.day, o.attribute, o.rep_id, o.customer_id, o.customer_name,
       coalesce(o.opportunity_id, b.opportunity_id) as opportunity_id,
       b.shown as believed_value, o."value" as other_value, greatest(w.known_at, o.known_at) as known_at,
       b.place.source_kind as believed_source_kind, b.place.file_id as believed_file_id, bf.name as believed_file,
       b.place.sheet as believed_sheet, b.place.row as believed_row,
       o.source_kind as other_source_kind, o.file_id as other_file_id, f.name as other_file, coalesce(o.source_sheet, '') as other_sheet,
       o.source_row as other_row, o.content_hash as other_hash
from said o
join believed b on b.record = o.record and b.same = o.same and b.attribute = o.attribute
join better_known w on w.record = o.record and w.same = o.same
left join landing.files f on f.file_id = o.file_id
left join landing.files bf on bf.file_id = b.place.file_id
where o.source_rank > o.best_rank and o."value" is not null and not list_contains(b."values", o."value")
  and not coalesce(o.overruled_at < w.known_at and o.overruled_at <= getvariable('as_of'), false)
