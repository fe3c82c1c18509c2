"""`stagewatch doctor`: is this machine and this workspace fit to run, and if not, what to do."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assets.landing.mappings import load_mappings
from assets.workspace import Workspace
from data_contracts.errors import StagewatchError
from data_contracts.playbook import load_playbook
from data_contracts.settings import load_settings
from queries.snapshot import current_snapshot, open_snapshot

FREE_GB = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, what was found, what to do."""

    name: str
    is_well: bool
    found: str
    remedy: str = ""


def examine(root: Path) -> list[Finding]:
    """Look at Python, disk, workspace, playbook, mappings, waiting files and the snapshot."""
    findings = [
        Finding("python", (3, 11) <= sys.version_info[:2] < (3, 15), sys.version.split()[0], "use 3.11 to 3.14"),
        _memory(),
    ]
    try:
        settings = load_settings(root)
    except StagewatchError as error:
        return [*findings, Finding("workspace", False, str(error))]
    workspace = Workspace(root)
    free = shutil.disk_usage(root).free / 1e9
    findings += [
        Finding("workspace", True, str(root.resolve())),
        Finding("disk", free > FREE_GB, f"{free:.1f} GB free", f"keep more than {FREE_GB:.0f} GB free"),
        _try("writable", lambda: _writable(root), "run as the owner of the folder"),
        _try("playbook", lambda: load_playbook(settings.playbook, root).playbook, "mend the playbook"),
        _try("mappings", lambda: ", ".join(m.mapping for m in load_mappings(root, settings)) or "none", "mend it"),
        _inbox(workspace),
        _try("snapshot", lambda: _snapshot(workspace), "run `stagewatch run`"),
    ]
    return findings


def _try(name: str, look: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(name, True, look())
    except (StagewatchError, OSError) as error:
        return Finding(name, False, str(error), remedy)


def _memory() -> Finding:
    if not hasattr(os, "sysconf"):
        return Finding("memory", True, "unknown on this system")
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return Finding("memory", total >= 7, f"{total:.1f} GB", "set resources.memory_limit to half of it")


def _writable(root: Path) -> str:
    with tempfile.NamedTemporaryFile(dir=root, prefix=".doctor"):
        return "yes"


def _inbox(workspace: Workspace) -> Finding:
    waiting = [p for p in workspace.inbox.glob("**/*") if p.is_file()] if workspace.inbox.is_dir() else []
    rejected = list(workspace.rejected.glob("*.reason.txt")) if workspace.rejected.is_dir() else []
    return Finding(
        "inbox", not rejected, f"{len(waiting)} waiting, {len(rejected)} rejected", "read rejected/*.reason.txt"
    )


def _snapshot(workspace: Workspace) -> str:
    current = current_snapshot(workspace.published)
    if current is None:
        return "none yet"
    with open_snapshot(workspace.published) as snapshot:
        return f"{current.name}, {snapshot.query('select count(*) as n from marts.opportunity_state')['n'][0]:,} rows"
