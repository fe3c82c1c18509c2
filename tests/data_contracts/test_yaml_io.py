"""The one YAML loader: nothing of YAML 1.1's surprises, nothing that grows, every fault with file and remedy."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from data_contracts import yaml_io
from data_contracts.errors import StagewatchError
from data_contracts.settings import Settings
from data_contracts.yaml_io import MAX_BYTES, MAX_DEPTH, load_model, load_yaml, parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("0123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("2025-01-31", "2025-01-31"),
        ("2025-13-45", "2025-13-45"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("-7", -7),
        ("+7", 7),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        ("1.0.0", "1.0.0"),
        ("'NO'", "NO"),
        ("'0123'", "0123"),
        ('"null"', "null"),
        ("=", "="),
        ("9" * 5000, "9" * 5000),
        ("快消", "快消"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    parsed = parse_yaml(f"key: {text}")["key"]
    assert parsed == value
    assert type(parsed) is type(value)


def test_not_a_number_is_one() -> None:
    assert math.isnan(parse_yaml("[.nan]")[0])


def test_keys_are_text_always() -> None:
    assert parse_yaml("1: won\nNO: lost\ntrue: open\n0123: x\n~: y\n2025-01-01: z") == {
        "1": "won",
        "NO": "lost",
        "true": "open",
        "0123": "x",
        "~": "y",
        "2025-01-01": "z",
    }


def test_nested_lists_and_mappings() -> None:
    text = "a:\n  - {b: [1, 2], c: }\n  - - d\n    - {}\n  - []\nfolded: >-\n  one\n  two\nkept: |\n  one\n  two\n"
    assert parse_yaml(text) == {
        "a": [{"b": [1, 2], "c": None}, ["d", {}], []],
        "folded": "one two",
        "kept": "one\ntwo\n",
    }


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_no_document_is_none(text: str) -> None:
    assert parse_yaml(text) is None


@pytest.mark.parametrize(
    ("text", "row", "says"),
    [
        ("a: &x 1", 1, "anchor or alias"),
        ("a: 1\nb: *a", 2, "anchor or alias"),
        ("a: 1\nb: 2\na: 3", 3, "'a' twice"),
        ("1: x\n'1': y", 2, "'1' twice"),
        ("- x: 1\n- {y: 1, y: 2}", 2, "'y' twice"),
        ("a: !!str 1", 1, "tag"),
        ("a: !!python/object/apply:os.system [ls]", 1, "tag"),
        ("a: !secret x", 1, "tag"),
        ("!!map {a: 1}", 1, "tag"),
        ("? [a, b]\n: 1", 1, "list or mapping as a key"),
        ("? {a: b}\n: 1", 1, "list or mapping as a key"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("a: [1, 2", 1, "not valid YAML"),
        ("a: b: c", 1, "not valid YAML"),
        ("\ta: 1", 1, "not valid YAML"),
        ("a: 'open", 1, "not valid YAML"),
    ],
)
def test_what_is_refused_is_refused_with_its_line(text: str, row: int, says: str) -> None:
    with pytest.raises(StagewatchError) as caught:
        parse_yaml(text, "settings.yaml")
    error = caught.value
    assert says in error.message
    assert error.file == "settings.yaml"
    assert error.row is not None
    assert row <= error.row <= text.count("\n") + 2
    assert error.remedy


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    with pytest.raises(StagewatchError, match="anchor or alias") as caught:
        parse_yaml("\n".join(lines))
    assert caught.value.row == 1


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000])
def test_a_bottomless_document_is_refused(text: str) -> None:
    with pytest.raises(StagewatchError, match="nested deeper"):
        parse_yaml(text)


def test_the_greatest_depth_is_allowed() -> None:
    value = parse_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for _ in range(MAX_DEPTH - 1):
        (value,) = value
    assert value == []


def test_control_characters_are_refused() -> None:
    with pytest.raises(StagewatchError, match="control characters"):
        parse_yaml("a: \x00")


# Letters, digits, marks, symbols and spaces of every script; YAML folds or refuses what controls a line.
texts = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_json_is_yaml(value: Any) -> None:
    assert parse_yaml(json.dumps(value, ensure_ascii=False)) == value


@given(json_values)
def test_without_libyaml_it_reads_the_same(value: Any) -> None:
    fast = yaml_io._PARSER
    try:
        yaml_io._PARSER = yaml.SafeLoader
        assert parse_yaml(json.dumps(value, ensure_ascii=False)) == value
    finally:
        yaml_io._PARSER = fast


@given(st.text(alphabet="ab:-?[]{},&*!|>'\"%@`# \n\t0~.", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_yaml(text)
    except StagewatchError as error:
        assert error.remedy


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes("\ufeffcompany: 乳业".encode())
    assert load_yaml(path) == {"company": "乳业"}


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes("company: 乳业".encode("gb18030"))
    with pytest.raises(StagewatchError, match="not UTF-8") as caught:
        load_yaml(path)
    assert caught.value.file == str(path)
    assert caught.value.remedy == "save it as UTF-8"


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(StagewatchError, match="cannot be read") as caught:
        load_yaml(tmp_path / name)
    assert str(tmp_path) in str(caught.value)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(StagewatchError, match="larger than"):
        load_yaml(path)


def test_a_misspelt_setting_is_named_with_file_and_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "stagewatch.yaml"
    path.write_text("playbok: dairy_six_node\nresources: {memory_limt: 4GB}\n", encoding="utf-8")
    with pytest.raises(StagewatchError) as caught:
        load_model(path, Settings)
    assert str(path) in str(caught.value)
    assert "playbok: there is no such setting; did you mean 'playbook'?" in caught.value.message
    assert "resources.memory_limt: there is no such setting; did you mean 'memory_limit'?" in caught.value.message


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    path = tmp_path / "stagewatch.yaml"
    path.write_text("# nothing set\n", encoding="utf-8")
    assert load_model(path, Settings) == Settings()
