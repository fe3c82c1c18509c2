"""Snapshots for tests of what reads them: a tiny warehouse, built and published as a run would.

tiny = with_tables(Tiny(as_of="2025-06-01 00:00"))
... tiny.events(...), tiny.build() ...
snapshot = open_snapshot(publish_tiny(tiny, tmp_path))
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

from assets import contract_checks
from assets.publish import publish
from assets.warehouse import run_script
from assets.workspace import Run, Workspace
from tiny import Tiny


def with_tables(tiny: Tiny) -> Tiny:
    """The tables that steps other than the marts make, empty."""
    for package in ("assets.landing", "assets.staging", "assets.alerts"):
        run_script(tiny.con, package, "tables.sql")
    tiny.con.execute(contract_checks.TABLE)
    return tiny


def publish_tiny(tiny: Tiny, root: Path, run_id: str = "tiny") -> Path:
    """Publish a built warehouse under the workspace folder `root`; the folder that holds the snapshot."""
    workspace = Workspace(root)
    workspace.make_folders()
    publish(tiny.con, Run(workspace, tiny.settings, tiny.playbook, run_id, tiny.as_of, tiny.as_of))
    return workspace.published


def add_wanderers(tiny: Tiny, count: int, seed: int = 3) -> None:
    """Opportunities that skip, go back, are lost, reopened, won twice, begin anywhere, or stand still.

    Known customers and owners on some only, several of one customer: what `unit` and unknown values need.
    """
    random = Random(seed)
    stages = [s.stage for s in tiny.playbook.stages]
    begin = tiny.as_of - timedelta(days=330)
    for number in range(count):
        name = f"W{number:04d}"
        at = begin + timedelta(days=random.randrange(320), hours=random.choice([0, 9, 10, 14]))
        if random.random() < 0.9:
            tiny.add(
                "opportunities",
                opportunity_id=name,
                occurred_at=at,
                recorded_at=at,
                created_at=at,
                customer_id=f"C{number % 40}" if random.random() < 0.8 else None,
                customer_name=f"流浪客户{number % 40}",
                owner_id=f"R{random.randrange(12):02d}" if random.random() < 0.8 else None,
                product_line=random.choice(["a", "b", None]),
                channel=random.choice(["store", "online"]),
                expected_amount=1000 * (number + 1),
            )
        place = random.choice([0, 0, 0, 1, 2])
        for _ in range(random.randrange(1, 9)):
            event = random.choices(["enter", "lost", "won", "reopened"], [10, 1.2, 0.8, 1])[0]
            values = {"opportunity_id": name, "event": event, "occurred_at": at, "recorded_at": at}
            if event == "enter":
                values["stage"] = stages[place]
            tiny.add("stage_events", **values)
            place = max(0, min(len(stages) - 1, place + random.choice([-1, 0, 1, 1, 1, 2])))
            at += timedelta(days=random.choice([0, 0, 1, 3, 8, 20]), hours=random.choice([0, 0, 5]))
            if at >= tiny.as_of:
                break
