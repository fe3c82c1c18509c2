"""A workspace's settings: defaults that run, and every fault named with its setting and the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts.errors import StagewatchError
from data_contracts.settings import Settings, load_settings


def settings_of(folder: Path, text: str) -> Settings:
    (folder / "stagewatch.yaml").write_text(text, encoding="utf-8")
    return load_settings(folder)


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "")
    assert settings == Settings()
    assert (settings.language, settings.timezone, settings.playbook) == ("zh-CN", "Asia/Shanghai", "fmcg_five_stage")
    assert (settings.resources.memory_limit, settings.resources.threads) == ("2GB", 2)


def test_settings_are_read(tmp_path: Path) -> None:
    text = "company: {zh: 某乳业, en: A dairy}\nlanguage: en\nclock: data\nrisk: {horizon_days: 30}\nmappings: [a, b]\n"
    settings = settings_of(tmp_path, text)
    assert settings.company.zh == "某乳业"
    assert settings.clock == "data"
    assert settings.risk.horizon_days == 30
    assert settings.risk.high == 0.6
    assert settings.mappings == ("a", "b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("playbok: dairy_six_node", "playbok: there is no such setting; did you mean 'playbook'?"),
        ("resources: {memory: 4GB}", "resources.memory: there is no such setting"),
        ("resources: {memory_limit: lots}", "resources.memory_limit"),
        ("resources: {threads: 0}", "resources.threads: Input should be greater than or equal to 1"),
        ("language: de", "language"),
        ("timezone: Asia/Peking", "'Asia/Peking' is not a timezone such as Asia/Shanghai"),
        ("timezone: ../../etc/passwd", "is not a timezone"),
        ("clock: sundial", "clock"),
        ("kpi_share: 15", "kpi_share: Input should be less than or equal to 1"),
        ("risk: [1, 2]", "risk"),
        ("- a\n- b", "the document"),
        ("company: 某乳业", "company"),
    ],
)
def test_a_wrong_setting_is_named_with_the_file(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(StagewatchError) as caught:
        settings_of(tmp_path, text)
    assert says in caught.value.message
    assert caught.value.file == str(tmp_path / "stagewatch.yaml")
    assert caught.value.remedy


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(StagewatchError) as caught:
        settings_of(tmp_path, "playbok: x\nlanguage: de\nresources: {threads: 0}")
    for name in ("playbok", "language", "resources.threads"):
        assert name in caught.value.message


def test_a_folder_that_is_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StagewatchError, match="not a stagewatch workspace") as caught:
        load_settings(tmp_path)
    assert "stagewatch init" in caught.value.remedy
