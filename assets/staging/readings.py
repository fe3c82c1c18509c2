"""How a file's tables were read where people might expect it otherwise: hidden rows, several columns that fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from data_contracts.mapping import Mapping
from data_contracts.texts import Language, Texts

MOST_FILES = 5


def hidden_rows(con: duckdb.DuckDBPyConnection, file_id: int) -> dict[str, int]:
    """Rows by sheet that a workbook hides, of those that stand in the tables that are read."""
    rows = con.execute(
        "select source_sheet, sum(rows_hidden)::bigint from landing.parts where file_id = ? and rows_hidden > 0"
        " group by source_sheet order by min(part_no)",
        [file_id],
    ).fetchall()
    return dict(rows)


def hidden_text(con: duckdb.DuckDBPyConnection, mapping: Mapping, file_id: int, language: Language) -> list[str]:
    """In words, for each sheet: how many rows it hides, and whether they count."""
    say = Texts("ingestion", language)
    rows = _hidden(con, mapping, [file_id])
    return [
        say(said, rows=f"{count:,}", sheet=say("check_sheet", sheet=sheet) if sheet else "")
        for said, _, sheet, count in rows
    ]


def hidden_in_files(
    con: duckdb.DuckDBPyConnection, mapping: Mapping, file_ids: Sequence[int], language: Language
) -> list[str]:
    """The same of files that one mapping reads: a line for those that count, and one for those that do not."""
    say = Texts("ingestion", language)
    by_text: dict[str, dict[str, int]] = {}
    for said, file, _, count in _hidden(con, mapping, file_ids):
        files = by_text.setdefault(said, {})
        files[file] = files.get(file, 0) + count
    lines = []
    for said, files in by_text.items():
        named = ", ".join(f"{file} {count:,}" for file, count in list(files.items())[:MOST_FILES])
        more = say("and_more", count=f"{len(files) - MOST_FILES:,}") if len(files) > MOST_FILES else ""
        where = say("hidden_where", files=named + more)
        lines.append(say(said, rows=f"{sum(files.values()):,}", sheet=where))
    return lines


def _hidden(
    con: duckdb.DuckDBPyConnection, mapping: Mapping, file_ids: Sequence[int]
) -> Iterator[tuple[str, str, str | None, int]]:
    """What to say, file, sheet, rows hidden."""
    for source, file, sheet, count in con.execute(
        "select p.source, f.name, p.source_sheet, p.rows_hidden"
        " from landing.parts p join landing.files f using (file_id)"
        " where p.rows_hidden > 0 and list_contains(?, file_id) order by file_id, p.part_no",
        [list(file_ids)],
    ).fetchall():
        is_skipped = "hidden" in mapping.sources[source].skip
        yield "hidden_rows_skipped" if is_skipped else "hidden_rows", file, sheet, count


def doubt_texts(con: duckdb.DuckDBPyConnection, file_id: int, language: Language) -> list[str]:
    """In words, which of several columns that fit is read, or that none is; once for all the sheets of a file."""
    say = Texts("ingestion", language)
    parts = con.execute("select doubts from landing.parts where file_id = ? order by part_no", [file_id]).fetchall()
    return list(
        dict.fromkeys(
            say(
                "header_unclear" if doubt["taken"] is None else "header_taken",
                column=doubt["column"], taken=doubt["taken"], others=", ".join(doubt["others"]),
            )
            for (doubts,) in parts
            for doubt in doubts or ()
        )
    )  # fmt: skip
