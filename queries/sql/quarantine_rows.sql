-- Quarantined rows, as they stood in their files, with what their files call our columns.
select q.file_id, q.file_name, q.source_sheet, q.source_row, q.cell, q.mapping, q.source, q.record, q.column_name,
  q.source_column, q.reason, q."value", q.raw, q.is_split, q.is_waiting, q.told_file, q.told_sheet, q.told_row,
  f.content_sha256, p.headers::json::varchar as headers
from staging.quarantine q
join landing.files f on f.file_id = q.file_id
left join landing.parts p on p.file_id = q.file_id and p.mapping = q.mapping and p.source = q.source
  and p.source_sheet is not distinct from q.source_sheet and q.source_row > p.header_row
  and (p.last_row is null or q.source_row <= p.last_row)
where {{ where }}
order by q.file_name, q.file_id, q.source_sheet nulls first, q.source_row
