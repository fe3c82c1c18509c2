"""The writer lock: one run at a time, named when it is in the way, gone with its owner."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets.lock import writer_lock
from assets.workspace import Workspace
from data_contracts.errors import StagewatchError

NOW = datetime(2025, 6, 1, tzinfo=UTC)
HOLD = """
import sys, pathlib, datetime
from assets.lock import writer_lock
from assets.workspace import Workspace
now = datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC)
with writer_lock(Workspace(pathlib.Path(sys.argv[1])), started_at=now, wait_seconds=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):  # type: ignore[no-untyped-def]
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.wait()


def test_a_second_run_is_told_who_holds_the_workspace(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with (
        pytest.raises(StagewatchError, match=rf"process {holder.pid}, since 2025-06-01"),
        writer_lock(Workspace(tmp_path), started_at=NOW, wait_seconds=0),
    ):
        pass


def test_a_killed_owner_leaves_no_lock(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with writer_lock(Workspace(tmp_path), started_at=NOW, wait_seconds=0):
        assert (tmp_path / ".lock.holder").is_file()
    assert not (tmp_path / ".lock.holder").exists()


def test_a_second_run_waits_its_turn(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdin is not None
    holder.stdin.close()  # the holder ends of its own accord
    with writer_lock(Workspace(tmp_path), started_at=NOW, wait_seconds=30):
        assert (tmp_path / ".lock.holder").is_file()
