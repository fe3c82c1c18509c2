-- Facts read with too little confidence, and texts whose time cannot be read, that nobody has settled.
insert into staging.review
with waiting as (
  select 'note' as what, f.id as scope, staging.note_alias(f) as alias, 'low_confidence' as reason, m.*, f.confidence
  from _messages m
  join (select f.* from staging.note_facts f join _threads using (thread, id) where f.is_review) f on f.id = m."n:id"
  union all
  select 'note', m."n:id", 'no_time', 'no_time', m.*, null from _messages m where m."n:sent_at" is null
)
select md5(concat_ws('|', what, scope, alias)), what, scope, alias, any_value(reason), any_value("n:text"),
       coalesce(to_json(list({'id': 'accept', 'name': alias, 'score': confidence}) filter (confidence is not null)), '[]'),
       count(*), min("n:sent_at"), any_value(getvariable('mapping')), min(file_id), arg_min(source_file, file_id),
       arg_min(source_sheet, (file_id, source_row)), arg_min(source_row, (file_id, source_row))
from waiting w
where not exists (select 1 from _aliases a where a.what = w.what and a.scope = w.scope and a.alias = w.alias)
group by what, scope, alias
