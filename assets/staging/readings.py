"""How a file's tables were read where people might expect it otherwise: hidden rows, several columns that fit."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from data_contracts.mapping import Mapping
from data_contracts.texts import Language, Texts


def hidden_rows(con: duckdb.DuckDBPyConnection, file_id: int) -> dict[str, int]:
    """Rows by sheet that a workbook hides, of those that stand in the tables that are read."""
    rows = con.execute(
        "select source_sheet, sum(rows_hidden)::bigint from landing.parts where file_id = ? and rows_hidden > 0"
        " group by source_sheet order by min(part_no)",
        [file_id],
    ).fetchall()
    return dict(rows)


def reading_texts(con: duckdb.DuckDBPyConnection, file_id: int, mapping: Mapping, language: Language) -> Iterator[str]:
    """In words: how many rows are hidden and whether they count, which of several columns that fit is read."""
    say = Texts("ingestion", language)
    parts = con.execute(
        "select source, source_sheet, rows_hidden, doubts from landing.parts"
        " where file_id = ? and (rows_hidden > 0 or len(doubts) > 0) order by part_no",
        [file_id],
    ).fetchall()
    for source, name, hidden, doubts in parts:
        sheet = say("check_sheet", sheet=name) if name else ""
        if hidden:
            is_skipped = "hidden" in mapping.sources[source].skip
            yield say("hidden_rows_skipped" if is_skipped else "hidden_rows", rows=f"{hidden:,}", sheet=sheet)
        for doubt in doubts or ():
            others = ", ".join(doubt["others"])
            if doubt["taken"] is None:
                yield say("header_unclear", column=doubt["column"], sheet=sheet, others=others)
            else:
                yield say("header_taken", column=doubt["column"], sheet=sheet, taken=doubt["taken"], others=others)
