"""Whole runs on a bad day: two at once, a full disk, a lost warehouse, another clock, files that were sent before."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from assets.lock import holder
from fingerprint import differing, fingerprint
from queries.snapshot import open_snapshot, unused_snapshots
from whole_runs import FIRST, SECOND, Company
from zygote import NO_RIGHT, Zygote

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def company(ended: Company, tmp_path: Path) -> Company:
    """A copy of the company after its second run."""
    return ended.copy(tmp_path / "company")


@pytest.fixture
def sent(first: Company, tmp_path: Path) -> Company:
    """A copy of the company before its second run, what came later in its inbox."""
    company = first.copy(tmp_path / "sent")
    company.send_later_files()
    return company


def last_run(zygote: Zygote, company: Company) -> str:
    status = json.loads(zygote.run("status", "--workspace", company.root, "--json").output)
    return str(status["last_run"]["status"])


def test_a_second_run_waits_or_says_who_is_first_and_files_sent_again_land_nothing_twice(
    company: Company, ended: Company, zygote: Zygote
) -> None:
    company.send_later_files()
    (company.workspace.inbox / "no_such_table.csv").unlink()
    for file in company.later.glob("*-12.csv"):
        shutil.copy2(file, company.workspace.inbox / file.name.replace(".csv", "(1).csv"))
    arguments = ("run", "--workspace", company.root, "--now", SECOND)
    with open_snapshot(company.published) as held:
        one = zygote.start(*arguments, TZ="Asia/Shanghai")
        deadline = time.monotonic() + 60
        while holder(company.workspace) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        two, three = zygote.start(*arguments), zygote.start(*arguments, "--wait", 300, TZ="America/New_York")
        assert two.wait() == 2
        assert f"another run holds the workspace: process {one.pid}, since 2026-01-02" in two.error
        assert "wait for it to end, or run again with a longer --wait" in " ".join(two.error.split())
        assert last_run(zygote, company) == "running"
        assert (one.wait(), three.wait()) == (0, 0)
        assert "waiting up to 300 s for another run: process" in three.error
        # A reader keeps the snapshot that it has, whatever is published meanwhile.
        assert held.path.name != (company.published / "CURRENT").read_text(encoding="utf-8")
        assert held.query("select count(*) as n from marts.opportunity_state")["n"][0] > 50
        assert held.path not in unused_snapshots(company.published)
    assert held.path in unused_snapshots(company.published)
    # The same again changes nothing, wherever the machine stands: that files came once more is counted.
    assert "files_taken 0" in one.error and "files_resent 0" not in one.error
    assert differing(fingerprint(company.published), fingerprint(ended.published)) == ["landing.files"]
    assert (
        json.loads(zygote.run("status", "--workspace", company.root, "--json").output)["last_run"]["status"]
        == "succeeded"
    )


def test_a_full_disk_publishes_nothing_and_loses_nothing(
    sent: Company, first: Company, ended: Company, zygote: Zygote
) -> None:
    # Bytes that no file may exceed: the first is enough for a line or two, the last for all steps but publishing.
    for largest in (3_000, 100_000, 1_000_000, 4_000_000):
        call = zygote.start("run", "--workspace", sent.root, "--now", SECOND, largest_file=largest)
        assert call.wait() == 2, call.error[-3000:]
        assert "stagewatch: the disk is full" in call.error and "free some space and run again" in call.error
        assert "Traceback" not in call.error
        assert differing(fingerprint(sent.published), fingerprint(first.published)) == []
        assert list(sent.published.glob(".*")) == []
    sent.run(zygote, SECOND)
    assert differing(fingerprint(sent.published), fingerprint(ended.published)) == []


def test_a_read_only_workspace_is_told_at_once_and_still_read(company: Company, zygote: Zygote) -> None:
    def call(*arguments: str) -> tuple[int, str, str]:
        started = zygote.start(*arguments, "--workspace", company.root, read_only=company.root)
        code = started.wait()
        if code == NO_RIGHT:
            pytest.skip("this user may not mount a folder read-only")
        return code, started.output, started.error

    code, _, error = call("run")
    assert code == 2 and "the workspace cannot be written: Read-only file system" in error
    assert "[ 1]" not in error
    code, output, error = call("status", "--json")
    assert code == 0 and json.loads(output)["last_run"]["status"] == "succeeded", error
    code, output, error = call("sql", "select count(*) from marts.opportunity_state", "--format", "csv")
    assert code == 0 and int(output.split()[1]) > 50, error
    code, output, error = call("alerts", "--format", "csv")
    assert code == 0 and len(output.splitlines()) > 10, error


def test_a_lost_warehouse_forgets_no_alert_and_no_answer(sent: Company, ended: Company, zygote: Zygote) -> None:
    """The answer of December came after the last snapshot, and the run that took it up died unpublished.

    All that ever landed is read again here, by a machine of another time zone.
    """
    assert zygote.start("run", "--workspace", sent.root, "--now", SECOND, die="end:alerts").wait() == -9
    for path in sent.root.glob("warehouse.duckdb*"):
        path.unlink()
    sent.run(zygote, SECOND, TZ="America/New_York")
    assert differing(fingerprint(sent.published), fingerprint(ended.published)) == []
    with open_snapshot(sent.published) as snapshot:
        answered = snapshot.query("select count(*) as n from ops.alerts where acknowledged_at is not null")
        assert answered["n"][0] == 1


def test_a_clock_set_back_leaves_alerts_and_history_alone(company: Company, ended: Company, zygote: Zygote) -> None:
    company.run(zygote, FIRST, "--as-of", "2025-12-30T12:00:00+08:00")
    before, after = fingerprint(ended.published), fingerprint(company.published)
    changed = differing(before, after)
    assert "marts.opportunity_state" in changed
    assert [name for name in changed if name.startswith(("staging.", "landing.", "ops.alert", "ops.eval"))] == []
    with open_snapshot(company.published) as snapshot:
        negative = "select count(*) as n from marts.stage_spells where dwell_days < 0 or dwell_business_days < 0"
        assert snapshot.query(negative)["n"][0] == 0
    company.run(zygote, SECOND)
    # That there was a run as of that day is kept: what later runs are compared with.
    assert differing(fingerprint(company.published), before) == ["ops.contract_runs"]
