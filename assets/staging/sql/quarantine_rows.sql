-- Grain: one refused row of one landing table ({{table}}), its faults in the order of the mapping's records, and
-- the row as it landed.
insert into staging.quarantine
with bad as (
  select file_id, source_sheet, source_row, mapping, record_no, faults from _faults
  union all
  select other_file_id, other_sheet, other_row, mapping, record_no, faults from _faults where other_file_id is not null
),
rows as (
  select file_id, source_sheet, source_row, min(mapping) as mapping,
         flatten(list(faults order by record_no, faults)) as faults
  from bad group by file_id, source_sheet, source_row
)
select r.file_id, f.name, r.source_sheet, r.source_row, r.mapping, r.faults[1].record, r.faults[1].column_name,
       r.faults[1].reason, r.faults[1]."value",
       [{'record': fault.record, 'column_name': fault.column_name, 'reason': fault.reason} for fault in r.faults],
       to_json(struct_pack({{columns}}))::varchar,
       p.cells[coalesce(b.source_column, r.faults[1].column_name)] || r.source_row
from rows r
join {{table}} l on l.file_id = r.file_id and l.source_row = r.source_row
  and l.source_sheet is not distinct from r.source_sheet
join landing.files f on f.file_id = r.file_id
left join _behind b on b.record = r.faults[1].record and b.column_name = r.faults[1].column_name
left join landing.parts p on p.file_id = r.file_id and p.source_sheet is not distinct from r.source_sheet
  and p.mapping = r.mapping and r.source_row > p.header_row and (p.last_row is null or r.source_row <= p.last_row)
