"""The warehouse: the one writer's DuckDB file, its schemas, reference tables, and how a SQL file is run.

`duckdb.connect` stands here and in the snapshot opener of `queries` only. Every connection fixes the
time zone, so no figure depends on the host's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from assets.spoken import add_spoken_functions
from assets.workspace import Run
from data_contracts.contract import Contract, create_table_sql, load_contract, names
from data_contracts.playbook import Playbook
from data_contracts.settings import Settings

SCHEMAS = ("landing", "staging", "ref", "known", "marts", "ml", "ops")


def connect(run: Run) -> duckdb.DuckDBPyConnection:
    """Open the run's warehouse for writing, with its schemas, reference tables and run variables."""
    resources = run.settings.resources
    con = duckdb.connect(
        str(run.workspace.warehouse),
        config={
            "memory_limit": resources.memory_limit,
            "threads": str(resources.threads),
            "temp_directory": str(run.workspace.temporary),
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    try:
        prepare(con, run.settings, run.playbook, run.as_of)
    except BaseException:
        con.close()  # one that stayed open would be handed out again for a new file of the same name
        raise
    return con


def connect_memory(settings: Settings, playbook: Playbook, as_of: datetime) -> duckdb.DuckDBPyConnection:
    """An empty in-memory warehouse with everything in place but data: for tests and previews."""
    con = duckdb.connect(":memory:", config={"threads": "2"})
    prepare(con, settings, playbook, as_of)
    return con


def prepare(con: duckdb.DuckDBPyConnection, settings: Settings, playbook: Playbook, as_of: datetime) -> None:
    """Create schemas, staging tables (from the contracts) and `ref` tables; set the run variables."""
    con.execute("set TimeZone = ?", [settings.timezone])
    add_spoken_functions(con)
    con.execute("set enable_progress_bar = false")  # DuckDB draws it on stdout; progress is told by the steps
    for schema in SCHEMAS:
        con.execute(f"create schema if not exists {schema}")
    for name in names("sources"):
        _drop_outdated(con, load_contract("sources", name))
        con.execute(create_table_sql(load_contract("sources", name)))
    run_script(con, "assets", "core.sql")
    write_reference(con, settings, playbook)
    set_as_of(con, as_of)


def _drop_outdated(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Drop a staging table of before its contract changed: every run makes them anew."""
    columns = con.execute(
        "select column_name from duckdb_columns() where database_name = current_database()"
        " and schema_name || '.' || table_name = ? order by column_index",
        [contract.table],
    ).fetchall()
    if columns and tuple(name for (name,) in columns) != contract.column_names:
        con.execute(f"drop table {contract.table}")


def set_as_of(con: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """Set the variable every mart reads: `getvariable('as_of')`, TIMESTAMPTZ."""
    con.execute("set variable as_of = ?::timestamptz", [as_of])


def write_reference(con: duckdb.DuckDBPyConnection, settings: Settings, playbook: Playbook) -> None:
    """Rewrite `ref.playbook`, `ref.stages`, `ref.required_actions`, `ref.calendar`, `ref.settings`."""
    _replace(
        con,
        "ref.playbook",
        [
            (
                playbook.playbook,
                playbook.version,
                playbook.name.zh,
                playbook.name.en,
                playbook.lapse_days,
                playbook.default_window_days,
            )
        ],
    )
    _replace(
        con,
        "ref.stages",
        [
            (
                s.stage,
                number,
                s.name.zh,
                s.name.en,
                s.sla.days if s.sla else None,
                s.sla.clock if s.sla else None,
                s.is_quotation,
                s.is_contract,
            )
            for number, s in enumerate(playbook.stages, start=1)
        ],
    )
    _replace(
        con,
        "ref.required_actions",
        [
            (
                s.stage,
                number,
                position,
                a.action,
                a.name.zh,
                a.name.en,
                a.visit_kind,
                [x for e in a.evidence for x in e.extensions],
                bool(a.evidence),
            )
            for number, s in enumerate(playbook.stages, start=1)
            for position, a in enumerate(s.required_actions, start=1)
        ],
    )
    _replace(
        con,
        "ref.settings",
        [
            ("timezone", settings.timezone),
            ("currency", settings.currency),
            ("language", settings.language),
            ("company_zh", settings.company.zh),
            ("company_en", settings.company.en),
            ("horizon_days", str(settings.risk.horizon_days)),
            ("kpi_share", str(settings.kpi_share)),
        ],
    )
    calendar = pl.DataFrame(
        working_days(settings.calendar), schema={"day": pl.Date, "is_working_day": pl.Boolean}, orient="row"
    )
    con.register("_calendar", calendar)
    con.execute("""
        create or replace table ref.calendar as
        select day, is_working_day,
               coalesce(sum(is_working_day::int) over earlier, 0)::integer as working_days_before
        from _calendar
        window earlier as (order by day rows between unbounded preceding and 1 preceding)
        order by day""")
    con.unregister("_calendar")


def working_days(calendar: str) -> list[tuple[date, bool]]:
    """Every day from 1995 to 2040 and whether people work on it.

    `china` follows the State Council's notices (moved holidays, working weekends) for the years the
    chinesecalendar package knows, and weekends elsewhere; `weekends` is Monday to Friday.
    """
    days = [date(1995, 1, 1) + timedelta(n) for n in range((date(2041, 1, 1) - date(1995, 1, 1)).days)]
    if calendar == "every_day":
        return [(day, True) for day in days]
    if calendar == "weekends":
        return [(day, day.weekday() < 5) for day in days]
    from chinese_calendar import holidays, workdays

    return [(day, day in workdays or (day.weekday() < 5 and day not in holidays)) for day in days]


def _replace(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    con.execute(f"delete from {table}")
    if rows:
        con.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)


def read_sql(package: str, name: str) -> str:
    """The text of `sql/NAME` inside a package (`assets.marts`, `stage_spells.sql`)."""
    return (files(package) / "sql" / name).read_text(encoding="utf-8")


def run_script(con: duckdb.DuckDBPyConnection, package: str, name: str) -> None:
    """Run one SQL file whole."""
    con.execute(read_sql(package, name))


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table that the code names (never one that data names)."""
    # Read to the end: DuckDB lets nothing be registered on a connection that still has a result to give.
    ((rows,),) = con.execute(f"select count(*) from {table}").fetchall()
    return int(rows)


@contextmanager
def scratch_as_of(con: duckdb.DuckDBPyConnection, as_of: datetime) -> Iterator[None]:
    """Rebuild marts as of another time without touching the warehouse's own.

    Inside, `marts`, `known`, `ml` and `ops` resolve to an in-memory database, `staging`, `landing` and
    `ref` to views on the warehouse; the variable `as_of` is the time given. All is undone on leaving.
    """
    home = con.execute("select current_database()").fetchone()
    assert home is not None
    before = con.execute("select getvariable('as_of')").fetchone()
    con.execute("attach ':memory:' as scratch")
    try:
        con.execute("use scratch")
        for schema in SCHEMAS:
            con.execute(f"create schema if not exists scratch.{schema}")
        shared = con.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where database_name = ? and schema_name in ('staging', 'ref', 'landing')",
            [home[0]],
        ).fetchall()
        for schema, table in shared:
            con.execute(f'create view scratch.{schema}."{table}" as from "{home[0]}".{schema}."{table}"')
        run_script(con, "assets", "core.sql")
        set_as_of(con, as_of)
        yield
    finally:
        con.execute(f'use "{home[0]}"')
        con.execute("detach scratch")
        if before is not None and before[0] is not None:
            set_as_of(con, before[0])


def file_size(path: Path) -> int:
    """Bytes of a file, 0 where it is not there."""
    return path.stat().st_size if path.is_file() else 0
