"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The project's root."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """`real_data("helpdesk/helpdesk_events.csv.gz")`: a lent file, or a skip that names what is missing."""

    def find(name: str) -> Path:
        folder = Path(os.environ.get("STAGEWATCH_REAL_DATA") or REPOSITORY.parent / "shared" / "data" / "real")
        path = folder / name
        if not path.exists():
            pytest.skip(f"real data absent: {path} (set STAGEWATCH_REAL_DATA to the folder that holds {name})")
        return path

    return find
