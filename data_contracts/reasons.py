"""Why a row was refused and what mends it, in words: for the codes of texts/ingestion.yaml and the contracts' rules."""

from __future__ import annotations

from data_contracts.contract import load_contract, names
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
