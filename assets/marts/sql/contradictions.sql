-- contradictions: what two sources tell differently of one fact.
-- Grain: one attribute of one record that says otherwise than the one that is believed.
-- Keys: record, attribute, other_file_id, other_sheet, other_row, other_hash.
-- Meaning: visits are the same by rep, customer, day and whether they tell a plan or an outcome (the fact key), signings
--   by opportunity and day, stage entries by opportunity and day. Of each the most structured source is believed; where
--   it has several records (a visit moved and held on one day), the other contradicts it if it agrees with none.
--   A blank contradicts nothing. known_at is when both were known. What a correction has taken back by then
--   contradicts nobody any more. believed_because: more_structured.
--   Two files of equally structured sources may differ about a visit, too; neither overrules the other. Listed are they
--   where nothing tells the two apart: read by two mappings, or one known by its day alone, or one visit at one instant
--   (the changes of one visit over a day, and two visits at two times, are no contradiction). believed_because says what
--   marts.visits makes of them: done_stands (what anybody says was done was done), told_last (the last record counts),
--   both_stand (they bear two numbers, and are two visits).
-- Reads staging and not `known`: the overruled side is what this is about. What is known by the as-of time is
--   therefore asked here.
create or replace table marts.contradictions as
with told as (
  select 'visits' as record, fact_key as same, occurred_at::date as day, rep_id, customer_id, customer_name, opportunity_id,
         {'status': if(status = 'planned', null, status), 'kind': kind, 'rescheduled_to': rescheduled_to::date::varchar,
          'stage': null::varchar, 'amount': null::varchar} as say,
         source_kind, source_rank, file_id, source_sheet, source_row, content_hash,
         greatest(recorded_at, occurred_at) as known_at, overruled_at,
         visit_id, mapping, status, occurred_at, recorded_at, occurred_precision
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
all_known as (
  select t.*, min(source_rank) over fact as best_rank, max(source_rank) over fact as worst_rank,
         min(file_id) over fact <> max(file_id) over fact as is_of_several_files
  from told t where known_at <= getvariable('as_of')
  window fact as (partition by record, same)
),
known as (select * from all_known where best_rank < worst_rank),
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
),
-- The equally structured: every record with its place in the order that marts.visits goes by.
equals as (
  select k.*, row_number() over (
           partition by same
           order by occurred_at, recorded_at,
             list_position(['planned', 'rescheduled', 'no_show', 'cancelled', 'done'], status), content_hash) as n
  from all_known k
  where record = 'visits' and source_rank = best_rank and is_of_several_files
    and coalesce(overruled_at > getvariable('as_of'), true)
),
equals_said as (
  select e.*, unnest(['status', 'kind', 'rescheduled_to']) as attribute,
         unnest([say.status, say.kind, say.rescheduled_to]) as "value"
  from equals e
),
of_file as (
  select same, attribute, file_id, list(distinct "value") as "values"
  from equals_said where "value" is not null group by all
),
taken as (
  select same, attribute,
         arg_max({'value': "value", 'visit_id': visit_id, 'mapping': mapping, 'status': status, 'occurred_at': occurred_at,
                  'precision': occurred_precision, 'known_at': known_at, 'source_kind': source_kind, 'file_id': file_id,
                  'sheet': source_sheet, 'row': source_row, 'opportunity_id': opportunity_id},
                 (attribute <> 'rescheduled_to' and status = 'done', n)) as t
  from equals_said where "value" is not null group by all
),
equally as (
  select e.*, k.t,
         case when e.visit_id <> k.t.visit_id then 'both_stand'
              when e.attribute <> 'rescheduled_to' and k.t.status = 'done' and e.status <> 'done' then 'done_stands'
              else 'told_last' end as believed_because
  from equals_said e
  join taken k on k.same = e.same and k.attribute = e.attribute
  join of_file own on own.same = e.same and own.attribute = e.attribute and own.file_id = e.file_id
  join of_file theirs on theirs.same = e.same and theirs.attribute = e.attribute and theirs.file_id = k.t.file_id
  where e."value" is not null and e.file_id <> k.t.file_id and not list_has_any(own."values", theirs."values")
    and (e.mapping <> k.t.mapping or 'day' in (e.occurred_precision, k.t.precision)
         or (e.visit_id = k.t.visit_id and e.occurred_at = k.t.occurred_at))
)
select o.record, o.day, o.attribute, o.rep_id, o.customer_id, o.customer_name,
       coalesce(o.opportunity_id, b.opportunity_id) as opportunity_id,
       b.shown as believed_value, o."value" as other_value, greatest(w.known_at, o.known_at) as known_at,
       b.place.source_kind as believed_source_kind, b.place.file_id as believed_file_id, bf.name as believed_file,
       b.place.sheet as believed_sheet, b.place.row as believed_row,
       o.source_kind as other_source_kind, o.file_id as other_file_id, f.name as other_file, coalesce(o.source_sheet, '') as other_sheet,
       o.source_row as other_row, o.content_hash as other_hash, 'more_structured' as believed_because
from said o
join believed b on b.record = o.record and b.same = o.same and b.attribute = o.attribute
join better_known w on w.record = o.record and w.same = o.same
left join landing.files f on f.file_id = o.file_id
left join landing.files bf on bf.file_id = b.place.file_id
where o.source_rank > o.best_rank and o."value" is not null and not list_contains(b."values", o."value")
  and not coalesce(o.overruled_at < w.known_at and o.overruled_at <= getvariable('as_of'), false)
union all by name
select e.record, e.day, e.attribute, e.rep_id, e.customer_id, e.customer_name,
       coalesce(e.opportunity_id, e.t.opportunity_id) as opportunity_id,
       e.t."value" as believed_value, e."value" as other_value, greatest(e.known_at, e.t.known_at) as known_at,
       e.t.source_kind as believed_source_kind, e.t.file_id as believed_file_id, bf.name as believed_file,
       e.t.sheet as believed_sheet, e.t.row as believed_row,
       e.source_kind as other_source_kind, e.file_id as other_file_id, f.name as other_file,
       coalesce(e.source_sheet, '') as other_sheet, e.source_row as other_row, e.content_hash as other_hash,
       e.believed_because
from equally e
left join landing.files f on f.file_id = e.file_id
left join landing.files bf on bf.file_id = e.t.file_id
