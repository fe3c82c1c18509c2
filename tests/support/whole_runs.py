"""A small company's workspace for tests of whole runs: what it sent at first, and what it sends later."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.workspace import Workspace
from dashboards.records import Intervention, record_intervention
from pipelines.demo import write_demo_inputs
from queries.snapshot import open_snapshot
from simulation.parameters import Parameters
from zygote import Call, Zygote

FIRST, SECOND = "2026-01-01T00:00:00+08:00", "2026-01-02T00:00:00+08:00"
SETTINGS = """
inbox: {settle_seconds: 0}
alerts: {replay_weeks: 2}
"""
# So few outcomes are enough for a model, backtested once: the way of a large company.
LEARNING = "risk: {minimum_signed: 8, minimum_failed: 20, backtest_folds: 1, train_weeks: 40}\n"


@dataclass(frozen=True)
class Company:
    """A company's workspace, and the folder of the files that it sends later."""

    root: Path
    later: Path

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root)

    @property
    def published(self) -> Path:
        return self.workspace.published

    @property
    def journal(self) -> dict[str, Any]:
        """What the last run that ended wrote of itself."""
        entry: dict[str, Any] = json.loads((self.root / ".state" / "last_run.json").read_text(encoding="utf-8"))
        return entry

    def send_later_files(self) -> None:
        """Put what comes later into the inbox."""
        for file in self.later.iterdir():
            shutil.copy2(file, self.workspace.inbox / file.name)

    def add_settings(self, settings: str) -> None:
        """Put settings of one line each into stagewatch.yaml, in place of those of the same name."""
        path, added = self.root / "stagewatch.yaml", settings.strip().splitlines()
        names = {line.split(":")[0] for line in added}
        kept = [line for line in path.read_text(encoding="utf-8").splitlines() if line.split(":")[0] not in names]
        path.write_text("\n".join([*kept, *added]) + "\n", encoding="utf-8")

    def acknowledge_later(self) -> None:
        """Among what comes later is what a supervisor recorded in the dashboard: an alert is acknowledged."""
        with open_snapshot(self.published) as snapshot:
            ((alert,),) = snapshot.query(
                "select alert_key from ops.alerts where status = 'open' order by all limit 1"
            ).iter_rows()
        record_intervention(
            self.later, Intervention("acknowledged", datetime(2025, 12, 15, 9, tzinfo=UTC), alert_key=alert)
        )

    def copy(self, root: Path) -> Company:
        """The same company in another folder."""
        shutil.copytree(self.root, root)
        return Company(root, self.later)

    def run(self, zygote: Zygote, now: str, *arguments: str, **how: Any) -> Call:
        """`stagewatch run` to its good end."""
        return zygote.run("run", "--workspace", self.root, "--now", now, *arguments, **how)


@dataclass(frozen=True)
class FirstRun:
    """A company's first run, without a network; how long its caller waited."""

    company: Company
    call: Call
    seconds: float


def small_company_sent(root: Path) -> Company:
    """A company of 32 reps; December, a correction of the third quarter and a file that nobody reads come later."""
    write_demo_inputs(root, Parameters(factor=0.005, seed=7))
    company = Company(root, root.parent / f"{root.name}-later")
    company.add_settings(SETTINGS)
    later = company.later
    later.mkdir()
    for file in sorted(Workspace(root).inbox.iterdir()):
        if "-12." in file.name or "Q4" in file.name:
            shutil.move(file, later / file.name)
        elif "Q3" in file.name:
            shutil.copy2(file, later / file.name)
            file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-3]))
    assert len(list(later.iterdir())) > 5
    (later / "no_such_table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return company
