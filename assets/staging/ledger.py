"""The quarantine with its reasons, and the ledger: what became of every row that was read."""

from __future__ import annotations

from typing import Any

import duckdb

from assets.landing.mappings import landing_table
from assets.staging.records import Candidate
from assets.staging.relations import Relation
from assets.warehouse import read_sql
from data_contracts.mapping import Mapping
from data_contracts.sql_names import quote_ident, quote_literal

SIDE_TABLES = ("ledger", "quarantine", "duplicates", "review")


def write_ledger(
    con: duckdb.DuckDBPyConnection, mapped: list[tuple[Mapping, dict[str, Relation], list[Candidate]]]
) -> None:
    """Fill staging.quarantine and staging.ledger from what the passes found."""
    con.execute("create or replace temp table _landed (file_id integer, landed bigint, unmapped bigint)")
    for mapping, relations, candidates in mapped:
        _find_fed(con, candidates)
        _note_behind(con, mapping)
        for code, source in mapping.sources.items():
            table = f"landing.{quote_ident(landing_table(mapping.mapping, code))}"
            columns = ", ".join(f"{quote_ident(c)} := l.{quote_ident(c)}" for c in source.columns)
            con.execute(
                read_sql("assets.staging", "quarantine_rows.sql")
                .replace("{{table}}", table)
                .replace("{{columns}}", columns)
                .replace("{{source}}", quote_literal(code))
            )
            _count_rows(con, table, relations[code], [c for c in candidates if c.record.source == code])
    con.execute(read_sql("assets.staging", "quarantine_refused.sql"))
    con.execute(read_sql("assets.staging", "ledger.sql"))


def _note_behind(con: duckdb.DuckDBPyConnection, mapping: Mapping) -> None:
    """Which columns of its source stand behind each column of a record, and each derived one: in one of them the fault
    is."""
    con.execute(
        "create or replace temp table _behind (record_no integer, column_name varchar, source_columns varchar[])"
    )
    derived = [(name, value) for source in mapping.sources.values() for name, value in source.derive.items()]
    behind: dict[tuple[int, str], list[str]] = {
        (number, name): list(mapping.source_columns(value))
        for number in range(1, len(mapping.records) + 1)
        for name, value in derived
    }
    for number, _, _, column, value in mapping.placed_values():
        behind.setdefault((number, column), []).extend(mapping.source_columns(value))
    if behind:
        rows = [(number, column, list(dict.fromkeys(names))) for (number, column), names in behind.items()]
        con.executemany("insert into _behind values (?, ?, ?)", rows)


def _find_fed(con: duckdb.DuckDBPyConnection, candidates: list[Candidate]) -> None:
    """Rows that a record with a condition, or one made from a derived source, is fed by."""
    con.execute("create or replace temp table _fed (file_id integer, source_sheet varchar, source_row bigint)")
    for candidate in candidates:
        if candidate.relation.is_derived:
            con.execute(
                f"insert into _fed with c as ({candidate.feeding_sql})"
                " select file_id, source_sheet, source_row from c union all"
                " select other_file_id, other_sheet, other_row from c where other_file_id is not null"
            )
        elif not candidate.feeds_all:
            con.execute(f"insert into _fed select file_id, source_sheet, source_row from ({candidate.feeding_sql})")


def _count_rows(con: duckdb.DuckDBPyConnection, table: str, relation: Relation, direct: list[Candidate]) -> None:
    """Rows of every file in a landing table, and those of them that are accepted and feed no record."""
    fed = "select file_id, source_sheet, source_row from _fed"
    if any(c.feeds_all for c in direct):
        fed += f" union all select file_id, source_sheet, source_row from ({relation.sql})"
    elsewhere = " and ".join(
        f"not exists (select 1 from ({rows}) e where e.file_id = l.file_id and e.source_row = l.source_row"
        " and e.source_sheet is not distinct from l.source_sheet)"
        for rows in (fed, "from staging.duplicates", "from _bad_rows")
    )
    con.execute(
        f"insert into _landed select l.file_id, count(*), count(*) filter ({elsewhere}) from {table} l"
        " group by l.file_id"
    )


def ledger(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The ledger as rows: file, mapping, status, rows read, accepted, unmapped, quarantined, duplicates."""
    result = con.execute("from staging.ledger order by file_id")
    columns = [d[0] for d in result.description or []]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def ledger_faults(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Files for which rows read is not accepted + quarantined + duplicates, and refused rows that got through."""
    faults = [
        f"{name}: {read:,} rows read, but {accepted:,} accepted, {quarantined:,} quarantined, {duplicates:,} duplicates"
        for name, read, accepted, quarantined, duplicates in con.execute(
            "select file_name, rows_read, accepted, quarantined, duplicates from staging.ledger"
            " where rows_read <> accepted + quarantined + duplicates or accepted < of_which_unmapped order by file_id"
        ).fetchall()
    ]
    lost = con.execute(
        "select f.name from landing.files f anti join staging.ledger l on l.file_id = f.file_id order by f.file_id"
    ).fetchall()
    return faults + [f"{name}: landed, but not in the ledger" for (name,) in lost]
