"""The raw archive: what landed since the last archive, packed with a manifest of hashes.

An archive is written whole or not at all, and a file is never archived twice. It is due every second Sunday; what
lies in archive/ tells whether the last one was made, so that one that downtime missed is made up.
"""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path

from assets.files import atomic_path, write_atomically
from assets.landing.journal import MANIFEST
from assets.workspace import Run, Workspace

HOUR = time(3)


def is_archive_due(workspace: Workspace, now: datetime) -> bool:
    """Whether a file that landed before the last archive Sunday is in no archive yet; `now` is company time."""
    due_at = last_archive_sunday(now).timestamp()
    before = archived(workspace)
    return any(p.stat().st_mtime < due_at for p in raw_files(workspace) if p.name not in before)


def last_archive_sunday(now: datetime) -> datetime:
    """The last 03:00 of every second Sunday, at `now` or before: by the calendar, whenever the daemon was started."""
    day = now.date() - timedelta(days=now.isoweekday() % 7)
    if datetime.combine(day, HOUR, now.tzinfo) > now:
        day -= timedelta(weeks=1)
    if day.toordinal() // 7 % 2:
        day -= timedelta(weeks=1)
    return datetime.combine(day, HOUR, now.tzinfo)


def raw_files(workspace: Workspace) -> list[Path]:
    """The raw files that landed, by name."""
    return sorted(p for p in workspace.landed.glob("*") if _is_raw(p))


def archived(workspace: Workspace) -> set[str]:
    """Names (content hashes) of the landed files that some archive holds."""
    return {
        entry["file"]
        for manifest in workspace.archive.glob("raw-*.json")
        for entry in json.loads(manifest.read_text(encoding="utf-8"))["files"]
    }


def build_archive(run: Run) -> Mapping[str, int]:
    """Pack the landed files that no archive holds; figures of what was packed."""
    workspace = run.workspace
    before = archived(workspace)
    new = [p for p in raw_files(workspace) if p.name not in before]
    if not new:
        return {"files": 0, "bytes": 0}
    target = workspace.archive / f"raw-{run.now:%Y%m%dT%H%M%S}-{run.run_id}.tar.gz"
    with (
        atomic_path(target) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        # The journal, as it stands, goes with them: with the bytes it is all that a rebuild needs.
        for path in (*new, *workspace.landed.glob(MANIFEST)):
            tar.add(path, arcname=f"landed/{path.name}", recursive=False)
    # The manifest comes last: without it the archive does not count, and the files are packed again.
    files = [{"file": p.name, "bytes": p.stat().st_size} for p in new]
    manifest = {"archive": target.name, "written_at": run.now.isoformat(), "files": files}
    write_atomically(target.with_suffix("").with_suffix(".json"), json.dumps(manifest, ensure_ascii=False, indent=1))
    return {"files": len(new), "bytes": sum(p.stat().st_size for p in new)}


def _is_raw(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.name != MANIFEST
