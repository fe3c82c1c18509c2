"""The whole run at two sizes: seconds, peak memory and rows per second of each step, and how time grows.

    python -m benchmarks.whole_run [--small 1] [--large 10]

Each size is simulated into a folder of its own and run by the command line in a process of its own, as
a user would. The growth exponent of a step is log(time ratio) / log(size ratio): 1 is linear. Nothing
is asserted; what is printed is what was measured.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from assets.workspace import Workspace
from simulation.company import simulate
from simulation.parameters import Parameters


@dataclass(frozen=True)
class Measured:
    """One size: rows read, wall seconds of the whole command, and (seconds, peak MB) by step."""

    factor: float
    rows: int
    seconds: float
    steps: dict[str, tuple[float, float]]


def measure(factor: float, folder: Path) -> Measured:
    """Simulate at `factor` and run once, cold."""
    Workspace(folder).make_folders()
    (folder / "stagewatch.yaml").write_bytes((files("simulation") / "demo.yaml").read_bytes())
    simulate(folder, Parameters(factor=factor))
    began = time.perf_counter()
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "run", "--workspace", str(folder)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    journal = json.loads((folder / ".state" / "last_run.json").read_text(encoding="utf-8"))
    steps = {s["step"]: (s["seconds"], s["peak_mb"]) for s in journal["steps"]}
    rows = next(s["figures"]["rows_read"] for s in journal["steps"] if s["step"] == "landing")
    return Measured(factor, rows, seconds, steps)


def exponent(small: float, large: float, ratio: float) -> float:
    """Growth exponent between two times at a size ratio; nan where a time is too small to tell."""
    return math.log(large / small) / math.log(ratio) if small > 0.02 and large > 0 else math.nan


def table(small: Measured, large: Measured) -> str:
    """The two runs side by side."""
    ratio = large.rows / small.rows
    lines = [
        f"{'step':<34}{f'{small.factor:g}x s':>9}{'MB':>7}{f'{large.factor:g}x s':>10}{'MB':>7}"
        f"{'rows/s':>12}{'growth':>8}"
    ]
    for step, (seconds, peak) in large.steps.items():
        before, peak_before = small.steps.get(step, (math.nan, math.nan))
        lines.append(
            f"{step:<34}{before:>9.2f}{peak_before:>7.0f}{seconds:>10.2f}{peak:>7.0f}"
            f"{large.rows / seconds if seconds else math.nan:>12,.0f}{exponent(before, seconds, ratio):>8.2f}"
        )
    peaks = [max(peak for _, peak in m.steps.values()) for m in (small, large)]
    lines.append(
        f"{'whole command':<34}{small.seconds:>9.2f}{peaks[0]:>7.0f}{large.seconds:>10.2f}{peaks[1]:>7.0f}"
        f"{large.rows / large.seconds:>12,.0f}{exponent(small.seconds, large.seconds, ratio):>8.2f}"
    )
    lines.append(
        f"rows read: {small.rows:,} and {large.rows:,} ({ratio:.2f}x); time {large.seconds / small.seconds:.2f}x"
    )
    return "\n".join(lines)


def main() -> None:
    """Measure both sizes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=float, default=1.0)
    parser.add_argument("--large", type=float, default=10.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagewatch-bench-") as folder:
        small = measure(arguments.small, Path(folder) / "small")
        large = measure(arguments.large, Path(folder) / "large")
    print(table(small, large))


if __name__ == "__main__":
    main()
