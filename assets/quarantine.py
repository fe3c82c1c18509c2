"""The quarantine as people work with it: what is in it, why and what mends it, and workbooks to mend it in.

A workbook holds the quarantined rows of one file, in the file's own columns with the reason beside each, and says in
its last column which row each one is. Mended and put into the inbox under its name, its rows take the place of those
(`assets.landing.fixes`). It shows every value as it came, phone numbers too, since it is sent in again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.exports.writer import Field, Reader, Sheet, write_xlsx
from assets.landing.fixes import REFERENCE, reference
from assets.landing.layout import Layout, Table, find_layout
from assets.staging.reasons import FOUND_SQL, place_text, reason_text, remedy_text
from data_contracts.mapping import Mapping
from data_contracts.texts import Language, Texts

SETTLED = ("replaced_by_fix", "fix_of_superseded")
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Refused:
    """One quarantined row: where it stands, what is wrong with it in words, and its values by our columns.

    `values` is None for a row that could not be split into columns; `raw` is its text then.
    """

    file_id: int
    file: str
    sheet: str | None
    row: int
    cell: str | None
    mapping: str | None
    column: str
    value: str | None
    reason: str
    remedy: str
    found: tuple[str, ...]
    values: dict[str, str | None] | None
    raw: str


def refused_rows(
    con: duckdb.DuckDBPyConnection,
    mappings: Sequence[Mapping],
    language: Language,
    file: str | None = None,
    limit: int = MOST_ROWS,
) -> list[Refused]:
    """The rows that wait for somebody, by file, sheet and row: those that a mended row stands for do not."""
    by_code = {m.mapping: m for m in mappings}
    rows = con.execute(
        f"""
        select q.file_id, q.file_name, q.source_sheet, q.source_row, q.cell, q.mapping, q.record, q.column_name,
               q.value, q.reason, q.raw,
               {FOUND_SQL},
               exists (select 1 from landing.refused r where r.file_id = q.file_id and r.source_row = q.source_row
                  and r.source_sheet is not distinct from q.source_sheet)
        from staging.quarantine q
        where q.reason not in {SETTLED} and ($1 is null or q.file_name = $1)
          and not exists (select 1 from landing.fixes x join landing.files f on f.file_id = x.file_id
            and f.status = 'active' join landing.refused r on r.file_id = q.file_id and r.source_row = q.source_row
              and r.source_sheet is not distinct from q.source_sheet
            where x.original_file_id = q.file_id and x.original_row = q.source_row
            and x.original_sheet is not distinct from q.source_sheet)
        order by q.file_name, q.file_id, q.source_sheet nulls first, q.source_row limit {int(limit)}""",
        [file],
    ).fetchall()
    return [
        Refused(
            file_id, name, sheet, row, cell, mapping,
            place_text(by_code.get(mapping), record, column, found), value,
            reason_text(reason, record, language), remedy_text(reason, column, language),
            tuple(found), None if unreadable else json.loads(raw), raw or "",
        )
        for file_id, name, sheet, row, cell, mapping, record, column, value, reason, raw, found, unreadable in rows
    ]  # fmt: skip


def write_workbooks(
    folder: Path, refused: Iterable[Refused], mappings: Sequence[Mapping], reader: Reader
) -> list[Path]:
    """A workbook of rows to mend for each file, in `folder`; the paths. Equal rows give a workbook of equal name."""
    by_file: dict[int, list[Refused]] = {}
    for row in refused:
        by_file.setdefault(row.file_id, []).append(row)
    by_code = {m.mapping: m for m in mappings}
    paths = []
    for rows in by_file.values():
        told = "\n".join(reference(r.file_id, r.file, r.sheet, r.row) for r in rows)
        path = folder / f"{rows[0].file}.fix-{hashlib.sha256(told.encode()).hexdigest()[:8]}.xlsx"
        folder.mkdir(parents=True, exist_ok=True)
        write_xlsx(path, _sheets(rows, by_code, reader.language), reader)
        paths.append(path)
    return paths


def _sheets(rows: Sequence[Refused], mappings: dict[str, Mapping], language: Language) -> list[Sheet]:
    """One sheet for each sheet of the file and shape of its rows."""
    groups: dict[tuple[str | None, tuple[str, ...]], list[Refused]] = {}
    whole = [r for r in rows if r.values is not None]
    shape = tuple(whole[0].values or ()) if whole else ()
    for row in rows:
        groups.setdefault((row.sheet, shape if row.values is None else tuple(row.values)), []).append(row)
    return [_sheet(columns, members, mappings, language) for (_, columns), members in groups.items()]


def _sheet(columns: tuple[str, ...], rows: list[Refused], mappings: dict[str, Mapping], language: Language) -> Sheet:
    say = Texts("quarantine", language)
    headers = _headers(columns, rows[0], mappings.get(rows[0].mapping or ""))
    fields = [Field(c, headers[c]) for c in columns]
    fields += [Field(c, say(f"column_{c}")) for c in ("row", "where", "reason", "remedy")] + [Field("ref", REFERENCE)]
    cells = [
        [
            *((r.values or {}).get(c) for c in columns), f"{r.row}", r.cell or r.column,
            f"{r.reason}: {r.value}" if r.value else r.reason, r.remedy,
            reference(r.file_id, r.file, r.sheet, r.row),
        ]
        for r in rows
    ]  # fmt: skip
    return Sheet(rows[0].sheet or say("sheet"), fields, cells)


def _headers(columns: tuple[str, ...], row: Refused, mapping: Mapping | None) -> dict[str, str]:
    """The file's own header of each of our columns; our name where the file has none that is unlike all others."""
    headers = {c: c for c in columns}
    source = next((s for s in mapping.sources.values() if tuple(s.columns) == columns), None) if mapping else None
    if source is not None and row.found:
        layout = find_layout(Table(None, ((1, row.found),)), source.model_copy(update={"header_row": None}))
        if isinstance(layout, Layout):
            for ours, place in layout.places.items():
                if place is not None and row.found.count(row.found[place]) == 1:
                    headers[ours] = row.found[place]
    return headers
