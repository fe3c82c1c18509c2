"""`stagewatch demo`: simulate the company, run the main job on what it sends, say what stands out."""

from __future__ import annotations

import time
from datetime import date
from importlib.resources import files
from pathlib import Path

from rich.console import Console

from assets.files import write_atomically
from assets.workspace import Workspace
from data_contracts.errors import StagewatchError
from pipelines.progress import console_listener
from pipelines.runner import run_workspace
from pipelines.summary import print_summary
from simulation.company import Summary, simulate
from simulation.daily_reports.levels import DailyReports, Level
from simulation.parameters import Parameters

MARKER = ".demo"
# A year that ends on a Monday with a month of the quarter to go: the week's report is new, the forecast has work to do.
FIRST_DAY, LAST_DAY = date(2024, 12, 2), date(2025, 12, 1)
# What reads chats and journals (workbooks are read by templates); and the share of offices on paper that send them.
LEGACY_MAPPINGS, LEGACY_SHARE = ("company_chats", "company_journals"), 0.5


def run_demo(folder: Path, *, factor: float, seed: int, daily_reports: Level | None, console: Console) -> None:
    """Make (or make again) the demo workspace in `folder`; refuses a folder that holds anything else."""
    began = time.perf_counter()
    console.print("simulating a year of the company …")
    legacy = None if daily_reports is None else DailyReports(level=daily_reports, office_share=LEGACY_SHARE)
    parameters = Parameters(factor=factor, seed=seed, start=FIRST_DAY, end=LAST_DAY, daily_reports=legacy)
    summary = write_demo_inputs(folder, parameters)
    console.print(f"     {summary} in {time.perf_counter() - began:.1f} s", highlight=False, markup=False)
    entry = run_workspace(folder, as_of=None, now=None, wait_seconds=60.0, listener=console_listener(console))
    print_summary(folder, entry, console)
    console.print(f"demo made in {time.perf_counter() - began:.0f} s", highlight=False)


def write_demo_inputs(folder: Path, parameters: Parameters) -> Summary:
    """A workspace with what the simulated company sent in its inbox, and the truth beside it."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise StagewatchError("is not empty and no demo", remedy="name a new folder", file=folder)
    Workspace(folder).make_folders()
    (folder / MARKER).write_text(f"factor {parameters.factor}, seed {parameters.seed}\n", encoding="utf-8")
    settings = (files("simulation") / "demo.yaml").read_text(encoding="utf-8")
    if parameters.daily_reports is not None:
        settings = settings.replace("company_reference]", f"{', '.join(['company_reference', *legacy_mappings()])}]")
    write_atomically(folder / "stagewatch.yaml", settings)
    return simulate(folder, parameters)


def legacy_mappings() -> list[str]:
    """The shipped mappings that read chats and journals."""
    shipped = (path.name for path in (files("data_contracts") / "mappings").iterdir())
    return sorted(name.removesuffix(".yaml") for name in shipped if name.startswith(LEGACY_MAPPINGS))
