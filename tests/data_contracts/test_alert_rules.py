"""The rule set: what is shipped, and what is refused."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from data_contracts.alert_rules import AlertRules, load_alert_rules
from data_contracts.errors import StagewatchError
from data_contracts.texts import Texts
from data_contracts.yaml_io import parse_yaml, validate_model

DEFAULT = load_alert_rules("default")


def rule_set(alert: str) -> AlertRules:
    text = f"rules: mine\nversion: 1.0.0\nname: {{zh: 我的, en: Mine}}\nalerts:\n  - {{{alert}}}\n"
    return validate_model(parse_yaml(text), AlertRules, "mine.yaml")


def test_all_rules_of_the_design_are_shipped() -> None:
    assert {rule.rule for rule in DEFAULT.alerts} == {
        "stage_overrun", "silent_customer", "action_missing", "failure_risk", "rescheduled_no_technical_meeting",
        "city_silent", "city_no_data", "forecast_shortfall", "reporting_latency", "source_quiet",
    }  # fmt: skip


@pytest.mark.parametrize("rule", DEFAULT.alerts, ids=lambda rule: rule.rule)
def test_a_rules_query_uses_exactly_its_thresholds(rule: object) -> None:
    sql = (files("assets.alerts") / "sql" / f"{rule.rule}.sql").read_text(encoding="utf-8")  # type: ignore[attr-defined]
    used = set(re.findall(r"\$([a-z_]+)", re.sub(r"--.*", "", sql)))
    assert used == set(rule.parameters())  # type: ignore[attr-defined]


@pytest.mark.parametrize("rule", DEFAULT.alerts, ids=lambda rule: rule.rule)
def test_every_rule_has_its_words(rule: object) -> None:
    for language in ("zh-CN", "en"):
        assert f"title_{rule.rule}" in Texts("alerts", language)  # type: ignore[attr-defined, arg-type]


def test_a_threshold_can_be_set() -> None:
    name = "name: {zh: a, en: a}, severity: low, recipient: owner"
    rules = rule_set(f"rule: rescheduled_no_technical_meeting, {name}, thresholds: {{more_than: 4}}")
    assert rules.alerts[0].parameters() == {"more_than": 4}


@pytest.mark.parametrize(
    ("alert", "fault"),
    [
        ("rule: nonsense", "nonsense"),
        ("rule: stage_overrun, name: {zh: a, en: a}, severity: grave, recipient: owner", "severity"),
        ("rule: stage_overrun, name: {zh: a, en: a}, severity: low, recipient: owner, thresholds: {days: 3}", "days"),
        (
            "rule: stage_overrun, name: {zh: a, en: a}, severity: low, recipient: owner, inhibited_by: [no]",
            "inhibited_by",
        ),
    ],
)
def test_what_is_wrong_is_named(alert: str, fault: str) -> None:
    with pytest.raises(StagewatchError, match=fault):
        rule_set(alert)


def test_a_workspaces_own_rules_go_before_the_shipped(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    own = "rules: default\nversion: 9.0.0\nname: {zh: 我的, en: Mine}\nalerts: []\n"
    (tmp_path / "rules" / "default.yaml").write_text(own, encoding="utf-8")
    assert load_alert_rules("default", tmp_path).version == "9.0.0"
