-- Working tables of one build of staging; nobody else reads them.

-- Grain: one candidate record with at least one fault, and the source rows it was made of.
create or replace temp table _faults (
  mapping varchar not null, record_no integer not null, file_id integer not null, source_sheet varchar,
  source_row bigint not null, other_file_id integer, other_sheet varchar, other_row bigint,
  faults struct(record varchar, column_name varchar, reason varchar, "value" varchar)[] not null);

-- Grain: one source row that a fault keeps out of every record it feeds.
create or replace temp table _bad_rows (file_id integer not null, source_sheet varchar, source_row bigint not null);
