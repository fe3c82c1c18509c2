"""The wheel: it owns its seven names alone, carries its data and no tests, and runs from elsewhere."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

NAMES = {"data_contracts", "models", "queries", "assets", "pipelines", "dashboards", "simulation"}


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(repository)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_our_packages_and_nothing_else(wheel: Path) -> None:
    top = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == NAMES


def test_no_other_distribution_owns_our_names() -> None:
    owners = packages_distributions()
    assert {owner for name in NAMES for owner in owners.get(name, [])} <= {"stagewatch"}


def test_data_files_travel_and_tests_do_not(wheel: Path, repository: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(repository).as_posix()
        for package in NAMES
        for ending in ("*.sql", "*.yaml", "*.html", "*.j2", "*.toml")
        for path in (repository / package).rglob(ending)
    }
    assert wanted - packed == set()
    assert {"pipelines/_shipped/dagster.yaml", "pipelines/_shipped/examples/bpic2012/stagewatch.yaml"} <= packed
    assert not [name for name in packed if "test_" in name or name.startswith(("benchmarks", "docs"))]
