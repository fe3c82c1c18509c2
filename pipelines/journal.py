"""The run journal: what the last run did, kept outside the warehouse so that a failed run tells too."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from assets.files import write_atomically
from assets.session import Session
from assets.workspace import Workspace

PUBLISHED_STEP = "publish"


def write_journal(session: Session, *, finished_at: datetime) -> None:
    """Record the run that ends: succeeded when it published, else failed after its last finished step."""
    is_published = any(step.name == PUBLISHED_STEP for step in session.steps)
    entry = {
        "run_id": session.run.run_id,
        "status": "succeeded" if is_published else "failed",
        "started_at": session.run.now.isoformat(),
        "finished_at": finished_at.isoformat(),
        "as_of": session.run.as_of.isoformat(),
        "seconds": round(sum(step.seconds for step in session.steps), 3),
        "steps": [
            {"step": s.name, "seconds": round(s.seconds, 3), "peak_mb": round(s.peak_mb), "figures": dict(s.figures)}
            for s in session.steps
        ],
    }
    path = journal_path(session.run.workspace)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, json.dumps(entry, ensure_ascii=False, indent=1, default=str))


def read_journal(workspace: Workspace) -> dict[str, Any] | None:
    """The last run's entry; None before the first run."""
    path = journal_path(workspace)
    if not path.is_file():
        return None
    entry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return entry


def journal_path(workspace: Workspace) -> Any:
    return workspace.root / ".state" / "last_run.json"
