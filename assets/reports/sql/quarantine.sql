-- Why rows were set aside, the most frequent first. Grain: one row per reason. Reads staging.quarantine.
-- Parameters: $most.
select record, column_name, reason, count(*) as rows, count(distinct file_id) as files
from staging.quarantine
group by all
order by rows desc, record, column_name, reason
limit $most
