"""What `stagewatch demo` sets up; the run itself is tried where whole runs are."""

import pytest

from data_contracts.settings import load_settings
from pipelines import demo
from simulation.company import Summary
from simulation.daily_reports.levels import DailyReports
from simulation.parameters import Parameters


@pytest.mark.parametrize("legacy", [None, DailyReports()])
def test_offices_with_daily_reports_get_the_mappings_that_read_them(tmp_path, monkeypatch, legacy):
    monkeypatch.setattr(demo, "simulate", lambda folder, parameters: Summary(0, 0, {}))
    demo.write_demo_inputs(tmp_path, Parameters(daily_reports=legacy))
    usual = ("company_forms", "company_paper", "company_crm", "company_reference")
    assert load_settings(tmp_path).mappings == (*usual, *(demo.legacy_mappings() if legacy else ()))
