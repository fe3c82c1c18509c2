-- Grain: one fact that a message tells with confidence, or that a person accepted; the message's own columns beside it.
-- first_told_at is when the message was sent that was first corrected: what was arranged then was arranged then.
-- told_id stays the same over corrections: a fact of the same customer in the message that was first corrected.
-- o:overruled_at: from when a correction takes its place.
with recursive accepted as (
  select f.* from staging.note_facts f join _threads using (thread, id)
  where f.fact_no is null or not f.is_review or exists (
    select 1 from _aliases a
    where a.what = 'note' and a.scope = f.id and a.alias = staging.note_alias(f) and a.decision = 'accept')
),
-- A correction that is too uncertain takes nobody's place until a person accepts it.
corrected as (select id, min(supersedes) as supersedes from accepted where supersedes is not null group by id),
origins as (
  select id, id as origin, 0 as depth from (select distinct id from _threads)
  union all
  select o.id, c.supersedes, o.depth + 1 from origins o join corrected c on c.id = o.origin where o.depth < 20
),
origin as (select id, arg_max(origin, depth) as origin from origins group by id),
overruled as (
  select c.supersedes as id, min(m."n:sent_at") as overruled_at
  from corrected c join _messages m on m."n:id" = c.id group by c.supersedes
),
facts as (
  select f.*, row_number() over (partition by f.id, f.customer order by f.fact_no) as n
  from accepted f where f.fact_no is not null
)
select m.file_id, m.source_sheet, m.source_row, m.landed_at, m.source_file, m.told_sheet, m.told_row,
       m.other_file_id, m.other_sheet, m.other_row
       {{columns}},
       f.fact_no, concat_ws('/', o.origin, f.customer, f.n) as told_id, m."n:sent_at" as told_at,
       coalesce(b.sent_at, m."n:sent_at") as first_told_at, f.customer, f.kind, f.status,
       f.date, f.rescheduled_to, f.stage, f.actions_done, f.actions_missing, f.amount_yuan, f.competitor, f.next_step,
       f.next_date, f.confidence, f.spans, r.overruled_at as "o:overruled_at"
from _messages m
join facts f on f.id = m."n:id"
join origin o on o.id = f.id
left join (select "n:id" as id, min("n:sent_at") as sent_at from _messages group by all) b on b.id = o.origin
left join overruled r on r.id = f.id
