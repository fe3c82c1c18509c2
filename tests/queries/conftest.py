"""A small company's snapshot, built once for all tests of the query layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from queries.snapshot import Snapshot, open_snapshot
from small_company import small_company
from snapshot_fixture import add_wanderers, publish_tiny, with_tables
from tiny import Tiny


@pytest.fixture(scope="session")
def company_tiny() -> Tiny:
    """250 orderly opportunities and 250 that wander."""
    tiny = with_tables(small_company(250))
    add_wanderers(tiny, 250)
    return tiny.build()


@pytest.fixture(scope="session")
def company(company_tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    with open_snapshot(publish_tiny(company_tiny, tmp_path_factory.mktemp("company"))) as snapshot:
        yield snapshot


@pytest.fixture
def snapshot_of(tmp_path: Path) -> Iterator[Callable[..., Snapshot]]:
    """`snapshot_of(events, as_of=…)`: the snapshot of a few events written as text."""
    opened: list[Snapshot] = []

    def make(events: str, as_of: str = "2025-06-01 00:00", adjust: Callable[[Tiny], None] | None = None) -> Snapshot:
        tiny = with_tables(Tiny(as_of))
        tiny.events(events)
        if adjust is not None:
            adjust(tiny)
        tiny.build()
        opened.append(open_snapshot(publish_tiny(tiny, tmp_path / f"workspace{len(opened)}")))
        return opened[-1]

    yield make
    for snapshot in opened:
        snapshot.close()
