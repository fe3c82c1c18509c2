"""What counts as a breaking change, for those who send and for those who read; and that no release breaks unsaid."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_contracts.compatibility import (
    compare,
    compare_all,
    promise_of,
    read_promises,
    released_promises,
    shipped_promises,
    write_release,
)
from data_contracts.contract import load_contract
from data_contracts.errors import StagewatchError
from data_contracts.playbook import shipped

SOURCE = promise_of(load_contract("sources", "visits"))
MART = promise_of(load_contract("marts", "stage_spells"))


def test_no_contract_breaks_what_was_released_without_saying_so() -> None:
    """CI's guard. Where it fails, `stagewatch contracts diff` says to what version to raise the contract."""
    faults = [
        f"{c.table} {c.old_version} -> {c.new_version}, needs {c.least_version}: {[x.said for x in c.changes]}"
        for c in compare_all(released_promises(), shipped_promises())
        if not c.is_version_enough
    ]
    assert faults == []


def rule(promise: dict[str, Any], rule_id: str, **changes: Any) -> None:
    promise["rules"][rule_id].update(changes)


def drop_column(p: dict[str, Any], name: str) -> None:
    del p["columns"][name]


def rename(p: dict[str, Any], name: str, to: str) -> None:
    p["columns"] = {to if n == name else n: c for n, c in p["columns"].items()}


NEW: dict[str, Any] = {"metric": "sql", "column": None, "severity": "error", "arguments": {}, "query": "select"}
# what is done to a promise, its kind, the step a source and a mart need; the names stand in both contracts.
CASES: list[tuple[Callable[[dict[str, Any]], Any], str, str, str]] = [
    (lambda p: drop_column(p, next(iter(p["columns"]))), "column_removed", "major", "major"),
    (lambda p: rename(p, next(iter(p["columns"])), "other"), "column_renamed", "major", "major"),
    (lambda p: next(iter(p["columns"].values())).update(type="DATE"), "column_retyped", "major", "major"),
    (lambda p: p["columns"].update(z={"type": "DATE", "required": False}), "column_added", "minor", "minor"),
    (lambda p: p["columns"].update(z={"type": "DATE", "required": True}), "column_added", "major", "minor"),
    (lambda p: p.update(columns=dict(reversed(p["columns"].items()))), "columns_reordered", "minor", "minor"),
    (lambda p: p["columns"][first(p, True)].update(required=False), "required_changed", "minor", "major"),
    (lambda p: p["columns"][first(p, False)].update(required=True), "required_changed", "major", "minor"),
    (lambda p: p.update(key=["other"]), "key_changed", "major", "major"),
    (lambda p: p["rules"].update(z=NEW), "rule_added", "major", "minor"),
    (lambda p: p["rules"].update(z={**NEW, "severity": "warning"}), "rule_added", "minor", "minor"),
    (lambda p: p["rules"].pop(accepting(p)), "rule_removed", "minor", "major"),
    (lambda p: rule(p, accepting(p), severity="warning"), "severity_changed", "minor", "major"),
    (lambda p: p["rules"][accepting(p)]["arguments"]["validValues"].append("new"), "value_added", "minor", "major"),
    (lambda p: p["rules"][accepting(p)]["arguments"]["validValues"].pop(), "value_removed", "major", "minor"),
    (lambda p: rule(p, bounded(p), arguments={"minimum": -5}), "minimum_changed", "minor", "major"),
    (lambda p: rule(p, bounded(p), arguments={"minimum": 5}), "minimum_changed", "major", "minor"),
    (lambda p: rule(p, asking(p), query="select 1"), "rule_changed", "major", "major"),
    (lambda p: rule(p, "volume_usual", arguments={"low": 0.9}), "rule_changed", "minor", "minor"),
    (lambda p: p.update(words="others"), "words_changed", "patch", "patch"),
]


def first(p: dict[str, Any], required: bool) -> str:
    return next(n for n, c in p["columns"].items() if c["required"] is required)


def accepting(p: dict[str, Any]) -> str:
    return next(n for n, r in p["rules"].items() if "validValues" in r["arguments"] and r["severity"] == "error")


def asking(p: dict[str, Any]) -> str:
    return next(n for n, r in p["rules"].items() if r["metric"] == "sql" and r["severity"] == "error")


def bounded(p: dict[str, Any]) -> str:
    return next(n for n, r in p["rules"].items() if "minimum" in r["arguments"] and r["severity"] == "error")


@pytest.mark.parametrize(("change", "kind", "source", "mart"), CASES, ids=[f"{n}-{c[1]}" for n, c in enumerate(CASES)])
@pytest.mark.parametrize("layer", ["sources", "marts"])
def test_a_change_asks_for_the_version_that_its_reader_needs(
    layer: str, change: Callable[[dict[str, Any]], Any], kind: str, source: str, mart: str
) -> None:
    old = copy.deepcopy(SOURCE if layer == "sources" else MART)
    for arguments in (r["arguments"] for r in old["rules"].values() if "minimum" in r["arguments"]):
        arguments.clear()
        arguments["minimum"] = 1
    new = copy.deepcopy(old)
    change(new)
    found = compare("t", old, new)
    expected = source if layer == "sources" else mart
    assert kind in {c.what for c in found.changes}
    assert {c.asks_for for c in found.changes if c.what == kind} == {expected}
    assert found.asks_for == expected
    assert not found.is_version_enough  # the version is the same
    new["version"] = found.least_version
    assert compare("t", old, new).is_version_enough


def test_versions_are_numbers() -> None:
    old, new = {**MART, "version": "9.9.9"}, {**copy.deepcopy(MART), "words": "others"}
    for version, enough in (("9.9.10", True), ("9.10.0", True), ("10.0.0", True), ("9.9.9", False), ("8.9.10", False)):
        assert compare("t", old, {**new, "version": version}).is_version_enough is enough
    assert not compare("t", old, {**MART, "version": "9.9.8"}).is_version_enough  # nothing changed, yet it went back


def test_a_contract_may_come_and_may_not_go() -> None:
    assert compare("t", None, MART).is_version_enough
    gone = compare("t", MART, None)
    assert (gone.asks_for, gone.is_version_enough, gone.least_version) == ("major", False, None)


def test_promises_are_read_from_files_folders_and_releases(tmp_path: Path) -> None:
    write_release(tmp_path / "r.json", {"marts.stage_spells": MART})
    assert read_promises(tmp_path / "r.json") == {"marts.stage_spells": MART}
    text = (shipped("marts") / "stage_spells.odcs.yaml").read_text(encoding="utf-8")
    (tmp_path / "any.odcs.yaml").write_text(text, encoding="utf-8")
    assert read_promises(tmp_path / "any.odcs.yaml") == read_promises(tmp_path) == {"marts.stage_spells": MART}
    (tmp_path / "bad.json").write_text(json.dumps({"format": 9, "contracts": {}}), encoding="utf-8")
    for path in (tmp_path / "bad.json", tmp_path / "none.json"):
        with pytest.raises(StagewatchError, match=path.name):
            read_promises(path)
