"""The share of one run that its contracts take, by wall and by processor time.

    python -m benchmarks.contracts_share [--factor 1] [--keep DIR]

A company is simulated and run once, cold, by the command line in a process of its own. Contracts are two things:
the step `contracts` (Great Expectations over what was accepted and over the marts), and within `staging` the pass
that finds the bad rows. That pass reads every value besides asking the predicates, so what is printed for it is
more than the predicates take. `data path` is landing to marts, contracts and publishing: a run that neither
trains nor replays alerts. Where others work on the machine, go by processor time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.whole_run import make_company

DATA_PATH = ("landing", "staging", "marts.", "contracts", "publish")
# The run as the command line does it; tells the seconds of the quarantine's passes, wall and processor, a line each.
RUN = """
import sys, time
from assets.staging import build
from pipelines.cli import main
find = build._find_bad_rows
def timed(*arguments):
    began = time.perf_counter(), time.process_time()
    find(*arguments)
    print(time.perf_counter() - began[0], time.process_time() - began[1], flush=True)
build._find_bad_rows = timed
main()
"""


@dataclass(frozen=True)
class Spent:
    """Wall and processor seconds."""

    wall: float
    cpu: float

    def share_of(self, whole: Spent) -> str:
        return f"{self.wall / whole.wall:>7.1%}{self.cpu / whole.cpu:>7.1%}"


@dataclass(frozen=True)
class Measured:
    """One run: rows read, rules held, what it took whole, in the quarantine's pass, and by step."""

    rows: int
    rules: int
    whole: Spent
    quarantine: Spent
    steps: dict[str, Spent]

    def of(self, *parts: str) -> Spent:
        """What the steps whose names begin with one of the parts took."""
        those = [spent for step, spent in self.steps.items() if step.startswith(parts)]
        return Spent(sum(s.wall for s in those), sum(s.cpu for s in those))


def measure(folder: Path) -> Measured:
    """Run the workspace once; its processor time counts the processes that it started and that ended."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", RUN, "run", "--workspace", str(folder)],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    journal: dict[str, Any] = json.loads((folder / ".state" / "last_run.json").read_text(encoding="utf-8"))
    figures = {s["step"]: s["figures"] for s in journal["steps"]}
    passes = [Spent(*map(float, line.split())) for line in done.stdout.splitlines()]
    return Measured(
        rows=figures["landing"]["rows_read"],
        rules=figures["contracts"]["rules"],
        whole=Spent(seconds, cpu),
        quarantine=Spent(sum(p.wall for p in passes), sum(p.cpu for p in passes)),
        steps={s["step"]: Spent(s["seconds"], s["cpu_seconds"]) for s in journal["steps"]},
    )


def table(run: Measured) -> str:
    """What the contracts took, and their shares of the data path and of the whole command."""
    checks, data_path = run.of("contracts"), run.of(*DATA_PATH)
    both = Spent(checks.wall + run.quarantine.wall, checks.cpu + run.quarantine.cpu)
    lines = [
        f"{run.rows:,} rows read, {run.rules} rules",
        f"{'':<34}{'wall s':>9}{'cpu s':>9}{'of data path':>15}{'of the run':>15}",
        f"{'':<52}{'wall':>8}{'cpu':>7}{'wall':>8}{'cpu':>7}",
    ]
    for name, spent in (
        ("checks (step contracts)", checks), ("quarantine (pass of staging)", run.quarantine),
        ("contracts together", both), ("data path", data_path), ("whole command", run.whole),
    ):  # fmt: skip
        shares = f"{spent.share_of(data_path)} {spent.share_of(run.whole)}" if spent.wall < data_path.wall else ""
        lines.append(f"{name:<34}{spent.wall:>9.2f}{spent.cpu:>9.2f} {shares}")
    for step, spent in sorted(run.steps.items(), key=lambda s: -s[1].wall)[:8]:
        lines.append(f"{'  ' + step:<34}{spent.wall:>9.2f}{spent.cpu:>9.2f}")
    return "\n".join(lines)


def main() -> None:
    """Simulate, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factor", type=float, default=1.0)
    parser.add_argument("--keep", type=Path, help="make the workspace here and leave it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagewatch-bench-") as folder:
        root = arguments.keep or Path(folder) / "company"
        make_company(arguments.factor, root)
        print(table(measure(root)))


if __name__ == "__main__":
    main()
