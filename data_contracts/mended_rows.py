"""Quarantined rows on their way out and back: which row a mended one stands for, and what of it was hidden.

Whoever is handed rows to mend sees phone numbers masked, as everybody does who reads the snapshot. What comes back
masked is no data: each number is put back from the row that it was handed out from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from data_contracts.safe_cells import BLANKS, PHONE, SNAPSHOT_PHONE, UNWANTED, clean_text

# The last column of a sheet of rows to mend: by it a workbook is known, whatever its name.
REFERENCE = "stagewatch_ref"
# What the headers of the columns begin with that stand between a file's own and the reference.
NOTE = "» "
MASKED = re.compile(r"[1１][3-9３-９]\d\*{4}\d{4}")
LONGEST_CELL = 32_767
_SHA = 12
_REFERENCE = re.compile(
    rf"(?P<mapping>[^/|]+)/(?P<source>[^|]+)\|(?P<sha>[0-9a-f]{{{_SHA}}})\|(?P<row>\d+)\|(?P<sheet>.*)", re.DOTALL
)


@dataclass(frozen=True)
class Reference:
    """One row as it was read: by which source of which mapping, from which content, where in it.

    `sha`: the beginning of the content's SHA-256, which names a file in every workspace and after every rebuild.
    """

    mapping: str
    source: str
    sha: str
    row: int
    sheet: str | None

    @classmethod
    def of(cls, mapping: str, source: str, sha256: str, row: int, sheet: str | None) -> Reference:
        return cls(mapping, source, sha256[:_SHA], row, sheet)

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """What a cell says; None where it is no reference."""
        found = _REFERENCE.fullmatch(text)
        if found is None:
            return None
        return cls(found["mapping"], found["source"], found["sha"], int(found["row"]), found["sheet"] or None)

    def __str__(self) -> str:
        return f"{self.mapping}/{self.source}|{self.sha}|{self.row}|{self.sheet or ''}"


def handed_out(text: str) -> str:
    """A value as whoever mends it is shown it: phone numbers masked, lines ended by LF, no longer than a cell."""
    return clean_text(SNAPSHOT_PHONE.sub(r"\1****\2", text))[:LONGEST_CELL]


def taken_back(cells: Iterable[str | None], originals: Iterable[str | None]) -> list[str | None]:
    """A mended row with what was hidden put back: a cell as it was handed out is the original's (without the control
    characters that nobody can see in a cell), and a masked number within a changed cell is the one of the row that it
    can stand for, if there is exactly one."""
    before = list(originals)
    numbers = _numbers(text for text in before if text)
    return [
        UNWANTED.sub("", was).strip(BLANKS)
        if now and was and now == handed_out(was).strip(BLANKS)
        else now and _unmasked(now, numbers)
        for now, was in zip(cells, before, strict=True)
    ]


def is_masked(cell: str | None, original: str | None) -> bool:
    """Whether a cell holds a masked number that did not come so."""
    return bool(cell and (set(MASKED.findall(cell)) - set(MASKED.findall(original or ""))))


def _numbers(texts: Iterable[str]) -> dict[str, set[str]]:
    """What each masked number may stand for, by its masked form."""
    found: dict[str, set[str]] = {}
    for text in texts:
        for match in SNAPSHOT_PHONE.finditer(text):
            found.setdefault(f"{match[1]}****{match[2]}", set()).add(match[0])
        for match in PHONE.finditer(SNAPSHOT_PHONE.sub(r"\1****\2", text)):
            prefix = len(match[1]) - 3
            found.setdefault(f"{match[1][prefix:]}****{match[2]}", set()).add(match[0][prefix:])
    return found


def _unmasked(text: str, numbers: dict[str, set[str]]) -> str:
    def number(match: re.Match[str]) -> str:
        known = numbers.get(match[0], set())
        return next(iter(known)) if len(known) == 1 else match[0]

    return MASKED.sub(number, text)
