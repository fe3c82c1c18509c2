"""SIGKILL anywhere leaves the last snapshot served, and the next run ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.workspace import Workspace
from data_contracts.errors import StagewatchError
from fingerprint import fingerprint
from pipelines.demo import write_demo_inputs
from queries.snapshot import open_snapshot
from zygote import Zygote

KILLS = 20
FIRST, SECOND = "2026-01-01T00:00:00+08:00", "2026-01-02T00:00:00+08:00"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote() as running:
        yield running


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A small company's workspace with the first half of its files in the inbox, and the second half."""
    root = tmp_path_factory.mktemp("kill") / "company"
    write_demo_inputs(root, factor=0.02, seed=7)
    later = root.parent / "later"
    later.mkdir()
    files = sorted(p for p in (root / "inbox").iterdir())
    moved = [Path(shutil.move(p, later / p.name)) for p in files if any(f"-{m:02}" in p.name for m in range(10, 13))]
    assert moved and len(moved) < len(files)
    return root, moved


def run(zygote: Zygote, root: Path, now: str) -> int:
    zygote.start(root, now)
    return zygote.wait()


def test_twenty_kills_change_nothing(halves: tuple[Path, list[Path]], zygote: Zygote) -> None:
    root, later = halves
    assert run(zygote, root, FIRST) == 0
    first = fingerprint(root / "published")

    undisturbed = root.parent / "undisturbed"
    shutil.copytree(root, undisturbed)
    for file in later:
        shutil.copy2(file, undisturbed / "inbox" / file.name)
    began = time.monotonic()
    assert run(zygote, undisturbed, SECOND) == 0
    seconds = time.monotonic() - began
    expected = fingerprint(undisturbed / "published")
    assert expected != first

    for file in later:
        shutil.copy2(file, root / "inbox" / file.name)
    moments = random.Random(20251231)
    killed = 0
    for number in range(KILLS):
        pid = zygote.start(root, SECOND)
        # Spread over the whole run, with the same share of early and late kills whatever its length.
        time.sleep(seconds * (number + moments.random()) / KILLS)
        os.kill(pid, signal.SIGKILL)
        killed += zygote.wait() == -signal.SIGKILL
        served = fingerprint(root / "published")
        assert served in (first, expected), f"kill {number} left something else served"
    assert killed >= KILLS - 2, "most kills must hit a run under way"

    assert run(zygote, root, SECOND) == 0
    assert fingerprint(root / "published") == expected


def test_the_same_run_twice_changes_nothing(halves: tuple[Path, list[Path]], zygote: Zygote) -> None:
    root, _ = halves
    before = fingerprint(root / "published")
    assert run(zygote, root, SECOND) == 0
    assert fingerprint(root / "published") == before


def test_a_lost_write_ahead_log_is_noticed_and_rebuilt(halves: tuple[Path, list[Path]], zygote: Zygote) -> None:
    root, _ = halves
    before = fingerprint(root / "published")
    workspace = Workspace(root)
    workspace.warehouse.write_bytes(b"not a database" * 1000)
    assert run(zygote, root, SECOND) == 0
    assert fingerprint(root / "published") == before
    assert [p for p in workspace.rejected.iterdir() if p.name.endswith("warehouse.duckdb")]


def test_a_reader_keeps_its_snapshot_while_others_are_published(
    halves: tuple[Path, list[Path]], zygote: Zygote
) -> None:
    root, _ = halves
    with open_snapshot(root / "published") as held:
        rows = held.query("select count(*) as n from marts.opportunity_state")["n"][0]
        assert run(zygote, root, SECOND) == 0
        assert held.query("select count(*) as n from marts.opportunity_state")["n"][0] == rows
        assert held.path.exists()
    assert run(zygote, root, SECOND) == 0
    assert not held.path.exists()


def test_no_snapshot_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StagewatchError, match="stagewatch run"):
        open_snapshot(tmp_path)
