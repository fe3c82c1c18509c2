-- What landed. The journal in landed/manifest.jsonl says the same as deliveries and is the authority;
-- every other table here can be made again from it and the bytes in landed/.

-- Grain: one file, by content: its status, how it was read and how many rows it holds. Key: file_id.
-- rows_read counts the data rows of every table the file feeds, those refused while reading included.
create table if not exists landing.files (
  file_id integer not null, name varchar not null, content_sha256 varchar, bytes bigint,
  mapping varchar, source varchar, source_kind varchar, landed_at timestamptz not null,
  encoding varchar, superseded_by integer, rows_read bigint not null, rows_refused bigint not null,
  nul_bytes bigint not null, deliveries integer not null, status varchar not null, reason varchar);

-- Grain: one file put into the inbox, in order. outcome: landed, resent (its content was here) or rejected.
-- inbox_identity tells one putting-in from another, so that a killed run's file is not counted twice.
-- The columns from mapping on say what reading it gave when it landed. is_mended: a workbook of mended rows.
create table if not exists landing.deliveries (
  delivery_no integer not null, name varchar not null, inbox_identity varchar, content_sha256 varchar,
  bytes bigint, delivered_at timestamptz not null, outcome varchar not null, file_id integer not null,
  extension varchar not null, reason varchar, mapping varchar, source varchar, source_kind varchar,
  encoding varchar, rows_read bigint not null, rows_refused bigint not null, nul_bytes bigint not null);
alter table landing.deliveries add column if not exists is_mended boolean default false;

-- Grain: one table of a file (the file, or a sheet of it) and the source that read it. Key: file_id, part_no.
-- signature changes with whatever in the mapping bears on reading: then the file is read again.
create table if not exists landing.parts (
  file_id integer not null, part_no integer not null, mapping varchar not null, source varchar not null,
  source_sheet varchar, header_row integer not null, rows_landed bigint not null, rows_refused bigint not null,
  columns_found varchar[] not null, columns_unused varchar[] not null, signature varchar not null);
-- Of a workbook: the table's last row where another follows, and the letters of the columns that ours stand in.
alter table landing.parts add column if not exists last_row bigint;
-- A value that stands above the table has its one cell there instead.
alter table landing.parts add column if not exists cells map(varchar, varchar);
-- Rows of it that the workbook hides; and columns of ours that several headers fit: the one taken, where one was.
alter table landing.parts add column if not exists rows_hidden bigint;
alter table landing.parts add column if not exists doubts struct("column" varchar, taken varchar, others varchar[])[];
-- Our columns and what the file calls them, where that alone tells which is meant.
alter table landing.parts add column if not exists headers map(varchar, varchar);

-- Grain: one row that could not be split into columns, with its text as it stands in the file.
create table if not exists landing.refused (
  file_id integer not null, source_sheet varchar, source_row bigint not null, reason varchar not null, raw varchar);
-- The cell at fault, where a row was refused for one.
alter table landing.refused add column if not exists cell varchar;

-- Grain: one row of a workbook of mended rows, and the row that it was handed out from: the beginning of its content's
-- SHA-256, its sheet, its row.
create table if not exists landing.fixes (
  file_id integer not null, source_sheet varchar, source_row bigint not null,
  from_sha varchar not null, from_sheet varchar, from_row bigint not null);

-- The last good text of each mapping file: used, with a warning, while the file itself cannot be read.
create table if not exists landing.mappings (path varchar not null, document varchar not null);

-- One row: of the mappings by which the files were read. When it changes, files are looked at again.
create table if not exists landing.reading (fingerprint varchar not null);
