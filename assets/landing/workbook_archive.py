"""An .xlsx archive looked over before anything opens it: what was made to hurt its reader, and what readers miss.

A workbook is a zip of XML that others made. Size, ratio, entities and cell references are checked on the archive
itself: a reader given cells A1 and XFD1048576 fills billions between. The same pass over the sheets notes what
calamine does not tell: error cells, formulas that were never computed, hidden rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from posixpath import join, normpath
from typing import IO
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile, ZipInfo

from data_contracts.errors import StagewatchError

MAX_ENTRIES = 10_000
MAX_UNPACKED = 4 << 30
MAX_SHARED_STRINGS = 400 << 20
MAX_RATIO, RATIO_COUNTS_FROM = 60, 64 << 20
MAX_COLUMNS = 2_000
MAX_ROWS = 1_048_576
MAX_CELL_XML = 4 << 20
CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,4})(\d{1,8})"')
# Nearly no sheet has a cell so far down or right: only where one has are the places of all looked at.
_FAR = re.compile(rb'r="[A-Z](?:[A-Z]{2}|[A-Z]{0,3}\d{6})')
ROW = re.compile(rb'row\s[^>]*?\br="(\d+)"')  # begins with letters: ten times as fast as with the bracket and a prefix
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\s(?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d{1,8})"')
_ERROR = re.compile(rb'<(?:\w+:)?c\s(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,4})(\d{1,8})"[^>]*>.*?<(?:\w+:)?v>([^<]{0,20})')
_IS_1904 = re.compile(rb'\bdate1904="(?:1|true)"')
# A computed empty text has t="str"; what was never computed has no type and no value.
_UNCOMPUTED = re.compile(
    rb'<(?:\w+:)?c\s(?![^>]*\bt="str")[^>]*?\br="([A-Z]{1,4})(\d{1,8})"[^>/]*>'
    rb"<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>([^<]{0,200})[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*"
    rb"</(?:\w+:)?c>"
)


@dataclass
class Oddities:
    """What is odd in a sheet: (row, column from 1) -> (reason, text), and the rows that are hidden."""

    cells: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)


@dataclass
class Looked:
    """What is odd in each sheet, by its name; and whether the workbook counts its days from 1904."""

    sheets: dict[str, Oddities] = field(default_factory=dict)
    is_1904: bool = False


def check_archive(path: Path) -> Looked:
    """What is odd in a workbook; raises where the workbook is cut, a bomb, or made to exhaust a reader."""
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
            _check_sizes(entries, path.stat().st_size)
            odd: dict[str, Oddities] = {}
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    odd[entry.filename] = _check_part(archive, entry)
            sheets = {sheet: odd[part] for sheet, part in _sheet_parts(archive) if part in odd}
            return Looked(sheets, _IS_1904.search(archive.read("xl/workbook.xml")) is not None)
    except (BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, KeyError) as error:
        raise StagewatchError(
            f"the workbook is cut or damaged ({error})", remedy="export or copy it again; then send it"
        ) from error


def _check_sizes(entries: list[ZipInfo], packed: int) -> None:
    unpacked = sum(e.file_size for e in entries)
    strings = max((e.file_size for e in entries if e.filename.lower().endswith("sharedstrings.xml")), default=0)
    too_dense = unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * max(packed, 1)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or strings > MAX_SHARED_STRINGS or too_dense:
        raise StagewatchError(
            f"unpacks to {unpacked:,} bytes in {len(entries):,} parts, which no ordinary workbook does",
            remedy="save it as CSV",
        )
    if "xl/workbook.xml" not in {e.filename for e in entries}:
        raise StagewatchError("is a zip archive, but no Excel workbook", remedy="save it as .xlsx or CSV")


def _sheet_parts(archive: ZipFile) -> Iterator[tuple[str, str]]:
    """Each sheet's name and the part of the archive that holds it; none where the workbook does not say so plainly."""
    try:
        links = {
            link.get("Id"): link.get("Target", "")
            for link in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        }
        for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
            if element.tag.rpartition("}")[2] == "sheet":
                link = next((v for k, v in element.items() if k.endswith("}id")), None)
                target = links.get(link, "")
                yield element.get("name", ""), target[1:] if target.startswith("/") else normpath(join("xl", target))
    except (ElementTree.ParseError, KeyError):
        return


def _check_part(archive: ZipFile, entry: ZipInfo) -> Oddities:
    odd = Oddities()
    with archive.open(entry) as stream:
        head = stream.read(4096)
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise StagewatchError("holds XML entities, which no workbook needs", remedy="save it anew from Excel")
        if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
            _check_references(head, stream, entry.filename, odd)
    return odd


def _check_references(head: bytes, stream: IO[bytes], name: str, odd: Oddities) -> None:
    """A few cells far apart make a reader fill billions between: compare the last place with what is there."""
    last_row, last_column, rows = 0, 0, 0
    for piece in _whole_cells(head, stream):
        if _FAR.search(piece):
            for letters, number in CELL.findall(piece):
                last_row = max(last_row, int(number))
                last_column = max(last_column, column_number(letters))
        found = ROW.findall(piece)
        rows += len(found)
        last_row = max([last_row, *map(int, found)])
        _note_odd(piece, odd)
    if last_column > MAX_COLUMNS or last_row > MAX_ROWS or last_row > 100_000 + 100 * rows:
        raise StagewatchError(
            f"{name} has cells as far as row {last_row:,}, column {last_column:,} in {rows:,} rows",
            remedy="delete what stands far off the table, or copy the table to a new sheet",
        )


def _whole_cells(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    """The sheet's XML in pieces of about a megabyte that cut no cell and no row's tag in two."""
    rest = head
    while chunk := stream.read(1 << 20):
        rest += chunk
        cut = max(rest.rfind(b"<c "), rest.rfind(b"<row "), rest.rfind(b":c "), rest.rfind(b":row "))
        cut = rest.rfind(b"<", 0, cut + 1) if cut > 0 else 0
        if cut > 0:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > MAX_CELL_XML:
            yield rest
            rest = rest[-400:]
    yield rest


def _note_odd(piece: bytes, odd: Oddities) -> None:
    if b't="e"' in piece:
        for letters, number, text in _ERROR.findall(piece):
            odd.cells[int(number), column_number(letters)] = ("error_cell", _text(text))
    if b"<f" in piece or b":f" in piece:
        for letters, number, text in _UNCOMPUTED.findall(piece):
            odd.cells[int(number), column_number(letters)] = ("formula_without_value", f"={_text(text)}")
    if b"hidden=" in piece:
        odd.hidden_rows.update(map(int, _HIDDEN_ROW.findall(piece)))


def _text(xml: bytes) -> str:
    return unescape(xml.decode("utf-8", "replace"))


def column_number(letters: bytes) -> int:
    """A column's number from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def column_letters(number: int) -> str:
    """A column's letters from its number: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
