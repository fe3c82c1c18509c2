-- What staging tells about rows besides the canonical tables, which are made from their contracts.

-- Grain: one source row that was refused. column_name, reason and value are of its first fault; faults names all.
-- source_column: the column of its source behind it. cell: of a workbook, where the first fault stands (B7). raw: the row
-- by our columns as JSON; where it could not be split into columns (is_split), its text. told_*: where it was first
-- told, which of a mended row is elsewhere. is_waiting: for somebody to mend it; a mended one stands for the others.
create table if not exists staging.quarantine (
  file_id integer not null, file_name varchar not null, source_sheet varchar, source_row bigint not null,
  mapping varchar, record varchar, column_name varchar, reason varchar not null, value varchar,
  faults struct(record varchar, column_name varchar, reason varchar)[] not null, raw varchar, cell varchar,
  source varchar, source_column varchar, told_file varchar not null, told_sheet varchar, told_row bigint not null,
  is_waiting boolean not null, is_split boolean not null);

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

-- Grain: one thing that a person should settle: a name that nobody can be found for, or several; an opportunity
-- that nobody named; a fact read with too little confidence. Where it first stands, how often, and who may be meant.
-- candidates: a JSON list of {"id", "name", "score"}, the likest first.
create table if not exists staging.review (
  review_key varchar not null, what varchar not null, scope varchar not null, alias varchar not null,
  reason varchar not null, said varchar, candidates varchar not null, facts bigint not null,
  first_at timestamptz, mapping varchar not null, file_id integer not null, file_name varchar not null,
  source_sheet varchar, source_row bigint not null);

-- What notes were read as, so that a run reads only what is new. Grain: one thread of messages as it was read, by
-- its content, reader and words; one fact of a message in it. Lasting; made again where it is lost.
create table if not exists staging.note_threads (thread varchar not null);
create table if not exists staging.note_facts (
  thread varchar not null, id varchar not null, supersedes varchar, fact_no integer, is_review boolean,
  customer varchar, kind varchar, status varchar, date varchar, rescheduled_to varchar, stage varchar,
  actions_done varchar, actions_missing varchar, amount_yuan varchar, competitor varchar, next_step varchar,
  next_date varchar, confidence varchar, spans varchar);
