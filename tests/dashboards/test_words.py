"""The catalogue and the code agree: every word is there in both languages, and none stands unused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data_contracts.alert_rules import load_alert_rules
from data_contracts.contract import load_contract
from data_contracts.texts import Texts, _catalogue

ROOM = Path(__file__).resolve().parents[2] / "dashboards"
CODE = "\n".join(path.read_text(encoding="utf-8") for path in sorted(ROOM.rglob("*.py")))
# Codes become keys by `<prefix>_<code>`; these prefixes are put together at run time.
PREFIXES = [
    *re.findall(r"f[\"']([a-z_]+_)\{", CODE),
    *(f"{name}_" for name in re.findall(r'Column\("(\w+)", "codes?"', CODE)),
    *(f"{name}_" for name in re.findall(r'word\(context, "(\w+)"', CODE)),
    *("column_", "outcome_", "event_"),
]


def test_every_word_the_code_names_is_in_the_catalogue() -> None:
    known = _catalogue("dashboard")
    named = set(re.findall(r'\bt\(\s*"(\w+)"', CODE)) | set(re.findall(r'card\(context, "(\w+)"', CODE))
    named |= set(re.findall(r'(?:card\(context, "\w+", |empty\(context, )"(\w+)"', CODE))
    named |= set(re.findall(r'Column\("\w+", "\w+", "(\w+)"', CODE)) | set(re.findall(r'help="(\w+)"', CODE))
    for page, terms in re.findall(r'head\(\s*context,\s*"(\w+)",\s*\(([^)]*)\)', CODE):
        named |= {f"page_{page}", f"about_{page}"}
        for term in re.findall(r'"(\w+)"', terms):
            named |= {f"term_{term}", f"define_{term}"}
    assert len(named) > 200
    assert named <= set(known), sorted(named - set(known))


def test_no_word_stands_unused() -> None:
    quoted = set(re.findall(r"[\"'](\w+)[\"']", CODE))
    unused = [
        key for key in _catalogue("dashboard")
        if key not in quoted and not any(key.startswith(prefix) for prefix in PREFIXES)
    ]  # fmt: skip
    assert unused == []


def test_both_languages_say_something_and_ask_for_the_same_figures() -> None:
    for key, name in _catalogue("dashboard").items():
        assert name.zh.strip(), key
        assert name.en.strip() or key == "unit_money", key
        assert set(re.findall(r"\{(\w+)\}", name.zh)) == set(re.findall(r"\{(\w+)\}", name.en)), key


@pytest.mark.parametrize(
    ("layer", "table", "column", "prefix"),
    [
        ("marts", "stage_spells", "exit", "exit"),
        ("marts", "transitions", "kind", "kind"),
        ("marts", "warnings", "warning", "warning"),
        ("marts", "opportunity_state", "status", "status"),
        ("marts", "opportunity_state", "risk_band", "risk_band"),
        ("marts", "transition_compliance", "verdict", "verdict"),
        ("sources", "visits", "kind", "kind"),
        ("sources", "visits", "status", "event_visits"),
        ("sources", "stage_events", "event", "event_stage_events"),
        ("sources", "interventions", "action", "event_interventions"),
        ("sources", "visits", "source_kind", "source_kind"),
    ],
)
def test_every_promised_code_has_words(layer: str, table: str, column: str, prefix: str) -> None:
    rules = load_contract(layer, table).rules  # type: ignore[arg-type]
    values = next(r.arguments["validValues"] for r in rules if r.column == column and "validValues" in r.arguments)
    t = Texts("dashboard", "en")
    assert [value for value in values if f"{prefix}_{value}" not in t] == []


def test_every_alert_rule_has_words() -> None:
    t = Texts("dashboard", "zh-CN")
    assert [a.rule for a in load_alert_rules("default").alerts if f"rule_{a.rule}" not in t] == []


def test_no_page_takes_html() -> None:
    assert "unsafe_allow_html" not in CODE
    assert "st.html(" not in CODE
    assert "components.v1" not in CODE
