"""An example's workspace brought to its marts, without Dagster: init, drop the files in, land, stage, build."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from assets.landing.inbox import take_inbox
from assets.marts.build import build_marts
from assets.staging.build import build_staging, latest_time
from assets.warehouse import connect, set_as_of
from assets.workspace import Run
from pipelines.init import init_workspace

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def built_example(
    name: str, folder: Path, files: Sequence[Path], as_of: datetime | None = None
) -> duckdb.DuckDBPyConnection:
    """The warehouse of `examples/NAME` with these files landed and all marts built (as of the data's end)."""
    init_workspace(folder, f"examples/{name}")
    for file in files:
        shutil.copyfile(file, folder / "inbox" / file.name)
    run = Run.of(folder, run_id="example", now=NOW)
    run = replace(
        run,
        settings=run.settings.model_copy(
            update={"inbox": run.settings.inbox.model_copy(update={"settle_seconds": 0.0})}
        ),
    )
    con = connect(run)
    take_inbox(con, run)
    build_staging(con, run)
    set_as_of(con, as_of or latest_time(con) or NOW)
    build_marts(con)
    return con
