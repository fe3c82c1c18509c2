"""The doctor: of a sound workspace nothing to mend, of a bad one every fault with what to do."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from desk import HEAD, STAGES

import pipelines.doctor as doctor
from pipelines.doctor import Finding, examine
from pipelines.init import init_workspace
from whole_runs import Company
from zygote import Zygote

LOOKED_AT = ["python", "stagewatch", "memory", "workspace", "disk", "time zone", "writable", "lock", "playbook",
             "mappings", "inbox", "rejected", "snapshot"]  # fmt: skip


@pytest.fixture(autouse=True)
def enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is no property of the machine that tests it."""
    monkeypatch.setattr(doctor, "FREE_GB", 0.0)
    monkeypatch.setattr(doctor, "BESIDE_DUCKDB_GB", -2.0)


def bad(findings: list[Finding]) -> dict[str, Finding]:
    return {f.name: f for f in findings if not f.is_well}


def test_a_sound_workspace_has_nothing_to_mend(first: Company) -> None:
    findings = examine(first.root)
    assert [f.name for f in findings] == LOOKED_AT
    assert bad(findings) == {}
    found = {f.name: f.found for f in findings}
    assert f"duckdb {duckdb.__version__}" in found["stagewatch"]
    assert found["time zone"].startswith("Asia/Shanghai, tzdata 20")
    assert "resources.memory_limit 2GB" in found["memory"]
    assert found["lock"] == "no run is under way"
    assert f"{first.journal['run_id']}.duckdb, " in found["snapshot"] and " h ago" in found["snapshot"]


def test_every_fault_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "w"
    init_workspace(root, None)
    (root / "stagewatch.yaml").write_text("resources: {memory_limit: 64000 GB}\nplaybook: nosuch\n", "utf-8")
    (root / "mappings" / "good.yaml").write_text(f"mapping: good\n{HEAD}{STAGES}", "utf-8")
    (root / "mappings" / "broken.yaml").write_text("mapping: [\n", "utf-8")
    (root / "mappings" / "misspelt.yaml").write_text(
        f"mapping: misspelt\n{HEAD}{STAGES}".replace("fields:", "feilds:"), "utf-8"
    )
    (root / "rejected").mkdir(exist_ok=True)
    for number in range(5):
        (root / "rejected" / f"f{number}.csv.reason.txt").write_text("empty", "utf-8")
    (root / ".lock.holder").write_text(json.dumps({"pid": 4711, "started_at": "2026-01-01T00:00"}), "utf-8")
    (root / "published").mkdir(exist_ok=True)
    (root / "published" / "CURRENT").write_text("snapshot-1.duckdb", "utf-8")
    monkeypatch.setattr(doctor, "FREE_GB", 1e9)
    findings = examine(root)
    faults = bad(findings)
    assert set(faults) == {"memory", "disk", "lock", "playbook", "mappings", "rejected", "snapshot"}
    assert "64000 GB" in faults["memory"].found and "lower resources.memory_limit" in faults["memory"].remedy
    assert "keep more than" in faults["disk"].remedy
    assert "killed: process 4711, since 2026-01-01T00:00" in faults["lock"].found
    assert "run again" in faults["lock"].remedy
    assert "nosuch" in faults["playbook"].found
    unread = [f.found for f in findings if f.name == "mappings" and not f.is_well]
    assert [text.split(":")[0] for text in unread] == ["mappings/broken.yaml", "mappings/misspelt.yaml"]
    assert "good" in next(f.found for f in findings if f.name == "mappings" and f.is_well)
    assert faults["rejected"].found == "f0.csv, f1.csv, f2.csv and 2 more"
    assert "reason.txt" in faults["rejected"].remedy
    assert "snapshot-1.duckdb" in faults["snapshot"].found
    assert "stagewatch run" in faults["snapshot"].remedy
    assert all(f.remedy or "(" in f.found for f in faults.values())


def test_a_snapshot_grows_old_by_the_walls_clock_only(first: Company, tmp_path: Path) -> None:
    company = first.copy(tmp_path / "company")
    current = company.published / (company.published / "CURRENT").read_text(encoding="utf-8")
    os.utime(current, (time.time() - 9 * 86_400,) * 2)
    assert bad(examine(company.root)) == {}, "the demo's clock is its data's"
    settings = company.root / "stagewatch.yaml"
    settings.write_text(settings.read_text("utf-8").replace("clock: data", "clock: wall"), "utf-8")
    stale = bad(examine(company.root))["snapshot"]
    assert "published 216.0 h ago" in stale.found and "stagewatch run" in stale.remedy


def test_time_zones_that_differ_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._time_zone("America/New_York", datetime.now(UTC).year).is_well
    monkeypatch.setattr(doctor, "ZoneInfo", lambda name: UTC)
    finding = doctor._time_zone("America/New_York", 2025)
    assert not finding.is_well and "2025-01-01 07:00:00 to DuckDB" in finding.found and "tzdata" in finding.remedy


def test_the_command_says_what_to_mend_and_ends_with_2(zygote: Zygote, tmp_path: Path) -> None:
    call = zygote.start("doctor", "--workspace", tmp_path)
    assert call.wait() == 2
    assert f"MEND workspace  {tmp_path}: is not a stagewatch workspace" in call.output
    assert "stagewatch init DIR" in call.output
