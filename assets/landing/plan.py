"""Which mapping reads a file, and how: looked up before a row is read, explained where none does."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import is_zipfile

from assets.landing import columnar, xlsx
from assets.landing.csv_records import Dialect, preview_records
from assets.landing.layout import Layout, Miss, Table, find_layout
from assets.landing.mappings import ALWAYS, TEMPLATE, is_template, matching_sources
from assets.landing.messages.reader import Shape, find_shape
from assets.landing.sheet_tables import block_name, sheet_layouts, titled, titled_by_file
from assets.landing.sniff import check_magic, format_of
from assets.landing.text_files import TextFile, open_text, unpack
from data_contracts.errors import StagewatchError
from data_contracts.mapping import Format, Mapping, Source
from data_contracts.messages import MESSAGE_COLUMNS

# So many of a template's columns make a file worth calling a report that it nearly reads.
LIKE_A_REPORT = 3
DELIMITERS = (",", ";", "\t", "|")


class UnmappedError(StagewatchError):
    """No mapping reads the file: it may be sound, and a mapping that is mended may read it."""


@dataclass(frozen=True)
class Part:
    """One table of a file and the source that reads it. `path` is what its reader opens; `shape`: of messages;
    `is_hidden`: its sheet is."""

    mapping: str
    code: str
    source: Source
    form: Format
    path: Path
    layout: Layout
    sheet: str | None = None
    dialect: Dialect | None = None
    text: TextFile | None = None
    name: str | None = None
    shape: Shape | None = None
    is_hidden: bool = False

    @property
    def source_sheet(self) -> str | None:
        """What the rows' source_sheet says."""
        return self.name if self.name is not None else self.sheet

    @property
    def encoding(self) -> str | None:
        return None if self.text is None else self.text.encoding


@dataclass(frozen=True)
class Plan:
    """How a file is read: the mapping, its parts, the sheets that nothing reads. A workbook of mended rows may have
    several mappings."""

    mappings: tuple[Mapping, ...]
    parts: tuple[Part, ...]
    unused_sheets: tuple[str, ...] = ()
    is_mended: bool = False

    @property
    def mapping(self) -> str:
        """The mapping's code; the codes where there are several."""
        return ", ".join(m.mapping for m in self.mappings)


@dataclass(frozen=True)
class _Near:
    """A source that the file's name fits and its columns do not; `fault`: what is wrong where it has no columns."""

    mapping: str
    source: str
    sheet: str | None
    miss: Miss
    fault: StagewatchError | None = None


def plan_file(path: Path, name: str, mappings: Sequence[Mapping], scratch: Path) -> Plan:
    """The plan for a file's bytes at `path`, named `name`; raises where no mapping reads it, saying what is near.

    The first mapping that fits; where only templates do, the one that finds most of its columns in the file.
    """
    near: list[_Near] = []
    fitting: list[Plan] = []
    plain: Path | None = None
    for mapping, sources in sorted(matching_sources(name, mappings), key=lambda pair: is_template(pair[0])):
        if fitting and not is_template(mapping):
            break
        parts: list[Part] = []
        unused: list[str] = []
        plain = plain or unpack(path, scratch)
        for form, group in _by_format(name, sources):
            check_magic(plain, form)
            found, left, misses = _PLANNERS[form](plain, mapping.mapping, group, scratch)
            parts += found
            unused += left
            near += misses
        if parts:
            parts = [replace(p, layout=titled_by_file(p.layout, p.source, _stem(name))) for p in parts]
            whole = [p for p in parts if not p.source.missing(p.layout.filled)]
            unused += dict.fromkeys(p.sheet for p in parts if p not in whole and p.sheet is not None)
            parts = whole
        if parts:
            fitting.append(Plan((mapping,), tuple(parts), tuple(unused)))
            if not is_template(mapping):
                break
    if fitting:
        return max(fitting, key=lambda plan: max(len(p.layout.filled) for p in plan.parts))
    if plain is None:
        check_known(path, name, scratch)
    raise _no_mapping(name, mappings, near)


def _stem(name: str) -> str:
    """A file's name without its endings."""
    return re.sub(r"([.](?:csv|tsv|txt|xls[xm]?|gz))+$", "", name, flags=re.IGNORECASE)


def other_readers(path: Path, name: str, mappings: Sequence[Mapping], used: str, scratch: Path) -> list[str]:
    """The mappings beside `used` that would read the file as well: which one does hangs on the order of their files."""
    others = []
    for mapping, _ in matching_sources(name, mappings):
        if mapping.mapping != used and not is_template(mapping):
            with contextlib.suppress(StagewatchError):
                others.append(plan_file(path, name, [mapping], scratch).mapping)
    return others


def check_known(path: Path, name: str, scratch: Path) -> None:
    """Say what is wrong with the file itself before saying that no mapping reads it."""
    form = format_of(name, None)
    check_magic(unpack(path, scratch), form)


def _by_format(name: str, sources: list[tuple[str, Source]]) -> list[tuple[Format, list[tuple[str, Source]]]]:
    groups: dict[Format, list[tuple[str, Source]]] = {}
    for code, source in sources:
        groups.setdefault(format_of(name, source.format), []).append((code, source))
    return list(groups.items())


_Found = tuple[list[Part], list[str], list[_Near]]


def _plan_text(path: Path, mapping: str, sources: list[tuple[str, Source]], scratch: Path, tab: bool) -> _Found:
    near: list[_Near] = []
    for code, source in sources:
        text = open_text(path, source.encoding, scratch)
        delimiters = (source.delimiter,) if source.delimiter else ("\t",) if tab else DELIMITERS
        misses: list[Miss] = []
        for delimiter in delimiters:
            dialect = Dialect(delimiter, None if source.quote == "none" else source.quote)
            preview = preview_records(text.path, dialect)
            layout = find_layout(Table(None, preview), source)
            if isinstance(layout, Layout):
                layout = titled(layout, source, preview, (), "")
                form: Format = "tsv" if tab else "csv"
                return [Part(mapping, code, source, form, text.path, layout, dialect=dialect, text=text)], [], near
            misses.append(layout)
        near.append(_Near(mapping, code, None, max(misses, key=lambda m: (m.matched, len(m.found)))))
    return [], [], near


def _plan_csv(path: Path, mapping: str, sources: list[tuple[str, Source]], scratch: Path) -> _Found:
    return _plan_text(path, mapping, sources, scratch, tab=False)


def _plan_tsv(path: Path, mapping: str, sources: list[tuple[str, Source]], scratch: Path) -> _Found:
    return _plan_text(path, mapping, sources, scratch, tab=True)


def _plan_xlsx(path: Path, mapping: str, sources: list[tuple[str, Source]], scratch: Path) -> _Found:
    parts: list[Part] = []
    unused: list[str] = []
    near: list[_Near] = []
    tables = xlsx.sheet_tables(path)
    for number, table in enumerate(tables, start=1):
        sheet = table.sheet or ""
        wanted = [
            (c, s) for c, s in sources if s.sheet in ("*", number, sheet) or str(s.sheet).strip() == sheet.strip()
        ]
        misses = []
        for code, source in wanted:
            if table.is_hidden and "hidden" in source.skip:
                continue
            layouts = sheet_layouts(path, table, source)
            if not isinstance(layouts, Miss):
                parts += [
                    Part(
                        mapping,
                        code,
                        source,
                        "xlsx",
                        path,
                        x,
                        sheet,
                        name=block_name(sheet, x),
                        is_hidden=table.is_hidden,
                    )
                    for x in layouts
                ]
                break
            misses.append(_Near(mapping, code, sheet, layouts))
        else:
            unused.append(sheet)
            near += misses
    for code, source in sources:
        if not near and not parts:
            titles = tuple(t.sheet or "" for t in tables)
            near.append(_Near(mapping, code, None, Miss((f"the sheet {source.sheet}",), titles, 0)))
    return parts, unused, near


def _plan_columnar(path: Path, mapping: str, sources: list[tuple[str, Source]], scratch: Path, form: Format) -> _Found:
    near: list[_Near] = []
    for code, source in sources:
        text = open_text(path, source.encoding, scratch) if form == "jsonl" else None
        names = (
            columnar.json_columns(text.path, source.rows)
            if text is not None
            else list(columnar.parquet_columns(path, source.rows))
        )
        layout = find_layout(Table(None, ((1, tuple(names)),)), source.model_copy(update={"header_row": None}))
        if isinstance(layout, Layout):
            layout = replace(layout, header_row=0, width=len(names))
            return [Part(mapping, code, source, form, text.path if text else path, layout, text=text)], [], near
        near.append(_Near(mapping, code, None, layout))
    return [], [], near


def _plan_jsonl(path: Path, mapping: str, sources: list[tuple[str, Source]], scratch: Path) -> _Found:
    return _plan_columnar(path, mapping, sources, scratch, "jsonl")


def _plan_parquet(path: Path, mapping: str, sources: list[tuple[str, Source]], scratch: Path) -> _Found:
    return _plan_columnar(path, mapping, sources, scratch, "parquet")


def _plan_messages(path: Path, mapping: str, sources: list[tuple[str, Source]], scratch: Path) -> _Found:
    near: list[_Near] = []
    for code, source in sources:
        text = None if is_zipfile(path) else open_text(path, source.encoding, scratch)
        try:
            shape = find_shape(text.path if text else path)
            if source.channels and shape.channel not in source.channels:
                raise StagewatchError(
                    f"holds messages of {shape.channel}, and this source takes those of {', '.join(source.channels)}",
                    remedy=f"add {shape.channel} to the source's channels, or leave the file to another mapping",
                )
        except StagewatchError as fault:
            near.append(_Near(mapping, code, None, Miss((), (), 0), fault))
            continue
        layout = find_layout(Table(None, ((1, MESSAGE_COLUMNS),)), source)
        if isinstance(layout, Layout):
            layout = replace(layout, header_row=0, width=len(MESSAGE_COLUMNS), unused=())
            part = Part(mapping, code, source, "messages", text.path if text else path, layout, shape.sheet, text=text,
                        shape=shape)  # fmt: skip
            return [part], [], near
        near.append(_Near(mapping, code, None, layout))
    return [], [], near


_PLANNERS = {
    "csv": _plan_csv,
    "tsv": _plan_tsv,
    "xlsx": _plan_xlsx,
    "jsonl": _plan_jsonl,
    "parquet": _plan_parquet,
    "messages": _plan_messages,
}


def _no_mapping(name: str, mappings: Sequence[Mapping], near: list[_Near]) -> UnmappedError:
    if all(n.mapping.startswith(TEMPLATE) for n in near):
        near = [n for n in near if n.miss.matched >= LIKE_A_REPORT]
    if not near:
        known = [m for m in mappings if m.mapping not in ALWAYS and not is_template(m)]
        patterns = ", ".join(dict.fromkeys(p for m in known for s in m.sources.values() for p in s.files))
        return UnmappedError(
            "no mapping reads a file of this name" if known else "the workspace has no mappings",
            remedy=(f"name it like one of {patterns}; or let" if known else "let")
            + f" `stagewatch contracts propose {shlex.quote(name)}` write mappings/NAME.yaml, to be looked over"
            " (docs/mappings.md)",
        )
    best = max(near, key=lambda n: (not n.mapping.startswith(TEMPLATE), n.miss.matched))
    if best.fault is not None:
        return UnmappedError(
            f"the mapping {best.mapping} (source {best.source}) does not read it: {best.fault.message}",
            remedy=best.fault.remedy,
        )
    where = f"sheet {best.sheet!r}: " if best.sheet else ""
    there = ", ".join(" ".join(c.split()) for c in best.miss.found if c) or "none"
    unclear = [f"cannot tell which of {', '.join(headers)} is {wanted!r}" for wanted, headers in best.miss.unclear]
    missing = [wanted for wanted in best.miss.missing if wanted not in dict(best.miss.unclear)]
    faults = [*unclear, *([f"misses {_quoted(missing)}"] if missing else [])]
    what = "template" if best.mapping.startswith(TEMPLATE) else "mapping"
    return UnmappedError(
        f"{where}the {what} {best.mapping} (source {best.source}) {'; '.join(faults)}; the file has {there}",
        remedy=f"let `stagewatch contracts propose {shlex.quote(name)}` write a mapping, to be looked over; or write "
        f"one that extends {best.mapping} with the file's own headers (docs/daily_reports.md)"
        if what == "template"
        else f"add the file's own header to sources.{best.source}.columns in the mapping {best.mapping} "
        "(a list holds alternatives), or mark the column optional",
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"the column {n!r}" if not n.startswith("the ") else n for n in names)
