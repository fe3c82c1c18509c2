"""Nobody is called: a run needs no network and tries none, and every dependency's telemetry is off."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from assets.workspace import Workspace
from data_contracts.telemetry import NO_TELEMETRY
from pipelines.init import init_workspace
from pipelines.serve import the_services
from whole_runs import FirstRun

# Packages whose one purpose is to report use; none may come in with a dependency unseen.
REPORTERS = {"posthog", "segment-analytics-python", "analytics-python", "sentry-sdk", "mixpanel", "amplitude-analytics",
             "scarf", "bugsnag", "rollbar", "statsig", "launchdarkly-server-sdk"}  # fmt: skip


def test_a_whole_run_tries_no_network(first_run: FirstRun) -> None:
    """Every name asked for and every address but this machine's is refused and noted, and the run ends well."""
    assert first_run.call.tries == ["socket.connect 192.0.2.1"], "the one that shows that tries are noted"


def test_no_package_that_reports_use_is_installed() -> None:
    installed = {distribution.name.lower().replace("_", "-") for distribution in distributions()}
    assert installed & REPORTERS == set()


def test_dagster_is_told_by_its_instance_and_by_the_environment(tmp_path: Path) -> None:
    """Asked as Dagster itself asks, in a process started as `serve` starts it."""
    init_workspace(tmp_path / "w", None)
    service = the_services(Workspace(tmp_path / "w"), "127.0.0.1", 1, 2)["daemon"]
    code = """
import dagster as dg
from dagster._core.telemetry_upload import is_running_in_test
from dagster_shared.telemetry import get_telemetry_enabled_from_dagster_yaml
with dg.DagsterInstance.get() as instance:
    print(instance.telemetry_enabled, instance.nux_enabled, get_telemetry_enabled_from_dagster_yaml())
print(is_running_in_test())
"""
    asked = subprocess.run(
        [sys.executable, "-c", code], env=dict(service.environment), capture_output=True, text=True, check=True
    )
    assert asked.stdout.split() == ["False", "False", "False", "True"]


def test_the_dashboard_is_told_by_option_and_environment(tmp_path: Path) -> None:
    init_workspace(tmp_path / "w", None)
    service = the_services(Workspace(tmp_path / "w"), "127.0.0.1", 1, 2)["dashboard"]
    assert "--browser.gatherUsageStats=false" in service.argv
    assert service.environment["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"


def test_the_command_says_no_before_it_imports_anything_that_would_report() -> None:
    code = """
import sys
import pipelines.cli, os
loaded = {"great_expectations", "streamlit", "dagster"} & set(sys.modules)
print(sorted(loaded), os.environ["GX_ANALYTICS_ENABLED"], os.environ["DAGSTER_DISABLE_TELEMETRY"])
"""
    bare = {name: value for name, value in os.environ.items() if name not in NO_TELEMETRY}
    asked = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "[] false 1"
