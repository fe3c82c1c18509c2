"""Words for people: every key in both languages, with the same placeholders."""

from __future__ import annotations

from string import Formatter

import pytest

from data_contracts.playbook import shipped
from data_contracts.texts import LANGUAGES, Name, Texts
from data_contracts.yaml_io import load_yaml

CATALOGUES = sorted(p.name.removesuffix(".yaml") for p in shipped("texts").iterdir() if p.name.endswith(".yaml"))


def entries(catalogue: str) -> dict[str, Name]:
    data = load_yaml(shipped("texts") / f"{catalogue}.yaml")
    return {key: Name.model_validate(value) for key, value in data.items()}


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_text_is_there_in_both_languages(catalogue: str) -> None:
    for key, text in entries(catalogue).items():
        assert text.zh.strip(), key
        assert text.en.strip(), key
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in text.en), f"{key}: Chinese in {text.en!r}"


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_both_languages_have_the_same_placeholders(catalogue: str) -> None:
    for key, text in entries(catalogue).items():
        assert placeholders(text.zh) == placeholders(text.en), key
        assert all(field.isidentifier() for field in placeholders(text.en)), f"{key}: placeholders are named"


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_text_can_be_filled(catalogue: str) -> None:
    for language in LANGUAGES:
        texts = Texts(catalogue, language)
        for key, text in entries(catalogue).items():
            assert key in texts
            values = dict.fromkeys(placeholders(text.en), 1)
            assert "{" not in texts(key, **values) or not values


def test_a_text_is_filled_in_its_language() -> None:
    assert Texts("contract_rules", "zh-CN")("required", name="金额") == "金额不能为空"
    assert Texts("contract_rules", "en")("required", name="Amount") == "Amount must not be empty"
    with pytest.raises(KeyError):
        Texts("contract_rules", "en")("requird")
