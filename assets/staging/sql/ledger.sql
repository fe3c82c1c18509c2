-- Grain: one file. rows_read is what the reader counted when the file landed; the other figures are counted from
-- the tables as they are now, so that a row lost on the way shows.
insert into staging.ledger
with landed as (select file_id, sum(landed) as landed, sum(unmapped) as unmapped from _landed group by file_id),
quarantined as (
  select q.file_id, count(*) as quarantined,
         count(*) filter (exists (select 1 from landing.refused r where r.file_id = q.file_id
           and r.source_row = q.source_row and r.source_sheet is not distinct from q.source_sheet)) as unreadable
  from staging.quarantine q group by q.file_id
),
duplicates as (select file_id, count(*) as duplicates from staging.duplicates group by file_id)
select f.file_id, f.name, f.mapping, f.status,
       if(f.status = 'active', f.rows_read, 0),
       coalesce(l.landed, 0) - coalesce(d.duplicates, 0) - (coalesce(q.quarantined, 0) - coalesce(q.unreadable, 0)),
       coalesce(l.unmapped, 0), coalesce(q.quarantined, 0), coalesce(d.duplicates, 0)
from landing.files f
left join landed l on l.file_id = f.file_id
left join quarantined q on q.file_id = f.file_id
left join duplicates d on d.file_id = f.file_id
