"""SIGKILL anywhere leaves the last snapshot served, and the next run ends as if nothing had happened.

STAGEWATCH_KILLS sets how often each step dies at a random moment, in multiples of STEPS (1 by default).
"""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path

import pytest

from fingerprint import differing, fingerprint
from queries.snapshot import current_snapshot, open_snapshot
from whole_runs import LEARNING, SECOND, Company
from zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Random moments of these steps, each so often; a late kill costs all that comes before it.
STEPS = {"landing": 3, "staging": 2, "marts.visits": 1, "marts.funnel": 1, "risk": 1, "report": 1, "publish": 1}
KILLS = int(os.environ.get("STAGEWATCH_KILLS", "1"))
# Between what belongs together: two steps, a file and its name, a table and the file that tells of it.
MOMENTS = (
    "end:landing",
    "end:alerts",  # alerts have opened that no file and no snapshot tells of
    "after:alerts.xlsx",
    "before:snapshot-*.duckdb",
    "before:CURRENT",
    "after:CURRENT",
)


def test_kills_at_any_moment_change_nothing(first: Company, ended: Company, zygote: Zygote, tmp_path: Path) -> None:
    before, expected = fingerprint(first.published), fingerprint(ended.published)
    assert len(differing(before, expected)) > 20
    company = first.copy(tmp_path / "company")
    company.send_later_files()
    known = {served(company)}
    seconds = {step["step"]: step["seconds"] for step in ended.journal["steps"]}

    chance = random.Random(20251231 + KILLS)
    steps = [step for step, kills in STEPS.items() for _ in range(kills * KILLS)]
    moments = [f"in:{step}:{seconds[step] * chance.random():.3f}" for step in steps]
    assert len(moments) >= 10 * KILLS
    for moment in sorted([*moments, *MOMENTS], key=lambda m: chance.random()):
        call = zygote.start("run", "--workspace", company.root, "--now", SECOND, die=moment)
        assert call.wait() == -signal.SIGKILL, f"{moment} did not come: {call.error[-2000:]}"
        if served(company) not in known:
            assert differing(fingerprint(company.published), expected) == [], f"{moment} left something else served"
            known.add(served(company))
    # Once as in life, with every contract and Dagster's own storage.
    call = zygote.start("run", "--workspace", company.root, "--now", SECOND, die="in:contracts:1", is_brief=False)
    assert call.wait() == -signal.SIGKILL
    told = json.loads(zygote.run("status", "--workspace", company.root, "--json").output)
    assert told["last_run"]["status"] == "killed"

    company.run(zygote, SECOND)
    assert differing(fingerprint(company.published), expected) == []
    assert unlike(files(company.root), files(ended.root)) == []


def test_a_training_that_is_killed_leaves_no_other_model(ended: Company, zygote: Zygote, tmp_path: Path) -> None:
    company, undisturbed = ended.copy(tmp_path / "company"), ended.copy(tmp_path / "undisturbed")
    for place in (company, undisturbed):
        place.add_settings(LEARNING)
    undisturbed.run(zygote, SECOND)
    with open_snapshot(undisturbed.published) as snapshot:
        assert snapshot.query("select method from ml.model_status")["method"][0] == "model"
    # Before the manifest nothing says that a model is stored; after it the warehouse does not know of it.
    for moment in ("before:manifest.json", "after:manifest.json"):
        call = zygote.start("run", "--workspace", company.root, "--now", SECOND, die=moment)
        assert call.wait() == -signal.SIGKILL, call.error[-2000:]
        assert differing(fingerprint(company.published), fingerprint(ended.published)) == []
    company.run(zygote, SECOND)
    assert differing(fingerprint(company.published), fingerprint(undisturbed.published)) == []
    assert unlike(files(company.root), files(undisturbed.root)) == []


def served(company: Company) -> tuple[str, int, int]:
    """The snapshot in force, and what would tell that its file is another."""
    snapshot = current_snapshot(company.published)
    assert snapshot is not None
    return snapshot.name, snapshot.stat().st_size, snapshot.stat().st_mtime_ns


def files(root: Path) -> dict[str, bytes]:
    """What a run leaves besides databases, its own records and what tells one copy of a file from another."""
    own = (".dagster", ".state", ".lock", "published", "rejected", "landed/manifest.jsonl", "warehouse.duckdb")
    found = (path for path in root.rglob("*") if path.is_file())
    return {
        name: path.read_bytes() for path in found if not (name := path.relative_to(root).as_posix()).startswith(own)
    }


def unlike(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """The files that are not the same in both, each with its sizes and where it begins to differ."""
    told = []
    for name in sorted(one.keys() | other.keys()):
        left, right = one.get(name), other.get(name)
        if left is None or right is None:
            told.append(f"{name}: only in the {'second' if left is None else 'first'}")
        elif left != right:
            place = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), -1)
            around = slice(max(place - 80, 0), place + 80)
            told.append(f"{name}: {len(left)} and {len(right)} bytes; {left[around]!r} and {right[around]!r}")
    return told
