-- Grain: one refused row of one landing table ({{table}}), its faults in the order of the mapping's records, and
-- the row as it landed. cell is where the first fault's value stands: of several columns behind it the one that
-- holds that value, else one that holds any; likewise source_column, in a file of any kind.
insert into staging.quarantine by name
with bad as (
  select file_id, source_sheet, source_row, mapping, record_no, faults from _faults
  union all
  select other_file_id, other_sheet, other_row, mapping, record_no, faults from _faults where other_file_id is not null
),
rows as (
  select file_id, source_sheet, source_row, min(mapping) as mapping, min(record_no) as record_no,
         flatten(list(faults order by record_no, faults)) as faults
  from bad group by file_id, source_sheet, source_row
),
landed as (
  select r.*, r.faults[1] as fault, to_json(struct_pack({{columns}})) as raw
  from rows r
  join {{table}} l on l.file_id = r.file_id and l.source_row = r.source_row
    and l.source_sheet is not distinct from r.source_sheet
),
placed as (
  select l.*, p.cells,
         list_filter(coalesce(b.source_columns, []) || [l.fault.column_name], lambda c: p.cells[c] is not null) as behind,
         list_filter(coalesce(b.source_columns, []) || [l.fault.column_name], lambda c: p.headers[c] is not null) as named
  from landed l
  left join _behind b on b.record_no = l.record_no and b.column_name = l.fault.column_name
  left join landing.parts p on p.file_id = l.file_id and p.source_sheet is not distinct from l.source_sheet
    and p.mapping = l.mapping and l.source_row > p.header_row and (p.last_row is null or l.source_row <= p.last_row)
),
found as (
  -- What is required and missing was to stand in a cell that is blank.
  select *, cells[coalesce(list_filter(behind, lambda c: raw->>c = fault."value")[1],
                           if(fault."value" is null, list_filter(behind, lambda c: raw->>c is null)[1], null),
                           list_filter(behind, lambda c: raw->>c is not null)[1], behind[1])] as stands,
         coalesce(list_filter(named, lambda c: raw->>c = fault."value")[1],
                  if(fault."value" is null, list_filter(named, lambda c: raw->>c is null)[1], null),
                  list_filter(named, lambda c: raw->>c is not null)[1], named[1]) as source_column
  from placed
)
select r.file_id, f.name as file_name, r.source_sheet, r.source_row, r.mapping, {{source}} as source,
       r.fault.record as record, r.fault.column_name as column_name, r.source_column,
       r.fault.reason as reason, r.fault."value" as "value",
       [{'record': x.record, 'column_name': x.column_name, 'reason': x.reason} for x in r.faults] as faults,
       r.raw::varchar as raw,
       -- A value above the table stands in one cell for all its rows.
       if(regexp_matches(r.stands, '[0-9]$'), r.stands, r.stands || r.source_row) as cell,
       coalesce(m.root_name, f.name) as told_file, if(m.root_name is null, r.source_sheet, m.root_sheet) as told_sheet,
       coalesce(m.root_row, r.source_row) as told_row,
       r.fault.reason not in ('replaced_by_fix', 'fix_of_superseded') as is_waiting, true as is_split
from found r
join landing.files f on f.file_id = r.file_id
left join _mends m on m.file_id = r.file_id and m.source_row = r.source_row
  and m.source_sheet is not distinct from r.source_sheet
