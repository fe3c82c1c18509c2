"""Every table is held by every kind of promise that can be made of it; what is left out is named here, and why."""

from __future__ import annotations

import pytest

from data_contracts.contract import Contract, load_contract, names

SOURCES = [load_contract("sources", name) for name in names("sources")]
CONTRACTS = [*SOURCES, *(load_contract("marts", name) for name in names("marts"))]
every_source = pytest.mark.parametrize("contract", SOURCES, ids=lambda c: c.name)
every_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.table)

# Columns of a record that name another: the record named. What stands in `opportunities` and `organisation` under
# these names is the record itself.
REFERENCES = {
    "opportunity_id": "opportunities",
    **dict.fromkeys(("rep_id", "owner_id", "actor_id", "supervisor_id"), "organisation"),
}
THEMSELVES = {("opportunities", "opportunity_id"), ("organisation", "rep_id")}
# Records of things that happen week by week; the others come when there is something to say.
ROUTINE = {"opportunities", "stage_events", "visits", "actions", "signings"}
# Records whose codes have a usual mix. Periods, people and decisions on names have none.
MIXED = ROUTINE | {"interventions"}
REFERENCE_DATA = {"organisation", "targets", "costs"}


def rules_of(contract: Contract, metric: str) -> set[str]:
    return {rule.rule_id for rule in contract.rules if rule.metric == metric}


@every_contract
def test_schema_keys_and_volume_are_held(contract: Contract) -> None:
    assert rules_of(contract, "columns") == {"columns"}
    assert rules_of(contract, "duplicateValues") == {"key_unique"}
    (volume,) = [rule for rule in contract.rules if rule.metric == "volume"]
    assert (volume.rule_id, volume.severity, volume.arguments["weeks"]) == ("volume_usual", "warning", 8)


@every_source
def test_what_happens_is_counted_by_the_week(contract: Contract) -> None:
    """Reference data is held against the runs before: it is sent whole, and not week by week."""
    (volume,) = [rule for rule in contract.rules if rule.metric == "volume"]
    assert ("at" in volume.arguments) == (contract.name not in REFERENCE_DATA)


@every_source
def test_what_names_another_record_is_looked_up(contract: Contract) -> None:
    for column in contract.column_names:
        if column in REFERENCES and (contract.name, column) not in THEMSELVES:
            rule_id = "opportunity_known" if column == "opportunity_id" else f"{column}_known"
            (rule,) = [rule for rule in contract.rules if rule.rule_id == rule_id]
            assert f"staging.{REFERENCES[column]}" in (rule.query or "")


@every_source
def test_a_rep_is_held_to_their_validity(contract: Contract) -> None:
    people = {"owner_id", "actor_id", "rep_id"} & set(contract.column_names)
    if people and contract.name != "organisation":
        assert {f"{person}_valid_then" for person in people} <= rules_of(contract, "sql")


@every_source
def test_quantities_and_times_have_a_range(contract: Contract) -> None:
    for column in contract.columns:
        ruled = {rule.rule_id for rule in contract.rules if rule.column == column.name}
        if column.type in ("DOUBLE", "DECIMAL(18,2)", "UTINYINT", "BIGINT"):
            assert f"{column.name}_range" in ruled
    if contract.column("occurred_at").required:
        assert "occurred_at_sane" in rules_of(contract, "sql")


@every_source
def test_gone_quiet_and_another_mix_are_noticed(contract: Contract) -> None:
    assert bool(rules_of(contract, "freshness")) == (contract.name in ROUTINE)
    assert bool(rules_of(contract, "drift")) == (contract.name in MIXED)
