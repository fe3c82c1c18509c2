"""Playbooks: what is shipped is whole and credible, what is wrong is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts.errors import StagewatchError
from data_contracts.playbook import Playbook, load_playbook, shipped
from data_contracts.yaml_io import parse_yaml, validate_model

SHIPPED = sorted(p.name.removesuffix(".yaml") for p in shipped("playbooks").iterdir() if p.name.endswith(".yaml"))

SMALL = """
playbook: small
version: 1.0.0
name: {zh: 小, en: Small}
lapse_days: 30
default_window_days: null
stages:
  - stage: lead
    name: {zh: 线索, en: Lead}
    required_actions: [{action: call, name: {zh: 电话, en: Call}, visit_kind: call}]
  - stage: deal
    name: {zh: 成交, en: Deal}
    sla: {days: 7, clock: business}
    is_contract: true
"""


def test_the_three_playbooks_are_shipped() -> None:
    assert {"fmcg_five_stage", "dairy_six_node", "project_long_cycle"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_playbook_is_whole(name: str) -> None:
    playbook = load_playbook(name)
    assert playbook.playbook == name
    assert playbook.lapse_days is not None
    assert playbook.default_window_days is not None
    assert [s.stage for s in playbook.stages if s.is_quotation], "a quotation awaits feedback somewhere"
    assert [s.stage for s in playbook.stages if s.is_contract] == [playbook.stages[-1].stage]
    for stage in playbook.stages:
        assert stage.sla is not None
        assert 2 <= len(stage.required_actions) <= 3
        for action in stage.required_actions:
            assert action.evidence, action.action
            assert all(evidence.extensions for evidence in action.evidence)
    kinds = {action.visit_kind for stage in playbook.stages for action in stage.required_actions}
    assert "technical_meeting" in kinds


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_playbook_speaks_both_languages(name: str) -> None:
    playbook = load_playbook(name)
    named = [playbook.name]
    for stage in playbook.stages:
        named.append(stage.name)
        for action in stage.required_actions:
            named += [action.name, *(evidence.name for evidence in action.evidence)]
    for text in named:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), text
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in text.en), text
        assert text.en.strip()


def test_the_white_papers_five_stages() -> None:
    playbook = load_playbook("fmcg_five_stage")
    assert [s.stage for s in playbook.stages] == [
        "first_contact",
        "needs_confirmed",
        "solution_demo",
        "quotation",
        "contract_signed",
    ]
    quotation = playbook.stages[3]
    assert quotation.sla is not None
    assert (quotation.sla.days, quotation.sla.clock, quotation.is_quotation) == (7, "calendar", True)


def test_a_long_cycle_takes_a_year_and_is_counted_in_working_days() -> None:
    stages = load_playbook("project_long_cycle").stages
    assert len(stages) == 8
    assert {s.sla.clock for s in stages if s.sla} == {"business"}
    assert 6 * 21 <= sum(s.sla.days for s in stages if s.sla) <= 18 * 21


def test_the_small_playbook_is_read() -> None:
    playbook = validate_model(parse_yaml(SMALL), Playbook, "small.yaml")
    assert playbook.default_window_days is None
    assert playbook.stages[0].sla is None
    assert playbook.stages[1].sla is not None
    assert playbook.stages[1].name.in_language("en") == "Deal"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("lapse_days: 30", "lapse_day: 30", "did you mean 'lapse_days'?"),
        ("lapse_days: 30", "lapse_days: 0", "lapse_days: Input should be greater than 0"),
        ("lapse_days: 30\n", "", "lapse_days: Field required"),
        ("stage: deal", "stage: lead", "stage named twice: lead"),
        ("stage: deal", "stage: 成交", "stages.1.stage"),
        ("clock: business", "clock: busy", "stages.1.sla.clock"),
        ("visit_kind: call", "visit_kind: dinner", "visit_kind"),
        ("{zh: 线索, en: Lead}", "线索", "stages.0.name"),
        ("{zh: 线索, en: Lead}", "{zh: 线索}", "stages.0.name.en: Field required"),
        ("version: 1.0.0", "version: 1", "version"),
        ("is_contract: true", "is_contract: 'NO WAY'", "is_contract"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, says: str) -> None:
    assert old in SMALL
    with pytest.raises(StagewatchError) as caught:
        validate_model(parse_yaml(SMALL.replace(old, new, 1)), Playbook, "small.yaml")
    assert says in str(caught.value)
    assert str(caught.value).startswith("small.yaml: ")


def test_an_action_named_twice_is_refused() -> None:
    text = SMALL.replace("    is_contract: true", "    required_actions: [{action: call, name: {zh: 电, en: C}}]")
    with pytest.raises(StagewatchError, match="required action named twice: call"):
        validate_model(parse_yaml(text), Playbook, "small.yaml")


def test_a_workspaces_own_playbook_comes_first(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "fmcg_five_stage.yaml").write_text(SMALL, encoding="utf-8")
    assert len(load_playbook("fmcg_five_stage", tmp_path).stages) == 2
    assert len(load_playbook("dairy_six_node", tmp_path).stages) == 6


@pytest.mark.parametrize("name", ["fmcg", "../settings", "..\\settings", ""])
def test_a_playbook_that_is_not_there_names_those_that_are(tmp_path: Path, name: str) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "ours.yaml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(StagewatchError) as caught:
        load_playbook(name, tmp_path)
    assert repr(name) in caught.value.message
    for known in ("ours", "fmcg_five_stage", "dairy_six_node"):
        assert known in caught.value.remedy
