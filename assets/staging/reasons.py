"""Why a row was refused, where and what mends it, in words: for the codes of texts/ingestion.yaml and the contracts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from data_contracts.contract import load_contract, names
from data_contracts.mapping import Mapping, normal_header
from data_contracts.mapping_values import Value
from data_contracts.predicates import row_predicates
from data_contracts.texts import Language, Texts


def reason_text(reason: str, record: str | None, language: Language) -> str:
    """A quarantine reason in words: a code of texts/ingestion.yaml, or a rule of the record's contract."""
    say = Texts("ingestion", language)
    if reason in say:
        return say(reason)
    rules = row_predicates(load_contract("sources", record)) if record in names("sources") else []
    return next((p.reason.in_language(language) for p in rules if p.rule_id == reason), reason)


def remedy_text(reason: str, column: str | None, language: Language) -> str:
    """What to do about rows that are refused for this reason."""
    say = Texts("ingestion", language)
    code = f"mend_{reason}" if f"mend_{reason}" in say else "mend_rule"
    return say(code, column=column or "-")


def place_text(mapping: Mapping | None, record: str | None, column: str | None, found: Iterable[str]) -> str:
    """The refused column as people know it: ours, and in brackets the headers `found` in the file behind it."""
    if column is None:
        return "-"
    there = {normal_header(header) for header in found}
    theirs = [] if mapping is None else list(dict.fromkeys(_headers(mapping, record, column, there)))
    return f"{column} ({', '.join(theirs)})" if theirs and theirs != [column] else column


def source_column(mapping: Mapping, value: Value) -> str | None:
    """The first column of a source that a value is read from, through what is derived; None where it reads none."""
    declared = {name for source in mapping.sources.values() for name in source.columns}
    derived = {name: value for source in mapping.sources.values() for name, value in source.derive.items()}
    for name in value.columns:
        plain = name.split(".")[-1]
        plain = plain if plain in declared | derived.keys() else plain.partition("_")[2]
        if plain in declared:
            return plain
        if plain in derived:
            return source_column(mapping, derived[plain])
    return None


def _headers(mapping: Mapping, record: str | None, column: str, there: set[str]) -> Iterator[str]:
    """The headers behind a record's column; behind a source's own column, where no record has one of that name."""
    values = [value for _, kind, name, value in mapping.placed_values() if (kind, name) == (record, column)]
    for name in [name for value in values for name in value.columns] if values else [column]:
        yield from _headers_of(mapping, name.split(".")[-1], there)


def _headers_of(mapping: Mapping, name: str, there: set[str]) -> Iterator[str]:
    for source in mapping.sources.values():
        if name in source.columns:
            headers = (*source.columns[name].headers, *source.columns[name].synonyms)
            yield from [h for h in headers if isinstance(h, str) and normal_header(h) in there][:1]
        elif name in source.derive:
            for other in source.derive[name].columns:
                yield from _headers_of(mapping, other, there)
    side, _, paired = name.partition("_")
    if side in ("start", "complete") and paired:
        yield from _headers_of(mapping, paired, there)
