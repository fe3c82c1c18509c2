"""The quarantine as people work with it: which rows wait, why, what mends them, and a workbook to mend them in.

The snapshot shows phone numbers masked, so the workbook does. It says in its last column which row each one is; put
into the inbox again, its rows take the place of those, and what was masked is taken from them (docs/quarantine.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from data_contracts.mended_rows import NOTE, REFERENCE, Reference
from data_contracts.reasons import reason_text, remedy_text
from data_contracts.texts import Language, Texts
from queries.snapshot import Snapshot
from queries.statement import Statement
from queries.table_files import Field, Sheet, sheet_name

MOST_ROWS = 100_000


@dataclass(frozen=True)
class Selection:
    """Which quarantined rows: those that wait for somebody, or `settled` ones too, whose mended rows stand for them.

    `file`: a file's name or number; `source`: a mapping, a source, or MAPPING/SOURCE; `rule`: a reason's code.
    """

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    source: str | None = None
    rule: str | None = None
    settled: bool = False


@dataclass(frozen=True)
class Refused:
    """One quarantined row: where it stands, what is wrong with it in codes, and its values by our columns.

    `values` is None for a row that could not be split into columns; `raw` is its text then. `headers`: what its file
    calls our columns. `told`: file, sheet and row where it was first told, which of a mended row is elsewhere.
    """

    file_id: int
    file: str
    sheet: str | None
    row: int
    cell: str | None
    mapping: str
    source: str
    record: str | None
    column: str | None
    source_column: str | None
    value: str | None
    reason: str
    raw: str
    values: dict[str, str | None] | None
    headers: dict[str, str]
    told: tuple[str, str | None, int]
    reference: str
    is_waiting: bool

    @property
    def id(self) -> str:
        """What names the row, FILE:ROW or FILE:SHEET:ROW with the file's number: the same for good."""
        return ":".join([f"{self.file_id}", *([self.sheet] if self.sheet else []), f"{self.row}"])

    @property
    def place(self) -> str:
        """The refused column as people know it: ours, and in brackets what the file calls it."""
        theirs = self.headers.get(self.source_column or "")
        return f"{self.column} ({theirs})" if self.column and theirs and theirs != self.column else self.column or "-"

    @property
    def as_text(self) -> str:
        """The row as one text: what its file calls each cell, and what stands there."""
        if self.values is None:
            return self.raw
        return " | ".join(f"{self.headers.get(c, c)}: {value}" for c, value in self.values.items() if value is not None)

    def why(self, language: Language) -> str:
        """The reason in words."""
        return reason_text(self.reason, self.record, language)

    def remedy(self, language: Language) -> str:
        """What to do about it."""
        return remedy_text(self.reason, self.column, language)


def quarantined(snapshot: Snapshot, selection: Selection, limit: int = MOST_ROWS) -> list[Refused]:
    """The rows by file, sheet and row."""
    statement = Statement()
    statement.render("quarantine_rows", where=_where(statement, selection))
    return [_refused(row) for row in statement.run(snapshot, limit=limit).iter_rows(named=True)]


def quarantine_counts(snapshot: Snapshot, selection: Selection) -> pl.DataFrame:
    """How many rows, by mapping, source, record, column and reason (a code), in how many files; where the first is."""
    statement = Statement()
    statement.render("quarantine_reasons", where=_where(statement, selection))
    return statement.run(snapshot)


def quarantined_files(snapshot: Snapshot) -> dict[int, str]:
    """The files with quarantined rows by number, in the order of their names: two may have one name."""
    files = snapshot.query("select distinct file_id, file_name from staging.quarantine order by file_name, file_id")
    return dict(files.iter_rows())


def rows_to_mend(rows: Iterable[Refused], language: Language) -> list[Sheet]:
    """A sheet for each source: its columns as the files call them, what is wrong, what mends it, which row it is."""
    by_source: dict[tuple[str, str], list[Refused]] = {}
    for row in rows:
        by_source.setdefault((row.mapping, row.source), []).append(row)
    sheets: list[Sheet] = []
    for (mapping, source), members in sorted(by_source.items()):
        others = {sheet.title for sheet in sheets}
        title = sheet_name(f"{mapping}.{source}")
        if title in others:
            title = f"{title[:28]} {len(sheets) + 1}"
        sheets.append(_sheet(title, members, language))
    return sheets


def _sheet(title: str, rows: list[Refused], language: Language) -> Sheet:
    say = Texts("quarantine", language)
    headers = _common_headers(rows)
    more = ["file", "row", "where", "reason", "remedy"] + (["text"] if any(r.values is None for r in rows) else [])
    fields = [Field(column, header, "verbatim") for column, header in headers.items()]
    fields += [Field(name, NOTE + say(f"column_{name}")) for name in more] + [Field("ref", REFERENCE)]
    return Sheet(title, fields, [_cells(row, headers, more, language) for row in rows])


def _cells(row: Refused, columns: Iterable[str], more: Sequence[str], language: Language) -> list[str | None]:
    file, sheet, number = row.told
    said = {
        "file": f"{file} [{sheet}]" if sheet else file,
        "row": f"{number}",
        "where": row.place,
        "reason": f"{row.why(language)}: {row.value}" if row.value and row.values is not None else row.why(language),
        "remedy": row.remedy(language),
        "text": None if row.values is not None else row.raw,
    }
    values = row.values or {}
    return [*(values.get(c) for c in columns), *(said[name] for name in more), row.reference]


def _common_headers(rows: Sequence[Refused]) -> dict[str, str]:
    """Our columns of a source and what all of these rows' files call them, else our own names."""
    columns = list(dict.fromkeys(column for row in rows for column in row.headers or row.values or ()))
    texts = {c: {row.headers.get(c, c) for row in rows} for c in columns}
    names = {c: next(iter(found)) if len(found) == 1 else c for c, found in texts.items()}
    taken = list(names.values())
    return {c: name if taken.count(name) == 1 else c for c, name in names.items()}


def _where(statement: Statement, selection: Selection) -> str:
    def equals(*columns: str, value: Any) -> str:
        return f"{statement.bind(value)} in ({', '.join(columns)})"

    where = ["true"] if selection.settled else ["q.is_waiting"]
    if selection.file is not None:
        where.append(equals("q.file_name", "q.told_file", "q.file_id::varchar", value=selection.file))
    if selection.sheet is not None:
        where.append(equals("q.source_sheet", value=selection.sheet))
    if selection.row is not None:
        where.append(equals("q.source_row", value=selection.row))
    if selection.source is not None:
        where.append(equals("q.mapping", "q.source", "q.mapping || '/' || q.source", value=selection.source))
    if selection.rule is not None:
        where.append(equals("q.reason", value=selection.rule))
    return " and ".join(where)


def _refused(row: dict[str, Any]) -> Refused:
    raw = row["raw"] or ""
    sha, sheet, number = row["content_sha256"] or "", row["source_sheet"], row["source_row"]
    return Refused(
        row["file_id"], row["file_name"], sheet, number, row["cell"], row["mapping"] or "", row["source"] or "",
        row["record"], row["column_name"], row["source_column"], row["value"], row["reason"], raw,
        json.loads(raw) if row["is_split"] else None, json.loads(row["headers"] or "{}"),
        (row["told_file"], row["told_sheet"], row["told_row"]),
        str(Reference.of(row["mapping"] or "", row["source"] or "", sha, number, sheet)), row["is_waiting"],
    )  # fmt: skip
