-- Names that nobody is found for, once each with how many rows they keep waiting: the rep first; a customer only where
-- the rep is known or none is named; an opportunity only where both are.
insert into staging.review
with asked as (
  select a.*, concat_ws(chr(31), r.id, a."r:place") as within, r.id as rep_key, r.reason as rep_reason
  from _asked a left join _found_reps r on r.texts = a."r:rep" and r.within is not distinct from a."r:place"
),
waiting as (
  select 'rep' as what, r.scope, r.alias, r.reason, array_to_string(r.texts, ' / ') as said, r.candidates,
         a.file_id, a.source_file, a.source_sheet, a.source_row, a."r:day" as day
  from asked a join _found_reps r on r.texts = a."r:rep" and r.within is not distinct from a."r:place"
  where r.reason is not null
  union all
  select 'customer', c.scope, c.alias, c.reason, array_to_string(c.texts, ' / '), c.candidates,
         a.file_id, a.source_file, a.source_sheet, a.source_row, a."r:day"
  from asked a join _found_customers c on c.texts = a."r:customer" and c.within = a.within
  where c.reason is not null and a.rep_reason is null
  union all
  select 'opportunity', t.rep_id, t."r:customer_key", if(len(t."r:ids") > 1, 'several_open', 'none_open'), t.customer_name,
         to_json(list_transform(t."r:ids", lambda x: {'id': x, 'name': t.customer_name, 'score': null::double}))::varchar,
         t.file_id, t.source_file, t.source_sheet, t.source_row, a."r:day"
  from {{table}} t join _asked a on a."r:no" = t."r:no"
  where t.opportunity_id is null and t.opportunity_how is null and t.rep_id is not null and t."r:customer_key" is not null
    and (len(t."r:ids") > 1 or t."r:needs")
)
select md5(concat_ws('|', what, scope, alias, getvariable('mapping'))), what, scope, alias,
       arg_min(reason, (day, file_id, source_row)), arg_min(said, (day, file_id, source_row)),
       arg_min(candidates, (day, file_id, source_row)), count(*), min(day)::timestamptz, getvariable('mapping'),
       arg_min(file_id, (day, file_id, source_row)), arg_min(source_file, (day, file_id, source_row)),
       arg_min(source_sheet, (day, file_id, source_row)), arg_min(source_row, (day, file_id, source_row))
from waiting
where file_id is not null
group by what, scope, alias
