"""The lexicon compiled: one expression a meaning, the longest word first, so that a text is looked through once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from data_contracts.lexicon import Lexicon, spellings

NOTHING = re.compile(r"(?!)")
GAP = "[^，。；！？,;!?\n]{0,8}?"


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """One expression for all spellings of the words (of lower-case text), the longest first, shared beginnings once.

    A plain list of alternatives would be tried word by word at every character; by their beginnings they are not.
    """
    root: dict[str, Any] = {}
    for spelling in {s.lower() for word in words for s in spellings(word)}:
        node = root
        for c in spelling:
            node = node.setdefault(c, {})
        node[""] = {}
    return re.compile(_grown(root)) if root else NOTHING


def _grown(node: dict[str, Any]) -> str:
    branches = [(GAP if c == "…" else re.escape(c)) + _grown(child) for c, child in sorted(node.items()) if c]
    if not branches:
        return ""
    inner = branches[0] if len(branches) == 1 else "(?:" + "|".join(branches) + ")"
    return f"(?:{inner})?" if "" in node else inner


class CompiledLexicon:
    """The expressions by meaning; built once for a reader."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.kind = _each(lexicon.kind)
        self.status = _each(lexicon.status)
        self.stage = _each(lexicon.stage)
        self.action = _each(lexicon.action)
        self.phrase: dict[str, re.Pattern[str]] = {name: any_of(words) for name, words in lexicon.phrases.items()}

    @cached_property
    def suffix(self) -> str:
        """The endings of customers' names as an expression."""
        return "|".join(re.escape(s) for s in sorted(self.lexicon.customer_suffixes, key=lambda s: -len(s))) or "(?!)"

    def has(self, phrase: str, text: str) -> bool:
        return self.phrase.get(phrase, NOTHING).search(text) is not None


def _each(groups: Mapping[Any, Iterable[str]]) -> dict[str, re.Pattern[str]]:
    return {name: any_of(words) for name, words in groups.items()}
