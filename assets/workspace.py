"""A workspace's folders, and the run that is under way: what every step is handed besides the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data_contracts.playbook import Playbook, load_playbook
from data_contracts.settings import Settings, load_settings

FOLDERS = ("inbox", "landed", "rejected", "published", "model_store", "exports", "reports", "archive")


@dataclass(frozen=True)
class Workspace:
    """A workspace: its root, and the place of everything in it."""

    root: Path

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def landed(self) -> Path:
        return self.root / "landed"

    @property
    def rejected(self) -> Path:
        return self.root / "rejected"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def model_store(self) -> Path:
        return self.root / "model_store"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def temporary(self) -> Path:
        return self.root / ".tmp"

    def make_folders(self) -> None:
        """Create what is missing; never touches what is there."""
        for folder in (*FOLDERS, ".tmp"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class Run:
    """One run: where, how, as of when, and what the clock said when it began. Times are aware."""

    workspace: Workspace
    settings: Settings
    playbook: Playbook
    run_id: str
    now: datetime
    as_of: datetime

    @classmethod
    def of(cls, root: Path, *, run_id: str, now: datetime, as_of: datetime | None = None) -> Run:
        """Load settings and playbook of the workspace at `root`; as-of defaults to now."""
        settings = load_settings(root)
        return cls(Workspace(root), settings, load_playbook(settings.playbook, root), run_id, now, as_of or now)
