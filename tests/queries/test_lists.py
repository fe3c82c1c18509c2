"""Lists: who is at risk, one opportunity's dossier, alerts and the state of the data."""

from __future__ import annotations

import polars as pl
import pytest

from data_contracts.errors import StagewatchError
from queries.dimensions import Filter
from queries.lists import RiskRequest, alerts, at_risk, dossier, health
from queries.overview import overview
from queries.quarantine import Selection, quarantine_counts, quarantined
from queries.snapshot import Snapshot


def _one(company: Snapshot, sql: str) -> object:
    return company.query(sql).row(0)[0]


def test_open_opportunities_in_the_order_asked_for(company: Snapshot) -> None:
    rows = at_risk(company, RiskRequest(order="amount")).frame
    assert rows.height == _one(company, "select count(*) from marts.opportunity_state where status = 'open'") > 0
    amounts = rows["amount"].drop_nulls().to_list()
    assert amounts == sorted(amounts, reverse=True)


def test_bands_stages_overrun_text_and_place_narrow_it(company: Snapshot) -> None:
    east = Filter(dimension="region", values=("east",))
    request = RiskRequest(filters=(east,), stages=("first_contact",), only_overrun=True, bands=("unknown",))
    assert at_risk(company, request).frame.height == _one(
        company,
        """select count(*) from marts.opportunity_state
           where status = 'open' and region = 'east' and stage = 'first_contact' and is_overrun""",
    )
    assert at_risk(company, RiskRequest(bands=("high",))).frame.height == 0
    name = _one(company, "select opportunity_id from marts.opportunity_state where status = 'open' order by all")
    assert at_risk(company, RiskRequest(text=f" {str(name).lower()} ")).frame["opportunity_id"].to_list() == [name]
    with pytest.raises(StagewatchError, match="no stage"):
        at_risk(company, RiskRequest(stages=("quote",)))


def test_a_dossier_holds_all_the_evidence_newest_first(company: Snapshot) -> None:
    name = "O00003"
    found = dossier(company, name)
    assert found.state["opportunity_id"] == name
    events = company.query(
        "select count(*) as n from marts.opportunity_timeline where opportunity_id = $i", {"i": name}
    )
    assert found.timeline.height == events["n"][0] > 3
    assert found.timeline["seq"].to_list() == sorted(found.timeline["seq"], reverse=True)
    assert found.spells["stage"][0] == "first_contact"
    assert found.actions.height == _one(company, "select count(*) from ref.required_actions")
    assert found.actions.filter(found.actions["is_due"])["action_code"].to_list() == [
        a for a in found.actions["action_code"] if a in (found.state["next_required_actions"] or [])
    ]


def test_an_unknown_opportunity_is_said_to_be_unknown(company: Snapshot) -> None:
    with pytest.raises(StagewatchError, match="no opportunity"):
        dossier(company, "'; drop table x; --")


def test_silent_ones_are_those_silent_for_longer(company: Snapshot) -> None:
    found = at_risk(company, RiskRequest(silent_over_days=14)).frame
    silent = "select count(*) from marts.opportunity_state where status = 'open' and silent_days > 14"
    assert found.height == _one(company, silent) > 0
    assert overview(company).stages["silent"].sum() == found.height


def test_health_and_alerts_of_an_unalarmed_company(company: Snapshot) -> None:
    found = health(company)
    assert found.latency.height == _one(company, "select count(*) from marts.reporting_latency")
    assert found.warnings["events"].sum() == _one(company, "select count(*) from marts.warnings")
    assert alerts(company).frame.is_empty()
    assert quarantined(company, Selection(settled=True)) == []
    assert quarantine_counts(company, Selection()).is_empty()


def test_the_overview_adds_up(company: Snapshot) -> None:
    found = overview(company)
    is_open = "select count(*) from marts.opportunity_state where status = 'open'"
    assert found.stages["opportunities"].sum() == _one(company, is_open)
    in_none = found.stages.filter(pl.col("stage_no").is_null())["opportunities"].sum()
    assert in_none == _one(company, f"{is_open} and stage is null")
    assert found.stages["stage_no"].drop_nulls().to_list() == [1, 2, 3, 4, 5]
    assert found.stages["overrun"].sum() == _one(
        company, "select count(*) from marts.opportunity_state where is_overrun"
    )
    assert found.months["won"].sum() == _one(
        company, "select count(*) from marts.funnel_paths where won_at is not null"
    )
    assert found.targets["scope"].to_list() == ["company"]
    assert found.quarter is None
    east = overview(company, (Filter(dimension="region", values=("east",)),))
    assert east.targets["scope_id"].to_list() == ["east"]
    assert east.stages["opportunities"].sum() < found.stages["opportunities"].sum()
    both = overview(company, (Filter(dimension="region", values=("east", "south")),))
    assert both.targets.is_empty()
    assert set(east.silent_cities["city"]) <= {"hangzhou", "suzhou"}
