"""The timeline: every record of an opportunity in order, with the file and row that told it."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.contract import load_contract
from tiny import Tiny

MARTS = ("organisation_segments", "opportunity_versions", "signing_wins", "visits", "opportunity_timeline")


@pytest.fixture
def tiny() -> Tiny:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.con.execute("""
        insert into landing.files by name
        select 1 as file_id, 'visits.csv' as name, now() as landed_at, 0 as rows_read, 0 as rows_refused,
               0 as nul_bytes, 1 as deliveries, 'landed' as status""")
    return tiny


def timeline(tiny: Tiny, columns: str, opportunity: str = "A") -> list[tuple[Any, ...]]:
    return tiny.build(*MARTS).rows(
        f"select {columns} from marts.opportunity_timeline where opportunity_id = ? order by seq", opportunity
    )


def test_everything_in_order_with_its_source(tiny: Tiny) -> None:
    tiny.add("signings", opportunity_id="A", amount=100, contract_no="HT-7", occurred_at="2025-03-20 10:00")
    tiny.events("""
        A | 2025-03-20 10:00 | won
        A | 2025-03-02 10:00 | enter first_contact
    """)
    tiny.add(
        "visits",
        visit_id="V1",
        opportunity_id="A",
        rep_id="R1",
        kind="demo",
        status="rescheduled",
        rescheduled_to="2025-03-09 15:00",
        note="客户临时有会",
        occurred_at="2025-03-05 10:00",
    )
    tiny.add(
        "actions",
        opportunity_id="A",
        action_code="store_survey",
        evidence="摸底表.pdf",
        actor_id="R1",
        occurred_at="2025-03-04 10:00",
        file_id=9,
        source_row=17,
    )
    tiny.add("actions", opportunity_id="A", action_code="first_order", waived_by="S1", occurred_at="2025-03-06 10:00")
    tiny.add(
        "opportunities",
        opportunity_id="A",
        owner_id="R1",
        expected_amount=80,
        created_at="2025-03-01 09:00",
        recorded_at="2025-03-01 10:00",
    )
    tiny.add("opportunities", opportunity_id="A", expected_amount=90, occurred_at="2025-03-10 09:00")
    tiny.add(
        "interventions",
        intervention_id="I1",
        opportunity_id="A",
        supervisor_id="S1",
        action="visited",
        note="陪访",
        occurred_at="2025-03-15 10:00",
    )
    assert timeline(tiny, "seq, strftime(occurred_at, '%d'), record, what, stage, kind, actor_id, detail") == [
        (1, "01", "opportunities", "created", None, None, "R1", "80.00"),
        (2, "02", "stage_events", "enter", "first_contact", None, None, None),
        (3, "04", "actions", "store_survey", "first_contact", None, "R1", "摸底表.pdf"),
        (4, "05", "visits", "rescheduled", None, "demo", "R1", "→ 2025-03-09 15:00 · 客户临时有会"),
        (5, "06", "actions", "waived", "contract_signed", None, "S1", "first_order"),
        (6, "10", "opportunities", "changed", None, None, None, "90.00"),
        (7, "15", "interventions", "visited", None, None, "S1", "陪访"),
        (8, "20", "stage_events", "won", None, None, None, None),
        (9, "20", "signings", "signed", None, None, None, "HT-7 · 100.00"),
    ]
    sources = timeline(tiny, "source_file, source_row, source_kind")
    assert sources[2] == (None, 17, "form")  # a file nobody knows of
    assert sources[3] == ("visits.csv", 4, "form")


def test_columns_are_the_contracts(tiny: Tiny) -> None:
    timeline(tiny, "seq")
    names = [name for (name,) in tiny.rows("select column_name from (describe marts.opportunity_timeline)")]
    assert names == list(load_contract("marts", "opportunity_timeline").column_names)


def test_within_one_instant_stages_stand_in_playbook_order(tiny: Tiny) -> None:
    tiny.events("""
        A | 2025-03-02 00:00 | lost price
        A | 2025-03-02 00:00 | enter quotation
        A | 2025-03-02 00:00 | enter first_contact
    """)
    assert timeline(tiny, "what, stage, detail") == [
        ("enter", "first_contact", None),
        ("enter", "quotation", None),
        ("lost", None, "price"),
    ]


def test_a_linked_visit_stands_with_its_opportunity(tiny: Tiny) -> None:
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", customer_id="C1", occurred_at="2025-03-01 09:00")
    tiny.add("visits", visit_id="V1", rep_id="R1", customer_id="C1", status="done", occurred_at="2025-03-05 10:00")
    tiny.add("visits", visit_id="V2", rep_id="R9", customer_id="C1", status="done", occurred_at="2025-03-05 10:00")
    assert timeline(tiny, "record, what") == [("opportunities", "created"), ("visits", "done")]
    assert tiny.rows("select count(*) from marts.opportunity_timeline") == [(2,)]


def test_what_is_not_yet_known_or_overruled_is_not_there(tiny: Tiny) -> None:
    tiny.events("A | 2025-03-05 10:00 | enter quotation | recorded 2025-04-02 09:00")
    tiny.add(
        "stage_events",
        opportunity_id="A",
        event="enter",
        stage="quotation",
        occurred_at="2025-03-04 10:00",
        source_kind="wechat",
        is_primary=False,
        overruled_at="2025-03-05 10:00",
    )
    assert timeline(tiny, "seq") == []
