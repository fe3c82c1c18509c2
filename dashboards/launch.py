"""How the dashboard is started: the command, its options and its environment, for the CLI and for tests."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

from data_contracts.telemetry import NO_TELEMETRY

# No e-mail prompt, no usage statistics, no editing toolbar, no source watching, nothing fetched from elsewhere; and no
# download of a table but ours, because Streamlit's own writes cells that become formulas.
OPTIONS = {
    "browser.gatherUsageStats": "false",
    "client.disableDataExport": "true",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    "runner.magicEnabled": "false",
    "server.enableStaticServing": "false",
    "server.fileWatcherType": "none",
    "server.headless": "true",
    "server.maxUploadSize": "1",
    "server.runOnSave": "false",
}


def dashboard_command(
    workspace: Path, *, host: str = "127.0.0.1", port: int = 8501
) -> tuple[list[str], dict[str, str]]:
    """The argument list that serves the dashboard of a workspace, and what its environment must hold besides."""
    here = Path(str(files("dashboards")))
    options = {
        **OPTIONS,
        "server.address": host,
        "server.port": str(port),
        "theme.base": str(here / "theme.toml"),
    }
    argv = [sys.executable, "-m", "streamlit", "run", str(here / "server.py")]
    argv += [f"--{name}={value}" for name, value in options.items()]
    environment = {
        "PYTHONSAFEPATH": "1",
        "STAGEWATCH_WORKSPACE": str(workspace.resolve()),
        **NO_TELEMETRY,
    }
    return argv, environment
