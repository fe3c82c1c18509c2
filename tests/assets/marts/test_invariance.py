"""What must hold of every mart, whatever the data: no record of the future counts, and no order of arrival."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from messy import messy_history

from assets.marts.build import MARTS, build_marts
from assets.warehouse import set_as_of
from data_contracts.contract import load_contract, names
from tiny import Tiny

# Facts about a period are known from when they were recorded; the others must have occurred, too.
OF_A_PERIOD = ("organisation", "targets", "costs")
# Where a record stands in which file is no figure.
PROVENANCE = ("file_id", "source_file", "source_row")


@pytest.fixture(scope="module")
def company() -> Iterator[Tiny]:
    """80 messy opportunities, some records told in advance and many late, to August 2025."""
    tiny = Tiny(as_of="2025-08-01 00:00")
    messy_history(tiny, seed=11, opportunities=80)
    tiny.con.execute("set threads = 1")  # a handful of rows: more threads only wait for each other
    yield tiny
    tiny.con.close()


def figures(tiny: Tiny, as_of: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every mart as of a local time, row by row, to the last digit."""
    set_as_of(tiny.con, tiny.time(as_of))
    build_marts(tiny.con)
    rows = {}
    for mart in MARTS:
        columns = tiny.rows("select column_name from (describe marts." + mart + ")")
        kept = ", ".join(f'"{name}"' for (name,) in columns if name not in PROVENANCE)
        rows[mart] = tiny.rows(f"select {kept} from marts.{mart} order by all")
    return rows


def different(first: dict[str, list[tuple[Any, ...]]], second: dict[str, list[tuple[Any, ...]]]) -> list[str]:
    return [mart for mart in MARTS if first[mart] != second[mart]]


def test_no_order_of_arrival_changes_any_figure(company: Tiny) -> None:
    before = figures(company, "2025-03-03 10:30")
    for record in names("sources"):
        table = load_contract("sources", record).table
        company.con.execute(f"""
            create or replace table {table} as
            select * replace (
              (1 + hash(content_hash) % 5)::integer as file_id, (9999 - source_row)::bigint as source_row)
            from {table} order by hash(content_hash, 7)""")
    assert before["stage_spells"]
    assert different(before, figures(company, "2025-03-03 10:30")) == []


@pytest.mark.parametrize("as_of", ["2025-07-01 00:00", "2025-02-03 10:30", "2024-11-20 09:00"])
def test_as_of_a_time_every_figure_is_that_of_the_records_recorded_and_occurred_by_then(
    company: Tiny, as_of: str
) -> None:
    """From the latest time to the earliest: what each leaves out, the next cannot know either."""
    with_the_future = figures(company, as_of)
    removed = 0
    for record in names("sources"):
        has_not_occurred = "false" if record in OF_A_PERIOD else "coalesce(occurred_at > $1, false)"
        sql = f"delete from {load_contract('sources', record).table} where recorded_at > $1 or {has_not_occurred}"
        ((rows,),) = company.rows(sql, company.time(as_of))
        removed += rows
    assert removed >= 5
    assert different(with_the_future, figures(company, as_of)) == []
