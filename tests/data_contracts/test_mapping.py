"""The mapping model: what a mapping may say, and how it says what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.contract import names
from data_contracts.errors import StagewatchError
from data_contracts.mapping import Mapping, normal_header, settable_columns
from data_contracts.mapping_extends import extended
from data_contracts.playbook import shipped
from data_contracts.yaml_io import load_yaml, parse_yaml, validate_model

HEAD = "mapping: m\nversion: 1.0.0\nname: {zh: 映射, en: mapping}\nsource_kind: crm\n"
SOURCES = "sources: {s: {files: [a*.csv], columns: {id: ID, stage: Stage, at: At}}}\n"
RECORDS = """records:
  - record: stage_events
    from: s
    fields: {opportunity_id: id, event: {constant: enter}, stage: stage, occurred_at: at}
"""


def mapping(text: str) -> Mapping:
    return validate_model(parse_yaml(text), Mapping, "mappings/m.yaml")


def refusal(text: str) -> str:
    with pytest.raises(StagewatchError) as caught:
        mapping(text)
    return str(caught.value)


def test_a_plain_mapping_is_read() -> None:
    m = mapping(HEAD + SOURCES + RECORDS)
    assert m.sources["s"].columns["id"].headers == ("ID",)
    assert m.sources["s"].encoding == ("utf-8", "gb18030")
    assert m.records[0].fields["stage"].column == "stage"
    assert m.records[0].fields["event"].constant == "enter"


def test_a_list_of_headers_is_alternatives() -> None:
    m = mapping(
        HEAD
        + "sources: {s: {files: a.csv, columns: {id: [编号, ID], stage: {from: 阶段, optional: true}, at: 3}}}\n"
        + RECORDS
    )
    columns = m.sources["s"].columns
    assert (columns["id"].headers, columns["stage"].headers, columns["at"].headers) == (("编号", "ID"), ("阶段",), (3,))
    assert m.sources["s"].required == ("id", "at")


def test_a_value_map_may_map_to_null_and_its_keys_are_text() -> None:
    text = (
        HEAD
        + SOURCES
        + RECORDS.replace("stage: stage,", "stage: {column: stage, values: {1: quotation, x: null}, otherwise: null},")
    )
    value = mapping(text).records[0].fields["stage"]
    assert (value.values, value.otherwise) == ({"1": "quotation", "x": None}, "null")


FAULTS: list[tuple[str, str, str, str]] = [
    ("an unknown key", "columns: {id: ID", "colums: {id: ID", "colums"),
    ("an unknown field", "stage: stage", "stege: stage", "did you mean 'stage'"),
    ("a column that is not there", "opportunity_id: id", "opportunity_id: idd", "did you mean 'id'"),
    ("a required column left out", ", occurred_at: at}", "}", "stage_events needs occurred_at"),
    ("an unknown record", "record: stage_events", "record: stage_event", "no canonical record"),
    ("an unknown source", "from: s", "from: t", "records[1] (stage_events).from names 't'"),
    ("an unknown date form", "occurred_at: at", "occurred_at: {column: at, dates: [isoo]}", "'isoo' is no date form"),
    ("no origin", "stage: stage", "stage: {values: {a: b}}", "exactly one of column"),
    ("two origins", "stage: stage", "stage: {column: stage, constant: x}", "exactly one of column"),
    ("a date and a number", "stage: stage", "stage: {column: stage, dates: [iso], number: {}}", "one of dates, number"),
    ("an unquoted truth value", "stage: stage", "stage: {column: stage, values: {a: true}}", "put quotes around"),
    ("a forbidden expression", "stage: stage", "stage: {expression: now()}", "may not use now()"),
    ("an unknown column in a where", "from: s", "from: s\n    where: x = 1", "names 'x'"),
    ("a broken regular expression", "stage: stage", "stage: {column: stage, extract: '('}", "no regular expression"),
    ("an unknown encoding", "files: [a*.csv]", "files: [a*.csv], encoding: utf-9", "'utf-9' is no encoding"),
    ("two characters of delimiter", "files: [a*.csv]", "files: [a*.csv], delimiter: ';;'", "one character"),
    ("a reserved name", "{id: ID,", "{id: ID, file_id: X,", "every row has"),
    ("names that differ in case", "{id: ID,", "{id: ID, Id: X,", "differ in case only"),
    ("a zone that is none", "sources:", "timezone: Mars/Base\nsources:", "not a timezone"),
    ("otherwise without values", "stage: stage", "stage: {column: stage, otherwise: keep}", "go with values"),
    ("a rule with a column", "occurred_at: at}", "occurred_at: at}\n    recorded_at: {rule: landed_at, column: at}",
     "stands alone"),
    ("an unknown rule", "occurred_at: at}", "occurred_at: at}\n    recorded_at: {rule: never}", "always_known"),
    ("thousands equal to decimal", "stage: stage", "stage: {column: stage, number: {decimal: ','}}", "write both"),
    ("a joined source that is not there", "from: s", "from: s\n    joins: {p: {source: p, on: {id: id}}}", "names 'p'"),
    ("a column to fill that staging fills", "stage: stage", "stage: stage, landed_at: at", "names 'landed_at'"),
    ("a shared map that is not there", "stage: stage", "stage: {column: stage, values: stages}", "names 'stages'"),
    ("a date form of the whole mapping", "sources:", "dates: [dym]\nsources:", "'dym' is no date form"),
    ("a value that the record does not know", "event: {constant: enter}", "event: {constant: entre}",
     "yields 'entre': did you mean 'enter'?"),
    ("a value map to what the record does not know", "event: {constant: enter}",
     "event: {column: stage, values: {x: won, y: wun}}", "yields 'wun': did you mean 'won'?"),
    ("duplicates by an unknown column", "files: [a*.csv]", "files: [a*.csv], duplicates: [x]", "duplicates names 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_said_in_words_with_the_file(old: str, new: str, says: str) -> None:
    text = HEAD + SOURCES + RECORDS
    assert old in text
    message = refusal(text.replace(old, new, 1))
    assert says in message and message.startswith("mappings/m.yaml: ")


def test_each_must_give_what_the_record_lacks() -> None:
    each = RECORDS.replace(
        ", occurred_at: at}", "}\n    each: [{unless_blank: at, fields: {occurred_at: at}}, {unless_blank: at}]"
    )
    assert "stage_events needs occurred_at" in refusal(HEAD + SOURCES + each)
    assert mapping(HEAD + SOURCES + each.replace(", {unless_blank: at}]", "]")).records[0].each[0].unless_blank == "at"


def test_derived_sources_give_columns_to_records() -> None:
    derived = """derived_sources:
  p: {pair: {from: s, by: [id], order: [at], start: "stage = 'a'", complete: "stage = 'b'"}}
"""
    records = """records:
  - record: stage_events
    from: p
    fields: {opportunity_id: complete_id, event: {constant: enter}, stage: start_stage, occurred_at: complete_at}
"""
    assert mapping(HEAD + SOURCES + derived + records).records[0].source == "p"
    assert "names 'start_x'" in refusal(HEAD + SOURCES + derived + records.replace("start_stage", "start_x"))


def test_headers_are_compared_without_case_bom_and_runs_of_space() -> None:
    assert normal_header("商机名称（必填）") == normal_header("商机名称(必填)")
    assert normal_header("\ufeffDeal  Stage\n(now)") == normal_header("deal stage (NOW)")
    assert normal_header("客户\n名称") == normal_header("客户　名称") == "客户名称"
    assert normal_header("客户 ID") == "客户 id"


def test_every_record_can_be_mapped() -> None:
    from data_contracts.contract import load_contract

    assert {n: len(settable_columns(load_contract("sources", n))) > 2 for n in names("sources")} == dict.fromkeys(
        names("sources"), True
    )


def _shipped() -> list[Any]:
    return sorted((p for p in shipped("mappings").iterdir() if p.name.endswith(".yaml")), key=lambda p: p.name)


@pytest.mark.parametrize("path", _shipped(), ids=lambda p: p.name)
def test_shipped_mappings_are_valid(path: Any) -> None:
    data = extended(load_yaml(path), lambda base: load_yaml(shipped("mappings") / f"{base}.yaml"), path.name)
    assert validate_model(data, Mapping, path.name).mapping == path.name.removesuffix(".yaml")
