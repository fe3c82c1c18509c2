"""The process that opens workbooks: what a crafted file does to its reader, it does here, and the run goes on.

Started by assets/landing/xlsx.py, which asks one JSON line at a time on standard input and gets one back on standard
output, for `rows` followed by an Arrow stream. Address space and processor time are limited; the process ends with
its standard input. The workbook that was opened last stays open with its rows: they are made once for planning and
loading.
"""

from __future__ import annotations

import gc
import json
import os
import re
import resource
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, load_workbook
from python_calamine import SheetVisibleEnum as Visible

from assets.landing.sheet_rows import SheetRow, sheet_rows
from assets.landing.workbook_archive import Oddities, check_archive, column_letters
from assets.landing.xls_records import xls_oddities
from data_contracts.errors import StagewatchError
from data_contracts.header_text import header_forms

MEMORY_BYTES, LEAST_MEMORY_BYTES, MEMORY_PER_BYTE = 4 << 30, 3 << 29, 200
CPU_SECONDS = 600
TOO_LARGE = "needs more memory to be read than a workbook of its size may take"
BATCH_ROWS = 20_000
KEPT_CELLS = 2_000_000
PREVIEW_ROWS = 30
BEFORE, MAX_RAW = 6, 2_000
LONGEST_HEADER = 60
_NUMBER = re.compile(r"[+-]?[\d.,]+$|\d{4}-")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")


class Opened:
    """A workbook, what is odd in its sheets, and the rows of those read last."""

    def __init__(self, path: Path, is_archive: bool) -> None:
        looked = check_archive(path) if is_archive else None
        try:
            if is_archive == (path.suffix == ".xls"):  # named as the other kind: read as what its bytes are
                with path.open("rb") as stream:
                    self.book: CalamineWorkbook = load_workbook(stream)
            else:
                self.book = load_workbook(str(path))
        except PasswordError as error:
            raise StagewatchError(
                "is password-protected", remedy="save it without a password and send it again"
            ) from error
        except (CalamineError, OSError) as error:
            raise _unreadable("the workbook", error) from error
        looked = looked or xls_oddities(path, [m.name for m in self.book.sheets_metadata])
        self.odd, self.is_1904 = looked.sheets, looked.is_1904
        self._rows: dict[str, list[SheetRow]] = {}
        # In .xls a cell takes two bytes and more: many times that between a few cells is a crafted rectangle.
        self._most_cells = 1 << 40 if is_archive else path.stat().st_size * 100 + 2_000_000
        self._cells = 0
        self._large: tuple[str, CalamineSheet] | None = None

    def titles(self) -> list[tuple[str, bool]]:
        """The worksheets in order, and whether each is hidden."""
        return [(m.name, m.visible != Visible.Visible) for m in self.book.sheets_metadata
                if m.typ == SheetTypeEnum.WorkSheet]  # fmt: skip

    def rows(self, title: str) -> Iterable[SheetRow]:
        """The sheet's rows that hold something, in order; kept for the next who asks, unless they are very many."""
        if title in self._rows:
            return self._rows[title]
        sheet = self._sheet(title)
        size = sheet.height * sheet.width
        odd_rows = {row for row, _ in self.odd_in(title).cells}
        left = sheet.start[1] if sheet.start else 0
        values = sheet.iter_rows() if sheet.start else iter(())
        rows = sheet_rows(values, left, sheet.merged_cell_ranges or [], odd_rows.__contains__)
        if size > KEPT_CELLS:
            self._large = (title, sheet)
            return rows
        if self._cells + size > KEPT_CELLS:
            self._rows, self._cells = {}, 0
        self._cells += size
        self._rows[title] = list(rows)
        return self._rows[title]

    def odd_in(self, title: str) -> Oddities:
        return self.odd.get(title) or Oddities()

    def _sheet(self, title: str) -> CalamineSheet:
        if self._large is not None and self._large[0] == title:
            return self._large[1]
        try:
            sheet = self.book.get_sheet_by_name(title)
        except CalamineError as error:
            raise _unreadable(f"sheet {title!r}", error) from error
        if sheet.height * sheet.width > self._most_cells:
            raise StagewatchError(
                f"sheet {title!r} has cells as far as row {sheet.height:,}, column {sheet.width:,}, few between",
                remedy="delete what stands far off the table, or copy the table to a new sheet",
            )
        return sheet


def _unreadable(what: str, error: Exception) -> StagewatchError:
    return StagewatchError(
        f"{what} cannot be read ({type(error).__name__}: {error})", remedy="save it anew from Excel, or as CSV"
    )


def tables(book: Opened) -> dict[str, Any]:
    """Every sheet: its first rows, and whether it is hidden."""
    found = []
    for title, is_hidden in book.titles():
        preview = [(row.number, row.cells) for row in islice(book.rows(title), PREVIEW_ROWS)]
        found.append({"sheet": title, "is_hidden": is_hidden, "preview": preview})
    return {"tables": found}


def headers(book: Opened, title: str, words: list[str], header_rows: int) -> dict[str, Any]:
    """Rows that may be headers, as they hold two of these words, each with the rows before and after it.

    `rows`: their numbers; `context`: (number, texts) of them and around them, in order; `footers`: likewise of rows
    such as 填报人: 张三.
    """
    known = set(words)
    least = min(2, len(known))
    texts = {cell for row in book.rows(title) for cell in row.cells if len(cell) < LONGEST_HEADER}
    headers = {text for text in texts if not _NUMBER.match(text) and not known.isdisjoint(header_forms(text))}
    before: list[SheetRow] = []
    context: dict[int, list[str]] = {}
    rows: list[int] = []
    footers: list[tuple[int, list[str]]] = []
    following = 0
    for row in book.rows(title):
        if len(headers.intersection(row.cells)) >= least:
            rows.append(row.number)
            context |= {r.number: r.cells for r in before}
            following = header_rows + 1  # a second row may complete a header of one
        if following:
            context[row.number] = row.cells
            following -= 1
        if row.kind == "footer":
            footers.append((row.number, row.cells))
        before = [*before[-BEFORE + 1 :], row]
    return {"rows": rows, "context": sorted(context.items()), "footers": footers}


def row_batches(book: Opened, request: dict[str, Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a table by its request: first and last row, the places of the columns, the header's own rows.

    A row is refused (`reason`, `cell`, `raw`) where a cell that is asked for cannot be taken for what it shows. One in
    which no such cell holds anything is no row.
    """
    places: list[int] = request["places"]
    first, last = request["first"], request["last"] or 1 << 30
    header: list[list[str]] = request["header"]
    headers = {cell for cells in header for cell in cells}
    odd = book.odd_in(request["sheet"])
    title_rows, once = set(request["title_rows"]), set(request["once"])
    faults_of = _Faults(book, request)
    batch: list[tuple[Any, ...]] = []
    for row in book.rows(request["sheet"]):
        if row.number < first:
            continue
        if row.number > last:
            break
        cells, width = row.cells, len(row.cells)
        texts = [cells[p] if p < width else "" for p in places]
        fault = faults_of(row, texts)
        if fault is None and not any(map(str.strip, texts)):
            continue
        kind = row.kind or ("title" if row.number in title_rows else None)
        if kind is None and not headers.isdisjoint(texts) and any(_alike(texts, h) >= 2 for h in header):
            kind = "header"
        if kind is None and row.number in odd.hidden_rows:
            kind = "hidden"
        reason = cell = raw = None
        if kind in (None, "hidden"):
            if fault is not None:
                reason, column, shown = fault
                cell = f"{column_letters(column)}{row.number}"
                raw = "\t".join(c or shown.get(n, "") for n, c in enumerate(cells))[:MAX_RAW]
                texts = [t or shown.get(p, "") for p, t in zip(places, texts, strict=True)]
            elif row.across or row.below:
                spread = {p for start, end in row.across for p in range(start + 1, end + 1)}
                spread |= once.intersection(row.below)
                texts = ["" if p in spread else t for p, t in zip(places, texts, strict=True)]
        batch.append((row.number, kind, reason, cell, raw, *texts))
        if len(batch) == BATCH_ROWS:
            yield _as_batch(batch, schema)
            batch = []
    if batch:
        yield _as_batch(batch, schema)


class _Faults:
    """What is wrong with a row for its table: (reason, column from 1, place -> what a cell holds instead of a value).

    A cell holds an error or was never computed; one is merged over several columns of the table, and a column that
    must be there is one of them; in a workbook that counts its days from 1904 a day stands as a bare number.
    """

    def __init__(self, book: Opened, request: dict[str, Any]) -> None:
        self.places: list[int] = request["places"]
        self.required = set(request["required"])
        self.days = [n for n, p in enumerate(self.places) if book.is_1904 and p in request["days"]]
        self.odd: dict[int, list[tuple[int, str, str]]] = {}
        for (number, column), (what, text) in sorted(book.odd_in(request["sheet"]).cells.items()):
            if column - 1 in self.places:
                self.odd.setdefault(number, []).append((column, what, text))

    def __call__(self, row: SheetRow, texts: list[str]) -> tuple[str, int, dict[int, str]] | None:
        found = self.odd.get(row.number)
        if found:
            column, reason, _ = found[0]
            return reason, column, {column - 1: text for column, _, text in found}
        for start, end in row.across:
            asked = [p for p in self.places if start <= p <= end]
            if len(asked) > 1 and not self.required.isdisjoint(asked):
                return "merged_across", start + 1, {}
        for n in self.days:
            if _SERIAL.fullmatch(texts[n]):
                return "serial_of_1904", self.places[n] + 1, {}
        return None


def _alike(texts: list[str], header: list[str]) -> int:
    return sum(map(str.__eq__, texts, header))


def _as_batch(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.record_batch([_array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _array(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (UnicodeEncodeError, pa.ArrowInvalid):  # lone surrogates, which no UTF-8 holds
        return pa.array([v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in values], kind)


def _serve(asked: Any, answer: Any) -> None:
    book: Opened | None = None
    identity: Any = None
    for line in asked:
        request = json.loads(line)
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = int(used.ru_utime + used.ru_stime)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu + CPU_SECONDS, resource.RLIM_INFINITY))
        try:
            if request["do"] == "close":
                book = identity = None
                reply: dict[str, Any] = {}
            else:
                if book is None or identity != request["identity"]:
                    book = identity = None
                    path = Path(request["path"])
                    _limit_memory(path.stat().st_size)
                    book = Opened(path, request["is_archive"])
                    identity = request["identity"]
                if request["do"] == "tables":
                    reply = tables(book)
                elif request["do"] == "headers":
                    reply = headers(book, request["sheet"], request["words"], request["header_rows"])
                else:
                    reply = {}
        except StagewatchError as error:
            reply = {"message": error.message, "remedy": error.remedy}
        except MemoryError:
            book = None
            reply = {"message": TOO_LARGE, "remedy": "split it, or save it as CSV"}
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of calamine's is no Exception
            book = None
            reply = {
                "message": f"the workbook cannot be read ({error})",
                "remedy": "save it anew from Excel, or as CSV",
            }
        answer.write(json.dumps(reply).encode() + b"\n")
        if request["do"] == "rows" and book is not None and not reply:
            fixed = [("source_row", pa.int64()), *((n, pa.string()) for n in ("kind", "reason", "cell", "raw"))]
            schema = pa.schema([*fixed, *((f"c{p}", pa.string()) for p in request["places"])])
            with pa.ipc.new_stream(answer, schema) as stream:
                for batch in row_batches(book, request, schema):
                    stream.write_batch(batch)
        answer.flush()


def _limit_memory(file_bytes: int) -> None:
    """Allow what a workbook of that size may need, beside what is taken: a crafted one asks for all there is."""
    taken = Path("/proc/self/statm")
    if taken.is_file():
        pages = int(taken.read_text(encoding="ascii").split()[0])
        needed = pages * resource.getpagesize() + LEAST_MEMORY_BYTES + MEMORY_PER_BYTE * file_bytes
        resource.setrlimit(resource.RLIMIT_AS, (min(needed, MEMORY_BYTES), MEMORY_BYTES))


def main() -> None:
    """Serve until standard input ends; whatever a library prints goes to standard error."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # rows are lists by the hundred thousand, and no cycle is among them
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(sys.stdin.buffer, answer)


if __name__ == "__main__":
    main()
