"""`stagewatch doctor`: is this machine and this workspace fit to run, and if not, what to do."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from assets.landing.mappings import read_mappings
from assets.lock import holder
from assets.workspace import Workspace
from data_contracts.errors import StagewatchError
from data_contracts.playbook import load_playbook
from data_contracts.settings import Settings, load_settings
from queries.snapshot import current_snapshot, open_snapshot

FREE_GB = 2.0
# What the interpreter, Polars and the models take beside DuckDB's limit, which is DuckDB's alone.
BESIDE_DUCKDB_GB = 1.5
# Longer than from one weekly report to the next.
STALE = timedelta(days=8)
UNITS = {"MB": 1e6, "GB": 1e9, "MiB": 2**20, "GiB": 2**30}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, what was found, what to do where it is not."""

    name: str
    is_well: bool
    found: str
    remedy: str = ""


def examine(root: Path) -> list[Finding]:
    """Look at versions, memory, disk, time zones, the workspace's files, its lock and its snapshot."""
    findings = [
        Finding("python", (3, 11) <= sys.version_info[:2] < (3, 15), sys.version.split()[0], "use 3.11 to 3.14"),
        Finding("stagewatch", True, f"{version('stagewatch')}, duckdb {duckdb.__version__}"),
    ]
    try:
        settings = load_settings(root)
    except StagewatchError as error:
        return [*findings, Finding("workspace", False, str(error))]
    workspace = Workspace(root)
    free = shutil.disk_usage(root).free / 1e9
    return [
        *findings,
        _memory(settings),
        Finding("workspace", True, str(root.resolve())),
        Finding("disk", free > FREE_GB, f"{free:.1f} GB free", f"keep more than {FREE_GB:.0f} GB free"),
        _time_zone(settings.timezone, datetime.now(UTC).year),
        _try("writable", lambda: _writable(root), "run as the owner of the folder"),
        _lock(workspace),
        _try("playbook", lambda: load_playbook(settings.playbook, root).playbook, "mend the playbook"),
        *_mappings(root, settings),
        _inbox(workspace),
        _rejected(workspace),
        _snapshot(workspace, settings, datetime.now(UTC)),
    ]


def _try(name: str, look: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(name, True, look())
    except (StagewatchError, OSError) as error:
        return Finding(name, False, str(error), "" if getattr(error, "remedy", "") else remedy)


def _memory(settings: Settings) -> Finding:
    """The machine's memory, or what a container leaves of it, against DuckDB's limit."""
    limit = settings.resources.memory_limit
    said = f"resources.memory_limit {limit}"
    if not hasattr(os, "sysconf"):
        return Finding("memory", True, f"unknown on this system, {said}")
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    container = Path("/sys/fs/cgroup/memory.max")
    if container.is_file() and (text := container.read_text(encoding="ascii").strip()).isdigit():
        total = min(total, int(text))
    number = limit.rstrip("MGiB ")
    needed = float(number) * UNITS[limit.removeprefix(number).strip()] / 1e9 + BESIDE_DUCKDB_GB
    return Finding(
        "memory", total / 1e9 >= needed, f"{total / 1e9:.1f} GB, {said}",
        f"lower resources.memory_limit in stagewatch.yaml: {BESIDE_DUCKDB_GB:g} GB are needed beside it",
    )  # fmt: skip


def _time_zone(name: str, year: int) -> Finding:
    """Python (tzdata) and DuckDB (ICU) must tell the company's time alike, in winter and in summer."""
    for month in (1, 7):
        instant = datetime(year, month, 1, 12, tzinfo=UTC)
        python = instant.astimezone(ZoneInfo(name)).replace(tzinfo=None)
        with duckdb.connect() as con:
            ((asked,),) = con.execute(
                "select timezone($zone, make_timestamptz($us))", {"zone": name, "us": round(instant.timestamp() * 1e6)}
            ).fetchall()
        if asked != python:
            found = f"{name}: {instant:%Y-%m-%d %H:%M} UTC is {python} to Python and {asked} to DuckDB"
            return Finding("time zone", False, found, "upgrade the packages tzdata and duckdb")
    return Finding("time zone", True, f"{name}, tzdata {version('tzdata')}")


def _writable(root: Path) -> str:
    with tempfile.NamedTemporaryFile(dir=root, prefix=".doctor"):
        return "yes"


def _lock(workspace: Workspace) -> Finding:
    held = holder(workspace)
    if held is None:
        return Finding("lock", True, "no run is under way")
    if held.is_alive:
        return Finding("lock", True, f"a run is under way: {held}")
    return Finding("lock", False, f"the last run was killed: {held}", "run again: it takes up what was left")


def _mappings(root: Path, settings: Settings) -> list[Finding]:
    """Those that can be read, in a line; each that cannot in one of its own."""
    found, faults = read_mappings(root, settings)
    names = ", ".join(f.mapping.mapping for f in found) or "none"
    return [
        Finding("mappings", True, names),
        *(Finding("mappings", False, str(fault), "" if fault.remedy else "mend it") for fault in faults),
    ]


def _inbox(workspace: Workspace) -> Finding:
    waiting = sum(p.is_file() for p in workspace.inbox.glob("**/*")) if workspace.inbox.is_dir() else 0
    return Finding("inbox", True, f"{waiting:,} waiting")


def _rejected(workspace: Workspace) -> Finding:
    reasons = sorted(p.name for p in workspace.rejected.glob("*.reason.txt")) if workspace.rejected.is_dir() else []
    named = ", ".join(name.removesuffix(".reason.txt") for name in reasons[:3])
    more = f" and {len(reasons) - 3:,} more" if len(reasons) > 3 else ""
    return Finding(
        "rejected", not reasons, f"{named}{more}" if reasons else "none",
        "read NAME.reason.txt beside each in rejected/, send the mended file again and delete both",
    )  # fmt: skip


def _snapshot(workspace: Workspace, settings: Settings, now: datetime) -> Finding:
    """What is published and since when; with the wall's clock it must be of this week or the last."""
    try:
        current = current_snapshot(workspace.published)
        if current is None:
            return Finding("snapshot", True, "none yet")
        with open_snapshot(workspace.published) as snapshot:
            rows = snapshot.query("select count(*) as n from marts.opportunity_state")["n"][0]
        age = now - datetime.fromtimestamp(current.stat().st_mtime, UTC)
    except (StagewatchError, OSError, duckdb.Error) as error:
        return Finding("snapshot", False, str(error), "run `stagewatch run`")
    found = f"{current.name}, {rows:,} opportunities, published {age / timedelta(hours=1):,.1f} h ago"
    return Finding(
        "snapshot", settings.clock == "data" or age < STALE, found, "run `stagewatch run`, or see that `serve` is up"
    )
