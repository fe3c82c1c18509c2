"""Which mappings a workspace has, and which of them a file's name asks for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from data_contracts.errors import StagewatchError
from data_contracts.headers import Headers, load_headers
from data_contracts.mapping import Mapping, Source
from data_contracts.mapping_extends import extended
from data_contracts.playbook import find_yaml, shipped
from data_contracts.settings import Settings
from data_contracts.yaml_io import parse_yaml, validate_model

# Raise when the readers change what they make of the same bytes: every file is then read again.
READERS_VERSION = 4
READING = (
    "format", "encoding", "delimiter", "quote", "sheet", "header_row", "header_rows", "tables", "skip", "rows",
    "columns", "fill_down", "dittos", "needs", "channels",
)  # fmt: skip

# The beginning of the name of a template: a shipped mapping for a known layout of a report, tried on every file that
# no other mapping reads.
TEMPLATE = "daily_report_"

# What people record in the dashboard and settle in the review list reaches every workspace.
ALWAYS = ("dashboard_records", "review_decisions")


@dataclass(frozen=True)
class MappingFile:
    """A mapping in force: the file it stands in, its text, and whether that is the file's text of today."""

    path: str
    document: str
    mapping: Mapping
    is_good: bool


def read_mappings(
    workspace: Path,
    settings: Settings,
    last_good: dict[str, str] | None = None,
    try_out: Callable[[Mapping], None] | None = None,
) -> tuple[list[MappingFile], list[StagewatchError]]:
    """The workspace's mappings by file name, then the shipped ones its settings name and those every workspace has,
    the templates last; and what is wrong with others.

    `last_good` has texts by path that stand in for a file that cannot be used any more; `try_out` raises for a new
    mapping that reads well and cannot be used.
    """
    found: list[MappingFile] = []
    faults: list[StagewatchError] = []
    headers = _registry(workspace, faults)
    own = sorted((workspace / "mappings").glob("*.yaml"))
    stems = {path.stem for path in own}
    named = dict.fromkeys((*settings.mappings, *ALWAYS, *templates()))
    places: list[Path | str] = [*own, *(name for name in named if name not in stems)]
    for place in places:
        name = f"mappings/{place.name if isinstance(place, Path) else f'{place}.yaml'}"
        try:
            document = _document(place, workspace)
            mapping = _mapping(document, workspace, headers, name)
            if mapping.mapping in {f.mapping.mapping for f in found}:
                raise StagewatchError(
                    f"holds the mapping {mapping.mapping!r}, as another file does", remedy="change its code", file=name
                )
            # Those shipped were tried before they were.
            if try_out is not None and isinstance(place, Path) and (last_good or {}).get(name) != document:
                try_out(mapping)
            found.append(MappingFile(name, document, mapping, is_good=True))
        except StagewatchError as error:
            earlier = (last_good or {}).get(name)
            if earlier is None:
                faults.append(StagewatchError(error.message, remedy=error.remedy, file=name))
                continue
            faults.append(
                StagewatchError(
                    error.message, remedy=f"{error.remedy}; until then its last good version is used", file=name
                )
            )
            found.append(MappingFile(name, earlier, _mapping(earlier, workspace, headers, name), is_good=False))
    return found, faults


def _registry(workspace: Path, faults: list[StagewatchError]) -> Headers:
    """The header registry with the workspace's own; the shipped one alone, and a fault, where that cannot be read."""
    try:
        return load_headers(workspace)
    except StagewatchError as error:
        faults.append(error)
        return load_headers()


def _mapping(document: str, workspace: Path, headers: Headers, name: str) -> Mapping:
    """The mapping that a document says: with what it extends, and the registry's headers in the place of `@field`."""
    data = extended(parse_yaml(document, name), lambda base: parse_yaml(_document(base, workspace), base), name)
    mapping = validate_model(data, Mapping, name)
    try:
        sources = {code: source.with_registry(headers.fields) for code, source in mapping.sources.items()}
    except ValueError as error:
        raise StagewatchError(str(error), remedy="headers.yaml names the fields there are", file=name) from error
    return mapping.model_copy(update={"sources": sources})


def _document(place: Path | str, workspace: Path) -> str:
    source = place if isinstance(place, Path) else find_yaml(place, "mappings", workspace)
    try:
        return source.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise StagewatchError(
            f"cannot be read: {error.strerror or error}", remedy="check the rights", file=str(source)
        ) from error
    except UnicodeDecodeError as error:
        raise StagewatchError("is not UTF-8", remedy="save it as UTF-8", file=str(source)) from error


def is_template(mapping: Mapping) -> bool:
    """Whether it is a template, as shipped or in the workspace's own version."""
    return mapping.mapping.startswith(TEMPLATE)


@cache
def templates() -> tuple[str, ...]:
    """The codes of the shipped templates, in the order in which they are tried."""
    names = (path.name.removesuffix(".yaml") for path in shipped("mappings").iterdir())
    return tuple(sorted(name for name in names if name.startswith(TEMPLATE)))


def load_mappings(workspace: Path, settings: Settings) -> list[Mapping]:
    """All mappings of the workspace; raises the first fault that one of them has."""
    mappings, faults = read_mappings(workspace, settings)
    if faults:
        raise faults[0]
    return [f.mapping for f in mappings]


def matching_sources(name: str, mappings: Sequence[Mapping]) -> Iterator[tuple[Mapping, list[tuple[str, Source]]]]:
    """The mappings with a pattern that the file name fits, in order, each with its sources that do."""
    for mapping in mappings:
        sources = [(code, source) for code, source in mapping.sources.items() if name_fits(name, source)]
        if sources:
            yield mapping, sources


def name_fits(name: str, source: Source) -> bool:
    """Whether a file name fits one of the source's patterns; case and a final .gz do not matter."""
    names = {name.casefold(), name.casefold().removesuffix(".gz")}
    return any(fnmatchcase(n, pattern.casefold()) for n in names for pattern in source.files)


def is_append(name: str, mappings: Sequence[Mapping]) -> bool:
    """Whether a file of this name stands beside earlier ones of the same name instead of replacing them."""
    return next((sources[0][1].same_name == "append" for _, sources in matching_sources(name, mappings)), False)


def landing_table(mapping: str, source: str) -> str:
    """The name, in schema landing, of the table that holds a source's rows."""
    return f"{mapping}__{source}"


def signature(source: Source) -> str:
    """Changes with whatever bears on how the source's files are read."""
    data = {key: value for key, value in source.model_dump(mode="json").items() if key in READING}
    return _digest([READERS_VERSION, data])


def fingerprint(mappings: Sequence[Mapping]) -> str:
    """Changes with whatever bears on which mapping reads a file, and how."""
    return _digest(
        [[m.mapping, m.source_kind, [[c, list(s.files), signature(s)] for c, s in m.sources.items()]] for m in mappings]
    )


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]
