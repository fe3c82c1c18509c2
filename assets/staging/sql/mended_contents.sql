-- What the mended rows of one landing table ({{table}}) say, and what the rows that they stand for say.
update _mends as m set content = l.content
from (
  select l.file_id, l.source_sheet, l.source_row, hash({{columns}}) as content
  from {{table}} l where l.file_id in (select file_id from _mends)
) l
where l.file_id = m.file_id and l.source_row = m.source_row and l.source_sheet is not distinct from m.source_sheet
  and m.mapping = {{mapping}} and m.source = {{source}};
update _mends as m set root_content = l.content
from (
  select l.file_id, l.source_sheet, l.source_row, hash({{columns}}) as content
  from {{table}} l
  where exists (select 1 from _mends k where k.root_file_id = l.file_id and k.root_row = l.source_row
    and k.root_sheet is not distinct from l.source_sheet)
) l
where l.file_id = m.root_file_id and l.source_row = m.root_row and l.source_sheet is not distinct from m.root_sheet
  and m.mapping = {{mapping}} and m.source = {{source}};
