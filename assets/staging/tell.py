"""What people should know after staging, a line each: what is refused and how to mend it, what has not come."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from assets.staging.reasons import place_text, reason_text, remedy_text
from assets.workspace import Run
from data_contracts.mapping import Mapping
from data_contracts.mapping_targets import refused_by_playbook
from data_contracts.texts import Texts

MOST_FILES = 20


def problems(con: duckdb.DuckDBPyConnection, mappings: Sequence[Mapping], run: Run) -> list[str]:
    """Faults that need somebody: mappings with stages that the playbook lacks, files that lack, rows refused."""
    read = set(con.execute("select distinct mapping, source from landing.parts").fetchall())
    used = [m for m in mappings if m.mapping in {mapping for mapping, _ in read}]
    say = Texts("ingestion", run.settings.language)
    strange = [
        say("mapping_strange_stage", mapping=m.mapping, fault=fault)
        for m in used
        for fault in dict.fromkeys(refused_by_playbook(m, run.playbook))
    ]
    missing = [
        say("mapping_without_file", mapping=m.mapping, source=code, files=", ".join(source.files))
        for m in used
        for code, source in m.sources.items()
        if not source.optional and (m.mapping, code) not in read
    ]
    return strange + missing + refused_rows(con, mappings, run)


def refused_rows(con: duckdb.DuckDBPyConnection, mappings: Sequence[Mapping], run: Run) -> list[str]:
    """A line for each file with refused rows: how many, the first with its place, column, reason and value."""
    language = run.settings.language
    say = Texts("ingestion", language)
    by_code = {m.mapping: m for m in mappings}
    rows = con.execute(
        """
        select q.file_name, l.rows_read, l.quarantined, q.source_sheet, q.source_row, q.record, q.column_name, q.reason,
               q.value, q.mapping
        from staging.quarantine q join staging.ledger l using (file_id)
        qualify row_number() over (partition by file_id order by source_sheet nulls first, source_row) = 1
        order by l.quarantined desc, file_id limit ?""",
        [MOST_FILES],
    ).fetchall()
    return [
        say(
            "file_quarantined",
            file=file,
            rows=f"{read:,}",
            quarantined=f"{quarantined:,}",
            row=row,
            sheet=say("check_sheet", sheet=sheet) if sheet else "",
            column=place_text(by_code.get(mapping), record, column),
            reason=reason_text(reason, record, language),
            value=value or "",
            remedy=remedy_text(reason, column, language),
        )
        for file, read, quarantined, sheet, row, record, column, reason, value, mapping in rows
    ]
