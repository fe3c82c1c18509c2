"""`stagewatch contracts diff`: what changed of contracts, in lines for people or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from data_contracts.compatibility import (
    Comparison,
    as_json,
    compare_all,
    read_promises,
    released_promises,
    shipped_promises,
    write_release,
)
from data_contracts.errors import StagewatchError


def diff(files: list[Path], against: Path | None) -> list[Comparison]:
    """The contracts in `files` (default: those of this program) against those in `against` (default: the release).

    With files, only the tables that stand in them are compared: what is not named is not gone.
    """
    old = released_promises() if against is None else read_promises(against)
    if not files:
        return compare_all(old, shipped_promises())
    new = {table: promise for path in files for table, promise in read_promises(path).items()}
    return compare_all({table: promise for table, promise in old.items() if table in new}, new)


def told(comparisons: list[Comparison], as_data: bool) -> str:
    """What to print: a line a change under a line a contract; unchanged ones are only counted."""
    if as_data:
        return json.dumps([as_json(c) for c in comparisons], ensure_ascii=False, indent=2)
    lines = []
    for c in comparisons:
        if not c.changes and c.is_version_enough:
            continue
        verdict = "BREAKING" if c.asks_for == "major" else "compatible"
        enough = "" if c.is_version_enough else _remedy(c)
        lines.append(f"{c.table}  {c.old_version or '-'} -> {c.new_version or '-'}  {verdict}{enough}")
        lines += [f"  {change.asks_for:<6} {change.said}" for change in c.changes]
    changed, breaking = sum(bool(c.changes) for c in comparisons), sum(c.asks_for == "major" for c in comparisons)
    lines.append(f"{len(comparisons)} contracts: {changed} changed, {breaking} of them breaking")
    return "\n".join(lines)


def release(path: Path) -> int:
    """Write the program's contracts as released to `path`; how many. Refused while a version says too little."""
    faults = [c.table for c in diff([], path if path.is_file() else None) if not c.is_version_enough and c.new_version]
    if faults:
        raise StagewatchError(
            f"nothing was written, the version does not say what changed: {', '.join(faults)}",
            remedy="see `stagewatch contracts diff`, and raise the version in each file",
        )
    promises = shipped_promises()
    write_release(path, promises)
    return len(promises)


def _remedy(comparison: Comparison) -> str:
    if comparison.new_version is None:
        return ": keep it, or drop it in a release of its own"
    return f": the version must be at least {comparison.least_version}"
