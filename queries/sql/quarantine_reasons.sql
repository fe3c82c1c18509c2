-- Why rows were refused: per file, record, column and reason, how many and where the first stands.
select q.file_name, q.record, q.column_name, q.reason, count(*) as "rows", min(q.source_row) as first_row,
  arg_min(q."value", q.source_row) as example
from staging.quarantine q
group by q.file_name, q.record, q.column_name, q.reason
order by "rows" desc, q.file_name, q.record, q.column_name, q.reason
