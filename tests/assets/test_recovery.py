"""A warehouse that cannot be trusted is noticed at the next start, and built again."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from desk import Desk

from assets.faults import in_words
from assets.publish import publish
from assets.recovery import HISTORY, open_warehouse, sweep
from assets.session import open_session
from assets.warehouse import run_script
from assets.workspace import Workspace
from data_contracts.errors import StagewatchError

STAGES = "id,stage,at\nA,quotation,2025-03-05\nB,quotation,soon\n"
BLOCK = 4096


@contextmanager
def opened(root: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse as a run would find it."""
    con = open_warehouse(Desk.at(root).context)
    try:
        yield con
    finally:
        con.close()


def evaluated(con: duckdb.DuckDBPyConnection, day: str) -> None:
    """The alerts' history of one evaluation: an alert opened on that day."""
    run_script(con, "assets.alerts", "tables.sql")
    con.execute(f"insert into ops.evaluations values ('{day} 00:00+08', false, 'default', '1', 1, 1)")
    con.execute(
        f"insert into ops.alert_events values ('silent|{day}|1', 'silent', 1, '{day} 00:00+08', '{day} 00:00+08',"
        " 'opened', 'held', null, 'open', false)"
    )


def contents(con: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    """All that outlives a run: what landed, and the alerts' history. Empty tables come with the first staging."""
    landed = con.execute(
        "select 'landing.' || table_name from duckdb_tables() where schema_name = 'landing'"
        " and database_name = current_database() order by all"
    ).fetchall()
    names = [*(name for (name,) in landed), *(f"ops.{name}" for name in HISTORY)]
    rows = {name: con.execute(f"from {name} order by all").fetchall() for name in names}
    return {name: found for name, found in rows.items() if found}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two files landed, two evaluations, and a snapshot of both."""
    desk = Desk(tmp_path_factory.mktemp("recovery") / "workspace")
    with opened(desk.root):
        pass
    desk.put("stages_1.csv", STAGES)
    desk.put("stages_2.csv", STAGES.replace("A", "C"))
    desk.run()
    for day in ("2025-05-01", "2025-05-02"):
        evaluated(desk.con, day)
    publish(desk.con, desk.context)
    desk.close()
    return desk.root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    return shutil.copytree(published, tmp_path / "workspace")


def flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset : offset + 64] = bytes(byte ^ 0xFF for byte in content[offset : offset + 64])
    path.write_bytes(content)


def strangers(path: Path, table: str) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as con:
        con.execute("create schema landing")
        con.execute(f"create table {table} as select 1 as x")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "lost": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"not a database\n" * 1000),
    "header": lambda path: flip(path, 0),
    "first block": lambda path: flip(path, BLOCK),
    "last half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a stranger's": lambda path: strangers(path, "main.theirs"),
    "another layout": lambda path: strangers(path, "landing.deliveries"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_built_again(root: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    with opened(root) as con:
        wanted = contents(con)
    assert len(wanted["ops.evaluations"]) == 2 and len(wanted["landing.test__events"]) == 4
    DAMAGES[damage](root / "warehouse.duckdb")
    caplog.clear()
    with caplog.at_level(logging.WARNING), opened(root) as con:
        assert contents(con) == wanted
    assert "rebuilding the warehouse from landed/" in caplog.text
    assert [p.name for p in (root / "rejected").iterdir()] == ([] if damage == "lost" else ["test-warehouse.duckdb"])
    caplog.clear()
    with caplog.at_level(logging.WARNING), opened(root) as con:
        assert contents(con) == wanted
    assert caplog.text == ""


@pytest.fixture
def killed(root: Path, tmp_path: Path) -> Path:
    """As a killed run leaves it: a third file and a third evaluation stand in the write-ahead log alone."""
    desk = Desk.at(root)
    desk.put("stages_3.csv", STAGES.replace("A", "D"))
    desk.run()
    evaluated(desk.con, "2025-05-03")
    publish(desk.con, desk.context)
    left = shutil.copytree(root, tmp_path / "killed")
    desk.close()
    assert (left / "warehouse.duckdb.wal").stat().st_size > 1000
    return left


def cut_log(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


LOG_DAMAGES: dict[str, Callable[[Path], object]] = {
    "lost": Path.unlink,
    "cut": cut_log,
    "flipped": lambda log: flip(log, 0),
    "alone": lambda log: log.with_suffix("").unlink(),
}


@pytest.mark.parametrize("damage", LOG_DAMAGES)
def test_a_log_that_lost_commits_is_noticed(killed: Path, damage: str) -> None:
    damaged = shutil.copytree(killed, killed.with_name("damaged"))
    with opened(killed) as con:
        wanted = contents(con)
    assert len(wanted["ops.evaluations"]) == 3 and len(wanted["landing.test__events"]) == 6
    LOG_DAMAGES[damage](damaged / "warehouse.duckdb.wal")
    with opened(damaged) as con:
        assert contents(con) == wanted


def test_history_that_only_the_log_had_comes_back(published: Path, root: Path) -> None:
    desk = Desk.at(root)
    evaluated(desk.con, "2025-05-03")
    publish(desk.con, desk.context)
    desk.close()
    shutil.copy2(published / "warehouse.duckdb", root / "warehouse.duckdb")
    with opened(root) as con:
        assert con.execute("select count(*) from ops.evaluations").fetchall() == [(3,)]


def test_history_newer_than_the_snapshot_stays(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk.at(root)
    evaluated(desk.con, "2025-05-03")
    desk.close()
    with opened(root) as con:
        assert con.execute("select count(*) from ops.evaluations").fetchall() == [(3,)]
    assert caplog.text == ""


@pytest.mark.parametrize("name", ["snapshot-gone.duckdb", "../../etc/passwd"])
def test_a_pointer_to_nothing_leads_to_the_snapshot_that_is_there(root: Path, name: str) -> None:
    (root / "published" / "CURRENT").write_text(name, encoding="utf-8")
    (root / "warehouse.duckdb").unlink()
    with opened(root) as con:
        assert con.execute("select count(*) from ops.evaluations").fetchall() == [(2,)]


def test_without_any_snapshot_the_records_come_back_alone(root: Path) -> None:
    for path in (root / "published").glob("snapshot-*"):
        path.write_bytes(b"gone")
    (root / "warehouse.duckdb").unlink()
    with opened(root) as con:
        assert con.execute("select count(*) from landing.test__events").fetchall() == [(4,)]
        assert con.execute("select count(*) from ops.evaluations").fetchall() == [(0,)]


def test_damage_met_in_the_middle_of_a_run_is_mended_by_the_next(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    def work() -> dict[str, int]:
        raise duckdb.Error("Corrupt database file: computed checksum 1 does not match stored checksum 2 in block 3")

    run = Desk.at(root).context
    with (
        open_session(run, is_as_of_given=False, wait_seconds=0) as session,
        pytest.raises(StagewatchError, match=r"as staging found: Corrupt.*run again: it is then rebuilt"),
    ):
        session.step("staging", work)
    assert caplog.text == ""
    with open_session(run, is_as_of_given=False, wait_seconds=0) as session:
        assert session.con.execute("select count(*) from landing.test__events").fetchall() == [(4,)]
    assert "the warehouse is damaged, as staging found" in caplog.text
    caplog.clear()
    with open_session(run, is_as_of_given=False, wait_seconds=0):
        assert caplog.text == ""


def test_a_warehouse_that_another_program_has_open_is_left_alone(root: Path) -> None:
    hold = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(root / "warehouse.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(duckdb.IOException) as refused, opened(root):
        pass
    other.communicate("")
    said = in_words(refused.value)
    assert said is not None and f"PID {other.pid}" in str(said) and "close it there" in said.remedy
    assert list((root / "rejected").iterdir()) == []
    with opened(root) as con:
        assert con.execute("select count(*) from ops.evaluations").fetchall() == [(2,)]


def test_what_killed_runs_left_half_written_is_swept(root: Path) -> None:
    halves = [".tmp/landing-x/copy.csv", ".tmp/duckdb_temp_storage-0.tmp", "exports/.alerts.csv.part",
              "published/.snapshot-1.duckdb.part", "published/.snapshot-1.duckdb.part.wal", "landed/.4.part",
              "model_store/risk-1/.model.skops.part", ".state/.last_run.json.part"]  # fmt: skip
    kept = ["inbox/.upload.part", "exports/alerts.csv", "inbox/stages.part"]
    for name in (*halves, *kept):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x", encoding="utf-8")
    sweep(Workspace(root))
    assert [name for name in halves if (root / name).exists()] == []
    assert [name for name in kept if not (root / name).exists()] == []
