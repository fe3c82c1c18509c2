"""Runs of the main job that can be killed: a process that has imported everything forks one child a run.

Importing Dagster and Great Expectations takes longer than a small run, so a kill test with twenty
kills would mostly import. The zygote imports once and never runs anything itself; each line on its
standard input is a workspace, a fixed `now`, and an as-of or `-`; it answers with the child's pid,
later with its exit code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

SOURCE = """
import os, sys, datetime, pathlib
import dagster, duckdb, sklearn, great_expectations, xlsxwriter, openpyxl, jinja2
import pipelines.definitions
from pipelines.runner import run_workspace

for line in sys.stdin:
    root, now = line.rstrip("\\n").split("\\t")
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            run_workspace(pathlib.Path(root), as_of=None, now=datetime.datetime.fromisoformat(now),
                          wait_seconds=0, listener=lambda name, step: None)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            code = 1
        os._exit(code)
    print(pid, flush=True)
    _, status = os.waitpid(pid, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Zygote:
    """Starts runs; each is waited for, or killed by its pid meanwhile."""

    def __enter__(self) -> Zygote:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SOURCE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    def start(self, root: Path, now: str) -> int:
        """Start a run; its pid."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{root}\t{now}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def wait(self) -> int:
        """The exit code of the run under way; negative is the signal that ended it."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())
