"""docs/semantics.md: its examples are run, and every published mart and column is in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from assets.warehouse import set_as_of
from data_contracts.contract import load_contract, names
from tiny import Tiny

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "semantics.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"```events\n(.*?)```\n```sql\n(.*?)```\n```result\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Example:
    """`events`: `as of TIME`, then lines as Tiny.events takes them, or `+ record column=value …`."""

    events: str
    sql: str
    result: str


EXAMPLES = [Example(*found.groups()) for found in EXAMPLE.finditer(PAGE)]


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Tiny]:
    tiny = Tiny(as_of="2025-01-01 00:00")
    tiny.con.execute("set threads = 1")  # a handful of rows: more threads only wait for each other
    yield tiny
    tiny.con.close()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: re.search(r"marts\.(\w+)", e.sql)[1])
def test_what_an_example_says_comes_out(warehouse: Tiny, example: Example) -> None:
    for record in names("sources"):
        warehouse.con.execute(f"delete from {load_contract('sources', record).table}")
    for line in example.events.splitlines():
        if line.startswith("as of "):
            set_as_of(warehouse.con, warehouse.time(line.removeprefix("as of ")))
        elif line.startswith("+ "):
            record, *values = shlex.split(line.removeprefix("+ "))
            warehouse.add(record, **dict(value.split("=", 1) for value in values))
        else:
            warehouse.events(line)
    warehouse.build()
    assert [" | ".join(map(shown, row)) for row in warehouse.rows(example.sql)] == example.result.strip().splitlines()


def shown(value: Any) -> str:
    """A value as the page writes it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%m-%d %H:%M}".removesuffix(" 00:00")
    if isinstance(value, date):
        return f"{value:%m-%d}"
    if isinstance(value, list):
        return f"[{' '.join(map(shown, value))}]"
    return value if isinstance(value, str) else f"{round(float(value), 3):g}"


def test_every_block_of_events_is_an_example() -> None:
    assert len(EXAMPLES) == PAGE.count("```events") >= 15


@pytest.mark.parametrize("mart", names("marts"))
def test_every_mart_and_column_has_its_meaning(mart: str) -> None:
    assert f"`marts.{mart}`" in PAGE
    prose = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", EXAMPLE.sub("", PAGE)))))
    assert [c.name for c in load_contract("marts", mart).columns if c.name not in prose] == []


def test_the_page_names_no_mart_that_does_not_exist() -> None:
    assert set(re.findall(r"\bmarts\.([a-z_]+)", PAGE)) <= set(names("marts"))
