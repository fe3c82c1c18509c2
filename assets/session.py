"""A session: the lock, the warehouse and the run that hold from a run's first step to its last."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from assets.faults import in_words, is_damage
from assets.lock import writer_lock
from assets.recovery import distrust, open_warehouse, sweep
from assets.warehouse import set_as_of
from assets.workspace import Run
from data_contracts.errors import StagewatchError

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One finished step: its name, wall seconds, processor seconds of this process, peak resident MB, its figures."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    figures: Figures


@dataclass
class Session:
    """What every asset is handed. `run.as_of` may still move until staging has settled the clock."""

    con: duckdb.DuckDBPyConnection
    run: Run
    is_as_of_given: bool
    report: Callable[[str, Step | None], None] = lambda name, step: None
    steps: list[Step] = field(default_factory=list)

    def step(self, name: str, work: Callable[[], Figures]) -> dict[str, Any]:
        """Do one step, tell who listens when it begins and ends, keep its time and figures."""
        self.report(name, None)
        peak_memory_mb(reset=True)
        began, cpu_began = time.perf_counter(), time.process_time()
        try:
            figures = dict(work())
        except (duckdb.Error, OSError, MemoryError) as error:
            self._explain(name, error)
            raise
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
        step = Step(name, seconds, cpu_seconds, peak_memory_mb(), figures)
        self.steps.append(step)
        self.report(name, step)
        return figures

    def _explain(self, name: str, error: Exception) -> None:
        """Raise what the machine did to the step in words, if it did; what is damaged is distrusted from then on."""
        if is_damage(error):
            found = f"the warehouse is damaged, as {name} found: {str(error).splitlines()[0]}"
            distrust(self.run.workspace, found)
            raise StagewatchError(found, remedy="run again: it is then rebuilt from landed/") from error
        said = in_words(error)
        if said is not None:
            raise said from error

    def settle_as_of(self, latest: datetime | None) -> None:
        """With `clock: data` and no as-of asked for, as-of becomes the latest time in the data."""
        if self.run.settings.clock == "data" and not self.is_as_of_given and latest is not None:
            self.run = replace(self.run, as_of=latest)
            set_as_of(self.con, latest)


def peak_memory_mb(*, reset: bool = False) -> float:
    """Peak resident memory in MB since the last reset (Linux) or since the start; 0 where nobody tells.

    `reset` begins a new measurement, which only Linux can do: elsewhere a step's peak is the process's so far.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        with contextlib.suppress(OSError):
            if reset:
                Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
            peak = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
            return int(peak.split()[1]) / 1024
    if sys.platform == "win32":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


@contextmanager
def open_session(
    run: Run,
    *,
    is_as_of_given: bool,
    wait_seconds: float,
    report: Callable[[str, Step | None], None] | None = None,
) -> Iterator[Session]:
    """Take the lock, clear what killed runs left, open (or rebuild) the warehouse; close both whatever happens."""
    run.workspace.make_folders()
    with writer_lock(run.workspace, started_at=run.now, wait_seconds=wait_seconds):
        sweep(run.workspace)
        con = open_warehouse(run)
        try:
            session = Session(con, run, is_as_of_given)
            if report is not None:
                session.report = report
            yield session
        finally:
            con.close()
