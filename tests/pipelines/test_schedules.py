"""When runs start: by themselves, in company time, for every file that waits, once; and no dead run bars the way."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from assets.workspace import Workspace
from pipelines.definitions import definitions
from pipelines.init import init_workspace
from pipelines.leases import STARTING, end_dead_runs, lease_path, run_lease
from pipelines.schedules import dead_runs, inbox_sensor, raw_archive

REPOSITORY = definitions.get_repository_def()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "workspace"
    init_workspace(root, None)
    with (root / "stagewatch.yaml").open("a", encoding="utf-8") as settings:
        settings.write("inbox: {settle_seconds: 0}\n")
    monkeypatch.setenv("STAGEWATCH_WORKSPACE", str(root))
    return root


def look() -> str | None:
    """One look of the sensor: the key of the run it asks for, or None."""
    with dg.build_sensor_context() as context:
        answers = list(inbox_sensor(context))
    (answer,) = answers
    return answer.run_key if isinstance(answer, dg.RunRequest) else None


def test_all_run_by_themselves_in_company_time() -> None:
    schedules = {s.name: (s.job_name, s.cron_schedule, s.execution_timezone) for s in REPOSITORY.schedule_defs}
    assert schedules == {
        "hourly_alerts": ("main", "7 * * * *", "Asia/Shanghai"),
        "weekly_retraining": ("main", "1 0 * * 1", "Asia/Shanghai"),
        "weekly_report": ("main", "0 8 * * 1", "Asia/Shanghai"),
        "raw_archive": ("raw_archive", "0 3 * * *", "Asia/Shanghai"),
    }
    assert all(s.default_status == dg.DefaultScheduleStatus.RUNNING for s in REPOSITORY.schedule_defs)
    sensors = {s.name: (s.minimum_interval_seconds, s.default_status) for s in REPOSITORY.sensor_defs}
    running = dg.DefaultSensorStatus.RUNNING
    assert sensors == {"inbox_sensor": (10, running), "dead_runs": (60, running)}
    assert all(s.description for s in (*REPOSITORY.schedule_defs, *REPOSITORY.sensor_defs))


def test_a_file_starts_one_run_and_a_changed_one_another(root: Path) -> None:
    assert look() is None
    file = Workspace(root).inbox / "export.csv"
    file.write_text("a\n1\n", encoding="utf-8")
    key = look()
    assert key is not None
    assert look() == key, "Dagster starts no second run for a key it has seen"
    file.write_text("a\n1\n2\n", encoding="utf-8")
    assert look() not in (None, key)
    file.unlink()
    (Workspace(root).inbox / "half.csv.part").write_text("a", encoding="utf-8")
    assert look() is None


def test_a_file_still_being_written_waits_and_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Workspace(root).inbox / "export.csv"
    file.write_text("a\n", encoding="utf-8")
    text = (root / "stagewatch.yaml").read_text(encoding="utf-8").replace("settle_seconds: 0", "settle_seconds: 5")
    (root / "stagewatch.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("time.sleep", lambda seconds: file.write_text("a\n1\n", encoding="utf-8"))
    with dg.build_sensor_context() as context:
        (answer,) = inbox_sensor(context)
    assert isinstance(answer, dg.SkipReason)
    assert answer.skip_message == "still being written: export.csv"


def test_what_waits_for_a_mapping_is_looked_at_anew_when_one_is_mended(root: Path) -> None:
    (Workspace(root).inbox / "export.csv").write_text("a\n1\n", encoding="utf-8")
    before = look()
    (root / "mappings" / "own.yaml").write_text("mapping: own\n", encoding="utf-8")
    assert look() not in (None, before)


def test_without_a_workspace_or_with_a_broken_setting_the_sensor_says_why(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "stagewatch.yaml").write_text("langage: en\n", encoding="utf-8")
    with dg.build_sensor_context() as context:
        (answer,) = inbox_sensor(context)
        assert "did you mean 'language'" in str(answer.skip_message)
        monkeypatch.setenv("STAGEWATCH_WORKSPACE", str(root.parent))
        (answer,) = inbox_sensor(context)
        assert "stagewatch serve" in str(answer.skip_message)


def test_the_archive_runs_on_its_sunday_or_as_soon_as_it_can_after(root: Path) -> None:
    landed = Workspace(root).landed / "aa.csv"
    landed.write_text("a\n", encoding="utf-8")
    shanghai = ZoneInfo("Asia/Shanghai")
    arrived = datetime(2025, 6, 5, tzinfo=shanghai).timestamp()
    os.utime(landed, (arrived, arrived))
    asked = {}
    for day in (7, 8, 11):
        tick = datetime(2025, 6, day, 3, tzinfo=shanghai)
        answer = raw_archive(dg.build_schedule_context(scheduled_execution_time=tick))
        asked[day] = isinstance(answer, dg.RunRequest)
    assert asked == {7: False, 8: True, 11: True}


def test_a_run_whose_process_was_killed_does_not_bar_the_next(root: Path) -> None:
    """Two started runs, one of them dead; while they are young, either may still be loading."""
    with dg.DagsterInstance.ephemeral() as instance:
        dead, alive = (
            instance.create_run_for_job(REPOSITORY.get_job("main"), status=dg.DagsterRunStatus.STARTED)
            for _ in range(2)
        )
        now = datetime.now(ZoneInfo("UTC"))
        later = now + STARTING + timedelta(seconds=30)
        lease_path(root, dead.run_id).parent.mkdir(parents=True)
        lease_path(root, dead.run_id).touch()  # as a killed process leaves it: there, and held by nobody
        assert end_dead_runs(instance, root, now) == []
        with run_lease(root, alive.run_id):
            assert end_dead_runs(instance, root, later) == [dead.run_id]
        states = {r.run_id: r.status for r in instance.get_runs()}
        assert states[dead.run_id] == dg.DagsterRunStatus.FAILURE
        assert states[alive.run_id] == dg.DagsterRunStatus.STARTED
        assert list(lease_path(root, dead.run_id).parent.iterdir()) == []


def test_the_watch_over_dead_runs_says_what_it_did(root: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        assert dead_runs(context).skip_message == "every started run is alive"  # type: ignore[union-attr]
