-- Grain: one row that could not even be split into columns; raw is its text.
insert into staging.quarantine
select r.file_id, f.name, r.source_sheet, r.source_row, f.mapping, null, null, r.reason, r.raw,
       [{'record': null::varchar, 'column_name': null::varchar, 'reason': r.reason}],
       r.raw, r.cell
from landing.refused r
join landing.files f on f.file_id = r.file_id
where f.status = 'active'
