"""Dagster: what landing makes."""

from __future__ import annotations

import dagster as dg

from assets.definitions import OWNERS
from assets.landing.inbox import take_inbox
from assets.session import Session


@dg.asset(
    key=["landing", "files"],
    group_name="landing",
    kinds={"duckdb", "file"},
    owners=OWNERS,
    description="Files taken from the inbox: bytes kept by content hash, rows as text with file, sheet and row.",
)
def landing_files(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    figures = warehouse.step("landing", lambda: take_inbox(warehouse.con, warehouse.run).figures())
    return dg.MaterializeResult(metadata=figures)


definitions = dg.Definitions(assets=[landing_files])
