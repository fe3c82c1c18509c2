"""Workbooks of mended rows: quarantined rows as they were handed out, mended, and put back into the inbox.

A workbook is one by its column `stagewatch_ref`, whatever it is named. Each of its sheets is read by the source that
its rows were read by, and each row names the row that it takes the place of: staging keeps that one out from then on,
in whichever order the two files come, and however often (`assets.staging.mended`). Such a file stands beside earlier
ones of its name, and takes the place of none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from assets.landing import xlsx
from assets.landing.layout import Miss, Table, by_name
from assets.landing.mappings import landing_table
from assets.landing.plan import Part, Plan, plan_file
from assets.landing.sheet_tables import sheet_layouts
from assets.landing.sniff import check_magic, format_of
from data_contracts.errors import StagewatchError
from data_contracts.mapping import Mapping
from data_contracts.mended_rows import NOTE, REFERENCE, Reference
from data_contracts.sql_names import quote_ident, quote_literal

_AGAIN = "export the quarantined rows again, and mend them in that workbook"


def plan_any(path: Path, name: str, mappings: Sequence[Mapping], scratch: Path) -> Plan:
    """`plan_file`, also for workbooks of mended rows."""
    marked = _marked(path, name)
    if not marked:
        plan = plan_file(path, name, mappings, scratch)
        if any(REFERENCE in part.layout.found for part in plan.parts):
            raise StagewatchError("holds mended rows, and is no workbook", remedy="save it as XLSX and send that")
        return plan
    known = {m.mapping: m for m in mappings}
    parts = [_part(path, table, known) for table in marked]
    read_by = tuple(known[code] for code in dict.fromkeys(part.mapping for part in parts))
    return Plan(read_by, tuple(parts), is_mended=True)


def _marked(path: Path, name: str) -> list[Table]:
    """The sheets that hold mended rows; none where it is no workbook, or one that cannot be read."""
    try:
        if format_of(name, None) != "xlsx":
            return []
        check_magic(path, "xlsx")
        return [t for t in xlsx.sheet_tables(path) if any(REFERENCE in cells for _, cells in t.preview)]
    except StagewatchError:
        return []  # planning it as any other file says what is wrong


def _part(path: Path, table: Table, known: dict[str, Mapping]) -> Part:
    """The sheet as its rows' own source reads it; raises StagewatchError where that is not to be found."""
    number, header = next((n, cells) for n, cells in table.preview if REFERENCE in cells)
    place = header.index(REFERENCE)
    texts = (cells[place] for n, cells in table.preview if n > number and place < len(cells))
    found = next(filter(None, map(Reference.parse, texts)), None)
    sheet = table.sheet or ""
    if found is None:
        raise StagewatchError(f"sheet {sheet!r}: no row says which one it stands for ({REFERENCE})", remedy=_AGAIN)
    mapping = known.get(found.mapping)
    source = mapping.sources.get(found.source) if mapping else None
    if source is None:
        raise StagewatchError(
            f"sheet {sheet!r}: its rows were read by {found.mapping}/{found.source}, which there is no more",
            remedy=_AGAIN,
        )
    source = by_name(source).model_copy(update={"header_row": number})
    own = tuple((n, _without_notes(cells) if n == number else cells) for n, cells in table.preview)
    layouts = sheet_layouts(path, replace(table, preview=own), source)
    if isinstance(layouts, Miss):
        raise StagewatchError(f"sheet {sheet!r} misses the column {', '.join(layouts.missing)}", remedy=_AGAIN)
    return Part(found.mapping, found.source, source, "xlsx", path, replace(layouts[0], unused=()), sheet, name=sheet)


def _without_notes(header: tuple[str, ...]) -> tuple[str, ...]:
    """A sheet's header without what we wrote beside the file's own columns: the source may know such words, too."""
    return tuple("" if cell.startswith(NOTE) else cell for cell in header)


def note_fixes(con: duckdb.DuckDBPyConnection, plan: Plan, file_id: int) -> None:
    """Keep which rows the landed rows of a workbook take the place of; each of them is data, whatever it looks like."""
    con.execute("delete from landing.fixes where file_id = ?", [file_id])
    if plan.is_mended:
        con.execute("update landing.parts set rows_hidden = 0 where file_id = ?", [file_id])
    for part in plan.parts if plan.is_mended else ():
        rows = list(_references(part))
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
        kinds = (pa.int64(), pa.string(), pa.int64(), pa.string())
        arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
        con.register("_references", pa.table(arrays, names=["source_row", "sha", "row", "sheet"]))
        sheet = quote_literal(part.source_sheet)
        table = f"landing.{quote_ident(landing_table(part.mapping, part.code))}"
        own = f"l.file_id = {file_id} and l.source_sheet is not distinct from {sheet} and l.source_row = r.source_row"
        con.execute(
            f"insert into landing.fixes select {file_id}, {sheet}, r.source_row, r.sha, r.sheet, r.row"
            f" from _references r where exists (select 1 from {table} l where {own})"
            f" or exists (select 1 from landing.refused l where {own})"
        )
        con.execute(f"update {table} as l set row_kind = null from _references r where {own}")
        con.unregister("_references")
    xlsx.close()


def _references(part: Part) -> Iterator[tuple[int, str, int, str | None]]:
    """Row, and of the one that it stands for the content, the row and the sheet; rows of their own have none."""
    place = part.layout.found.index(REFERENCE)
    alone = replace(part.layout, places={REFERENCE: place})
    for batch in xlsx.row_batches(part.path, part.sheet or "", alone):
        for row, text in zip(batch["source_row"].to_pylist(), batch[f"c{place}"].to_pylist(), strict=True):
            if not (text or "").strip():
                continue
            found = Reference.parse(text)
            if found is None:
                raise StagewatchError(f"row {row} of sheet {part.sheet!r}: {REFERENCE} was changed", remedy=_AGAIN)
            if (found.mapping, found.source) != (part.mapping, part.code):
                raise StagewatchError(
                    f"row {row} of sheet {part.sheet!r} is of {found.mapping}/{found.source}, the sheet of"
                    f" {part.mapping}/{part.code}",
                    remedy="keep each row in the sheet that it was handed out in",
                )
            yield row, found.sha, found.row, found.sheet
