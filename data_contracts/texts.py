"""Words for people: one YAML catalogue a room, each key in zh and en, and names in two languages."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.yaml_io import load_yaml

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")


class Name(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.zh if language == "zh-CN" else self.en


class Texts:
    """One catalogue of texts in one language: `texts("key", count=3)` fills `{count}`."""

    def __init__(self, catalogue: str, language: Language) -> None:
        self.catalogue, self.language = catalogue, language
        self._entries = _catalogue(catalogue)

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key`; KeyError where the catalogue has none (a test holds code and catalogue together)."""
        text = self._entries[key].in_language(self.language)
        return text.format(**values) if values else text

    def __contains__(self, key: str) -> bool:
        return key in self._entries


@cache
def _catalogue(name: str) -> dict[str, Name]:
    data = load_yaml(files("data_contracts") / "texts" / f"{name}.yaml")
    return {key: Name.model_validate(value) for key, value in data.items()}
