-- Grain: one row that could not even be split into columns; raw is its text.
insert into staging.quarantine
select r.file_id, f.name, r.source_sheet, r.source_row, f.mapping, null, c.name, r.reason, r.raw,
       [{'record': null::varchar, 'column_name': c.name, 'reason': r.reason}],
       r.raw, r.cell
from landing.refused r
join landing.files f on f.file_id = r.file_id
-- In a workbook a cell is at fault, and one of our columns stands there.
left join (
  select file_id, source_sheet, unnest(map_keys(cells)) as name, unnest(map_values(cells)) as letters,
         header_row, last_row
  from landing.parts
) c on c.file_id = r.file_id and c.source_sheet is not distinct from r.source_sheet
  and c.letters || r.source_row = r.cell and r.source_row > c.header_row
  and (c.last_row is null or r.source_row <= c.last_row)
where f.status = 'active'
