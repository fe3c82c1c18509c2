"""Every contract is valid ODCS, says nothing that the loader ignores, and its rules are SQL that DuckDB runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import duckdb
import jsonschema
import pytest
from open_data_contract_standard.model import OpenDataContractStandard

from assets.warehouse import connect_memory
from data_contracts import contract as contracts
from data_contracts.contract import Contract, Layer, create_table_sql, load_contract, names
from data_contracts.errors import StagewatchError
from data_contracts.expectations import bad_rows_query
from data_contracts.odcs import Document
from data_contracts.playbook import load_playbook, shipped
from data_contracts.predicates import bad_row_sql
from data_contracts.settings import Settings
from data_contracts.yaml_io import load_yaml, parse_yaml, validate_model

ALL: list[tuple[Layer, str]] = [("sources", n) for n in names("sources")] + [("marts", n) for n in names("marts")]
CONTRACTS = [load_contract(layer, name) for layer, name in ALL]
every_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.table)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse with every table of every contract."""
    connection = connect_memory(Settings(), load_playbook("fmcg_five_stage"), datetime(2025, 4, 1, tzinfo=UTC))
    for name in names("marts"):
        connection.execute(create_table_sql(load_contract("marts", name)))
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def standard() -> jsonschema.Draft201909Validator:
    """The standard's own schema, as its package ships it."""
    return jsonschema.Draft201909Validator(
        json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    )


def document(layer: Layer, name: str) -> Any:
    return load_yaml(shipped(layer) / f"{name}.odcs.yaml")


@pytest.mark.parametrize(("layer", "name"), ALL)
def test_a_contract_is_valid_odcs(standard: jsonschema.Draft201909Validator, layer: Layer, name: str) -> None:
    data = document(layer, name)
    assert [f"{fault.json_path}: {fault.message}" for fault in standard.iter_errors(data)] == []
    assert list(standard.iter_errors({**data, "statos": "active"}))
    assert OpenDataContractStandard.model_validate(data).name == name


@pytest.mark.parametrize(("layer", "name"), ALL)
def test_a_contract_is_about_the_table_its_file_is_named_for(layer: Layer, name: str) -> None:
    data, contract = document(layer, name), load_contract(layer, name)
    assert data["id"] == f"stagewatch.{contract.table}"
    assert data["schema"][0]["name"] == name
    assert data["schema"][0]["physicalName"] == contract.table
    for promise in data.get("slaProperties", []):
        table, _, column = promise["element"].partition(".")
        assert (table, column in contract.column_names) == (name, True)


LOGICAL = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "timestamp",
    "DATE": "date",
    "DOUBLE": "number",
    "DECIMAL(18,2)": "number",
    **dict.fromkeys(("INTEGER", "BIGINT", "UTINYINT", "UBIGINT"), "integer"),
}


@pytest.mark.parametrize(("layer", "name"), ALL)
def test_logical_and_physical_types_agree(layer: Layer, name: str) -> None:
    for column in document(layer, name)["schema"][0]["properties"]:
        if column["logicalType"] == "array":
            items = column["items"]
            assert column["physicalType"] == f"{items['physicalType']}[]"
            column = items
        assert column["logicalType"] == LOGICAL[column["physicalType"]], column


@every_contract
def test_everything_has_a_name_in_both_languages(contract: Contract) -> None:
    named = [(contract.name_zh, contract.name_en)]
    named += [(column.name_zh, column.name_en) for column in contract.columns]
    named += [(rule.text.zh, rule.text.en) for rule in contract.rules]
    for zh, en in named:
        assert zh.strip()
        assert en.strip()
        assert en.replace("Kaplan-Meier", "KM").isascii() or "…" in en, en
    assert contract.grain.startswith("One row per ")


@every_contract
def test_rules_are_named_once(contract: Contract) -> None:
    ids = [rule.rule_id for rule in contract.rules]
    assert sorted(ids) == sorted(set(ids))
    columns = list(contract.column_names)
    assert columns == list(dict.fromkeys(columns))


@every_contract
def test_a_key_is_held_to_be_unique(contract: Contract) -> None:
    (unique,) = [rule for rule in contract.rules if rule.rule_id == "key_unique"]
    assert tuple(unique.arguments["properties"]) == contract.keys
    assert unique.severity == ("error" if contract.layer == "marts" else "warning")


@every_contract
def test_a_required_column_has_its_rule(contract: Contract) -> None:
    for column in contract.columns:
        rules = [rule for rule in contract.rules if rule.rule_id == f"{column.name}_required"]
        assert [rule.severity for rule in rules] == (["error"] if column.required else [])


@every_contract
def test_every_rule_is_sql_that_passes_on_an_empty_table(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    for rule in contract.rules:
        if rule.query:
            query = rule.query.replace("${table}", contract.table).replace("${column}", rule.column or "")
            assert con.execute(query).fetchall() == [(0,)], rule.rule_id
        if rule.is_row_rule:
            rows = con.execute(f"select * from {contract.table} where {bad_row_sql(rule)}").fetchall()
            assert rows == [], rule.rule_id
        if rule.metric != "rowCount":
            query = f"with checked as (select * from {contract.table}) {bad_rows_query(contract, rule)}"
            assert con.execute(query).fetchall() == [], rule.rule_id


@every_contract
def test_a_row_rule_that_sets_rows_aside_asks_only_the_row_and_the_playbook(contract: Contract) -> None:
    """What is quarantined must not depend on which file came first."""
    for rule in contract.rules:
        if rule.is_row_rule and rule.severity == "error" and contract.layer == "sources":
            assert "staging." not in bad_row_sql(rule), rule.rule_id
            assert "landing." not in bad_row_sql(rule), rule.rule_id


def test_provenance_is_told_alike_in_every_source() -> None:
    first = next(iter(names("sources")))
    common = list(load_contract("sources", first).columns)
    common = common[[c.name for c in common].index("occurred_at") :]
    for name in names("sources"):
        columns = load_contract("sources", name).columns
        tail = columns[[c.name for c in columns].index("occurred_at") :]
        assert [(c.name, c.type, c.name_zh, c.name_en, c.description) for c in tail] == [
            (c.name, c.type, c.name_zh, c.name_en, c.description) for c in common
        ]


def test_what_happened_must_say_when() -> None:
    """A record without a time would never be known: the `known` views leave it out in silence."""
    for name in ("stage_events", "visits", "actions", "signings", "interventions"):
        assert load_contract("sources", name).column("occurred_at").required, name


def test_phones_are_personal() -> None:
    personal = [(c.table, column.name) for c in CONTRACTS for column in c.columns if column.is_personal]
    assert personal == [("staging.organisation", "phone")]


MINIMAL = """
apiVersion: v3.2.0
kind: DataContract
id: stagewatch.marts.t
name: t
version: 1.0.0
status: active
domain: d
tenant: stagewatch
description: {purpose: p}
schema:
  - name: t
    physicalName: marts.t
    physicalType: table
    businessName: 表
    synonyms: [{synonym: T, locale: en}]
    description: d
    dataGranularityDescription: One row per t.
    properties:
      - name: amount
        businessName: 金额
        synonyms: [{synonym: Amount, locale: en}]
        logicalType: number
        physicalType: DOUBLE
        required: true
        description: d
        quality: [{id: r, type: library, metric: nullValues, mustBe: 0, dimension: accuracy, severity: error}]
"""


def test_the_minimal_contract_is_read() -> None:
    assert validate_model(parse_yaml(MINIMAL), Document, "t").table[0].properties[0].name == "amount"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("status: active", "statos: active", "did you mean 'status'?"),
        ("required: true", "required: true, unique: true".replace(", ", "\n        "), "unique: there is no such"),
        ("required: true", "requird: true", "did you mean 'required'?"),
        ("metric: nullValues", "metrik: nullValues", "did you mean 'metric'?"),
        ("metric: nullValues", "metric: freshValues", "metric"),
        ("metric: nullValues", "query: select 1, metric: nullValues", "no query"),
        ("metric: nullValues", "metric: invalidValues", "needs arguments"),
        ("type: library, metric: nullValues", "type: sql, query: select 7", "select count(*) from"),
        ("mustBe: 0", "mustBe: 1", "mustBe"),
        ("mustBe: 0, ", "", "exactly one of"),
        ("metric: nullValues, mustBe: 0", "metric: nullValues, mustBeGreaterThan: 0", "counts bad rows"),
        ("version: 1.0.0", "version: '1'", "version"),
        ("version: 1.0.0", "version: 1.0", "version"),
        ("severity: error", "severity: grave", "severity"),
        ("    synonyms: [{synonym: T, locale: en}]\n", "", "synonyms"),
    ],
)
def test_what_the_loader_would_not_keep_is_refused(old: str, new: str, says: str) -> None:
    assert old in MINIMAL
    with pytest.raises(StagewatchError) as caught:
        validate_model(parse_yaml(MINIMAL.replace(old, new, 1)), Document, "t.odcs.yaml")
    assert says in str(caught.value)
    assert "t.odcs.yaml" in str(caught.value)


def test_a_contract_that_is_not_there_is_named() -> None:
    with pytest.raises(StagewatchError, match="no contract for marts/funel"):
        load_contract("marts", "funel")
    with pytest.raises(KeyError, match=r"marts\.funnel has no column 'cohrt'"):
        load_contract("marts", "funnel").column("cohrt")


def test_a_table_made_from_a_contract_has_its_columns() -> None:
    contract = load_contract("sources", "visits")
    with duckdb.connect(":memory:") as connection:
        connection.execute(create_table_sql(contract, "visits"))
        made = connection.execute(
            "select column_name, is_nullable from duckdb_columns() where table_name = 'visits'"
        ).fetchall()
    assert made == [(c.name, not c.required) for c in contract.columns]


def test_rule_texts_say_the_rule() -> None:
    rules = {rule.rule_id: rule.text for rule in load_contract("sources", "visits").rules}
    assert rules["latitude_range"].en == "Latitude must lie between -90 and 90"
    assert rules["latitude_range"].zh == "纬度须在 -90 到 90 之间"
    assert rules["status_required"].zh == "状态不能为空"
    assert rules["recorded_at_freshness"].en == "Visits: something new must come at least every 7 days"
    assert rules["key_unique"].zh == "文件编号+行号+内容哈希不得重复"
    assert contracts.load_contract("sources", "opportunities").rules[-1].metric == "freshness"
