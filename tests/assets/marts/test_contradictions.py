"""Contradictions: two sources, one fact, two stories; which is believed, and where both stand."""

from __future__ import annotations

from typing import Any

from tiny import Tiny

COLUMNS = "record, attribute, believed_value, other_value, believed_row, other_row"


def company(as_of: str = "2025-04-01 00:00") -> Tiny:
    tiny = Tiny(as_of=as_of)

    def visit(fact: int, source: str, status: str, **values: Any) -> None:
        tiny.add("visits", visit_id=f"{source}{fact}", rep_id="R", customer_name="C", source_kind=source, fact_key=fact,
                 status=status, **({"occurred_at": "2025-03-05 10:00"} | values))  # fmt: skip

    visit(1, "form", "no_show", kind="visit")  # rows 1 and 2: held or not, and how
    visit(1, "wechat", "done", kind="call", recorded_at="2025-03-05 18:00")
    visit(2, "form", "rescheduled", rescheduled_to="2025-03-07 09:00")  # rows 3 to 5: moved twice on one day
    visit(2, "form", "rescheduled", rescheduled_to="2025-03-08 09:00")
    visit(2, "excel", "rescheduled", rescheduled_to="2025-03-08 00:00")  # agrees with one of them
    visit(3, "excel", "done", kind="visit")  # rows 6 and 7: agree, where both say something
    visit(3, "wechat", "done")
    visit(4, "form", "done", recorded_at="2025-03-20 09:00")  # rows 8 and 9: the form came late
    visit(4, "wechat", "cancelled")
    visit(5, "form", "done", recorded_at="2025-03-06 09:00")  # rows 10 and 11: taken back before the form came
    visit(5, "wechat", "cancelled", is_primary=False, overruled_at="2025-03-05 20:00")
    for row, (kind, stage) in enumerate([("form", "quotation"), ("excel", "quotation"), ("excel", "solution_demo")]):
        tiny.add("stage_events", opportunity_id="A", event="enter", stage=stage, source_kind=kind, fact_key=100 + row,
                 occurred_at="2025-03-05 10:00")  # fmt: skip
    tiny.add("signings", opportunity_id="A", amount=100, occurred_at="2025-03-09 10:00", source_kind="form", fact_key=9)
    tiny.add("signings", opportunity_id="A", amount=1000, occurred_at="2025-03-09", source_kind="wechat", fact_key=9)
    return tiny.build("contradictions")


def test_what_the_less_structured_source_says_otherwise_is_listed_with_both_places() -> None:
    tiny = company()
    assert tiny.rows(f"select {COLUMNS} from marts.contradictions order by all") == [
        ("signings", "amount", "100.00", "1000.00", 15, 16),
        ("stage_events", "stage", "quotation", "solution_demo", 12, 14),
        ("visits", "kind", "visit", "call", 1, 2),
        ("visits", "status", "done", "cancelled", 8, 9),
        ("visits", "status", "no_show", "done", 1, 2),
    ]
    assert tiny.rows("select known_at, other_source_kind from marts.contradictions where other_row = 2 limit 1") == [
        (tiny.time("2025-03-05 18:00"), "wechat")
    ]


def test_as_of_before_the_better_source_came_there_is_no_contradiction() -> None:
    assert company("2025-03-20 08:59").rows("select other_row from marts.contradictions where other_row = 9") == []
    assert company("2025-03-05 17:59").rows("select other_row from marts.contradictions where record = 'visits'") == []


def equals(*visits: dict[str, Any], as_of: str = "2025-04-01 00:00") -> list[tuple[Any, ...]]:
    """What is listed of daily reports (each its own file, one fact) about one visit."""
    tiny = Tiny(as_of=as_of)
    for number, values in enumerate(visits, start=1):
        tiny.add("visits", **{
            "visit_id": "V1", "rep_id": "R", "customer_name": "C", "source_kind": "excel", "fact_key": 1,
            "occurred_at": "2025-03-05", "occurred_precision": "day", "file_id": number} | values)  # fmt: skip
    tiny.build("contradictions")
    return tiny.rows(
        "select attribute, believed_value, believed_file_id, other_value, other_file_id, believed_because"
        " from marts.contradictions order by all"
    )


def test_two_daily_reports_that_differ_are_listed_with_which_counts_and_why() -> None:
    late = {"recorded_at": "2025-03-06 09:00"}
    assert equals({"status": "done", "kind": "visit"}, {"status": "cancelled", "kind": "call", **late}) == [
        ("kind", "visit", 1, "call", 2, "done_stands"),
        ("status", "done", 1, "cancelled", 2, "done_stands"),
    ]
    assert equals({"status": "no_show", **late}, {"status": "cancelled"}) == [
        ("status", "no_show", 1, "cancelled", 2, "told_last")
    ]
    # Two numbers are two visits in marts.visits: neither gives way.
    assert equals({"status": "done"}, {"status": "cancelled", "visit_id": "V2", **late}) == [
        ("status", "done", 1, "cancelled", 2, "both_stand")
    ]
    moved = {"status": "rescheduled"}
    assert equals(
        moved | {"rescheduled_to": "2025-03-07 09:00"}, moved | {"rescheduled_to": "2025-03-09 09:00", **late}
    ) == [("rescheduled_to", "2025-03-09", 2, "2025-03-07", 1, "told_last")]


def test_what_marts_visits_makes_of_them_is_what_is_said_to_count() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    for number, status in enumerate(["done", "cancelled", "no_show"], start=1):
        tiny.add("visits", visit_id="V1", rep_id="R", customer_name="C", source_kind="excel", fact_key=1, status=status,
                 occurred_at="2025-03-05", occurred_precision="day", file_id=number)  # fmt: skip
    tiny.build()
    assert tiny.rows("select status from marts.visits") == [("done",)]
    assert tiny.rows("select believed_value, other_value from marts.contradictions order by all") == [
        ("done", "cancelled"),
        ("done", "no_show"),
    ]


def test_a_visits_own_history_and_agreement_are_no_contradiction() -> None:
    instant = {"occurred_precision": "instant"}
    # Exports of one system: moved in the morning, held in the afternoon; and two visits of one day.
    assert equals(
        {"status": "rescheduled", "occurred_at": "2025-03-05 09:00", **instant},
        {"status": "done", "occurred_at": "2025-03-05 16:00", **instant},
    ) == []  # fmt: skip
    assert equals(
        {"status": "cancelled", "occurred_at": "2025-03-05 09:00", **instant},
        {"status": "done", "occurred_at": "2025-03-05 16:00", "visit_id": "V2", **instant},
    ) == []  # fmt: skip
    # One file alone, one that agrees with a record of the other, a blank, a plan, and what was taken back.
    assert equals({"status": "done"}, {"status": "cancelled", "file_id": 1}) == []
    assert equals({"status": "rescheduled"}, {"status": "done", "file_id": 1}, {"status": "rescheduled"}) == []
    assert equals({"status": "done", "kind": "visit"}, {"status": "done"}) == []
    assert equals({"status": "done"}, {"status": "planned"}) == []
    taken_back = {"is_primary": False, "overruled_at": "2025-03-05 20:00"}
    assert equals({"status": "done"}, {"status": "cancelled", **taken_back}) == []


def test_systems_of_equal_rank_are_compared_to_the_instant_and_as_of() -> None:
    instant = {"occurred_precision": "instant", "source_kind": "crm"}
    two = (
        {"status": "done", "occurred_at": "2025-03-05 10:00", **instant},
        {"status": "no_show", "occurred_at": "2025-03-05 10:05", "recorded_at": "2025-03-08 09:00",
         "mapping": "other", **instant},
    )  # fmt: skip
    assert equals(*two) == [("status", "done", 1, "no_show", 2, "done_stands")]
    assert equals(*two, as_of="2025-03-07 00:00") == []
