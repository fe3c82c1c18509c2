"""`stagewatch contracts diff` on files: what it prints, and when it says that a version is too low."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_contracts.errors import StagewatchError
from data_contracts.playbook import shipped
from pipelines import contract_diff
from pipelines.cli import app


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The contract of visits with a status that is no longer accepted and a column that is new."""
    text = (shipped("sources") / "visits.odcs.yaml").read_text(encoding="utf-8")
    assert "validValues: [planned, done, rescheduled, cancelled, no_show]" in text
    path = tmp_path / "visits.odcs.yaml"
    path.write_text(text.replace(", no_show]", "]").replace("      - name: note\n", """      - name: mood
        businessName: 心情
        synonyms:
          - {synonym: Mood, locale: en}
        logicalType: string
        physicalType: VARCHAR
        required: false
        description: How it went.
      - name: note
"""), encoding="utf-8")  # fmt: skip
    return path


def test_each_change_is_told_and_the_version_it_needs(changed: Path) -> None:
    (found,) = contract_diff.diff([changed], Path(str(shipped("sources") / "visits.odcs.yaml")))
    assert {(c.what, c.about, c.is_breaking) for c in found.changes} == {
        ("column_added", "mood", False),
        ("value_removed", "status_accepted_values", True),
    }
    major = int((found.old_version or "").split(".")[0]) + 1
    text = contract_diff.told([found], as_data=False)
    assert f"BREAKING: the version must be at least {major}.0.0" in text
    assert "rule status_accepted_values no longer accepts 'no_show'" in text
    assert text.endswith("1 contracts: 1 changed, 1 of them breaking")
    (data,) = json.loads(contract_diff.told([found], as_data=True))
    assert (data["asks_for"], data["is_version_enough"], data["least_version"]) == ("major", False, f"{major}.0.0")


def test_a_release_is_written_and_then_nothing_differs(tmp_path: Path) -> None:
    path = tmp_path / "released.json"
    count = contract_diff.release(path)
    found = contract_diff.diff([], path)
    assert (len(found), [c.changes for c in found if c.changes]) == (count, [])


def test_a_release_is_refused_while_a_version_says_too_little(tmp_path: Path) -> None:
    path = tmp_path / "released.json"
    contract_diff.release(path)
    before = path.read_text(encoding="utf-8")
    document = json.loads(before)
    document["contracts"]["marts.funnel"]["columns"]["gone"] = {"type": "DATE", "required": False}
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(StagewatchError, match=r"marts\.funnel"):
        contract_diff.release(path)


def test_ci_fails_on_a_breaking_change_without_a_major_version(changed: Path, repository: Path) -> None:
    said = CliRunner().invoke(app, ["contracts", "diff", str(changed)])
    assert (said.exit_code, "BREAKING" in said.stdout) == (2, True)
    assert CliRunner().invoke(app, ["contracts", "diff"]).exit_code == 0
    # The command is what `make check` runs, and that is what CI runs.
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    (check,) = [line for line in makefile.splitlines() if line.startswith("check:")]
    assert "contracts" in check.partition("##")[0].split()
    assert "\ncontracts: setup" in makefile and "$(RUN)/stagewatch contracts diff\n" in makefile
    assert "make check\n" in (repository / ".ci" / "run").read_text(encoding="utf-8")
