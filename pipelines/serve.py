"""`stagewatch serve`: Dagster's webserver and daemon and the dashboard, together, until stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from assets.files import write_atomically
from assets.workspace import Workspace
from dashboards.launch import dashboard_command
from data_contracts.errors import StagewatchError
from data_contracts.settings import load_settings
from data_contracts.telemetry import NO_TELEMETRY
from pipelines.runner import dagster_home

STOP_SECONDS = 20.0
# Asked to stop by a terminal, by a service manager, by a terminal that closes (Windows has no SIGHUP).
STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
LOCATION = "stagewatch"


@dataclass(frozen=True)
class Service:
    """One process: its command, its environment, where it answers (the daemon nowhere), what people see there."""

    argv: list[str]
    environment: Mapping[str, str]
    address: tuple[str, int] | None = None
    is_page: bool = False


def serve(root: Path, *, host: str, port: int, dashboard_port: int, tell: Callable[[str], None]) -> int:
    """Start everything and wait; when one ends, or on Ctrl-C, stop all. Returns the exit code."""
    load_settings(root)
    workspace = Workspace(root.resolve())
    with served_once(workspace):
        if port == dashboard_port:
            raise StagewatchError(f"port {port} was given twice", remedy="name another with --dashboard-port")
        require_free(host, port, "--port")
        require_free(host, dashboard_port, "--dashboard-port")
        stop_asked = threading.Event()
        before = {number: signal.signal(number, lambda *_: stop_asked.set()) for number in STOPPING}
        children: dict[str, subprocess.Popen[bytes]] = {}
        try:
            tell("starting Dagster and the dashboard, which takes some seconds; Ctrl-C stops them")
            services = the_services(workspace, host, port, dashboard_port)
            return run_services(services, children, dagster_home(workspace), stop_asked, tell)
        finally:
            stop(children)
            for number, handler in before.items():
                signal.signal(number, handler)


def the_services(workspace: Workspace, host: str, port: int, dashboard_port: int) -> dict[str, Service]:
    """What is started, in the order in which it is.

    Webserver and daemon share one code server. Given the module itself, each would start one of its own, and the
    daemon a new one every minute.
    """
    environment = child_environment(workspace)
    dagster = [sys.executable, "-m", "dagster"]
    code_address = ("127.0.0.1", free_port())
    code = ["--host", code_address[0], "--port", str(code_address[1]), "--location-name", LOCATION]
    code += ["--module-name", "pipelines.definitions", "--use-python-environment-entry-point"]
    known = ["--workspace", str(write_locations(workspace, code_address))]
    webserver = [sys.executable, "-m", "dagster_webserver", "-h", host, "-p", str(port), *known]
    webserver += ["--uvicorn-log-level", "warning", "--dagster-log-level", "warning"]
    dashboard, dashboard_environment = dashboard_command(workspace.root, host=host, port=dashboard_port)
    return {
        "dashboard": Service(dashboard, {**environment, **dashboard_environment}, (host, dashboard_port), True),
        "code server": Service(
            [*dagster, "api", "grpc", *code, "--empty-working-directory", "--log-level", "warning"],
            environment,
            code_address,
        ),
        "daemon": Service(
            [sys.executable, "-m", "dagster._daemon", "run", *known, "--log-level", "warning"], environment
        ),
        "webserver": Service(webserver, environment, (host, port), True),
    }


def write_locations(workspace: Workspace, code_address: tuple[str, int]) -> Path:
    """Where webserver and daemon find the code, in Dagster's own words."""
    path = dagster_home(workspace) / "workspace.yaml"
    server = {"host": code_address[0], "port": code_address[1], "location_name": LOCATION}
    write_atomically(path, json.dumps({"load_from": [{"grpc_server": server}]}) + "\n")
    return path


def run_services(
    services: Mapping[str, Service],
    children: dict[str, subprocess.Popen[bytes]],
    folder: Path,
    stop_asked: threading.Event,
    tell: Callable[[str], None],
) -> int:
    """Start the services one by one, those after the code server once it answers, and say which page is up.

    Returns when one has ended (exit code 1) or a stop is asked for (0).
    """
    waiting, starting = list(services), dict[str, tuple[str, int]]()
    while not stop_asked.wait(0.25):
        while waiting and "code server" not in starting:
            name = waiting.pop(0)
            service = services[name]
            children[name] = start(service, folder)
            if service.address is not None:
                starting[name] = service.address
        for name, child in children.items():
            if child.poll() is not None:
                tell(f"the {name} ended with exit code {child.returncode}: stopping the others")
                return 1
        for name in [name for name, address in starting.items() if answers(*address)]:
            host, port = starting.pop(name)
            if services[name].is_page:
                tell(f"the {name} is up: http://{host}:{port}")
            if not starting and not waiting:
                tell("ready: what is put into inbox/ is taken within a minute")
    tell("stopping")
    return 0


def start(service: Service, folder: Path) -> subprocess.Popen[bytes]:
    """Start one, in a session of its own: Ctrl-C reaches us alone, and we stop it with all that it started.

    Its folder is Dagster's own, because Dagster looks for modules where it is started.
    """
    return subprocess.Popen(
        service.argv, env=dict(service.environment), cwd=folder, stdin=subprocess.DEVNULL, start_new_session=True
    )


def stop(children: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Ask every child to end, then end what is left of them and of what they started.

    A run under way ends with them: it can be stopped anywhere, and the next one completes it.
    """
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children.values():
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.1, deadline - time.monotonic()))
    for child in children.values():
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
        elif child.poll() is None:
            child.kill()
        child.wait()


@contextmanager
def served_once(workspace: Workspace) -> Iterator[None]:
    """One `serve` a workspace: two daemons would start every run twice."""
    lock = FileLock(str(workspace.root / ".serve.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StagewatchError(
            "is served already", remedy="stop the other `stagewatch serve` first", file=workspace.root
        ) from error
    except OSError as error:
        raise StagewatchError(
            f"cannot be written: {error.strerror or error}",
            remedy="`stagewatch dashboard` shows what is published without writing",
            file=workspace.root,
        ) from error
    try:
        workspace.make_folders()
        yield
    finally:
        lock.release()


def require_free(host: str, port: int, option: str) -> None:
    """Raise StagewatchError where nothing can listen on the port, before anything was started."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        raise StagewatchError(
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}",
            remedy=f"name another port with {option}, or stop what listens there",
        ) from error


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    try:
        socket.create_connection((everywhere.get(host, host), port), timeout=0.5).close()
    except OSError:
        return False
    return True


def child_environment(workspace: Workspace) -> dict[str, str]:
    """The environment of Dagster's processes: safe imports, no telemetry, this workspace."""
    return {
        **NO_TELEMETRY,
        **os.environ,
        "PYTHONSAFEPATH": "1",
        "DAGSTER_HOME": str(dagster_home(workspace).resolve()),
        "STAGEWATCH_WORKSPACE": str(workspace.root),
    }
