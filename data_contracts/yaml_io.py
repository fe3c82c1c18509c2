"""The one YAML loader: YAML 1.2 scalars, no aliases, no duplicate keys, no tags, bounded size.

YAML 1.1 reads `NO` as false, `1:30` as 90 and `0123` as 83; an alias bomb of a few lines grows to
gigabytes; of two equal keys the last wins in silence. None of that can happen here.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent

from data_contracts.errors import StagewatchError

MAX_BYTES = 4_000_000
MAX_DEPTH = 40
Model = TypeVar("Model", bound=BaseModel)


def load_yaml(source: Path | Traversable) -> Any:
    """Read one YAML document; raises StagewatchError naming the file, the line and the remedy."""
    try:
        raw = source.read_bytes()
    except OSError as error:
        raise StagewatchError(
            f"cannot be read: {error.strerror or error}", remedy="check the path and the rights", file=str(source)
        ) from error
    if len(raw) > MAX_BYTES:
        raise StagewatchError(f"is larger than {MAX_BYTES:,} bytes", remedy="split it", file=str(source))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StagewatchError("is not UTF-8", remedy="save it as UTF-8", file=str(source)) from error
    return parse_yaml(text, str(source))


def parse_yaml(text: str, name: str = "YAML") -> Any:
    """Parse one YAML document from text (`name` is used in errors)."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    yaml.allow_duplicate_keys = False
    try:
        _refuse_aliases(YAML(typ="safe", pure=True).parse(text), name)
        return yaml.load(text)
    except (YAMLError, ValueError) as error:  # ValueError: an impossible date such as 2025-13-45
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise StagewatchError(
            f"is not valid YAML: {problem}",
            remedy="mend the line; quote text that holds : # or leading special characters",
            file=name,
            row=None if mark is None else mark.line + 1,
        ) from error


def load_model(source: Path | Traversable, model: type[Model]) -> Model:
    """Read a YAML file into a pydantic model; unknown or wrong settings are named with their path."""
    return validate_model(load_yaml(source), model, str(source))


def validate_model(data: Any, model: type[Model], name: str) -> Model:
    """Validate parsed YAML against a model; raises StagewatchError listing every fault."""
    try:
        return model.model_validate({} if data is None else data)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the document'}: {fault['msg']}" for fault in error.errors()
        )
        raise StagewatchError(faults, remedy="see docs/ for the settings that exist", file=name) from error


def _refuse_aliases(events: Iterator[Any], name: str) -> None:
    depth = 0
    for event in events:
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            line = event.start_mark.line + 1 if event.start_mark else None
            raise StagewatchError("holds an anchor or alias", remedy="write the value out", file=name, row=line)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise StagewatchError(f"is nested deeper than {MAX_DEPTH}", remedy="flatten it", file=name)
