"""Every core mart has exactly the columns, types and order of its contract, and keeps its rules."""

from __future__ import annotations

import pytest
from core import CORE, built

from data_contracts.contract import load_contract, names
from tiny import Tiny

EVENTS = """
    A | 2025-03-01 | enter first_contact
    A | 2025-03-03 | enter needs_confirmed
    A | 2025-03-07 | won
    A | 2025-03-07 | won
    B | 2025-03-01 | enter first_contact
    B | 2025-03-05 | enter solution_demo
    B | 2025-03-06 | enter needs_confirmed
    B | 2025-03-08 | lost
    B | 2025-03-20 | reopened
    C | 2025-02-01 | enter first_contact
    """


@pytest.fixture(scope="module")
def tiny() -> Tiny:
    return built("2025-04-01 00:00", EVENTS, CORE)


CONTRACTED = [mart for mart in CORE if mart in names("marts")]


@pytest.mark.parametrize("mart", CONTRACTED)
def test_columns_are_the_contracts(tiny: Tiny, mart: str) -> None:
    described = tiny.rows(f"select column_name, column_type from (describe marts.{mart})")
    types = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ[]": "TIMESTAMP WITH TIME ZONE[]"}
    assert described == [(c.name, types.get(c.type, c.type)) for c in load_contract("marts", mart).columns]


@pytest.mark.parametrize("mart", CONTRACTED)
def test_rules_are_kept(tiny: Tiny, mart: str) -> None:
    contract = load_contract("marts", mart)
    for rule in contract.rules:
        if rule.query:
            query = rule.query.replace("${table}", contract.table).replace("${column}", rule.column or "")
            assert tiny.rows(query) == [(0,)], rule.rule_id
    for column in contract.columns:
        if column.required:
            assert tiny.rows(f"select count(*) from {contract.table} where {column.name} is null") == [(0,)], (
                column.name
            )
    keys = ", ".join(contract.keys)
    assert tiny.rows(f"select {keys} from {contract.table} group by all having count(*) > 1") == []
