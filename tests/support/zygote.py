"""Calls of the command line as processes of their own that start at once, and that may be told where to die.

Importing Dagster and Great Expectations takes longer than a small run, so a test of twenty runs would mostly
import. The zygote imports once and runs nothing itself; each call is a fork of it that runs `stagewatch ARGUMENTS`
to its exit code, as from a shell.

    with Zygote() as zygote:
        call = zygote.start("run", "--workspace", root, die="before:CURRENT")
        call.wait()          # -9: killed; call.error is what it said on stderr

`die` names the moment at which the process sends itself SIGKILL: nothing that it would have done after happens.

    start:STEP       as the step begins         after:NAME    when a file has taken the name NAME
    end:STEP         as the step has ended      before:NAME   before a file takes the name NAME (* as in a shell)
    in:STEP:SECONDS  that long after the step began
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

NO_RIGHT = 77
SOURCE = (
    f"NO_RIGHT = {NO_RIGHT}"
    + """
import ctypes, fnmatch, json, os, pathlib, resource, signal, socket, subprocess, sys, threading, time
import chinese_calendar, dagster as dg, duckdb, great_expectations, jinja2, openpyxl, xlsxwriter
import great_expectations.expectations, sklearn.ensemble, skops.io
import assets.contract_checks, assets.session, models.store, pipelines.cli, pipelines.definitions
import pipelines.progress, pipelines.runner, pipelines.status, pipelines.summary
from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage
pipelines.definitions.definitions.resolve_job_def("main")

def perish():
    os.kill(os.getpid(), signal.SIGKILL)

def destine(moment):
    when, _, what = moment.partition(":")
    if when in ("start", "end", "in"):
        name, _, seconds = what.partition(":")
        step = assets.session.Session.step
        def mortal(self, step_name, work):
            if step_name != name:
                return step(self, step_name, work)
            if when == "start":
                perish()
            if when == "in":
                threading.Timer(float(seconds), perish).start()
            figures = step(self, step_name, work)
            perish()
            return figures
        assets.session.Session.step = mortal
    else:
        replace = pathlib.Path.replace
        def mortal(self, target):
            is_it = fnmatch.fnmatch(pathlib.Path(target).name, what)
            if is_it and when == "before":
                perish()
            moved = replace(self, target)
            if is_it and when == "after":
                perish()
            return moved
        pathlib.Path.replace = mortal

def make_read_only(folder):
    if ctypes.CDLL(None, use_errno=True).unshare(0x20000):  # a mount name space of its own
        os._exit(NO_RIGHT)
    for arguments in (["--make-rprivate", "/"], ["--bind", folder, folder], ["-o", "remount,bind,ro", folder]):
        if subprocess.run(["mount", *arguments], capture_output=True).returncode:
            os._exit(NO_RIGHT)

def go_offline(record):
    ctypes.CDLL(None).unshare(0x40000000)  # where that is allowed, a network of its own with nobody in it
    here = (None, "", "localhost", "127.0.0.1", "::1", socket.gethostname())
    def refuse(event, arguments):
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            if arguments[0].family == socket.AF_UNIX or arguments[1] is None:
                return
            host = arguments[1][0]
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host = arguments[0]
        else:
            return
        if host not in here:
            with open(record, "a") as file:
                file.write(f"{event} {host}\\n")
            raise ConnectionRefusedError(f"{event} {host}")
    sys.addaudithook(refuse)
    try:
        socket.socket().connect(("192.0.2.1", 9))  # that it is heard at all
    except ConnectionRefusedError:
        pass

def live(call):
    for number, name in enumerate(("stdout", "stderr"), start=1):
        os.dup2(os.open(call[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.update(call["environment"])
    time.tzset()
    if call["largest_file"]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (call["largest_file"],) * 2)
    if call["read_only"]:
        make_read_only(call["read_only"])
    if call["is_brief"]:
        assets.contract_checks.names = lambda layer: ["transitions"] if layer == "marts" else []
        dg.DagsterInstance.get = dg.DagsterInstance.ephemeral
        InMemoryEventLogStorage.store_event = lambda self, event: None
    if call["tries"]:
        go_offline(call["tries"])
    if call["die"]:
        destine(call["die"])
    sys.argv = ["stagewatch", *call["arguments"]]
    pipelines.cli.main()

for line in sys.stdin:
    call = json.loads(line)
    if isinstance(call, int):
        _, status = os.waitpid(call, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
        continue
    pid = os.fork()
    if pid == 0:
        try:
            live(call)
        except BaseException:
            import traceback
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(1)
    print(pid, flush=True)
"""
)


@dataclass
class Call:
    """One call under way: its pid, and where its words go."""

    zygote: Zygote
    pid: int
    folder: Path

    def wait(self) -> int:
        """Its exit code, once it has ended; negative is the signal that ended it."""
        return int(self.zygote.ask(self.pid))

    @property
    def tries(self) -> list[str]:
        """Whom it tried to reach by the network where it was started offline; first the try that shows it is heard."""
        record = self.folder / "tries"
        return record.read_text(encoding="utf-8").splitlines() if record.exists() else []

    @property
    def output(self) -> str:
        return (self.folder / "stdout").read_text(encoding="utf-8")

    @property
    def error(self) -> str:
        return (self.folder / "stderr").read_text(encoding="utf-8")


class Zygote:
    """Starts calls of the command line; several may be under way."""

    def __enter__(self) -> Zygote:
        self.folder = tempfile.TemporaryDirectory(prefix="zygote-")
        self.calls = 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", SOURCE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A pool of threads does not outlive a fork.
            env={**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()

    def ask(self, what: object) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def start(
        self, *arguments: object, die: str | None = None, largest_file: int | None = None,
        read_only: Path | None = None, is_brief: bool = True, is_offline: bool = False, **environment: str,
    ) -> Call:  # fmt: skip
        """Start `stagewatch ARGUMENTS`.

        `largest_file`: bytes that no file may exceed, as on a disk that is full. `read_only`: a folder that is
        mounted so for this call; where that may not be done, the call ends with NO_RIGHT. `is_brief`: one table is
        held against its contract, and Dagster forgets its events: a third of what a small run costs. `is_offline`:
        whoever it would reach beyond this machine is refused and noted (`Call.tries`).
        """
        self.calls += 1
        folder = Path(self.folder.name) / str(self.calls)
        folder.mkdir()
        call = {
            "arguments": [str(a) for a in arguments],
            "die": die,
            "largest_file": largest_file,
            "read_only": None if read_only is None else str(read_only),
            "is_brief": is_brief,
            "tries": str(folder / "tries") if is_offline else None,
            "environment": environment,
            "stdout": str(folder / "stdout"),
            "stderr": str(folder / "stderr"),
        }
        return Call(self, int(self.ask(call)), folder)

    def run(self, *arguments: object, **how: object) -> Call:
        """Start a call and wait for it; it must end well."""
        call = self.start(*arguments, **how)  # type: ignore[arg-type]
        code = call.wait()
        assert code == 0, f"exit code {code}: {call.error[-3000:]}"
        return call
