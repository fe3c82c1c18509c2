-- What became of all rows that were read. Grain: one row. Reads staging.ledger.
select
  count(*) filter (rows_read > 0) as files,
  coalesce(sum(rows_read), 0)::bigint as rows_read,
  coalesce(sum(accepted), 0)::bigint as accepted,
  coalesce(sum(quarantined), 0)::bigint as quarantined,
  coalesce(sum(duplicates), 0)::bigint as duplicates
from staging.ledger
