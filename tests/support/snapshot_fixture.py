"""Snapshots for tests of what reads them: a tiny warehouse, built and published as a run would.

    tiny = with_tables(Tiny(as_of="2025-06-01 00:00"))
    ... tiny.events(...), tiny.build() ...
    snapshot = open_snapshot(publish_tiny(tiny, tmp_path))
"""

from __future__ import annotations

from pathlib import Path

from tiny import Tiny

from assets import contract_checks
from assets.publish import publish
from assets.warehouse import run_script
from assets.workspace import Run, Workspace

FORECAST = """
    create table if not exists ml.forecast (
      week_start date, scope varchar, scope_id varchar, signings double, signings_low double, signings_high double,
      amount double, amount_low double, amount_high double);
    create table if not exists ml.forecast_quarter (
      scope varchar, scope_id varchar, period varchar, target double, signed double, forecast double, low double,
      high double, p_target_met double, gap double)"""


def with_tables(tiny: Tiny) -> Tiny:
    """The tables that steps other than the marts make, empty."""
    for package in ("assets.landing", "assets.staging", "assets.alerts"):
        run_script(tiny.con, package, "tables.sql")
    tiny.con.execute(contract_checks.TABLE)
    tiny.con.execute(FORECAST)
    return tiny


def publish_tiny(tiny: Tiny, root: Path, run_id: str = "tiny") -> Path:
    """Publish a built warehouse under the workspace folder `root`; the folder that holds the snapshot."""
    workspace = Workspace(root)
    workspace.make_folders()
    known = tiny.con.execute("select count(*) from ref.settings where key = 'as_of'").fetchone()
    if known == (0,):
        tiny.con.execute("insert into ref.settings values ('as_of', ?)", [tiny.as_of.isoformat()])
    publish(tiny.con, Run(workspace, tiny.settings, tiny.playbook, run_id, tiny.as_of, tiny.as_of))
    return workspace.published
