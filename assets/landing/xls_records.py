"""An .xls file looked over for what calamine does not tell: error cells, formulas never computed, hidden rows.

calamine gives a blank for each of them, and no other reader comes with the product, so the records of the sheets are
walked once, without a value being read: [MS-CFB] for the file, [MS-XLS] for the records. It runs in the process that
opens workbooks, and whatever it cannot follow it leaves to calamine to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from struct import Struct, error, unpack_from

from assets.landing.workbook_archive import Looked, Oddities

_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _DATEMODE = 0x0809, 0x000A, 0x002F, 0x0085, 0x0022
_ROW, _BOOLERR, _STRING = 0x0208, 0x0205, 0x0207
_FORMULAS = (0x0006, 0x0206, 0x0406)
# What may stand between a formula and its text: the formula that it shares, an array's, a table's.
_BETWEEN = (0x04BC, 0x0221, 0x0236)
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_HIDDEN, _CALCULATE_ON_LOAD = 0x20, 0x02
_RESULT_TEXT, _RESULT_ERROR, _RESULT_EMPTY = 0, 2, 3
_LAST_SECTOR = 0xFFFFFFFA
_HEAD = Struct("<HH")


def xls_oddities(path: Path, titles: Sequence[str]) -> Looked:
    """What is odd in a workbook whose sheets have these titles, in order; nothing of one that is damaged or locked."""
    try:
        return _looked(path.read_bytes(), titles)
    except (error, IndexError, ValueError):
        return Looked()


def _looked(content: bytes, titles: Sequence[str]) -> Looked:
    entries = _entries(content)
    book = entries.get("workbook") or entries.get("book") or b""
    starts: list[int] = []
    is_1904 = False
    for kind, at, _ in _records(book, 0):
        if kind == _FILEPASS:
            return Looked()
        if kind == _BOUNDSHEET:
            starts += unpack_from("<I", book, at)
        if kind == _DATEMODE:
            is_1904 = unpack_from("<H", book, at) == (1,)
    # Whatever people calculate with tells who saved the file; a library that only writes formulas does not.
    is_calculated = "\x05summaryinformation" in entries
    sheets = [_sheet_oddities(book, start, is_calculated) for start in starts]
    return Looked(dict(zip(titles, sheets, strict=False)), is_1904)


def _sheet_oddities(book: bytes, start: int, is_calculated: bool) -> Oddities:
    odd = Oddities()
    waiting: tuple[int, int] | None = None
    for kind, at, _ in _records(book, start):
        if waiting is not None and kind not in _BETWEEN:
            if kind != _STRING:
                odd.cells[waiting] = ("formula_without_value", "=…")
            waiting = None
        if kind == _ROW:
            number, options = unpack_from("<H10xH", book, at)
            if options & _HIDDEN:
                odd.hidden_rows.add(number + 1)
        elif kind == _BOOLERR:
            row, column, code, is_error = unpack_from("<HH2xBB", book, at)
            if is_error:
                odd.cells[row + 1, column + 1] = ("error_cell", _ERRORS.get(code, "#ERROR"))
        elif kind in _FORMULAS:
            row, column, result, code, is_no_number, options = unpack_from("<HH2xBxB3xHH", book, at)
            place = (row + 1, column + 1)
            if is_no_number != 0xFFFF:
                is_zero = book[at + 6 : at + 14] == bytes(8)
                if is_zero and options & _CALCULATE_ON_LOAD and not is_calculated:
                    odd.cells[place] = ("formula_without_value", "=…")
            elif result == _RESULT_ERROR:
                odd.cells[place] = ("error_cell", _ERRORS.get(code, "#ERROR"))
            elif result == _RESULT_TEXT:
                waiting = place
            elif result == _RESULT_EMPTY and not is_calculated:
                odd.cells[place] = ("formula_without_value", "=…")
    return odd


def _records(book: bytes, start: int) -> Iterator[tuple[int, int, int]]:
    """The records of one part of the workbook, to its end: (kind, where its data begin, their length).

    What is laid into it (a chart has an end of its own) is passed over.
    """
    at, end, depth = start, len(book) - 4, 0
    while 0 <= at <= end:
        kind, length = _HEAD.unpack_from(book, at)
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, at + 4, length
        at += 4 + length


def _entries(content: bytes) -> dict[str, bytes]:
    """The streams of a compound file by their name in lower case; only the workbook's are read, others are empty."""
    shift, mini_shift = unpack_from("<HH", content, 30)
    (directory,) = unpack_from("<I", content, 48)
    cutoff, mini_start, _, more, _ = unpack_from("<5I", content, 56)
    size = 1 << shift
    if not 7 <= shift <= 16 or mini_shift > shift:
        raise ValueError("no sectors")

    def sector(number: int) -> bytes:
        return content[(number + 1) * size : (number + 2) * size]

    blocks = list(unpack_from("<109I", content, 76))
    seen = set()
    while more < _LAST_SECTOR and more not in seen:
        seen.add(more)
        *listed, more = unpack_from(f"<{size // 4}I", sector(more))
        blocks += listed
    table = b"".join(sector(n) for n in blocks if n < _LAST_SECTOR)
    root, found = b"", dict[str, tuple[int, int]]()
    listing = _chain(directory, table, sector)
    for at in range(0, len(listing) - 127, 128):
        length, kind = unpack_from("<HB", listing, at + 64)
        first, extent = unpack_from("<II", listing, at + 116)
        name = listing[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace").lower()
        if kind == 5:
            root = _chain(first, table, sector)
        elif kind == 2:
            found.setdefault(name, (first, extent))
    small = _chain(mini_start, table, sector)

    def mini_sector(number: int) -> bytes:
        return root[number << mini_shift : (number + 1) << mini_shift]

    streams = dict[str, bytes]()
    for name, (first, extent) in found.items():
        if name not in ("workbook", "book"):
            streams[name] = b""
        elif extent < cutoff:
            streams[name] = _chain(first, small, mini_sector)[:extent]
        else:
            streams[name] = _chain(first, table, sector)[:extent]
    return streams


def _chain(first: int, table: bytes, sector: Callable[[int], bytes]) -> bytes:
    """The sectors that follow each other from the first, as the table says; raises where they go round."""
    pieces: list[bytes] = []
    while first < _LAST_SECTOR:
        if len(pieces) > len(table) // 4:
            raise ValueError("sectors go round")
        pieces.append(sector(first))
        (first,) = unpack_from("<I", table, 4 * first)
    return b"".join(pieces)
