-- What becomes of mended rows and of those that they stand for. Of the rows mended for one, the last that says other
-- than it counts (the first of those that say the same); one that says the same as it mends nothing, and is an exact
-- duplicate, as is one that says what the counting row says. Nothing is lost: whatever else was sent is set aside with
-- the reason, and counted in the ledger.

-- A row whose file was sent anew, is not here or has no such row, has nothing that a mended one could stand for.
update _mends as m set reason = case
  when is_root_active is null then 'fix_of_unknown'
  when not is_root_active then 'fix_of_superseded'
  when root_content is null and not exists (
    select 1 from landing.refused r where r.file_id = m.root_file_id and r.source_row = m.root_row
      and r.source_sheet is not distinct from m.root_sheet) then 'fix_of_unknown' end;

create or replace temp table _standing as
with told as (
  select * from _mends where reason is null and content is not null and content is distinct from root_content
),
last as (
  select root_file_id, root_sheet, root_row, arg_max(content, (file_id, source_sheet, source_row)) as content
  from told group by all
)
select t.* from told t
join last l on l.root_file_id = t.root_file_id and l.root_row = t.root_row and l.content = t.content
  and l.root_sheet is not distinct from t.root_sheet
qualify row_number() over (partition by t.root_file_id, t.root_sheet, t.root_row
                           order by t.file_id, t.source_sheet, t.source_row) = 1;

insert into staging.duplicates
select m.file_id, m.name, m.source_sheet, m.source_row, m.mapping, m.source,
       if(m.content = s.content, s.file_id, m.root_file_id),
       if(m.content = s.content, s.source_sheet, m.root_sheet),
       if(m.content = s.content, s.source_row, m.root_row)
from _mends m
left join _standing s on s.root_file_id = m.root_file_id and s.root_row = m.root_row
  and s.root_sheet is not distinct from m.root_sheet
where m.reason is null
  and (m.content = m.root_content or (m.content = s.content
    and (m.file_id, m.source_row, coalesce(m.source_sheet, '')) <> (s.file_id, s.source_row, coalesce(s.source_sheet, ''))));

-- Grain: one row that a mended one stands for, or that was mended in vain: it is kept out of every record.
create or replace temp table _replaced as
select s.mapping, s.root_file_id as file_id, s.root_sheet as source_sheet, s.root_row as source_row,
       'replaced_by_fix' as reason, s.name || ', ' || s.source_row as told
from _standing s
union all
select m.mapping, m.file_id, m.source_sheet, m.source_row, coalesce(m.reason, 'replaced_by_fix'),
       concat_ws(', ', m.root_name, m.root_row)
from _mends m
anti join staging.duplicates d on d.file_id = m.file_id and d.source_row = m.source_row
  and d.source_sheet is not distinct from m.source_sheet
anti join _standing s on s.file_id = m.file_id and s.source_row = m.source_row
  and s.source_sheet is not distinct from m.source_sheet
-- A mended row that could not even be read mends nothing: both wait, unless another stands for them.
where m.content is not null or m.reason is not null or exists (
  select 1 from _standing s where s.root_file_id = m.root_file_id and s.root_row = m.root_row
    and s.root_sheet is not distinct from m.root_sheet);

insert into _faults
select mapping, -1, file_id, source_sheet, source_row, null, null, null,
       [{'record': null::varchar, 'column_name': null::varchar, 'reason': reason, 'value': told}]
from _replaced;
