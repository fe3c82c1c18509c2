"""docs/naming.md, held against every column of every contract."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data_contracts.contract import Column, Contract, load_contract, names

CONTRACTS = [load_contract(layer, name) for layer in ("sources", "marts") for name in names(layer)]
every_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.table)

ALLOWED = {
    "TIMESTAMPTZ": r"\w+_(at|from|to|until)",
    "DATE": r"\w+_(start|end|from|to)|month|day",
    "BOOLEAN": r"(is|has)_\w+",
    "DOUBLE": (
        r"(\w+_)?(days|hours|minutes|months|points)|\w+_per_week|median_days_to_\w+"
        r"|p_\w+|rate_\w+|(\w+_)?share(_\w+)?|\w+_(low|high)|score|pace|coverage|roi_\w+|latitude|longitude"
    ),
    "DECIMAL(18,2)": r"\w+",
    "INTEGER": r"\w+_(no|key)|(\w+_)?file_id|seq|episode|[a-z_]*s(_\w+)?",
    "BIGINT": r"\w+",
    "UTINYINT": r"\w+_rank",
    "UBIGINT": r"\w+_(hash|key)",
    "VARCHAR": r"(?!(is|has)_)\w+(?<!_at)(?<!_key)|alert_key",
}


def is_named_for_its_type(column: Column) -> bool:
    """Whether the name is one that the page allows to the type."""
    return re.fullmatch(ALLOWED[column.type.removesuffix("[]")], column.name) is not None


def is_of_the_type_it_says(column: Column) -> bool:
    """Whether the type is the one that the name tells the reader to expect."""
    name, type_ = column.name, column.type.removesuffix("[]")
    told = {
        "TIMESTAMPTZ": name.endswith("_at"),
        "BOOLEAN": name.startswith(("is_", "has_")),
        "VARCHAR": name.endswith("_id") and not name.endswith("file_id"),
        "INTEGER": name.endswith("_no") and name != "contract_no",
        "DOUBLE": name.endswith(("_days", "_hours", "_minutes", "_months"))
        or name.startswith(("p_", "rate_"))
        or "share" in name,
        "DECIMAL(18,2)": name.startswith("amount") or name.endswith("amount"),
    }
    return all(type_ == says for says, applies in told.items() if applies)


@every_contract
def test_columns_are_named_as_their_types_ask(contract: Contract) -> None:
    assert [f"{c.name} {c.type}" for c in contract.columns if not is_named_for_its_type(c)] == []


@every_contract
def test_columns_are_what_their_names_say(contract: Contract) -> None:
    assert [f"{c.name} {c.type}" for c in contract.columns if not is_of_the_type_it_says(c)] == []


@every_contract
def test_names_are_lower_case_words(contract: Contract) -> None:
    for name in (contract.name, *contract.column_names):
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
        assert len(name) <= 40


def test_one_name_has_one_type() -> None:
    """What stands under one name in several tables can be compared and joined."""
    types: dict[str, set[str]] = {}
    for contract in CONTRACTS:
        for column in contract.columns:
            types.setdefault(column.name, set()).add(column.type)
    several = {name: kinds for name, kinds in types.items() if len(kinds) > 1}
    # A count in one table and money in another, a list by stage in funnel_paths.
    assert set(several) <= {
        "lapsed",
        "lost",
        "new",
        "reopened",
        "won",
        "is_direct",
        "observed_at",
        "reached_at",
        "spells",
    }


@every_contract
def test_a_column_rule_begins_with_its_column(contract: Contract) -> None:
    for rule in contract.rules:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", rule.rule_id)
        if rule.metric in ("nullValues", "invalidValues") and rule.column:
            assert rule.rule_id.startswith(rule.column)


def test_the_page_names_every_ending_that_the_test_allows(repository: Path) -> None:
    page = (repository / "docs" / "naming.md").read_text(encoding="utf-8")
    for ending in (
        "_at",
        "_from",
        "_to",
        "_until",
        "_start",
        "_end",
        "_days",
        "_hours",
        "_minutes",
        "_months",
        "_points",
    ):
        assert f"`…{ending}`" in page, ending
    for beginning in ("is_", "has_", "p_", "rate_", "roi_", "km_"):
        assert f"`{beginning}…`" in page, beginning
    assert len(page.splitlines()) <= 75, "one page"
