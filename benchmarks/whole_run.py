"""The whole run at two sizes: seconds, peak memory and rows per second of each step, and how time grows.

    python -m benchmarks.whole_run [--small 1] [--large 10]

Each size is simulated into a folder of its own and run by the command line in a process of its own, as
a user would. The growth exponent of a step is log(time ratio) / log(size ratio): 1 is linear. Beside them
stand floors, measured in the same run with the same limits: DuckDB alone reading every CSV that was sent as
text, and sorting every staged record into a table by what it is of. Landing and staging are compared with the
first, the marts with the second. Nothing is asserted; what is printed is what was measured.
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

import duckdb

from assets.workspace import Workspace
from data_contracts.contract import load_contract, names
from data_contracts.settings import Settings
from data_contracts.sql_names import quote_literal
from simulation.company import simulate
from simulation.parameters import Parameters


@dataclass(frozen=True)
class Measured:
    """One size: rows read, wall seconds of the whole command, (seconds, peak MB) by step, and seconds by floor."""

    factor: float
    rows: int
    seconds: float
    steps: dict[str, tuple[float, float]]
    floors: dict[str, float]

    def of(self, *parts: str) -> float:
        """Seconds of the steps whose names begin with one of the parts."""
        return sum(seconds for step, (seconds, _) in self.steps.items() if step.startswith(parts))


def measure(factor: float, folder: Path) -> Measured:
    """Simulate at `factor` and run once, cold."""
    make_company(factor, folder)
    began = time.perf_counter()
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "run", "--workspace", str(folder)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    journal = json.loads((folder / ".state" / "last_run.json").read_text(encoding="utf-8"))
    steps = {s["step"]: (s["seconds"], s["peak_mb"]) for s in journal["steps"]}
    rows = next(s["figures"]["rows_read"] for s in journal["steps"] if s["step"] == "landing")
    return Measured(factor, rows, seconds, steps, floors(folder))


def make_company(factor: float, folder: Path) -> None:
    """A workspace with a simulated company's files in its inbox, as the demo has it."""
    Workspace(folder).make_folders()
    (folder / "stagewatch.yaml").write_bytes((files("simulation") / "demo.yaml").read_bytes())
    simulate(folder, Parameters(factor=factor))


def floors(folder: Path) -> dict[str, float]:
    """Seconds that DuckDB alone takes to read what was sent as text, and to sort what was staged."""
    resources = Settings().resources
    limits = {"memory_limit": resources.memory_limit, "threads": str(resources.threads)}
    began = time.perf_counter()
    with duckdb.connect(str(folder / "floor.duckdb"), config=limits) as con:
        for number, path in enumerate(sorted((folder / "landed").glob("*.csv"))):
            con.execute(
                f"create table file_{number} as from read_csv({quote_literal(str(path))}, all_varchar=true,"
                " header=true, ignore_errors=true, strict_mode=false)"
            )
    read = time.perf_counter() - began
    with duckdb.connect(str(folder / "floor.duckdb"), config=limits) as con:
        con.execute(f"attach {quote_literal(str(folder / 'warehouse.duckdb'))} as warehouse (read_only)")
        began = time.perf_counter()
        for contract in (load_contract("sources", name) for name in names("sources")):
            keys = [c for c in ("opportunity_key", "occurred_at") if c in contract.column_names]
            con.execute(f"create table {contract.name} as from warehouse.{contract.table} order by {', '.join(keys)}")
    return {"read as text": read, "sort to tables": time.perf_counter() - began}


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
    for floor, parts in (("read as text", ("landing", "staging")), ("sort to tables", ("marts.",))):
        a, b = small.floors[floor], large.floors[floor]
        lines.append(
            f"{'floor: ' + floor:<34}{a:>9.2f}{'':>7}{b:>10.2f}{'':>7}{large.rows / b:>12,.0f}"
            f"{exponent(a, b, ratio):>8.2f}   {' + '.join(p.rstrip('.') for p in parts)}: "
            f"{small.of(*parts) / a:.1f}x and {large.of(*parts) / b:.1f}x the floor"
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
