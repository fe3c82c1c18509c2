"""`stagewatch serve`: Dagster's webserver and daemon and the dashboard, together, until stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from assets.workspace import Workspace
from dashboards.launch import dashboard_command
from data_contracts.errors import StagewatchError
from data_contracts.settings import load_settings
from pipelines.runner import dagster_home

STOP_SECONDS = 20.0


def serve(root: Path, *, host: str, port: int, dashboard_port: int, tell: Callable[[str], None]) -> int:
    """Start the three and wait; when one ends, or on Ctrl-C, stop them all. Returns the exit code."""
    load_settings(root)
    workspace = Workspace(root.resolve())
    workspace.make_folders()
    env = child_environment(workspace)
    code = ["-m", "pipelines.definitions"]
    python = sys.executable
    dashboard, dashboard_env = dashboard_command(workspace.root, host=host, port=dashboard_port)
    commands = {
        "daemon": ([python, "-m", "dagster._daemon", "run", *code], env),
        "webserver": ([python, "-m", "dagster_webserver", "-h", host, "-p", str(port), *code], env),
        "dashboard": (dashboard, {**env, **dashboard_env}),
    }
    children: dict[str, subprocess.Popen[bytes]] = {}
    previous = signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        for name, (argv, environment) in commands.items():
            children[name] = subprocess.Popen(argv, env=environment, cwd=workspace.root)
        tell(f"Dagster    http://{host}:{port}")
        tell(f"Dashboard  http://{host}:{dashboard_port}")
        while True:
            for name, child in children.items():
                if child.poll() is not None:
                    tell(f"the {name} ended with exit code {child.returncode}: stopping the others")
                    return child.returncode or 1
            time.sleep(0.5)
    except KeyboardInterrupt:
        tell("stopping")
        return 0
    finally:
        signal.signal(signal.SIGTERM, previous)
        stop(children)


def stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Ask every child to end, and end those that do not."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children.values():
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def child_environment(workspace: Workspace) -> dict[str, str]:
    """The environment of Dagster's processes: safe imports, no telemetry, this workspace."""
    if not workspace.root.is_dir():
        raise StagewatchError("is not a folder", file=workspace.root)
    return {
        **os.environ,
        "PYTHONSAFEPATH": "1",
        "DAGSTER_HOME": str(dagster_home(workspace).resolve()),
        "STAGEWATCH_WORKSPACE": str(workspace.root),
        "GX_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
