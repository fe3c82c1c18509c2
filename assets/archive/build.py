"""The raw archive: what landed since the last archive, packed with a manifest of hashes.

An archive is written whole or not at all, and a file is never archived twice, so a missed Sunday is
made up by the next one.
"""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from assets.files import atomic_path, write_atomically
from assets.workspace import Run, Workspace


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
    new = [p for p in sorted(workspace.landed.iterdir()) if _is_raw(p) and p.name not in before]
    if not new:
        return {"files": 0, "bytes": 0}
    target = workspace.archive / f"raw-{run.now:%Y%m%dT%H%M%S}-{run.run_id}.tar.gz"
    with (
        atomic_path(target) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in new:
            tar.add(path, arcname=f"landed/{path.name}", recursive=False)
    # The manifest comes last: without it the archive does not count, and the files are packed again.
    files = [{"file": p.name, "bytes": p.stat().st_size} for p in new]
    manifest = {"archive": target.name, "written_at": run.now.isoformat(), "files": files}
    write_atomically(target.with_suffix("").with_suffix(".json"), json.dumps(manifest, ensure_ascii=False, indent=1))
    return {"files": len(new), "bytes": sum(p.stat().st_size for p in new)}


def _is_raw(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix not in {".part", ".jsonl"}
