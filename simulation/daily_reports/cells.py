"""Sheets before they are a file: cells, merges, what is hidden. Rows and columns count from 1 where they are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

Value = str | float | int | date | None


@dataclass(frozen=True)
class Formula:
    """A formula and the value that was cached with it (None: none)."""

    text: str
    cached: float | None


Cell = Value | Formula


@dataclass
class Sheet:
    """One sheet. `merges`: (first row, first column, last row, last column); the first cell has the value."""

    name: str
    rows: list[list[Cell]] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    is_hidden: bool = False

    def add(self, row: list[Cell]) -> int:
        """Append a row; its number."""
        self.rows.append(row)
        return len(self.rows)


def column_letter(column: int) -> str:
    """1 -> A, 27 -> AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
