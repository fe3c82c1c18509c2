"""`stagewatch contracts check FILE`: what would become of a file, told before it is sent. Writes nothing.

The file is landed and staged alone, in memory, by the workspace's mappings: a lookup in a table of another file
finds nothing here.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from assets.landing.journal import Delivery
from assets.landing.land import land_file
from assets.landing.plan import Plan, plan_file
from assets.landing.rebuild import mappings_in_force
from assets.landing.sniff import extension
from assets.staging.build import build_staging
from assets.warehouse import connect_memory
from assets.workspace import Run
from data_contracts.contract import load_contract, names
from data_contracts.errors import StagewatchError
from data_contracts.predicates import row_predicates
from data_contracts.texts import Language, Texts

SHOWN = 20


@dataclass(frozen=True)
class BadRow:
    """One row that would be quarantined, with its first fault."""

    sheet: str | None
    row: int
    record: str | None
    column: str | None
    reason: str
    value: str | None


@dataclass(frozen=True)
class FileCheck:
    """What would become of a file. `problem` says why it would be rejected whole; then the figures are 0."""

    file: str
    language: Language
    problem: str | None = None
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

    @property
    def is_clean(self) -> bool:
        """Whether every row would be accepted or is an exact duplicate."""
        return self.problem is None and self.quarantined == 0

    def text(self) -> str:
        """The check in words, in the workspace's language."""
        say = Texts("ingestion", self.language)
        if self.problem is not None:
            return say("check_rejected", file=self.file, problem=self.problem)
        lines = [
            say("check_read", file=self.file, mapping=self.mapping, source=self.source,
                encoding=self.encoding or "-", rows=f"{self.rows_read:,}"),
            say("check_outcome", accepted=f"{self.accepted:,}", unmapped=f"{self.unmapped:,}",
                quarantined=f"{self.quarantined:,}", duplicates=f"{self.duplicates:,}"),
        ]  # fmt: skip
        lines += [say("check_record", record=name, rows=f"{rows:,}") for name, rows in self.records.items()]
        lines += [
            say("check_bad", row=bad.row, sheet=say("check_sheet", sheet=bad.sheet) if bad.sheet else "",
                column=bad.column or "-", reason=reason_text(bad.reason, bad.record, self.language),
                value=bad.value or "")
            for bad in self.bad_rows
        ]  # fmt: skip
        if self.quarantined > len(self.bad_rows):
            lines.append(say("check_more", rows=f"{self.quarantined - len(self.bad_rows):,}"))
        if self.unused_columns:
            lines.append(say("check_unused_columns", names=", ".join(self.unused_columns)))
        if self.unused_sheets:
            lines.append(say("check_unused_sheets", names=", ".join(self.unused_sheets)))
        if self.nul_bytes:
            lines.append(say("check_nul", count=f"{self.nul_bytes:,}"))
        return "\n".join(lines)


def reason_text(reason: str, record: str | None, language: Language) -> str:
    """A quarantine reason in words: a code of texts/ingestion.yaml, or a rule of the record's contract."""
    say = Texts("ingestion", language)
    if reason in say:
        return say(reason)
    rules = row_predicates(load_contract("sources", record)) if record in names("sources") else []
    return next((p.reason.in_language(language) for p in rules if p.rule_id == reason), reason)


def check_file(path: Path, run: Run) -> FileCheck:
    """Land and stage one file in memory by the workspace's mappings; nothing is written to the workspace."""
    language = run.settings.language
    con = connect_memory(run.settings, run.playbook, run.as_of)
    try:
        with tempfile.TemporaryDirectory(prefix="stagewatch-check-") as folder:
            if not path.is_file():
                raise StagewatchError("is no file", remedy="give the path of a file")
            mappings, faults = mappings_in_force(con, run)
            if faults:
                raise faults[0]
            delivery = Delivery(
                1, path.name, None, None, path.stat().st_size, run.now.isoformat(), "landed", 1, extension(path.name)
            )
            plan = plan_file(path, path.name, mappings, Path(folder))
            landed = land_file(con, path, delivery, mappings, Path(folder), lambda _: None)
        build_staging(con, run)
        return _found(con, path.name, language, landed, plan)
    except StagewatchError as error:
        return FileCheck(path.name, language, problem=str(error))
    except OSError as error:
        return FileCheck(path.name, language, problem=f"cannot be read: {error.strerror or error}")
    finally:
        con.close()


def _found(con: duckdb.DuckDBPyConnection, name: str, language: Language, landed: Delivery, plan: Plan) -> FileCheck:
    figures = con.execute(
        "select rows_read, accepted, of_which_unmapped, quarantined, duplicates from staging.ledger"
    ).fetchone()
    assert figures is not None
    rows_read, accepted, unmapped, quarantined, duplicates = figures
    counts = {n: con.execute(f"select count(*) from {load_contract('sources', n).table}").fetchone()
              for n in names("sources")}  # fmt: skip
    bad = con.execute(
        "select source_sheet, source_row, record, column_name, reason, value from staging.quarantine"
        " order by source_sheet nulls first, source_row limit ?",
        [SHOWN],
    ).fetchall()
    return FileCheck(
        file=name,
        language=language,
        mapping=landed.mapping,
        source=landed.source,
        encoding=landed.encoding,
        rows_read=rows_read,
        accepted=accepted,
        unmapped=unmapped,
        quarantined=quarantined,
        duplicates=duplicates,
        nul_bytes=landed.nul_bytes,
        records={n: row[0] for n, row in counts.items() if row and row[0]},
        bad_rows=tuple(BadRow(*row) for row in bad),
        unused_columns=tuple(dict.fromkeys(c for part in plan.parts for c in part.layout.unused)),
        unused_sheets=plan.unused_sheets,
    )
