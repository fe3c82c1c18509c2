-- The refused rows themselves, as they stood in their files.
select q.file_name, q.source_sheet, q.source_row, q.record, q.column_name, q.reason, q."value", q.raw
from staging.quarantine q
order by q.file_name, q.source_sheet, q.source_row
