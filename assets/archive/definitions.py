"""Dagster: the raw archive."""

from __future__ import annotations

import dagster as dg

from assets.archive.build import build_archive
from assets.definitions import OWNERS
from assets.session import Session


@dg.asset(
    key=["archive", "raw"],
    deps=[["landing", "files"]],
    group_name="archive",
    kinds={"file"},
    owners=OWNERS,
    description="Raw files that landed since the last archive, packed with a manifest of content hashes.",
)
def raw_archive(warehouse: dg.ResourceParam[Session]) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata=warehouse.step("archive", lambda: build_archive(warehouse.run)))


definitions = dg.Definitions(assets=[raw_archive])
