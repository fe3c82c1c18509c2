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
