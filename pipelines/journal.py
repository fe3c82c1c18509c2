"""The run journal: what the last run did, kept outside the warehouse so that a failed run tells too."""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from assets.files import write_atomically
from assets.session import Session
from assets.workspace import Workspace

PUBLISHED_STEP = "publish"
log = logging.getLogger("stagewatch")


def write_journal(session: Session, *, began: float, finished_at: datetime) -> None:
    """Record the run that ends: succeeded when it published, else failed after its last finished step.

    `began`: by the monotonic clock; `seconds` is what the caller waited since, more than its steps took together.

    Where a failed run cannot be recorded (the disk is full), that is only told: its own error weighs more.
    """
    is_published = any(step.name == PUBLISHED_STEP for step in session.steps)
    entry = {
        "run_id": session.run.run_id,
        "status": "succeeded" if is_published else "failed",
        "started_at": session.run.now.isoformat(),
        "finished_at": finished_at.isoformat(),
        "as_of": session.run.as_of.isoformat(),
        "seconds": round(time.perf_counter() - began, 3),
        "steps": [
            {"step": s.name, "seconds": round(s.seconds, 3), "cpu_seconds": round(s.cpu_seconds, 3),
             "peak_mb": round(s.peak_mb), "figures": dict(s.figures)}
            for s in session.steps
        ],
    }  # fmt: skip
    path = journal_path(session.run.workspace)
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, json.dumps(entry, ensure_ascii=False, indent=1, default=str))
    except OSError as error:
        if is_published:
            raise
        log.warning("%s: cannot be written: %s", path, error)


def read_journal(workspace: Workspace) -> dict[str, Any] | None:
    """The entry of the last run that ended; None before the first, or where the file is none of ours."""
    try:
        entry = json.loads(journal_path(workspace).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return entry if isinstance(entry, dict) else None


def journal_path(workspace: Workspace) -> Path:
    return workspace.root / ".state" / "last_run.json"
