"""A Tiny warehouse with a risk step behind it, and the run that made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.workspace import Run, Workspace
from tiny import Tiny


def run_of(tiny: Tiny, root: Path) -> Run:
    """A run over a Tiny warehouse, at its as-of time."""
    return Run(Workspace(root), tiny.settings, tiny.playbook, run_id="test", now=tiny.as_of, as_of=tiny.as_of)


@dataclass
class Company:
    """The warehouse after a risk step, its run, and the step's figures."""

    tiny: Tiny
    run: Run
    figures: dict[str, Any]

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.tiny.rows(sql, *parameters)
