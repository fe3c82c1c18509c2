-- What staging tells about rows besides the canonical tables, which are made from their contracts.

-- Grain: one source row that was refused. column_name, reason and value are of its first fault; faults names all.
create table if not exists staging.quarantine (
  file_id integer not null, file_name varchar not null, source_sheet varchar, source_row bigint not null,
  mapping varchar, record varchar, column_name varchar, reason varchar not null, value varchar,
  faults struct(record varchar, column_name varchar, reason varchar)[] not null, raw varchar);

-- Grain: one source row equal to an earlier one in the columns that the mapping declares; which one was kept.
create table if not exists staging.duplicates (
  file_id integer not null, file_name varchar not null, source_sheet varchar, source_row bigint not null,
  mapping varchar not null, source varchar not null,
  kept_file_id integer not null, kept_sheet varchar, kept_row bigint not null);

-- Grain: one file. rows_read = accepted + quarantined + duplicates for every active file; a superseded or
-- rejected file is listed with its status and counts nothing.
create table if not exists staging.ledger (
  file_id integer not null, file_name varchar not null, mapping varchar, status varchar not null,
  rows_read bigint not null, accepted bigint not null, of_which_unmapped bigint not null,
  quarantined bigint not null, duplicates bigint not null);
