"""Staging: the landed rows of every mapping become canonical records, or are set aside with the reason.

All of it is made anew in each run, in one transaction, from what is active in landing: so it is always right,
whatever was superseded, mapped otherwise or sent twice since. One pass finds what is wrong, a second fills the
canonical tables with the rows that nothing is wrong with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from assets.landing.land import has_table
from assets.landing.mappings import is_template, landing_table
from assets.landing.rebuild import mappings_in_force
from assets.staging.compiled import Aids, Mapped, compile_mapping, fresh_tables, unusable
from assets.staging.identity import masters_of, read_masters
from assets.staging.ledger import SIDE_TABLES, ledger_faults, write_ledger
from assets.staging.mended import NOT_SET_ASIDE, has_mended, settle_mended
from assets.staging.notes import Library, forget_unused
from assets.staging.records import Candidate
from assets.staging.relations import told_sql
from assets.staging.tell import problems
from assets.warehouse import count
from assets.workspace import Run
from data_contracts.contract import load_contract, names
from data_contracts.identity import load_identity
from data_contracts.lexicon import load_lexicon
from data_contracts.mapping import Mapping
from data_contracts.mapping_sources import FILE_COLUMNS
from data_contracts.sql_names import quote_ident, quote_literal
from models.notes import NoteReader

__all__ = ["StagingResult", "build_staging", "latest_time", "ledger_faults"]

# Where a file or sheet bears on what a row says, that of the row which a mended one stands for.
TOLD = {"source_sheet": "told_sheet"}
# Records of things that happen; the others are facts about a period.
HAPPENINGS = ("opportunities", "stage_events", "visits", "actions", "signings", "interventions")


@dataclass(frozen=True)
class StagingResult:
    """Rows of every canonical and side table (ledger, quarantine, duplicates), and what people should know."""

    rows: dict[str, int]
    problems: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """The figures of the step, for the run's journal."""
        return {**self.rows, "problems": "\n".join(self.problems)}


def build_staging(con: duckdb.DuckDBPyConnection, run: Run) -> StagingResult:
    """Rebuild schema staging whole from the active landing rows; nothing changes where it fails."""
    mappings, _ = mappings_in_force(con, run)
    read = _mappings_read(con)
    mappings = [m for m in mappings if m.mapping in read or not is_template(m)]
    con.begin()
    try:
        fresh_tables(con)
        settle_mended(con, mappings)
        for mapping in mappings:
            _find_duplicates(con, mapping)
        aids = _no_aids_yet(con, run)
        # What is told in words is read after the records that say whom it may mean.
        structured = [m for m in mappings if not m.is_told]
        mapped = _stage(con, structured, run, aids)
        if len(structured) < len(mappings):
            if any(m.is_told and m.mapping in read for m in mappings):
                aids.masters = read_masters(con, aids.masters.identity)
            mapped += _stage(con, [m for m in mappings if m.is_told], run, aids)
            _give_keys_again(con)
        forget_unused(con)
        for record in names("sources"):
            let_structured_win(con, record)
        write_ledger(con, [(m.mapping, m.relations, m.candidates) for m in mapped])
        con.commit()
    except BaseException:
        con.rollback()
        raise
    rows = {n: count(con, load_contract("sources", n).table) for n in names("sources")}
    rows |= {n: count(con, f"staging.{n}") for n in SIDE_TABLES}
    return StagingResult(rows, problems(con, mappings, run))


def _no_aids_yet(con: duckdb.DuckDBPyConnection, run: Run) -> Aids:
    """The note reader by the workspace's lexicon; masters of nobody."""
    root = run.workspace.root
    lexicon = load_lexicon(root)
    words = hashlib.sha256(f"{lexicon.model_dump_json()}{run.settings.timezone}".encode()).hexdigest()
    return Aids(Library(lambda: NoteReader(lexicon), words), masters_of(con, load_identity(root)))


def _mappings_read(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The codes of the mappings that any file feeds."""
    return {mapping for (mapping,) in con.execute("select distinct mapping from landing.parts").fetchall()}


def _stage(con: duckdb.DuckDBPyConnection, mappings: Sequence[Mapping], run: Run, aids: Aids) -> list[Mapped]:
    """Two passes over these mappings: what is wrong, then the records of rows that nothing is wrong with."""
    mapped = [compile_mapping(con, mapping, run.settings.timezone, aids) for mapping in mappings]
    candidates = [c for m in mapped for c in m.candidates]
    _find_bad_rows(con, candidates)
    _give_keys(con, candidates)
    for candidate in candidates:
        _run(con, candidate.insert_sql, candidate)
    return mapped


def latest_time(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """The latest time in the data: when something happened or was recorded, landing times left out."""
    union = " union all ".join(
        f"select max(occurred_at) as t from staging.{n} union all"
        f" select max(recorded_at) from staging.{n} where recorded_at <> landed_at"
        for n in HAPPENINGS
    )
    row = con.execute(f"select max(t) from ({union})").fetchone()
    return row[0] if row else None


def _find_duplicates(con: duckdb.DuckDBPyConnection, mapping: Mapping) -> None:
    """Rows equal in the declared columns over all files of a source; the first by file and row is kept.

    Of mended rows only those that count are looked at; one is not held for a duplicate of the row that it stands for.
    """
    for code in mapping.sources:
        table = landing_table(mapping.mapping, code)
        names = mapping.duplicate_columns(code)
        if not names or not has_table(con, table):
            continue
        columns = ", ".join(quote_ident(TOLD.get(name, name)) for name in names)
        landed = f"landing.{quote_ident(table)}"
        mended = has_mended(con, mapping.mapping, code)
        if mended or not set(FILE_COLUMNS).isdisjoint(names):
            landed = f"({told_sql(landed, is_mended=mended)} where {NOT_SET_ASIDE})"
        con.execute(
            f"create or replace temp table _equal as select hash({columns}) as h from {landed}"
            " group by h having count(*) > 1"
        )
        if count(con, "_equal") == 0:
            continue
        con.execute(f"""
            insert into staging.duplicates
            select d.file_id, f.name, d.source_sheet, d.source_row, {quote_literal(mapping.mapping)},
                   {quote_literal(code)}, d.kept_file_id, d.kept_sheet, d.kept_row
            from (select file_id, source_sheet, source_row, row_number() over first as n,
                         first_value(file_id) over first as kept_file_id,
                         first_value(source_sheet) over first as kept_sheet,
                         first_value(source_row) over first as kept_row
                  from {landed} where hash({columns}) in (select h from _equal)
                  window first as (partition by {columns} order by file_id, source_sheet, source_row)) d
            join landing.files f on f.file_id = d.file_id
            where d.n > 1""")
        if mended:
            con.execute("""
                delete from staging.duplicates d using _standing s
                where s.file_id = d.file_id and s.source_row = d.source_row
                  and s.source_sheet is not distinct from d.source_sheet and s.root_file_id = d.kept_file_id
                  and s.root_row = d.kept_row and s.root_sheet is not distinct from d.kept_sheet""")


def _find_bad_rows(con: duckdb.DuckDBPyConnection, candidates: list[Candidate]) -> None:
    for candidate in candidates:
        _run(con, f"insert into _faults {candidate.bad_rows_sql}", candidate)
    con.execute("""
        create or replace temp table _bad_rows as
        select distinct file_id, source_sheet, source_row from (
            select file_id, source_sheet, source_row from _faults union all
            select other_file_id, other_sheet, other_row from _faults where other_file_id is not null)""")


def _give_keys(con: duckdb.DuckDBPyConnection, candidates: list[Candidate]) -> None:
    """A dense integer for every opportunity of any record so far, in the order of the identifiers."""
    ids = " union all ".join(
        f"select opportunity_id from ({c.good_sql}) where opportunity_id is not null"
        for c in candidates
        if c.has_opportunity
    )
    con.execute(f"""
        create or replace temp table _keys as
        select opportunity_id as known_id, (row_number() over (order by opportunity_id))::integer as opportunity_key
        from (select distinct opportunity_id from ({ids or "select null::varchar as opportunity_id where false"})
              union select known_id from _keys)""")


def _give_keys_again(con: duckdb.DuckDBPyConnection) -> None:
    """Where what is told brought opportunities that no structured record has, the keys given before have moved."""
    for record in names("sources"):
        contract = load_contract("sources", record)
        if "opportunity_key" in contract.column_names:
            con.execute(
                f"update {contract.table} t set opportunity_key = k.opportunity_key from _keys k"
                " where k.known_id = t.opportunity_id and k.opportunity_key <> t.opportunity_key"
            )


def let_structured_win(con: duckdb.DuckDBPyConnection, record: str) -> None:
    """Of one fact told by sources of different structure, only the most structured is believed.

    It is believed from when it is known: until the form came, the daily report was what the company knew.
    """
    table = load_contract("sources", record).table
    ranks = con.execute(f"select count(distinct source_rank) from {table}").fetchone()
    if ranks and ranks[0] > 1:
        con.execute(f"""
            with told as (
                select fact_key, source_rank, min(greatest(recorded_at, occurred_at)) as known_at
                from {table}
                where fact_key in (
                    select fact_key from {table} group by fact_key having min(source_rank) < max(source_rank))
                group by fact_key, source_rank)
            update {table} as t set is_primary = false, overruled_at = least(t.overruled_at, better.known_at)
            from (select o.fact_key, o.source_rank, min(b.known_at) as known_at
                  from told o join told b on b.fact_key = o.fact_key and b.source_rank < o.source_rank
                  group by o.fact_key, o.source_rank) as better
            where t.fact_key = better.fact_key and t.source_rank = better.source_rank""")


def _run(con: duckdb.DuckDBPyConnection, sql: str, candidate: Candidate) -> None:
    try:
        con.execute(sql)
    except duckdb.BinderException as error:
        raise unusable(candidate.mapping, f"records[{candidate.number}] ({candidate.record.record})", error) from error
