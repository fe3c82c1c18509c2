-- Per kind of source: files in force, their rows, and when the last one landed.
select f.source_kind, count(*) as files, sum(f.rows_read)::bigint as rows_read, max(f.landed_at) as last_landed_at
from landing.files f
where f.superseded_by is null and f.source_kind is not null
group by f.source_kind
order by f.source_kind
