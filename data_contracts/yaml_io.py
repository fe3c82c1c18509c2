"""The one YAML loader: YAML 1.2 scalars, no anchors, aliases, tags or duplicate keys, bounded size and depth.

YAML 1.1 reads `NO` as false, `1:30` as 90 and `0123` as 83; an alias bomb of a few lines grows to
gigabytes; of two equal keys the last wins in silence. None of that can happen here: the parser (libyaml,
where PyYAML brings it) only cuts the text into events, and what a scalar means is decided below, by YAML 1.2's
core schema. So a date is text, and a key is text always: `{1: won, NO: lost}` has the keys "1" and "NO".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml  # type: ignore[import-untyped]
from pydantic import BaseModel, ValidationError

from data_contracts.errors import StagewatchError

MAX_BYTES = 4_000_000
MAX_DEPTH = 40
MAX_DIGITS = 300
Model = TypeVar("Model", bound=BaseModel)

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def load_yaml(source: Path | Traversable) -> Any:
    """Read one YAML document; raises StagewatchError naming the file, the line and the remedy."""
    try:
        with source.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
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
    """Parse one YAML document from text (`name` is used in errors); None where there is none."""
    try:
        return _build(yaml.parse(text, Loader=_PARSER), name)
    except yaml.YAMLError as error:
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
        faults = "; ".join(_fault(fault, model) for fault in error.errors())
        guide = "docs/mappings.md" if name.startswith("mappings/") else "docs/"
        raise StagewatchError(faults, remedy=f"see {guide} for the settings that exist", file=name) from error


def _fault(fault: Any, model: type[BaseModel]) -> str:
    """One fault in words: where it is, what is wrong, and for a misspelt name the nearest one there is."""
    if fault["type"] == "value_error" and not fault["loc"]:
        return str(fault["msg"].removeprefix("Value error, "))  # it says itself where
    where = ".".join(map(str, fault["loc"])) or "the document"
    if fault["type"] != "extra_forbidden":
        return f"{where}: {fault['msg'].removeprefix('Value error, ')}"
    near = get_close_matches(str(fault["loc"][-1]), sorted(_field_names(model, set())), n=1)
    return f"{where}: there is no such setting{f'; did you mean {near[0]!r}?' if near else ''}"


def _field_names(annotation: Any, seen: set[Any]) -> set[str]:
    """Names of all fields of a model and of the models it holds."""
    found: set[str] = set()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        seen.add(annotation)
        for field_name, field in annotation.model_fields.items():
            found |= {field.alias or field_name} | _field_names(field.annotation, seen)
    for argument in get_args(annotation):
        found |= _field_names(argument, seen)
    return found


def _build(events: Iterator[Any], name: str) -> Any:
    """One document from the parser's events. Stops at the first forbidden thing, so nothing can grow."""
    documents: list[Any] = []
    open_collections: list[list[Any] | _Mapping] = []
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent) and documents:
            raise _refusal("holds a second document", "keep one document in a file", name, event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refusal("holds an anchor or alias", "write the value out", name, event)
        if getattr(event, "tag", None):
            raise _refusal(f"holds a tag ({event.tag})", "leave it out; quote what is text", name, event)
        if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            if len(open_collections) == MAX_DEPTH:
                raise _refusal(f"is nested deeper than {MAX_DEPTH}", "flatten it", name, event)
            open_collections.append([] if isinstance(event, yaml.SequenceStartEvent) else _Mapping())
            continue
        if isinstance(event, yaml.ScalarEvent):
            value: Any = event.value
            wants_key = bool(open_collections) and isinstance(top := open_collections[-1], _Mapping) and not top.has_key
            if event.implicit[0] and not wants_key:
                value = _plain(value)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            closed = open_collections.pop()
            value = closed.entries if isinstance(closed, _Mapping) else closed
        else:
            continue
        _put(value, documents, open_collections, name, event)
    return documents[0] if documents else None


class _Mapping:
    """A mapping under construction: its entries, and the key whose value comes next."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self.key = ""
        self.has_key = False


def _put(value: Any, documents: list[Any], open_collections: list[list[Any] | _Mapping], name: str, event: Any) -> None:
    if not open_collections:
        documents.append(value)
        return
    top = open_collections[-1]
    if isinstance(top, list):
        top.append(value)
    elif top.has_key:
        top.entries[top.key], top.has_key = value, False
    elif not isinstance(value, str):
        raise _refusal("has a list or mapping as a key", "write the key as text", name, event)
    elif value in top.entries:
        raise _refusal(f"names {value!r} twice", "keep one of the two", name, event)
    else:
        top.key, top.has_key = value, True


def _plain(text: str) -> Any:
    """What an unquoted scalar means by YAML 1.2's core schema."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= MAX_DIGITS else text
    if _OCTAL_OR_HEX.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


def _refusal(message: str, remedy: str, name: str, event: Any) -> StagewatchError:
    mark = event.start_mark
    return StagewatchError(message, remedy=remedy, file=name, row=mark.line + 1 if mark else None)
