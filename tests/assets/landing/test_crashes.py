"""A run that dies at any step of landing: the next one ends where an undisturbed one would have."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from desk import STAGES, Desk

from assets.landing.inbox import take_inbox
from assets.landing.journal import Journal
from assets.landing.rebuild import audit, catch_up, open_landing, rebuild_from_landed


class Killed(BaseException):
    """The process is gone: nothing that it would have done after this happens."""


class Mortality:
    """Counts the steps that leave a trace outside the process, and dies at one of them; dead, it stays dead."""

    def __init__(self, dies_at: int) -> None:
        self.steps, self.dies_at = 0, dies_at

    def step(self) -> None:
        self.steps += 1
        if self.steps >= self.dies_at:
            raise Killed

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def mortal(*args: Any, **kwargs: Any) -> Any:
            self.step()
            return function(*args, **kwargs)

        return mortal


class MortalConnection:
    """A connection whose commits are steps."""

    def __init__(self, con: duckdb.DuckDBPyConnection, life: Mortality) -> None:
        self._con = con
        self.commit = life.before(con.commit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Mortality]]:
    def make(dies_at: int) -> Mortality:
        life = Mortality(dies_at)
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink"), (Journal, "append")):
            monkeypatch.setattr(owner, name, life.before(getattr(owner, name)))
        return life

    yield make
    monkeypatch.undo()


def prepared(root: Path) -> Desk:
    """Yesterday's file has landed; today a newer version, a new file, its copy and a bad one lie in the inbox."""
    desk = Desk(root)
    desk.put("stages_1.csv", "id,stage,at\nA,quotation,2025-03-05\n")
    desk.run()
    desk.put("stages_1.csv", "id,stage,at\nA,quotation,2025-03-05\nB,quotation,soon\n")
    desk.put("stages_2.csv", "id,stage,at\nC,quotation,2025-03-05\nC,quotation,2025-03-05\n")
    desk.put("stages_3.csv", "id,stage,at\nC,quotation,2025-03-05\nC,quotation,2025-03-05\n")
    desk.put("stages_bad.csv", "deal\nX\n")
    return desk


@pytest.mark.slow
def test_a_run_may_die_at_any_step(tmp_path: Path, mortal: Callable[[int], Mortality], monkeypatch: Any) -> None:
    wanted = prepared(tmp_path / "wanted").run().state()
    prepared(tmp_path / "prepared").close()
    for dies_at in itertools.count(1):
        desk = Desk.at(shutil.copytree(tmp_path / "prepared", tmp_path / f"dies_at_{dies_at}"))
        life = mortal(dies_at)
        try:
            take_inbox(MortalConnection(desk.con, life), desk.context)  # type: ignore[arg-type]
        except Killed:
            monkeypatch.undo()
            desk.close()
            assert desk.run().state() == wanted, f"died at step {dies_at}"
            assert audit(desk.con, desk.context) == []
            desk.close()
        else:
            assert dies_at > 30
            return


def test_a_lost_warehouse_is_made_again_from_landed(tmp_path: Path) -> None:
    desk = prepared(tmp_path / "w")
    wanted = desk.run().state()
    desk.close()
    desk.workspace.warehouse.unlink()
    assert len(audit(desk.con, desk.context)) == 5
    desk.close()
    desk.workspace.warehouse.unlink()
    assert rebuild_from_landed(desk.con, desk.context) == []
    assert desk.run().state() == wanted


def test_the_audit_finds_rows_that_are_gone(tmp_path: Path) -> None:
    desk = prepared(tmp_path / "w")
    desk.run()
    assert audit(desk.con, desk.context) == []
    desk.con.execute("delete from landing.test__events where opportunity = 'A'")
    assert audit(desk.con, desk.context) == ["stages_1.csv: 2 rows landed, 1 are there"]


def test_the_audit_finds_commits_that_are_gone(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages_1.csv", "id,stage,at\nA,quotation,2025-03-05\n")
    desk.run()
    desk.close()
    earlier = desk.workspace.warehouse.read_bytes()
    desk.put("stages_2.csv", "id,stage,at\nB,quotation,2025-03-05\n")
    desk.run()
    desk.close()
    desk.workspace.warehouse.write_bytes(earlier)
    assert audit(desk.con, desk.context) == ["the warehouse lacks stages_2.csv (delivery 2), which the journal has"]
    caught = catch_up(desk.con, desk.context, open_landing(desk.con, desk.context))
    assert (caught.files, caught.rows_read, caught.problems) == (1, 1, [])
    assert audit(desk.con, desk.context) == []


def test_a_journal_that_lost_its_end_gets_it_back_from_the_warehouse(tmp_path: Path) -> None:
    desk = prepared(tmp_path / "w")
    wanted = desk.run().state()
    manifest = desk.workspace.landed / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join(lines[:-2]) + lines[-2][:20])
    assert desk.run().state() == wanted
    assert [json.loads(line) for line in manifest.read_bytes().splitlines()] == [json.loads(line) for line in lines]


def test_bytes_that_are_gone_from_landed_are_said(tmp_path: Path) -> None:
    desk = prepared(tmp_path / "w")
    desk.run()
    desk.close()
    (sha,) = desk.column("select content_sha256 from landing.files where name = 'stages_2.csv'")
    desk.close()
    (desk.workspace.landed / f"{sha}.csv").unlink()
    desk.workspace.warehouse.unlink()
    (problem,) = rebuild_from_landed(desk.con, desk.context)
    assert problem.startswith("stages_2.csv: cannot be read from landed/: its bytes are gone")


def test_files_are_read_again_when_their_mapping_reads_otherwise(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages.csv", "id,stage,at,phase\nA,quotation,2025-03-05,first_contact\n")
    desk.run()
    desk.write_mapping("test", STAGES.replace("stage: [stage, 阶段]", "stage: phase"))
    assert desk.run().column("select stage from staging.stage_events") == ["first_contact"]
    desk.write_mapping("test", STAGES.replace("at: [at, 时间]", "at: at, more: phase"))
    assert desk.run().column("select more from landing.test__events") == ["first_contact"]
    assert audit(desk.con, desk.context) == []


def test_a_file_that_no_mapping_reads_any_more_keeps_its_bytes(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05\n")
    desk.run()
    desk.write_mapping("test", STAGES.replace("id, 商机编号", "deal"))
    desk.run()
    assert "stages.csv: no longer read: " in desk.landing.problems[0]
    assert desk.ledger() == [("stages.csv", "active", 0, 0, 0, 0, 0)]
    desk.write_mapping("test", STAGES)
    assert desk.run().ledger() == [("stages.csv", "active", 1, 1, 0, 0, 0)]


def test_a_mapping_that_breaks_is_named_and_its_last_good_version_used(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05\n")
    desk.run()
    desk.write_mapping("test", STAGES.replace("columns:", "colums:"))
    desk.put("stages_2.csv", "id,stage,at\nB,quotation,2025-03-05\n")
    desk.put("other.csv", "x\n1\n")
    desk.run()
    fault, waits = desk.landing.problems
    assert fault.startswith("mappings/test.yaml: ") and "colums" in fault and "last good version" in fault
    assert waits.startswith("other.csv: left in the inbox until the mappings above are mended")
    assert desk.column("select opportunity_id from staging.stage_events order by 1") == ["A", "B"]
    assert (desk.workspace.inbox / "other.csv").exists()


def test_a_broken_mapping_that_never_worked_leaves_files_waiting(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", STAGES.replace("columns:", "colums:"))
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05\n")
    desk.run()
    assert desk.landing.waiting == 1 and desk.landing.rejected == 0
    desk.write_mapping("test", STAGES)
    assert desk.run().landing.taken == 1
