-- Grain: one row that could not even be split into columns; raw is its text.
insert into staging.quarantine by name
select r.file_id, f.name as file_name, r.source_sheet, r.source_row, p.mapping, p.source, c.name as column_name,
       c.name as source_column, coalesce(g.reason, r.reason) as reason, coalesce(g.told, r.raw) as "value",
       [{'record': null::varchar, 'column_name': c.name, 'reason': r.reason}] as faults, r.raw, r.cell,
       coalesce(m.root_name, f.name) as told_file, if(m.root_name is null, r.source_sheet, m.root_sheet) as told_sheet,
       coalesce(m.root_row, r.source_row) as told_row,
       coalesce(g.reason, '') not in ('replaced_by_fix', 'fix_of_superseded') as is_waiting, false as is_split
from landing.refused r
join landing.files f on f.file_id = r.file_id
left join _replaced g on g.file_id = r.file_id and g.source_row = r.source_row
  and g.source_sheet is not distinct from r.source_sheet
left join _mends m on m.file_id = r.file_id and m.source_row = r.source_row
  and m.source_sheet is not distinct from r.source_sheet
left join landing.parts p on p.file_id = r.file_id and p.source_sheet is not distinct from r.source_sheet
  and (p.last_row is null or r.source_row <= p.last_row)
-- In a workbook a cell is at fault, and one of our columns stands there.
left join (
  select file_id, source_sheet, unnest(map_keys(cells)) as name, unnest(map_values(cells)) as letters,
         header_row, last_row
  from landing.parts
) c on c.file_id = r.file_id and c.source_sheet is not distinct from r.source_sheet
  and c.letters || r.source_row = r.cell and r.source_row > c.header_row
  and (c.last_row is null or r.source_row <= c.last_row)
where f.status = 'active'
-- Of the tables of a sheet under each other, the one that it stands in.
qualify row_number() over (partition by r.file_id, r.source_sheet, r.source_row
                           order by p.header_row < r.source_row desc, p.header_row desc, p.part_no) = 1
