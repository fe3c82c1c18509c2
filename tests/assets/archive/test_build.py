"""The raw archive: everything that landed, once, with the journal; due every second Sunday, missed or not."""

from __future__ import annotations

import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assets.archive.build import build_archive, is_archive_due, last_archive_sunday
from assets.workspace import Run, Workspace
from data_contracts.playbook import load_playbook
from data_contracts.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    workspace = Workspace(tmp_path)
    workspace.make_folders()
    now = datetime(2025, 6, 1, tzinfo=UTC)
    return Run(workspace, Settings(), load_playbook("fmcg_five_stage", tmp_path), "abc", now, now)


def land(run: Run, name: str, text: str, landed_at: datetime) -> None:
    path = run.workspace.landed / name
    path.write_text(text, encoding="utf-8")
    os.utime(path, (landed_at.timestamp(), landed_at.timestamp()))


def packed(run: Run) -> list[dict[str, str]]:
    """Of every archive, in order of its name: each member's name and text."""
    archives = sorted(run.workspace.archive.glob("raw-*.tar.gz"))
    found = []
    for archive in archives:
        with tarfile.open(archive) as tar:
            found.append({m.name: tar.extractfile(m).read().decode() for m in tar.getmembers()})  # type: ignore[union-attr]
    return found


def test_every_raw_file_is_packed_once_with_the_journal_of_the_day(run: Run) -> None:
    land(run, "aa.csv", "a\n1\n", run.now)
    land(run, "bb.jsonl", '{"a": 1}\n', run.now)
    land(run, ".cc.part", "half", run.now)
    land(run, "manifest.jsonl", "journal 1", run.now)
    assert build_archive(run) == {"files": 2, "bytes": 13}
    assert build_archive(run) == {"files": 0, "bytes": 0}
    land(run, "dd.xlsx", "x", run.now)
    land(run, "manifest.jsonl", "journal 2", run.now)
    later = Run(run.workspace, run.settings, run.playbook, "abd", datetime(2025, 6, 15, tzinfo=UTC), run.as_of)
    assert build_archive(later) == {"files": 1, "bytes": 1}
    first = {"landed/aa.csv": "a\n1\n", "landed/bb.jsonl": '{"a": 1}\n', "landed/manifest.jsonl": "journal 1"}
    assert packed(run) == [first, {"landed/dd.xlsx": "x", "landed/manifest.jsonl": "journal 2"}]


def test_an_archive_without_its_manifest_does_not_count(run: Run) -> None:
    """As a kill between the two writes leaves it: the same files are packed again."""
    land(run, "aa.csv", "a\n", run.now)
    build_archive(run)
    (manifest,) = run.workspace.archive.glob("raw-*.json")
    assert [f["file"] for f in json.loads(manifest.read_text(encoding="utf-8"))["files"]] == ["aa.csv"]
    manifest.unlink()
    assert build_archive(run)["files"] == 1


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2025-06-08T02:59", "2025-05-25T03:00"),
        ("2025-06-08T03:00", "2025-06-08T03:00"),
        ("2025-06-14T23:00", "2025-06-08T03:00"),
        ("2025-06-15T03:00", "2025-06-08T03:00"),
        ("2025-06-21T12:00", "2025-06-08T03:00"),
        ("2025-06-22T03:00", "2025-06-22T03:00"),
        ("2026-01-04T03:00", "2026-01-04T03:00"),
    ],
)
def test_every_second_sunday_by_the_calendar_over_the_years_end(now: str, due: str) -> None:
    assert last_archive_sunday(at(now)) == at(due)


def test_a_missed_sunday_is_made_up_and_a_kept_one_is_not_repeated(run: Run) -> None:
    land(run, "aa.csv", "a\n", at("2025-06-05T10:00"))
    assert not is_archive_due(run.workspace, at("2025-06-07T03:00")), "its Sunday is to come"
    assert is_archive_due(run.workspace, at("2025-06-08T03:00"))
    assert is_archive_due(run.workspace, at("2025-06-17T03:00")), "nine days of downtime later"
    build_archive(run)
    land(run, "bb.csv", "b\n", at("2025-06-17T10:00"))
    assert not is_archive_due(run.workspace, at("2025-06-18T03:00")), "what came since waits for the next Sunday"
    assert is_archive_due(run.workspace, at("2025-06-22T03:00"))
