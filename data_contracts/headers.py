"""The header registry: which field a column's header means, and which of our values a cell's word means.

Shipped in `headers.yaml`; a workspace's own `headers.yaml` adds to it, and its words come first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.header_text import header_forms, normal_header, wanted_forms
from data_contracts.yaml_io import load_model

FILE = "headers.yaml"


class Words(BaseModel):
    """What something is called, in Chinese and English; the usual word first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.zh, *self.en)


class _Registry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: dict[str, Words] = Field(default_factory=dict)
    values: dict[str, dict[str, Words]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Headers:
    """`fields`: field -> its headers; `values`: field -> our value -> the words for it."""

    fields: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, tuple[str, ...]]]

    @cached_property
    def _field_by_header(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for field, headers in self.fields.items():
            for header in headers:
                found.setdefault(normal_header(header), field)
        for field, headers in self.fields.items():
            for header in headers:
                found.setdefault(wanted_forms(header)[1], field)
        return found

    @cached_property
    def _value_by_word(self) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for field, values in self.values.items():
            for value, words in values.items():
                for word in words:
                    found.setdefault((field, normal_header(word)), value)
        return found

    @property
    def known(self) -> frozenset[str]:
        """Every header there is, as headers are compared."""
        return frozenset(self._field_by_header)

    def field_of(self, header: str) -> str | None:
        """The field that a header means; blanks, marks, brackets, its unit and a path before it do not matter.

        None: unknown.
        """
        # properties.createdate: of a nested field the last part says what it is.
        for text in (header, header.rpartition(".")[2]):
            for form in header_forms(text):
                field = self._field_by_header.get(form)
                if field is not None:
                    return field
        return None

    def value_of(self, field: str, cell: str) -> str | None:
        """Our value for a cell of a field with few values (event, visit_kind, visit_status); None: unknown."""
        return self._value_by_word.get((field, normal_header(cell.replace("_", " "))))


def load_headers(workspace: Path | None = None) -> Headers:
    """The shipped registry, and before it the workspace's own words; raises StagewatchError for a bad file."""
    own = [workspace / FILE] if workspace is not None and (workspace / FILE).is_file() else []
    registries = [load_model(place, _Registry) for place in (*own, files("data_contracts") / FILE)]
    fields: dict[str, tuple[str, ...]] = {}
    values: dict[str, dict[str, tuple[str, ...]]] = {}
    for registry in registries:
        for field, words in registry.fields.items():
            fields[field] = (*fields.get(field, ()), *words.all)
        for field, by_value in registry.values.items():
            known = values.setdefault(field, {})
            for value, words in by_value.items():
                known[value] = (*known.get(value, ()), *words.all)
    return Headers(fields, values)
