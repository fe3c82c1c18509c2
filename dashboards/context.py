"""What every page is handed: the snapshot of this run of the page, the process, the language and the words."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
from pydantic import BaseModel
from streamlit.navigation.page import StreamlitPage

from data_contracts import figures
from data_contracts.texts import Language, Texts
from queries.dimensions import Filter
from queries.process import Process, process_of
from queries.snapshot import Snapshot, current_snapshot, open_snapshot

Answer = TypeVar("Answer")


class Reader:
    """The snapshot that this server reads: the one in force, opened once.

    When a new one is published the next page takes it. The old one stays open for the pages that still hold
    it, and is let go with the last of them.
    """

    def __init__(self, published: Path) -> None:
        self._published = published
        self._guard = threading.Lock()
        self._snapshot: Snapshot | None = None

    def current(self) -> Snapshot | None:
        """The snapshot in force; None before the first."""
        with self._guard:
            path = current_snapshot(self._published)
            if path is None:
                return None
            if self._snapshot is None or self._snapshot.path != path:
                self._snapshot = open_snapshot(self._published)
            return self._snapshot


@dataclass(frozen=True)
class Context:
    """One run of one page, on one snapshot from beginning to end."""

    workspace: Path
    snapshot: Snapshot
    process: Process
    language: Language
    filters: tuple[Filter, ...]
    pages: dict[str, StreamlitPage] = field(default_factory=dict)

    @property
    def t(self) -> Texts:
        return Texts("dashboard", self.language)

    def ask(self, question: Callable[..., Answer], *arguments: Any) -> Answer:
        """An answer of the query layer, remembered for as long as the snapshot is in force."""
        key = repr([a.model_dump_json() if isinstance(a, BaseModel) else a for a in arguments])
        answer: Answer = _remembered(
            self.snapshot.id, f"{question.__module__}.{question.__name__}", key, self.snapshot, question, arguments
        )
        return answer

    def stage_name(self, code: str | None) -> str:
        """A stage's or outcome's name for people; codes of closings stand in brackets, as (won)."""
        if code is None:
            return figures.MISSING
        for stage in self.process.stages:
            if stage.stage == code:
                return stage.name.in_language(self.language)
        name = f"outcome_{code.strip('()')}"
        return self.t(name) if name in self.t else code

    def money(self, amount: Any) -> str:
        return figures.money(amount, self.process.currency, self.language)


def workspace_folder() -> Path:
    """The workspace that the launcher named."""
    return Path(os.environ.get("STAGEWATCH_WORKSPACE", ".")).resolve()


@st.cache_resource(show_spinner=False)
def reader(published: str) -> Reader:
    """The one reader of this server."""
    return Reader(Path(published))


def process_and_snapshot(workspace: Path) -> tuple[Process, Snapshot] | None:
    """The snapshot in force and its process; None before anything is published."""
    snapshot = reader(str(workspace / "published")).current()
    return None if snapshot is None else (process_of(snapshot), snapshot)


@st.cache_data(show_spinner=False, max_entries=400)
def _remembered(
    snapshot_id: str,
    question: str,
    key: str,
    _snapshot: Snapshot,
    _question: Callable[..., Any],
    _arguments: tuple[Any, ...],
) -> Any:
    return _question(_snapshot, *_arguments)
