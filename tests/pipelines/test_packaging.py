"""The wheel: it owns its seven names alone, carries its data and no tests, and runs from elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
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


def install(wheel: Path, folder: Path, repository: Path) -> Path:
    """A virtual environment with the wheel, and this environment's libraries behind it; its folder of commands."""
    uv = shutil.which("uv") or next(map(str, repository.glob(".uv/bin/uv")), None)
    venv.create(folder, with_pip=uv is None, symlinks=os.name != "nt")
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    python = str(commands / "python")
    by_uv = [str(uv), "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, str(wheel)]
    by_pip = [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(by_uv if uv else by_pip, check=True)
    # A folder named in a .pth file is searched, and the .pth files in it are not: of this environment's own
    # editable install nothing is seen.
    (site,) = folder.glob("[Ll]ib/**/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return commands


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_wheel_installed_elsewhere_runs_the_demo(wheel: Path, repository: Path, tmp_path: Path) -> None:
    commands = install(wheel, tmp_path / "venv", repository)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}

    def call(*argv: str) -> str:
        done = subprocess.run(
            [commands / argv[0], *argv[1:]], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=500
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    homes = call("python", "-c", f"import {', '.join(NAMES)}; print(*(m.__file__ for m in ({', '.join(NAMES)})))")
    assert all(Path(home).is_relative_to(tmp_path / "venv") for home in homes.split())
    call("stagewatch", "demo", "company", "--factor", "0.003")
    status = json.loads(call("stagewatch", "status", "--workspace", "company", "--json"))
    assert status["last_run"]["status"] == "succeeded"
    assert status["ledger"]["rows_read"] > 1000 and status["checks"]["failed"] == 0
    assert list((tmp_path / "company" / "reports").glob("*.en.html"))
