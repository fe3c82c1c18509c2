-- The ledger, newest file first: rows_read = accepted + quarantined + duplicates for every active file.
select l.file_id, l.file_name, f.source_kind, l.mapping, l.status, f.landed_at, l.rows_read, l.accepted,
  l.of_which_unmapped, l.quarantined, l.duplicates, f.reason
from staging.ledger l
left join landing.files f on f.file_id = l.file_id
order by f.landed_at desc, l.file_id desc
