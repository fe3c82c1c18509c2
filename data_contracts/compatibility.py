"""What changed between two versions of a contract, whom it breaks, and which version number that asks for.

Who relies on a contract decides what breaks. On a **source** rely those who send: what was accepted must stay
accepted, so a tighter rule breaks and a looser one does not. On a **mart** rely those who read: what was promised
must stay promised, so a looser rule breaks and a tighter one does not. A rule that only warns breaks nobody. Where
two versions of a rule cannot be compared (SQL, a pattern), a change of it counts as breaking.

The promises of the last release stand in `released.json`, which travels with the package. A test of the
contracts as they are against it is what keeps a breaking change from going out without a new major version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from data_contracts.contract import Contract, load_contract, names, read_contract
from data_contracts.errors import StagewatchError

Bump = Literal["none", "patch", "minor", "major"]
Promise = Mapping[str, Any]
BUMPS: tuple[Bump, ...] = ("none", "patch", "minor", "major")
FORMAT = 1


@dataclass(frozen=True)
class Change:
    """One change: `what` is its kind, `about` the column or rule, `said` a sentence, `asks_for` the version step."""

    what: str
    about: str
    said: str
    asks_for: Bump

    @property
    def is_breaking(self) -> bool:
        return self.asks_for == "major"


@dataclass(frozen=True)
class Comparison:
    """One contract then and now. `old_version` is None for a new contract, `new_version` for one that is gone."""

    table: str
    old_version: str | None
    new_version: str | None
    changes: tuple[Change, ...]

    @property
    def asks_for(self) -> Bump:
        """The version step that the largest change asks for."""
        return max((c.asks_for for c in self.changes), key=BUMPS.index, default="none")

    @property
    def is_version_enough(self) -> bool:
        """Whether the version says what changed. A contract that is gone has none left to say it with."""
        if self.old_version is None:
            return True
        if self.new_version is None:
            return False
        old, new = _numbers(self.old_version), _numbers(self.new_version)
        kept = {"major": 1, "minor": 2, "patch": 3}.get(self.asks_for)
        return new >= old if kept is None else new[:kept] > old[:kept]

    @property
    def least_version(self) -> str | None:
        """The lowest version that would be enough; None for a contract that is new or gone."""
        if self.old_version is None or self.new_version is None:
            return None
        major, minor, patch = _numbers(self.old_version)
        return {
            "major": f"{major + 1}.0.0", "minor": f"{major}.{minor + 1}.0", "patch": f"{major}.{minor}.{patch + 1}",
        }.get(self.asks_for, self.old_version)  # fmt: skip


def promise_of(contract: Contract) -> dict[str, Any]:
    """What a contract promises, as plain JSON; words only as a hash."""
    words = [contract.name_zh, contract.name_en, contract.description, contract.description_zh, contract.grain]
    words += [w for c in contract.columns for w in (c.name_zh, c.name_en, c.description, c.description_zh)]
    words += [w for r in contract.rules for w in (r.text.zh, r.text.en, r.dimension)]
    promise = {
        "layer": contract.layer,
        "version": contract.version,
        "key": contract.keys,
        "columns": {c.name: {"type": c.type, "required": c.required} for c in contract.columns},
        "rules": {
            r.rule_id: {
                "metric": r.metric, "column": r.column, "severity": r.severity, "arguments": r.arguments,
                "query": " ".join((r.query or "").split()),
            }
            for r in contract.rules
        },
        "words": hashlib.sha256("\0".join(w or "" for w in words).encode()).hexdigest()[:16],
    }  # fmt: skip
    plain: dict[str, Any] = json.loads(json.dumps(promise, ensure_ascii=False))
    return plain


def shipped_promises() -> dict[str, Promise]:
    """The promises of the contracts as they stand in this program, by table."""
    contracts = [load_contract(layer, name) for layer in ("sources", "marts") for name in names(layer)]
    return {c.table: promise_of(c) for c in contracts}


def released_promises() -> dict[str, Promise]:
    """The promises of the last release, by table."""
    return _parse_lock((files("data_contracts") / "released.json").read_text(encoding="utf-8"), "released.json")


def read_promises(path: Path) -> dict[str, Promise]:
    """The promises in a contract file, a folder of such files (searched through) or a file written by a release."""
    if path.is_dir():
        found = sorted(path.rglob("*.odcs.yaml"))
        if not found:
            raise StagewatchError("holds no contract", remedy="contracts are named NAME.odcs.yaml", file=str(path))
        return {c.table: promise_of(c) for c in map(read_contract, found)}
    if path.suffix == ".json":
        try:
            return _parse_lock(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise StagewatchError(f"cannot be read: {error.strerror}", remedy="check it", file=str(path)) from error
    contract = read_contract(path)
    return {contract.table: promise_of(contract)}


def write_release(path: Path, promises: Mapping[str, Promise]) -> None:
    """Write the promises as those of a release, sorted, so that a version control system shows what changed."""
    document = {"format": FORMAT, "contracts": dict(sorted(promises.items()))}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def compare_all(old: Mapping[str, Promise], new: Mapping[str, Promise]) -> list[Comparison]:
    """Every table of either side, sorted by name."""
    return [compare(table, old.get(table), new.get(table)) for table in sorted({*old, *new})]


def compare(table: str, old: Promise | None, new: Promise | None) -> Comparison:
    """What changed of one contract."""
    if old is None or new is None:
        change = (
            Change("contract_removed", table, "the contract is gone", "major")
            if new is None
            else Change("contract_added", table, "a new contract", "minor")
        )
        return Comparison(table, old["version"] if old else None, new["version"] if new else None, (change,))
    changes = [*_columns(old, new), *_rules(old, new)]
    if not changes and old["words"] != new["words"]:
        changes = [Change("words_changed", table, "names or explanations changed", "patch")]
    return Comparison(table, old["version"], new["version"], tuple(changes))


def as_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain data."""
    return {
        **asdict(comparison),
        "is_breaking": comparison.asks_for == "major",
        "asks_for": comparison.asks_for,
        "least_version": comparison.least_version,
        "is_version_enough": comparison.is_version_enough,
    }


def _columns(old: Promise, new: Promise) -> Iterator[Change]:
    was, now = old["columns"], new["columns"]
    renamed = _renamed(was, now)
    for name, column in was.items():
        if name in renamed:
            yield Change("column_renamed", name, f"column {name} is now called {renamed[name]}", "major")
        elif name not in now:
            yield Change("column_removed", name, f"column {name} is gone", "major")
        else:
            yield from _column(name, column, now[name], old["layer"])
    for name, column in now.items():
        if name in was or name in renamed.values():
            continue
        breaks = column["required"] and old["layer"] == "sources"
        said = f"column {name} is new" + (" and required of those who send" if breaks else "")
        yield Change("column_added", name, said, "major" if breaks else "minor")
    if [n for n in was if n in now] != [n for n in now if n in was]:
        yield Change("columns_reordered", "columns", "the columns stand in another order", "minor")
    if old["key"] != new["key"]:
        said = f"the key was {', '.join(old['key'])} and is {', '.join(new['key'])}"
        yield Change("key_changed", "key", said, "major")


def _renamed(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """Columns that are gone while another of the same kind stands in their place."""
    places = list(now)
    return {
        name: places[place]
        for place, (name, column) in enumerate(was.items())
        if name not in now and place < len(places) and places[place] not in was and now[places[place]] == column
    }


def _column(name: str, was: Mapping[str, Any], now: Mapping[str, Any], layer: str) -> Iterator[Change]:
    if was["type"] != now["type"]:
        yield Change("column_retyped", name, f"column {name} was {was['type']} and is {now['type']}", "major")
    if was["required"] != now["required"]:
        breaks = now["required"] == (layer == "sources")
        said = "may no longer be empty" if now["required"] else "may now be empty"
        yield Change("required_changed", name, f"column {name} {said}", "major" if breaks else "minor")


def _rules(old: Promise, new: Promise) -> Iterator[Change]:
    was, now, layer = old["rules"], new["rules"], old["layer"]
    # What a column implies is told by the column.
    implied = {f"{c}_required" for c in {*old["columns"], *new["columns"]}} | {"columns", "key_unique"}
    for rule_id in sorted({*was, *now} - implied):
        before, after = was.get(rule_id), now.get(rule_id)
        if before == after:
            continue
        if before is None or after is None:
            word, tighter = ("added", True) if before is None else ("removed", False)
            severity = (before or after or {})["severity"]
            said = f"rule {rule_id} ({severity}) is {'new' if tighter else 'gone'}"
            yield Change(f"rule_{word}", rule_id, said, _step(layer, tighter, severity))
            continue
        if before["severity"] != after["severity"]:
            tighter = after["severity"] == "error"
            said = f"rule {rule_id} was {before['severity']} and is {after['severity']}"
            yield Change("severity_changed", rule_id, said, _step(layer, tighter, "error"))
        if {**before, "severity": ""} != {**after, "severity": ""}:
            yield from _arguments(rule_id, before, after, layer)


def _arguments(rule_id: str, was: Mapping[str, Any], now: Mapping[str, Any], layer: str) -> Iterator[Change]:
    """Changes of what a rule asks for, values and bounds each by itself."""
    severity = "error" if "error" in (was["severity"], now["severity"]) else "warning"
    if any(was[k] != now[k] for k in ("metric", "column", "query")) or not _comparable(was, now):
        yield Change("rule_changed", rule_id, f"rule {rule_id} asks for something else", _step(layer, None, severity))
        return
    before, after = was["arguments"], now["arguments"]
    values_before, values_after = before.get("validValues", []), after.get("validValues", [])
    for value in values_before:
        if value not in values_after:
            said = f"rule {rule_id} no longer accepts {value!r}"
            yield Change("value_removed", rule_id, said, _step(layer, True, severity))
    for value in values_after:
        if value not in values_before:
            yield Change(
                "value_added", rule_id, f"rule {rule_id} also accepts {value!r}", _step(layer, False, severity)
            )
    for bound, sign in (("minimum", 1), ("maximum", -1)):
        low, high = before.get(bound), after.get(bound)
        if low != high:
            tighter = low is None or (high is not None and sign * high > sign * low)
            was_said, is_said = ("none" if b is None else f"{b:g}" for b in (low, high))
            said = f"rule {rule_id}: the {bound} was {was_said} and is {is_said}"
            yield Change(f"{bound}_changed", rule_id, said, _step(layer, tighter, severity))


def _comparable(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the rules differ in nothing but accepted values, or in nothing but an inclusive range."""
    shapes = [set(rule["arguments"]) for rule in (was, now)]
    return was["metric"] == "invalidValues" and any(
        shape <= allowed for allowed in ({"validValues"}, {"minimum", "maximum"}) for shape in [shapes[0] | shapes[1]]
    )


def _step(layer: str, tighter: bool | None, severity: str) -> Bump:
    """The step for a rule that became tighter, looser, or (None) nobody can tell which."""
    if severity != "error":
        return "minor"
    return "major" if tighter is None or tighter == (layer == "sources") else "minor"


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def _parse_lock(text: str, name: str) -> dict[str, Promise]:
    try:
        document = json.loads(text)
        contracts: dict[str, Promise] = document["contracts"]
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r}")
    except (ValueError, KeyError, TypeError) as error:
        raise StagewatchError(
            f"is no file of released contracts: {error}", remedy="write one with --release FILE", file=name
        ) from error
    return contracts
