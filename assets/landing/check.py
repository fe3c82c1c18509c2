"""`stagewatch contracts check FILE...`: what would become of files, told before they are sent. Writes nothing.

The files are landed and staged in memory beside the files that have landed for the same mappings, so that lookups,
exact duplicates and replaced files come out as a run would find them. Several files are checked as sent together.
A mapping that cannot be read is reported, and not stood in for by its last good version: what is checked is what is
written.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import duckdb

from assets.landing.arrivals import printable
from assets.landing.fixes import plan_any
from assets.landing.journal import Delivery, Journal, landed_path
from assets.landing.land import land_file
from assets.landing.mappings import is_append
from assets.landing.plan import Plan, UnmappedError, other_readers
from assets.landing.rebuild import mappings_in_force
from assets.landing.sniff import extension
from assets.staging.build import build_staging
from assets.staging.places import FOUND_SQL, place_text
from assets.staging.readings import doubt_texts, hidden_rows, hidden_text
from assets.warehouse import connect_memory
from assets.workspace import Run
from data_contracts.contract import load_contract, names
from data_contracts.errors import StagewatchError
from data_contracts.mapping import Mapping
from data_contracts.mapping_targets import refused_by_playbook
from data_contracts.reasons import reason_text, remedy_text
from data_contracts.sql_names import quote_literal
from data_contracts.texts import Language, Texts

SHOWN = 20
MASTERS = ("aliases", "organisation", "opportunities", "stage_events", "signings", "visits")


@dataclass(frozen=True)
class BadRow:
    """One row that would be quarantined, with its first fault.

    `cell`: in a workbook, where the value stands; `place`: the column as people know it.
    """

    sheet: str | None
    row: int
    record: str | None
    cell: str | None
    column: str | None
    reason: str
    value: str | None
    place: str


@dataclass(frozen=True)
class FileCheck:
    """What would become of a file. `problem` says why it would be rejected whole; then the figures are 0.

    `is_left`: it would not be rejected but left in the inbox, since a mapping that cannot be read may be its own.
    `resent_of`: nothing would land, for its content has, under that name. `replaces_rows`: rows of the earlier file
    of this name, which it would take the place of. `hidden_rows`: rows by sheet that the workbook hides. `readings`:
    how its tables are read where another way were possible. `notices`: what would be said of it all the same.
    """

    file: str
    language: Language
    problem: str | None = None
    is_left: bool = False
    resent_of: str | None = None
    replaces_rows: int | None = None
    mapping: str | None = None
    source: str | None = None
    encoding: str | None = None
    rows_read: int = 0
    accepted: int = 0
    unmapped: int = 0
    quarantined: int = 0
    duplicates: int = 0
    nul_bytes: int = 0
    records: dict[str, int] = field(default_factory=dict)
    bad_rows: tuple[BadRow, ...] = ()
    unused_columns: tuple[str, ...] = ()
    unused_sheets: tuple[str, ...] = ()
    hidden_rows: dict[str, int] = field(default_factory=dict)
    readings: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether every row would be accepted or is an exact duplicate, and nothing needs mending."""
        return self.problem is None and self.quarantined == 0 and not self.notices

    def text(self) -> str:
        """The check in words, in the workspace's language."""
        say = Texts("ingestion", self.language)
        if self.problem is not None:
            said = "check_left" if self.is_left else "check_rejected"
            return "\n".join([*self.notices, say(said, file=self.file, problem=self.problem)])
        if self.resent_of is not None:
            return say("check_resent", file=self.file, earlier=self.resent_of)
        lines = [
            say("check_read", file=self.file, mapping=self.mapping, source=self.source,
                encoding=self.encoding or "-", rows=f"{self.rows_read:,}"),
            say("check_outcome", accepted=f"{self.accepted:,}", unmapped=f"{self.unmapped:,}",
                quarantined=f"{self.quarantined:,}", duplicates=f"{self.duplicates:,}"),
        ]  # fmt: skip
        if self.replaces_rows is not None:
            lines.append(say("check_replaces", rows=f"{self.replaces_rows:,}"))
        lines += [say("check_record", record=name, rows=f"{rows:,}") for name, rows in self.records.items()]
        lines += self._bad_rows_text(say)
        lines += self.readings
        if self.unused_columns:
            lines.append(say("check_unused_columns", names=", ".join(self.unused_columns)))
        if self.unused_sheets:
            lines.append(say("check_unused_sheets", names=", ".join(self.unused_sheets)))
        if self.nul_bytes:
            lines.append(say("check_nul", count=f"{self.nul_bytes:,}"))
        return "\n".join([*lines, *self.notices])

    def _bad_rows_text(self, say: Texts) -> list[str]:
        """The first bad rows, then what mends each kind of fault among them."""
        lines = [
            say("check_bad", row=bad.row, sheet=say("check_sheet", sheet=bad.sheet) if bad.sheet else "",
                cell=say("cell", cell=bad.cell) if bad.cell else "", column=bad.place,
                reason=reason_text(bad.reason, bad.record, self.language), value=bad.value or "")
            for bad in self.bad_rows
        ]  # fmt: skip
        if self.quarantined > len(self.bad_rows):
            lines.append(say("check_more", rows=f"{self.quarantined - len(self.bad_rows):,}"))
        remedies = dict.fromkeys(remedy_text(bad.reason, bad.column, self.language) for bad in self.bad_rows)
        return lines + [say("check_mend", remedy=remedy) for remedy in remedies]


def check_file(path: Path, run: Run) -> FileCheck:
    """What would become of one file sent alone."""
    return check_files([path], run)[0]


def check_files(paths: Sequence[Path], run: Run) -> list[FileCheck]:
    """Land and stage the files in memory as a run would, in the order of their names; nothing is written."""
    con = connect_memory(run.settings, run.playbook, run.as_of)
    try:
        with tempfile.TemporaryDirectory(prefix="stagewatch-check-") as folder:
            con.execute(f"set temp_directory = {quote_literal(folder)}")
            con.execute(f"set memory_limit = {quote_literal(run.settings.resources.memory_limit)}")
            return _Checking(con, run, Path(folder)).check(sorted(paths, key=lambda path: path.name))
    finally:
        con.close()


def _lookups(mapping: Mapping) -> set[str]:
    """The sources whose rows bear on those of others: looked up in, or gone through for a pair or a pick."""
    tables = {join.source for record in mapping.records for join in record.joins.values()}
    tables |= {derived.made_from for derived in mapping.derived_sources.values()}
    return tables & mapping.sources.keys()


def tells_of_people(mapping: Mapping) -> bool:
    """Whether it has records among which names are resolved."""
    return not mapping.is_told and any(record.record in MASTERS for record in mapping.records)


@dataclass
class _Taken:
    """A file on its way through the check: what is known of it before staging."""

    check: FileCheck
    delivery: Delivery | None = None
    plan: Plan | None = None


class _Checking:
    """One check: the workspace's mappings and journal, and the warehouse in memory."""

    def __init__(self, con: duckdb.DuckDBPyConnection, run: Run, scratch: Path) -> None:
        self.con, self.run, self.scratch = con, run, scratch
        self.language = run.settings.language
        self.mappings, faults = mappings_in_force(con, run)
        self.faults = tuple(str(fault) for fault in faults)
        self.journal = Journal(run.workspace.landed, lambda name: is_append(name, self.mappings), is_read_only=True)
        self.next_id = self.journal.next_file_id()

    def check(self, paths: Sequence[Path]) -> list[FileCheck]:
        taken = [self._plan(path) for path in paths]
        plans = [t.plan for t in taken if t.plan is not None]
        wanted = {
            *((m.mapping, code) for p in plans for m in p.mappings for code in _lookups(m)),
            *((part.mapping, part.code) for p in plans for part in p.parts),
        }
        if any(m.is_told for p in plans for m in p.mappings):  # whom they mean stands in the records of others
            wanted |= {(m.mapping, code) for m in self.mappings if tells_of_people(m) for code in m.sources}
        self._land_what_stands(wanted, {t.check.file for t in taken if t.plan is not None and not t.plan.is_mended})
        taken = [self._land(path, t) for path, t in zip(paths, taken, strict=True)]
        try:
            build_staging(self.con, self.run)
        except StagewatchError as error:
            return [t.check if t.delivery is None else replace(t.check, problem=str(error)) for t in taken]
        return [self._found(t) for t in taken]

    def _plan(self, path: Path) -> _Taken:
        name = printable(path.name)
        check = FileCheck(name, self.language, notices=self.faults)
        try:
            if not path.is_file():
                raise StagewatchError("is no file", remedy="give the path of a file")
            with path.open("rb") as stream:
                earlier = self.journal.active_with(hashlib.file_digest(stream, "sha256").hexdigest())
            if earlier is not None:
                return _Taken(replace(check, resent_of=self.journal.first(earlier).name, notices=()))
            plan = plan_any(path, name, self.mappings, self.scratch)
        except StagewatchError as error:
            is_left = bool(self.faults) and isinstance(error, UnmappedError)
            return _Taken(replace(check, problem=str(error), is_left=is_left))
        except OSError as error:
            return _Taken(replace(check, problem=f"cannot be read: {error.strerror or error}"))
        return _Taken(replace(check, notices=(*self.faults, *self._notices(path, name, plan))), plan=plan)

    def _notices(self, path: Path, name: str, plan: Plan) -> list[str]:
        say = Texts("ingestion", self.language)
        notices = [
            say("mapping_strange_stage", mapping=mapping.mapping, fault=fault)
            for mapping in plan.mappings
            for fault in dict.fromkeys(refused_by_playbook(mapping, self.run.playbook))
        ]
        others = [] if plan.is_mended else other_readers(path, name, self.mappings, plan.mapping, self.scratch)
        if others:
            notices.append(say("file_fits_twice", file=name, mapping=plan.mapping, others=", ".join(others)))
        return notices

    def _land_what_stands(self, sources: set[tuple[str, str]], names: set[str]) -> None:
        """Land again, in memory, the active files of these sources that the checked ones would not replace."""
        standings = self.journal.standings()
        for earlier in self.journal.deliveries:
            is_active = earlier.outcome == "landed" and standings[earlier.file_id].status == "active"
            is_replaced = earlier.name in names and not (earlier.is_mended or self.journal.is_append(earlier.name))
            path = landed_path(self.run.workspace.landed, earlier)
            read_by = set(product((earlier.mapping or "").split(", "), (earlier.source or "").split(", ")))
            if is_active and not is_replaced and read_by & sources and path.is_file():
                with contextlib.suppress(StagewatchError):  # a run says so, of that file
                    land_file(self.con, path, earlier, self.mappings, self.scratch, lambda _: None)

    def _land(self, path: Path, taken: _Taken) -> _Taken:
        if taken.plan is None:
            return taken
        name = taken.check.file
        delivery = Delivery(
            self.next_id, name, None, None, path.stat().st_size, self.run.now.isoformat(), "landed", self.next_id,
            extension(name),
        )  # fmt: skip
        self.next_id += 1
        try:
            landed = land_file(self.con, path, delivery, self.mappings, self.scratch, lambda _: None)
        except StagewatchError as error:
            return _Taken(replace(taken.check, problem=str(error)))
        except OSError as error:
            return _Taken(replace(taken.check, problem=f"cannot be read: {error.strerror or error}"))
        replaces = None if landed.is_mended else self._replaced_rows(name)
        return replace(taken, delivery=landed, check=replace(taken.check, replaces_rows=replaces))

    def _replaced_rows(self, name: str) -> int | None:
        if self.journal.is_append(name):
            return None
        standings = self.journal.standings()
        before = [
            d for d in self.journal.deliveries
            if d.name == name and not d.is_mended and standings[d.file_id].status == "active"
        ]  # fmt: skip
        return self.journal.first(before[-1].file_id).rows_read if before else None

    def _found(self, taken: _Taken) -> FileCheck:
        landed, plan = taken.delivery, taken.plan
        if landed is None or plan is None:
            return taken.check
        figures = self.con.execute(
            "select rows_read, accepted, of_which_unmapped, quarantined, duplicates from staging.ledger"
            " where file_id = ?",
            [landed.file_id],
        ).fetchone()
        assert figures is not None
        rows_read, accepted, unmapped, quarantined, duplicates = figures
        return replace(
            taken.check,
            mapping=landed.mapping,
            source=landed.source,
            encoding=landed.encoding,
            rows_read=rows_read,
            accepted=accepted,
            unmapped=unmapped,
            quarantined=quarantined,
            duplicates=duplicates,
            nul_bytes=landed.nul_bytes,
            records=self._records(landed.file_id),
            bad_rows=self._bad_rows(landed.file_id, plan),
            unused_columns=tuple(dict.fromkeys(c for part in plan.parts for c in part.layout.unused)),
            unused_sheets=plan.unused_sheets,
            hidden_rows=hidden_rows(self.con, landed.file_id),
            readings=(
                *hidden_text(self.con, plan.mappings[0], landed.file_id, self.language),
                *doubt_texts(self.con, landed.file_id, self.language),
            ),
        )

    def _records(self, file_id: int) -> dict[str, int]:
        tables = {name: load_contract("sources", name).table for name in names("sources")}
        counts = {
            name: self.con.execute(f"select count(*) from {table} where file_id = ?", [file_id]).fetchall()[0][0]
            for name, table in tables.items()
        }
        return {name: rows for name, rows in counts.items() if rows}

    def _bad_rows(self, file_id: int, plan: Plan) -> tuple[BadRow, ...]:
        rows = self.con.execute(
            f"""
            select source_sheet, source_row, record, cell, column_name, reason, value, mapping, {FOUND_SQL} as found
            from staging.quarantine q where file_id = ? order by source_sheet nulls first, source_row limit ?""",
            [file_id, SHOWN],
        ).fetchall()
        known = {m.mapping: m for m in plan.mappings}
        return tuple(
            BadRow(
                sheet, row, record, cell, column, reason, value, place_text(known.get(mapping), record, column, found)
            )
            for sheet, row, record, cell, column, reason, value, mapping, found in rows
        )
