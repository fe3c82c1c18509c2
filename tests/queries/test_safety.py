"""No text of a request or of the data becomes SQL, and the dimensions are promised by the contracts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.contract import load_contract
from data_contracts.texts import LANGUAGES
from queries.dimensions import DIMENSIONS, Filter, choices, label
from queries.dwell import DwellRequest, dwell
from queries.funnel import Cell, funnel, list_behind
from queries.funnel_request import FunnelRequest
from queries.lists import RiskRequest, at_risk
from queries.snapshot import Snapshot
from queries.statement import Statement, template
from queries.variants import PathRequest, variants
from tiny import Tiny

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
several = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HOSTILE = "'; drop table marts.funnel_paths; -- \" $p1 {{ where }}"


@pytest.mark.parametrize("mart", ["funnel_paths", "stage_spells", "opportunity_state"])
def test_every_dimension_and_its_label_is_promised(mart: str) -> None:
    promised = load_contract("marts", mart).column_names
    for dimension, named_by in DIMENSIONS.items():
        assert dimension in promised
        assert named_by in promised
        assert all(label(dimension, language) for language in LANGUAGES)


@several
@given(texts)
def test_any_value_is_only_ever_a_value(company: Snapshot, value: str) -> None:
    only = (Filter(dimension="region", values=(value,)),)
    expected = {"east": 0, "south": 0}.get(value)
    assert funnel(company, FunnelRequest(filters=only)).frame.is_empty() or expected is not None
    assert dwell(company, DwellRequest(filters=only)).frame.is_empty() or expected is not None
    assert variants(company, PathRequest(filters=only)).frame.is_empty() or expected is not None
    cell = Cell(stage="first_contact", values={"city": value})
    list_behind(company, FunnelRequest(by=("city",)), cell)
    at_risk(company, RiskRequest(text=value))


@several
@given(texts)
def test_shown_sql_keeps_any_value_a_value(company: Snapshot, value: str) -> None:
    answer = funnel(company, FunnelRequest(by=("city",), filters=(Filter(dimension="city", values=(value, None)),)))
    assert company.sql_text(answer.sql)["counted"].to_list() == answer.frame["counted"].to_list()


def test_hostile_names_in_the_data_pass_through(snapshot_of: Callable[..., Snapshot]) -> None:
    def adjust(tiny: Tiny) -> None:
        tiny.add("organisation", rep_id=HOSTILE, rep_name=HOSTILE, region=HOSTILE, city=HOSTILE)
        tiny.add("opportunities", opportunity_id="A", occurred_at="2025-01-01 00:00", owner_id=HOSTILE, channel=HOSTILE)

    snapshot = snapshot_of("A | 2025-01-01 09:00 | enter first_contact", adjust=adjust)
    found = choices(snapshot, "region")
    assert [(c.value, c.units) for c in found] == [(HOSTILE, 1)]
    request = FunnelRequest(by=("region", "owner_id"), filters=(Filter(dimension="region", values=(HOSTILE,)),))
    answer = funnel(snapshot, request)
    assert answer.frame["owner_id_label"].to_list() == [HOSTILE] * 5
    assert snapshot.sql_text(answer.sql)["counted"].to_list() == [1, 0, 0, 0, 0]
    cell = Cell(stage="first_contact", values={"region": HOSTILE, "owner_id": HOSTILE})
    assert list_behind(snapshot, request, cell).frame.height == 1


def test_a_template_wants_exactly_its_pieces() -> None:
    with pytest.raises(KeyError, match="wants"):
        template("choices", value="x")


def test_equal_values_share_a_placeholder_and_true_is_not_one() -> None:
    statement = Statement()
    assert [statement.bind(v) for v in (1, "1", True, 1, "1")] == ["$p1", "$p2", "$p3", "$p1", "$p2"]


def test_shown_sql_does_not_fill_in_what_a_value_says() -> None:
    statement = Statement()
    statement.text = f"select {statement.bind('$p2')}, {statement.bind('x')}"
    assert statement.shown == "select '$p2', 'x'"
