"""A SQL statement in the making: text from `sql/*.sql` with its pieces filled in, values bound by name.

Only pieces that our own code wrote are filled into the text; what a person or the data gave is bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from data_contracts.sql_names import Literal, quote_literal
from queries.snapshot import ROW_LIMIT, TIMEOUT_SECONDS, Snapshot

_PIECE = re.compile(r"\{\{ (\w+) \}\}")
_PARAMETER = re.compile(r"\$(p\d+)\b")


class Statement:
    """Collects bound values while its text is written, then runs, and shows itself as text that can be run."""

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self.text = ""

    def bind(self, value: Literal) -> str:
        """The placeholder of a value; equal values share one."""
        for name, known in self.parameters.items():
            if type(known) is type(value) and known == value:
                return f"${name}"
        name = f"p{len(self.parameters) + 1}"
        self.parameters[name] = value
        return f"${name}"

    def render(self, name: str, **pieces: str) -> Statement:
        """Set the text to `sql/NAME.sql` with its pieces filled in."""
        self.text = template(name, **pieces)
        return self

    def run(self, snapshot: Snapshot, *, limit: int = ROW_LIMIT, timeout: float = TIMEOUT_SECONDS) -> pl.DataFrame:
        """Its rows; binds what the text uses."""
        used = set(_PARAMETER.findall(self.text))
        return snapshot.query(
            self.text, {n: v for n, v in self.parameters.items() if n in used}, limit=limit, timeout=timeout
        )

    @property
    def shown(self) -> str:
        """The statement with its values written out: what `stagewatch sql` takes."""
        return _PARAMETER.sub(lambda found: quote_literal(self.parameters[found[1]]), self.text).strip()


def template(name: str, **pieces: str) -> str:
    """`sql/NAME.sql` with its `{{ pieces }}` filled in: all of them, and no others."""
    text = _read(name)
    wanted = set(_PIECE.findall(text))
    if wanted != set(pieces):
        raise KeyError(f"{name}.sql wants {sorted(wanted)}, was given {sorted(pieces)}")
    return _PIECE.sub(lambda found: pieces[found[1]], text).strip()


@cache
def _read(name: str) -> str:
    return (files("queries") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def indent(lines: Sequence[str], separator: str = ",", spaces: int = 4) -> str:
    """Lines of one SQL list, joined so that the statement stays readable."""
    return f"{separator}\n{' ' * spaces}".join(lines)
