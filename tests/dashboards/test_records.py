"""What is recorded in the dashboard: whole files in the inbox, read by the shipped mapping, refused when senseless."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from assets.landing.inbox import take_inbox
from assets.staging.build import build_staging
from assets.warehouse import connect
from assets.workspace import Run, Workspace
from dashboards.records import ACTIONS, LONGEST_NOTE, Intervention, record_intervention
from data_contracts.contract import load_contract
from data_contracts.errors import StagewatchError

NOTE = '与客户谈了 "价格"\n=1+1 13800001234'
NOW = datetime(2025, 10, 6, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "stagewatch.yaml").write_text("inbox: {settle_seconds: 0}\n", encoding="utf-8")
    made = Workspace(tmp_path)
    made.make_folders()
    return made


def test_what_can_be_recorded_is_what_the_contract_promises() -> None:
    rules = load_contract("sources", "interventions").rules
    values = next(r.arguments["validValues"] for r in rules if r.column == "action" and "validValues" in r.arguments)
    assert set(ACTIONS) == set(values)


def test_a_record_reaches_the_canonical_table(workspace: Workspace) -> None:
    record_intervention(
        workspace.inbox,
        Intervention("joint_visit", NOW, "SJ1", "stage_overrun|SJ1|1", "ZG1", f" {NOTE} "),
    )
    until = datetime(2025, 10, 9, 9, 0, tzinfo=NOW.tzinfo)
    record_intervention(workspace.inbox, Intervention("snoozed", NOW, alert_key="a|b|1", snoozed_until=until))
    run = Run.of(workspace.root, run_id="r1", now=NOW)
    con = connect(run)
    try:
        take_inbox(con, run, sleep=lambda seconds: None)
        build_staging(con, run)
        rows = _rows(con)
    finally:
        con.close()
    assert rows == [
        (
            "joint_visit",
            "SJ1",
            "stage_overrun|SJ1|1",
            "ZG1",
            '与客户谈了 "价格"\n=1+1 13800001234',
            NOW,
            NOW,
            None,
            "form",
        ),
        ("snoozed", None, "a|b|1", None, None, NOW, NOW, until, "form"),
    ]


def _rows(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return con.execute(
        """select action, opportunity_id, alert_key, supervisor_id, note, occurred_at, recorded_at, snoozed_until,
             source_kind from staging.interventions order by action"""
    ).fetchall()


def test_a_record_is_one_line_whole_or_not_there(workspace: Workspace) -> None:
    path = record_intervention(workspace.inbox, Intervention("other", NOW, "SJ1", note="x" * 5000))
    assert [p.name for p in workspace.inbox.iterdir()] == [path.name]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1
    assert len(json.loads(lines[0])["note"]) == LONGEST_NOTE


def test_records_made_in_one_instant_are_two_files(workspace: Workspace) -> None:
    paths = {record_intervention(workspace.inbox, Intervention("other", NOW, "SJ1")) for _ in range(3)}
    assert len(paths) == 3


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (Intervention("other", NOW), "concerns nothing"),
        (Intervention("snoozed", NOW, "SJ1"), "needs its end"),
        (Intervention("other", NOW, "SJ1", snoozed_until=NOW), "needs its end"),
    ],
)
def test_a_senseless_record_is_refused(workspace: Workspace, record: Intervention, problem: str) -> None:
    with pytest.raises(StagewatchError, match=problem):
        record_intervention(workspace.inbox, record)
    assert not list(workspace.inbox.iterdir())


def test_an_inbox_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StagewatchError, match="could not be kept"):
        record_intervention(tmp_path / "nowhere", Intervention("other", NOW, "SJ1"))
