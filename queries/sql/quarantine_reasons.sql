-- Why rows were refused: per source, record, column and reason, how many in how many files, and where the first stands.
select q.mapping, q.source, q.record, q.column_name, q.reason, count(*) as "rows", count(distinct q.file_id) as files,
  arg_min(q.file_name, (q.file_name, q.source_row)) as file_name,
  arg_min(q.source_row, (q.file_name, q.source_row)) as first_row,
  arg_min(q."value", (q.file_name, q.source_row)) as example
from staging.quarantine q
where {{ where }}
group by q.mapping, q.source, q.record, q.column_name, q.reason
order by "rows" desc, q.mapping, q.source, q.record, q.column_name, q.reason
