"""What `stagewatch quarantine` prints and writes, from the published snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
from rich.console import Console

from assets.exports.writer import write_xlsx
from assets.landing.mappings import read_mappings
from data_contracts.contract import load_contract, names
from data_contracts.errors import StagewatchError
from data_contracts.mapping import Mapping
from data_contracts.reasons import reason_text
from data_contracts.settings import Settings, load_settings
from data_contracts.texts import Language, Texts
from pipelines.printing import print_frame
from queries.quarantine import MOST_ROWS, Refused, Selection, quarantine_counts, quarantined, rows_to_mend
from queries.snapshot import Snapshot, open_snapshot
from queries.table_files import Reader

MOST_EXPLAINED = 20
MOST_KNOWN = 30
LIST = ("id", "file", "sheet", "row", "cell", "column", "value", "rule", "reason")


def print_list(root: Path, selection: Selection, limit: int, format: str, console: Console) -> None:
    """Print the rows, at most `limit`, and on `console` how many there are for each reason."""
    settings = load_settings(root)
    say = Texts("quarantine", settings.language)
    with open_snapshot(root / "published") as snapshot:
        rows = quarantined(snapshot, selection, limit)
        counts = quarantine_counts(snapshot, selection)
    listed = [
        (r.id, r.file, r.sheet, r.row, r.cell, r.place, r.value, r.reason, r.why(settings.language)) for r in rows
    ]
    text = {name: pl.Int64 if name == "row" else pl.String for name in LIST}
    print_frame(pl.DataFrame(listed, schema=text, orient="row"), format)
    for count in counts.iter_rows(named=True):
        said = reason_text(count["reason"], count["record"], settings.language)
        source, column = f"{count['mapping']}/{count['source']}", count["column_name"] or "-"
        _tell(console, say("count", rows=f"{count['rows']:,}", source=source, column=column, reason=said))
    total = int(counts["rows"].sum())
    if total > len(rows):
        _tell(console, say("more", shown=f"{len(rows):,}", rows=f"{total:,}"))
    if not total:
        _tell(console, say("none"))


def print_counts(root: Path, selection: Selection, format: str, console: Console) -> None:
    """Print how many rows each source, column and reason has, and where the first stands."""
    language = load_settings(root).language
    with open_snapshot(root / "published") as snapshot:
        counts = quarantine_counts(snapshot, selection)
    words = [reason_text(rule, record, language) for rule, record in counts.select("reason", "record").iter_rows()]
    frame = counts.with_columns(rule="reason", reason=pl.Series(words, dtype=pl.String))
    columns = (
        "mapping",
        "source",
        "record",
        "column_name",
        "rule",
        "reason",
        "rows",
        "files",
        "file_name",
        "first_row",
    )
    print_frame(frame.select(columns), format)
    if frame.is_empty():
        _tell(console, Texts("quarantine", language)("none"))


def print_explained(root: Path, place: str, console: Console) -> None:
    """Print what is known of a row, or of the first rows of a file; raises StagewatchError where there is none."""
    settings = load_settings(root)
    say = Texts("quarantine", settings.language)
    with open_snapshot(root / "published") as snapshot:
        rows = _find(snapshot, place)
    known = {m.mapping.mapping: m.mapping for m in read_mappings(root, settings)[0]}
    blocks = ["\n".join(_explained(row, known.get(row.mapping), settings)) for row in rows[:MOST_EXPLAINED]]
    print("\n\n".join(blocks))
    if len(rows) > MOST_EXPLAINED:
        _tell(console, say("more_explained", shown=MOST_EXPLAINED, rows=f"{len(rows):,}", file=rows[0].file))


def export_rows(root: Path, selection: Selection, out: Path, console: Console) -> None:
    """Write the rows that wait to a workbook, and say its path on stdout."""
    settings = load_settings(root)
    say = Texts("quarantine", settings.language)
    if out.suffix.lower() != ".xlsx":
        raise StagewatchError(f"{out.name!r} is no workbook's name", remedy="name it FILE.xlsx")
    if not out.parent.is_dir():
        raise StagewatchError("there is no such folder", remedy="name one that is there", file=out.parent)
    with open_snapshot(root / "published") as snapshot:
        rows = quarantined(snapshot, selection, MOST_ROWS + 1)
    if not rows:
        _tell(console, say("none"))
        return
    shown = rows[:MOST_ROWS]
    reader = Reader(settings.language, ZoneInfo(settings.timezone))
    write_xlsx(out, rows_to_mend(shown, settings.language), reader)
    if len(rows) > MOST_ROWS:
        _tell(console, say("cut", shown=f"{MOST_ROWS:,}"))
    _tell(console, say("next"))
    print(out)


def _find(snapshot: Snapshot, place: str) -> list[Refused]:
    """The rows that an id, a file's name or number with or without sheet and row, names."""
    for selection in _readings(place):
        rows = quarantined(snapshot, selection)
        if rows:
            return rows
    raise StagewatchError(
        f"{place}: no such row is in the quarantine",
        remedy="`stagewatch quarantine list` names them; after a change, `stagewatch run` first",
    )


def _readings(place: str) -> Iterator[Selection]:
    """What the text may mean, the likest first: file names and sheets may hold colons."""
    head, _, tail = place.rpartition(":")
    yield (whole := Selection(file=place, settled=True))
    if head and tail.isdigit():
        row = int(tail)
        yield replace(whole, file=head, row=row)
        file, _, sheet = head.partition(":")
        yield replace(whole, file=file, sheet=sheet, row=row)
    file, _, sheet = place.partition(":")
    yield replace(whole, file=file, sheet=sheet)


def _explained(row: Refused, mapping: Mapping | None, settings: Settings) -> Iterator[str]:
    """The lines about one row."""
    language = settings.language
    say = Texts("quarantine", language)
    yield f"{_at(say, row.file, row.sheet, row.row)}  ({row.id})"
    facts = {
        "from": "" if row.told == (row.file, row.sheet, row.row) else _at(say, *row.told),
        "settled": "" if row.is_waiting else say("is_settled"),
        "where": ", ".join([row.place, *([say("cell", cell=row.cell)] if row.cell else [])]),
        "value": row.value if row.values is not None else "",
        "reason": row.why(language),
        "rule": f"{row.record}.{row.reason}" if row.record else row.reason,
        "meaning": _meaning(row, language),
        "known": ", ".join(_known(row, mapping)),
        "remedy": row.remedy(language),
        "read_by": f"{row.mapping}/{row.source}",
        "text" if row.values is None else "row": row.as_text,
    }
    for name, fact in facts.items():
        if fact:
            yield f"  {say(name)}: {fact}"


def _at(say: Texts, file: str, sheet: str | None, row: int) -> str:
    return say("at_sheet", file=file, sheet=sheet, row=f"{row:,}") if sheet else say("at", file=file, row=f"{row:,}")


def _meaning(row: Refused, language: Language) -> str:
    """What the contract calls the column at fault, and says of it in this language."""
    if row.record not in names("sources"):
        return ""
    contract = load_contract("sources", row.record)
    if row.column not in contract.column_names:
        return ""
    column = contract.column(row.column)
    said = column.explain(language)
    is_untold = language != "en" and said == column.explain("en")
    return column.label(language) if is_untold else f"{column.label(language)}: {said}"


def _known(row: Refused, mapping: Mapping | None) -> list[str]:
    """The values that the mapping knows for the column at fault, where that is what it was refused for."""
    if mapping is None or row.reason != "not_in_value_map":
        return []
    values = [v for _, _, record, column, v in mapping.placed_values() if (record, column) == (row.record, row.column)]
    values += [s.derive[row.column] for s in mapping.sources.values() if row.column in s.derive]
    maps = [mapping.value_maps.get(v.values, {}) if isinstance(v.values, str) else v.values or {} for v in values]
    return list(dict.fromkeys(str(theirs) for known in maps for theirs in known))[:MOST_KNOWN]


def _tell(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
