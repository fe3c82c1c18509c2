"""What people should know after staging, a line each: what is refused and how to mend it, what has not come."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from assets.staging.places import FOUND_SQL, place_text
from assets.staging.readings import MOST_FILES, doubt_texts, hidden_in_files
from assets.workspace import Run
from data_contracts.mapping import Mapping
from data_contracts.mapping_targets import refused_by_playbook
from data_contracts.reasons import reason_text, remedy_text
from data_contracts.texts import Texts


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
    return strange + missing + refused_rows(con, mappings, run) + readings(con, mappings, run)


def refused_rows(con: duckdb.DuckDBPyConnection, mappings: Sequence[Mapping], run: Run) -> list[str]:
    """A line for each file of this run with refused rows, the worst first: how many, and the first with its place,
    column, reason and value; and a line for all others together."""
    language = run.settings.language
    say = Texts("ingestion", language)
    by_code = {m.mapping: m for m in mappings}
    rows = con.execute(
        f"""
        select f.landed_at = ? as is_new, q.file_name, l.rows_read, count(*) over (partition by file_id) as waiting,
               q.source_sheet, q.source_row, q.record, q.cell, q.column_name, q.reason, q.value, q.mapping,
               {FOUND_SQL} as found
        from staging.quarantine q join staging.ledger l using (file_id) join landing.files f using (file_id)
        where q.is_waiting
        qualify row_number() over (partition by file_id order by q.source_sheet nulls first, q.source_row) = 1
        order by is_new desc, waiting desc, file_id""",
        [run.now],
    ).fetchall()
    shown = [row for row in rows if row[0]][:MOST_FILES]
    lines = [
        say(
            "file_quarantined",
            file=file,
            rows=f"{read:,}",
            quarantined=f"{quarantined:,}",
            row=row,
            sheet=say("check_sheet", sheet=sheet) if sheet else "",
            cell=say("cell", cell=cell) if cell else "",
            column=place_text(by_code.get(mapping), record, column, found),
            reason=reason_text(reason, record, language),
            value=value or "",
            remedy=remedy_text(reason, column, language),
        )
        for _, file, read, quarantined, sheet, row, record, cell, column, reason, value, mapping, found in shown
    ]
    others = rows[len(shown) :]
    if others:
        lines.append(say("files_quarantined", files=f"{len(others):,}", rows=f"{sum(row[3] for row in others):,}"))
    return lines


def readings(con: duckdb.DuckDBPyConnection, mappings: Sequence[Mapping], run: Run) -> list[str]:
    """How tables of this run's files were read where another way were possible: a line for what several files share."""
    language = run.settings.language
    say = Texts("ingestion", language)
    new = con.execute(
        "select file_id, name, mapping from landing.files where landed_at = ? and status = 'active' order by file_id",
        [run.now],
    ).fetchall()
    lines = []
    for mapping in mappings:
        lines += hidden_in_files(con, mapping, [f for f, _, code in new if code == mapping.mapping], language)
    files: dict[str, list[str]] = {}
    for file_id, name, _ in new:
        for what in doubt_texts(con, file_id, language):
            files.setdefault(what, []).append(name)
    lines += [
        say("file_said", file=names[0], what=what)
        if len(names) == 1
        else say("files_said", file=names[0], others=f"{len(names) - 1:,}", what=what)
        for what, names in files.items()
    ]
    return lines
