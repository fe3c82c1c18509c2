-- Grain: one row of the source, with whom it means. An opportunity is the one that this customer and rep had open on
-- that day; of several the one that people settled, if it is among them. visit_id: the one visit that a structured
-- record has of them for that day; the customer then goes by the name that stands there, by which facts are the same.
with who as (
  select a."r:no" as no, a."r:day" as day, a."r:needs" as needs, a."r:stated" as stated, r.id as rep_id, c.id as customer_key
  from _asked a
  left join _found_reps r on r.texts = a."r:rep" and r.within is not distinct from a."r:place"
  left join _found_customers c on c.texts = a."r:customer" and c.within = concat_ws(chr(31), r.id, a."r:place")
),
pairs as (select distinct rep_id, customer_key, day from who where rep_id is not null and customer_key is not null),
opened as (
  select p.rep_id, p.customer_key, p.day, list(distinct o.opportunity_id order by o.opportunity_id) as ids
  from pairs p join _open o on o.rep_id = p.rep_id and o.customer_id = p.customer_key and p.day between o.from_day and o.to_day
  group by all
),
visited as (
  select p.rep_id, p.customer_key, p.day, if(count(distinct v.visit_id) = 1, min(v.visit_id), null) as visit_id,
         min(v.customer_name) as customer_name
  from pairs p join _visit_days v on v.rep_id = p.rep_id and v.customer_id = p.customer_key and v.day = p.day
  group by all
),
chosen as (
  select w.no, coalesce(o.ids, []) as ids, v.visit_id, v.customer_name,
         coalesce(w.stated, if(len(o.ids) = 1, o.ids[1], null),
                  if(o.ids is null or list_contains(o.ids, s.settled_as), s.settled_as, null)) as opportunity_id,
         case when w.stated is not null then 'key' when len(o.ids) = 1 then 'open'
              when s.decision = 'same' and (o.ids is null or list_contains(o.ids, s.settled_as)) then 'alias'
              else s.decision end as opportunity_how
  from who w
  left join opened o on o.rep_id = w.rep_id and o.customer_key = w.customer_key and o.day = w.day
  left join visited v on v.rep_id = w.rep_id and v.customer_key = w.customer_key and v.day = w.day
  left join _aliases s on s.what = 'opportunity' and s.scope = w.rep_id and s.alias = w.customer_key
)
select a.file_id, a.source_sheet, a.source_row, a.landed_at, a.source_file, a.told_sheet, a.told_row,
       a.other_file_id, a.other_sheet, a.other_row
       {{columns}},
       r.id as rep_id, r.score::varchar as rep_score, r.how as rep_how,
       n.number as customer_id, coalesce(o.customer_name, n.customer_name, a."r:customer"[-1]) as customer_name,
       c.score::varchar as customer_score, c.how as customer_how, o.opportunity_id, o.opportunity_how, o.visit_id,
       a."r:no", a."r:needs", o.ids as "r:ids", c.id as "r:customer_key"
from _asked a
left join _found_reps r on r.texts = a."r:rep" and r.within is not distinct from a."r:place"
left join _found_customers c on c.texts = a."r:customer" and c.within = concat_ws(chr(31), r.id, a."r:place")
left join _customer_names n on n.customer_id = c.id
join chosen o on o.no = a."r:no"
