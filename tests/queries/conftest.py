"""A small company's snapshot, built once for all tests of the query layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


@pytest.fixture(scope="session")
def snapshot_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Snapshot]]:
    """`snapshot_of(events, as_of=…)`: the snapshot of a few events written as text, made once for all who ask."""
    opened: dict[tuple[str, str, Callable[[Tiny], None] | None], Snapshot] = {}

    def make(events: str, as_of: str = "2025-06-01 00:00", adjust: Callable[[Tiny], None] | None = None) -> Snapshot:
        asked = (events, as_of, adjust)
        if asked not in opened:
            tiny = with_tables(Tiny(as_of))
            tiny.events(events)
            if adjust is not None:
                adjust(tiny)
            tiny.build()
            opened[asked] = open_snapshot(publish_tiny(tiny, tmp_path_factory.mktemp("snapshot")))
            tiny.con.close()
        return opened[asked]

    yield make
    for snapshot in opened.values():
        snapshot.close()
