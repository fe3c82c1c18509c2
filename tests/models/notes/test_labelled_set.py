"""The labelled messages are well formed: what the score takes for the truth holds to the definitions."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from data_contracts.yaml_io import load_yaml
from models.notes.facts import FIELDS

NOTES = Path(__file__).parents[2] / "data" / "notes"
STYLES = sorted(path.stem for path in NOTES.glob("*.jsonl"))

CHANNELS = {"wechat", "wecom", "dingtalk", "excel_note", "form"}
MESSAGE_FIELDS = {"id", "channel", "sender", "sent_at", "text"}
LINKS = {"corrects", "reply_to"}
KINDS = {None, "visit", "call", "demo", "technical_meeting", "sample_trial", "negotiation"}
STATUSES = {None, "done", "rescheduled", "no_show", "cancelled"}
STAGES = {None, "first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed"}
ACTIONS = {"样品试用", "技术对接会", "会议纪要", "客户签字确认单", "报价单", "账期审批", "合同"}
DAYS = ("date", "rescheduled_to", "next_date")


def lines(style: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (NOTES / f"{style}.jsonl").read_text(encoding="utf-8").splitlines()]


def facts(style: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every (message, fact) of a style."""
    for line in lines(style):
        for fact in line["facts"]:
            yield line["message"], fact


def test_the_register_names_exactly_the_files_with_a_set_and_a_description() -> None:
    register = load_yaml(NOTES / "styles.yaml")
    assert sorted(register) == STYLES
    for style, entry in register.items():
        assert set(entry) == {"set", "describes"}, style
        assert entry["set"] in {"development", "test"}, style
        assert len(entry["describes"]) > 20, style
    assert {entry["set"] for entry in register.values()} == {"development", "test"}


@pytest.mark.parametrize("style", STYLES)
def test_messages_have_all_their_fields_and_refer_to_earlier_ones(style: str) -> None:
    earlier: set[str] = set()
    for line in lines(style):
        assert set(line) == {"message", "facts"}
        message = line["message"]
        assert MESSAGE_FIELDS <= set(message) <= MESSAGE_FIELDS | LINKS, message["id"]
        assert message["id"] not in earlier
        assert message["channel"] in CHANNELS, message["id"]
        assert message["text"], message["id"]
        assert datetime.fromisoformat(message["sent_at"]).utcoffset() is not None, message["id"]
        assert {message[link] for link in LINKS & set(message)} <= earlier, message["id"]
        earlier.add(message["id"])


def test_ids_are_unique_over_all_styles() -> None:
    ids = [line["message"]["id"] for style in STYLES for line in lines(style)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("style", STYLES)
def test_facts_have_fields_and_values_of_the_definitions(style: str) -> None:
    for message, fact in facts(style):
        where = (message["id"], fact)
        assert set(fact) <= {*FIELDS, "spans"}, where
        assert None not in fact.values(), where
        assert fact.get("kind") in KINDS, where
        assert fact.get("status") in STATUSES, where
        assert fact.get("stage") in STAGES, where
        done, missing = fact.get("actions_done", []), fact.get("actions_missing", [])
        for actions in (done, missing):
            assert len(actions) == len(set(actions)), where
            assert set(actions) <= ACTIONS, where
        assert not set(done) & set(missing), where
        assert fact.get("amount_yuan", 1) > 0, where
        for field in DAYS:
            assert field not in fact or date.fromisoformat(fact[field]).isoformat() == fact[field], where
        assert any(fact.get(field) for field in FIELDS if field != "customer"), where


@pytest.mark.parametrize("style", STYLES)
def test_a_status_brings_what_belongs_to_it(style: str) -> None:
    for message, fact in facts(style):
        where = (message["id"], fact)
        status = fact.get("status")
        if status == "done":
            assert "kind" in fact and "date" in fact, where
            assert fact["date"] <= message["sent_at"][:10], where
        if "rescheduled_to" in fact:
            assert status == "rescheduled", where
        if status is None and "date" in fact:  # a plan alone: its day is the plan's
            assert "kind" in fact and fact["date"] == fact["next_date"], where


@pytest.mark.parametrize("style", STYLES)
def test_spans_are_pieces_of_the_text_and_belong_to_fields_that_are_set(style: str) -> None:
    for message, fact in facts(style):
        for field, span in fact.get("spans", {}).items():
            where = (message["id"], field, span)
            assert field in FIELDS, where
            assert span and span in message["text"], where
            assert fact[field], where
