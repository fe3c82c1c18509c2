"""`stagewatch serve`, for real: it comes up, takes what is put into the inbox, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assets.workspace import Workspace
from data_contracts.errors import StagewatchError
from pipelines.init import init_workspace
from pipelines.serve import answers, free_port, require_free, served_once

SECONDS = 150


def test_a_taken_port_is_named_with_its_option() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StagewatchError, match=rf"127.0.0.1:{port}.*--dashboard-port"):
            require_free("127.0.0.1", port, "--dashboard-port")
    require_free("127.0.0.1", port, "--dashboard-port")


def test_a_workspace_is_served_once(tmp_path: Path) -> None:
    with (
        served_once(Workspace(tmp_path)),
        pytest.raises(StagewatchError, match="is served already"),
        served_once(Workspace(tmp_path)),
    ):
        pass


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="looks for processes by their group")
def test_it_comes_up_and_leaves_nothing_behind(tmp_path: Path) -> None:
    root = tmp_path / "w"
    init_workspace(root, None)
    ports = (free_port(), free_port())
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "serve", "-w", str(root)]
    command += ["--port", str(ports[0]), "--dashboard-port", str(ports[1])]
    log = tmp_path / "log"
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as served:
        try:
            deadline = time.monotonic() + SECONDS
            while "ready" not in log.read_text(encoding="utf-8"):
                assert served.poll() is None and time.monotonic() < deadline, log.read_text(encoding="utf-8")
                time.sleep(0.3)
            words = log.read_text(encoding="utf-8")
            assert f"the webserver is up: http://127.0.0.1:{ports[0]}" in words
            assert f"the dashboard is up: http://127.0.0.1:{ports[1]}" in words
            (root / "inbox" / "unknown.csv").write_text("a\n1\n", encoding="utf-8")
            while not list((root / "rejected").glob("*unknown.csv*")):
                assert served.poll() is None and time.monotonic() < deadline, log.read_text(encoding="utf-8")
                time.sleep(0.3)
        finally:
            served.send_signal(signal.SIGTERM)
            code = served.wait(60)
    assert code == 0
    left = subprocess.run(["pgrep", "-f", str(root)], capture_output=True, text=True, check=False).stdout.split()
    assert left == []
    for port in ports:
        require_free("127.0.0.1", port, "--port")


@pytest.mark.skipif(os.name != "posix", reason="the command becomes the server only where a process can")
def test_a_dashboard_that_is_stopped_gives_its_port_back(tmp_path: Path) -> None:
    init_workspace(tmp_path / "w", None)
    port = free_port()
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "dashboard", "-w", str(tmp_path / "w")]
    with subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as shown:
        try:
            deadline = time.monotonic() + SECONDS
            while not answers("127.0.0.1", port):
                assert shown.poll() is None and time.monotonic() < deadline
                time.sleep(0.2)
        finally:
            shown.terminate()
            shown.wait(60)
    require_free("127.0.0.1", port, "--port")
