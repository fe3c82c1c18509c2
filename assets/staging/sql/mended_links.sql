-- Mended rows and the rows that they stand for. A row that was handed out from a workbook of mended rows leads on to
-- the row that it was mended from, back to the first telling (root). from_*: the row that it was handed out from.
insert into _mends (mapping, source, file_id, source_sheet, source_row, name, from_file_id, from_sheet, from_row,
                    root_file_id, root_sheet, root_row, root_name, is_root_active)
with recursive contents as (
  -- A content that was superseded and came again is two files; the one in force counts.
  select left(content_sha256, 12) as sha, arg_max(file_id, (status = 'active', file_id)) as file_id
  from landing.files where content_sha256 is not null group by all
),
links as (
  select x.file_id, x.source_sheet, x.source_row, c.file_id as from_file_id, x.from_sheet, x.from_row
  from landing.fixes x left join contents c on c.sha = x.from_sha
),
walked as (
  select file_id, source_sheet, source_row, from_file_id as at_file_id, from_sheet as at_sheet, from_row as at_row, 1 as steps
  from links
  union all
  select w.file_id, w.source_sheet, w.source_row, l.from_file_id, l.from_sheet, l.from_row, w.steps + 1
  from walked w join links l on l.file_id = w.at_file_id and l.source_row = w.at_row
    and l.source_sheet is not distinct from w.at_sheet
  where w.steps < 100
),
roots as (
  select file_id, source_sheet, source_row,
         arg_max({'file_id': at_file_id, 'sheet': at_sheet, 'row': at_row}, steps) as root
  from walked group by all
)
select p.mapping, p.source, l.file_id, l.source_sheet, l.source_row, f.name, l.from_file_id, l.from_sheet, l.from_row,
       r.root.file_id, r.root.sheet, r.root.row, o.name, o.status = 'active'
from links l
join landing.files f on f.file_id = l.file_id and f.status = 'active'
join landing.parts p on p.file_id = l.file_id and p.source_sheet is not distinct from l.source_sheet
join roots r on r.file_id = l.file_id and r.source_row = l.source_row and r.source_sheet is not distinct from l.source_sheet
left join landing.files o on o.file_id = r.root.file_id;
