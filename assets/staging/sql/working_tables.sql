-- Working tables of one build of staging; nobody else reads them.

-- Grain: one candidate record with at least one fault, and the source rows it was made of.
create or replace temp table _faults (
  mapping varchar not null, record_no integer not null, file_id integer not null, source_sheet varchar,
  source_row bigint not null, other_file_id integer, other_sheet varchar, other_row bigint,
  faults struct(record varchar, column_name varchar, reason varchar, "value" varchar)[] not null);

-- Grain: one source row that a fault keeps out of every record it feeds.
create or replace temp table _bad_rows (file_id integer not null, source_sheet varchar, source_row bigint not null);

-- Grain: one row of a workbook of mended rows: the row that it was handed out from, and the one that told first (root);
-- what both say (content; null where it could not be read), and why it stands for nothing where it does not (reason).
create or replace temp table _mends (
  mapping varchar not null, source varchar not null, file_id integer not null, source_sheet varchar,
  source_row bigint not null, name varchar not null, from_file_id integer, from_sheet varchar, from_row bigint,
  root_file_id integer, root_sheet varchar, root_row bigint, root_name varchar, is_root_active boolean,
  content ubigint, root_content ubigint, reason varchar);

-- Who names are resolved to (masters.sql fills them), and the threads of notes that are still there.
create or replace temp table _reps (rep_id varchar, rep_name varchar, phone varchar, office varchar, city varchar);
create or replace temp table _rep_cities (rep_id varchar, city varchar);
create or replace temp table _customers (customer_id varchar, customer_name varchar, rep_id varchar, city varchar);
create or replace temp table _customer_names (customer_id varchar, customer_name varchar, number varchar);
create or replace temp table _open (opportunity_id varchar, rep_id varchar, customer_id varchar, from_day date, to_day date);
create or replace temp table _visit_days (
  visit_id varchar, rep_id varchar, customer_id varchar, customer_name varchar, day date);
create or replace temp table _aliases (what varchar, scope varchar, alias varchar, decision varchar, settled_as varchar);
create or replace temp table _threads_used (thread varchar);

-- Grain: one opportunity: its integer key.
create or replace temp table _keys (known_id varchar, opportunity_key integer);
