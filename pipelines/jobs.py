"""Jobs: each runs whole in one process, because DuckDB has one writer and a process a step costs seconds."""

from __future__ import annotations

import dagster as dg

main_job = dg.define_asset_job(
    "main",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("archive"),
    executor_def=dg.in_process_executor,
    description="The way of the data, whole: inbox to published snapshot, alerts and the weekly report.",
)
archive_job = dg.define_asset_job(
    "raw_archive",
    selection=dg.AssetSelection.groups("archive"),
    executor_def=dg.in_process_executor,
    description="Pack the raw files that landed since the last archive.",
)
