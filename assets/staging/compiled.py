"""A mapping as SQL over its landing tables, and whether DuckDB can bind it.

A mapping that reads well may still hold an expression that cannot be computed (`amount > 5` of a text). That is
found on empty tables before the mapping is used, so that it never ends a run.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from assets.landing.land import has_table
from assets.landing.mappings import landing_table
from assets.staging.identity import Masters, masters_of, resolved_relation
from assets.staging.ledger import SIDE_TABLES
from assets.staging.mended import has_mended
from assets.staging.notes import Library, notes_relation
from assets.staging.records import Candidate
from assets.staging.relations import Relation, derived_relation, join_sql, source_relation
from assets.staging.values import Habits
from assets.warehouse import run_script
from data_contracts.contract import create_table_sql, load_contract, names
from data_contracts.errors import StagewatchError
from data_contracts.identity import Identity
from data_contracts.lexicon import Lexicon
from data_contracts.mapping import Each, Mapping
from data_contracts.mapping_derived import DerivedSource, Notes, Resolve
from data_contracts.mapping_sources import Source
from data_contracts.mapping_values import DEFAULT_DATES, Number
from data_contracts.sql_names import quote_ident
from models.notes import NoteReader


@dataclass
class Mapped:
    """A mapping under way: its relations and the candidates of its records."""

    mapping: Mapping
    relations: dict[str, Relation]
    candidates: list[Candidate]


@dataclass
class Aids:
    """What reading notes and finding who is meant need: the reader with what it has read, the masters."""

    library: Library
    masters: Masters


def try_mapping(con: duckdb.DuckDBPyConnection, mapping: Mapping, workspace_zone: str) -> None:
    """Bind every statement of the mapping on empty tables, and leave no trace; raises where one cannot be computed."""
    con.begin()
    try:
        _working_tables(con)
        for code, source in mapping.sources.items():
            con.execute(f"drop table if exists landing.{quote_ident(landing_table(mapping.mapping, code))}")
            _empty_table(con, mapping, code, source)
        mapped = compile_mapping(con, mapping, workspace_zone, _no_aids(con))
        used = {record.source for record in mapping.records}
        for code, relation in mapped.relations.items():
            if code not in used:
                _bind(con, relation.sql, mapping, f"sources.{code}")
        for candidate in mapped.candidates:
            _bind(con, candidate.bad_rows_sql, mapping, f"records[{candidate.number}] ({candidate.record.record})")
    finally:
        con.rollback()


def _no_aids(con: duckdb.DuckDBPyConnection) -> Aids:
    """For tables without a row: nothing is read or sought."""
    return Aids(Library(lambda: NoteReader(Lexicon()), ""), masters_of(con, Identity()))


def _bind(con: duckdb.DuckDBPyConnection, sql: str, mapping: Mapping, where: str) -> None:
    try:
        con.execute(f"explain {sql}").fetchall()
    except duckdb.Error as error:
        raise unusable(mapping, where, error) from error


def fresh_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Empty canonical tables and all that staging works with."""
    for table in [*names("sources"), *SIDE_TABLES]:
        con.execute(f"drop table if exists staging.{table}")
    for name in names("sources"):
        con.execute(create_table_sql(load_contract("sources", name)))
    _working_tables(con)


def _working_tables(con: duckdb.DuckDBPyConnection) -> None:
    for script in ("tables.sql", "macros.sql", "working_tables.sql"):
        run_script(con, "assets.staging", script)


def compile_mapping(con: duckdb.DuckDBPyConnection, mapping: Mapping, workspace_zone: str, aids: Aids) -> Mapped:
    """The mapping's relations and candidates; derived ones are made here, as is the table of what has not come."""
    habits = Habits(
        mapping.timezone or workspace_zone,
        mapping.dates or DEFAULT_DATES,
        mapping.number or Number(),
        mapping.value_maps,
    )
    con.execute("set variable mapping = ?", [mapping.mapping])
    relations: dict[str, Relation] = {}
    for code, source in mapping.sources.items():
        if not has_table(con, landing_table(mapping.mapping, code)):
            _empty_table(con, mapping, code, source)
        is_mended = has_mended(con, mapping.mapping, code)
        relations[code] = source_relation(mapping, code, source, habits, is_mended)
    for code, derived in mapping.derived_sources.items():
        table = quote_ident(f"_derived_{mapping.mapping}__{code}")
        try:
            relations[code] = _derive(con, derived, relations[derived.made_from], habits, table, aids)
        except duckdb.BinderException as error:
            raise unusable(mapping, f"derived_sources.{code}", error) from error
    candidates: list[Candidate] = []
    for number, record in enumerate(mapping.records, start=1):
        relation = join_sql(relations[record.source], record.joins, relations)
        candidates += [Candidate(mapping, number, record, each, relation, habits) for each in record.each or (Each(),)]
    return Mapped(mapping, relations, candidates)


def _derive(
    con: duckdb.DuckDBPyConnection, derived: DerivedSource, base: Relation, habits: Habits, table: str, aids: Aids
) -> Relation:
    rule = derived.rule
    if isinstance(rule, Notes):
        return notes_relation(con, table, rule, base, habits, aids.library)
    if isinstance(rule, Resolve):
        return resolved_relation(con, table, rule, base, habits, aids.masters)
    return derived_relation(con, derived, base, habits, table)


def _empty_table(con: duckdb.DuckDBPyConnection, mapping: Mapping, code: str, source: Source) -> None:
    """Nothing landed for a source yet: its table is there, and empty."""
    columns = "".join(f", {quote_ident(c)} varchar" for c in source.columns)
    con.execute(
        f"create table landing.{quote_ident(landing_table(mapping.mapping, code))}"
        f" (file_id integer not null, source_sheet varchar, source_row bigint,"
        f" row_kind varchar{columns})"
    )


def unusable(mapping: Mapping, where: str, error: Exception) -> StagewatchError:
    return StagewatchError(
        f"{where} holds an expression that cannot be computed: {str(error).splitlines()[0]}",
        remedy="columns are text: write amount::double or day::date before computing or comparing with a number",
        file=f"mappings/{mapping.mapping}.yaml",
    )
