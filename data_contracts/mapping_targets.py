"""What a mapping says by itself of the values it yields: its constants and what its value maps lead to.

So a misspelt `won` or stage is found when the mapping is read, by the name of the field that holds it, and not row
by row in the quarantine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from data_contracts.contract import load_contract
from data_contracts.mapping_values import Constant, Value, plain_text
from data_contracts.playbook import Playbook

if TYPE_CHECKING:
    from data_contracts.mapping import Mapping as SourceMapping


def targets(value: Value, value_maps: Mapping[str, Mapping[str, str | None]]) -> tuple[str, ...]:
    """The values that stand in the mapping itself, each once; none where all of them come from the file."""
    pairs = value_maps.get(value.values, {}) if isinstance(value.values, str) else value.values or {}
    found = [value.constant, *pairs.values(), value.default]
    if isinstance(value.otherwise, Constant):
        found.append(value.otherwise.constant)
    texts = (str(t).lower() if isinstance(t, bool) else plain_text(t) for t in found if t is not None)
    return tuple(dict.fromkeys(texts))


def refused_by_contract(mapping: SourceMapping) -> Iterator[str]:
    """What the mapping yields for a column of few accepted values that is none of them, in words."""
    for _, where, record, column, value in mapping.placed_values():
        for rule in load_contract("sources", record).rules:
            accepted = rule.arguments.get("validValues") if rule.metric == "invalidValues" else None
            if accepted and rule.column == column:
                yield from _strange(where, value, mapping, accepted, "what it accepts")


def refused_by_playbook(mapping: SourceMapping, playbook: Playbook) -> Iterator[str]:
    """The stages that the mapping yields and the playbook does not have, in words."""
    stages = [stage.stage for stage in playbook.stages]
    for _, where, record, column, value in mapping.placed_values():
        if (record, column) == ("stage_events", "stage"):
            yield from _strange(where, value, mapping, stages, f"the stages of the playbook {playbook.playbook}")


def _strange(where: str, value: Value, mapping: SourceMapping, known: list[str], what: str) -> Iterator[str]:
    for target in targets(value, mapping.value_maps):
        if target not in known:
            close = get_close_matches(target, known, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            yield f"{where} yields {target!r}: {hint}{what}: {', '.join(known)}"
