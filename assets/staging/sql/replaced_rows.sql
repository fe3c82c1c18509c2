-- Rows that a workbook of mended rows stands for: the row mended, and of several menders of it all but the last file's;
-- and a mended row whose file was itself sent anew since, for then that file tells. They are faults like others: set
-- aside with the reason, counted in the ledger, and no record is made of them. A row sent again as it was mends
-- nothing: it is an exact duplicate, and of the two rows one stays as it is.
insert into _faults
with fixes as (
  select x.*, f.mapping, f.name, o.status as original_status,
         row_number() over (partition by x.original_file_id, x.original_sheet, x.original_row
                            order by x.file_id desc, x.source_sheet desc, x.source_row desc) as place
  from landing.fixes x
  join landing.files f on f.file_id = x.file_id and f.status = 'active'
  left join landing.files o on o.file_id = x.original_file_id and o.name = x.original_name
  where not exists (select 1 from staging.duplicates d where d.file_id = x.file_id and d.source_row = x.source_row
    and d.source_sheet is not distinct from x.source_sheet and d.kept_file_id = x.original_file_id
    and d.kept_row = x.original_row and d.kept_sheet is not distinct from x.original_sheet)
),
replaced as (
  select distinct mapping, original_file_id as file_id, original_sheet as source_sheet, original_row as source_row,
         'replaced_by_fix' as reason, name || ', ' || source_row as told
  from fixes where place = 1 and original_status = 'active'
  union
  select mapping, file_id, source_sheet, source_row,
         if(place > 1, 'replaced_by_fix', 'fix_of_superseded'), original_name || ', ' || original_row
  from fixes where place > 1 or original_status <> 'active'
)
select r.mapping, -1, r.file_id, r.source_sheet, r.source_row, null, null, null,
       [{'record': null::varchar, 'column_name': null::varchar, 'reason': r.reason, 'value': r.told}]
from replaced r
where not exists (select 1 from _faults k where k.file_id = r.file_id and k.source_row = r.source_row
  and k.source_sheet is not distinct from r.source_sheet and k.record_no = -1)
and not exists (select 1 from staging.duplicates d where d.file_id = r.file_id and d.source_row = r.source_row
  and d.source_sheet is not distinct from r.source_sheet);
