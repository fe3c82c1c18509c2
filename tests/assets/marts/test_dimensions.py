"""Who owned an opportunity where, at an instant: opportunity versions and the organisation's validity."""

from __future__ import annotations

from typing import Any

from core import SPELLS

from tiny import Tiny


def entered(tiny: Tiny, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of the spells in order."""
    return tiny.rows(f"select {', '.join(columns)} from marts.stage_spells order by spell_no")


def moves(*days: str) -> str:
    """Entries of the first, second ... stage on these days."""
    stages = ("first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed")
    return "\n".join(f"A | {day} | enter {stage}" for day, stage in zip(days, stages, strict=False))


def test_the_owner_in_force_at_entry() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(moves("2025-03-01", "2025-03-10 10:00", "2025-03-20"))
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", channel="KA", occurred_at="2025-03-01")
    tiny.add("opportunities", opportunity_id="A", owner_id="R2", channel="KA", occurred_at="2025-03-10 10:00")
    tiny.build(*SPELLS)
    assert entered(tiny, "owner_id") == [("R1",), ("R2",), ("R2",)]


def test_the_first_record_holds_before_it_too() -> None:
    # A day-precise first event is midnight; the opportunity was typed in that afternoon.
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(moves("2025-03-01"))
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", occurred_at="2025-03-01 15:30")
    tiny.build(*SPELLS)
    assert entered(tiny, "owner_id") == [("R1",)]


def test_what_a_later_record_leaves_out_the_earlier_one_has_said() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(moves("2025-03-01", "2025-03-20"))
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", product_line="牛奶", occurred_at="2025-03-01")
    tiny.add("opportunities", opportunity_id="A", owner_id="R2", occurred_at="2025-03-10")
    tiny.build(*SPELLS)
    assert entered(tiny, "owner_id", "product_line") == [("R1", "牛奶"), ("R2", "牛奶")]


def test_a_change_recorded_late_is_not_known_before() -> None:
    tiny = Tiny(as_of="2025-03-15 00:00")
    tiny.events(moves("2025-03-01", "2025-03-12"))
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", occurred_at="2025-03-01")
    tiny.add("opportunities", opportunity_id="A", owner_id="R2", occurred_at="2025-03-10", recorded_at="2025-03-20")
    tiny.build(*SPELLS)
    assert entered(tiny, "owner_id") == [("R1",), ("R1",)]


def test_of_two_records_of_one_instant_the_later_recorded_holds() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(moves("2025-03-02"))
    tiny.add("opportunities", opportunity_id="A", owner_id="R2", occurred_at="2025-03-01", recorded_at="2025-03-05")
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", occurred_at="2025-03-01", recorded_at="2025-03-03")
    tiny.build(*SPELLS)
    assert entered(tiny, "owner_id") == [("R2",)]


def test_valid_from_is_inclusive_and_valid_to_exclusive_by_local_days() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(moves("2025-02-28 23:59:59", "2025-03-01 00:00:00", "2025-03-09 23:59:59", "2025-03-10 00:00:00"))
    tiny.add("opportunities", opportunity_id="A", owner_id="R1", occurred_at="2025-02-01")
    tiny.add("organisation", rep_id="R1", rep_name="李雷", supervisor_id="S1", supervisor_name="韩梅梅",
             office="杭州办", city="杭州", province="浙江", region="华东",
             valid_from="2025-03-01", valid_to="2025-03-10")  # fmt: skip
    tiny.build(*SPELLS)
    there = ("李雷", "S1", "韩梅梅", "杭州办", "杭州", "浙江", "华东")
    columns = ("owner_name", "supervisor_id", "supervisor_name", "office", "city", "province", "region")
    assert entered(tiny, *columns) == [(None,) * 7, there, there, (None,) * 7]


def test_null_validity_is_open() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(moves("2001-01-01", "2025-03-01"))
    tiny.add("opportunities", opportunity_id="A", owner_id="R1")
    tiny.add("organisation", rep_id="R1", region="华东")
    tiny.build(*SPELLS)
    assert entered(tiny, "region") == [("华东",), ("华东",)]


def test_a_move_whose_old_record_was_never_closed() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(moves("2025-02-01", "2025-03-20"))
    tiny.add("opportunities", opportunity_id="A", owner_id="R1")
    tiny.add("organisation", rep_id="R1", region="华东", valid_from="2024-01-01")
    tiny.add("organisation", rep_id="R1", region="华南", valid_from="2025-03-01")
    tiny.build(*SPELLS)
    assert entered(tiny, "region") == [("华东",), ("华南",)]


def test_region_from_the_owner_else_from_the_office() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    for name, owner, office in (("A", "R1", "宁波办"), ("B", "R9", "杭州办"), ("C", "R2", None), ("D", None, "西安办")):
        tiny.events(f"{name} | 2025-03-01 | enter first_contact")
        tiny.add("opportunities", opportunity_id=name, owner_id=owner, office=office)
    tiny.add("organisation", rep_id="R1", office="杭州办", city="杭州", region="华东")
    tiny.add("organisation", rep_id="R2", office="杭州办")  # says nothing of the place
    tiny.add("organisation", rep_id="R3", office="杭州办", city="杭州", region="华东")
    tiny.add("organisation", rep_id="R4", office="杭州办", city="湖州", region="华东")
    tiny.build(*SPELLS)
    assert tiny.rows("select opportunity_id, office, city, region from marts.stage_spells order by 1") == [
        ("A", "宁波办", "杭州", "华东"),  # the owner's record speaks, the opportunity's own office stays
        ("B", "杭州办", "杭州", "华东"),  # the owner is not in the organisation: where most of the office are
        ("C", "杭州办", "杭州", "华东"),  # the owner's record has the office alone
        ("D", "西安办", None, None),  # nobody knows the office
    ]


def test_a_supervisor_without_a_name_in_the_record_has_their_own() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    tiny.events(moves("2025-03-01"))
    tiny.add("opportunities", opportunity_id="A", owner_id="R1")
    tiny.add("organisation", rep_id="R1", supervisor_id="S1")
    tiny.add("organisation", rep_id="S1", rep_name="韩梅梅")
    tiny.build(*SPELLS)
    assert entered(tiny, "supervisor_id", "supervisor_name") == [("S1", "韩梅梅")]


def test_versions_cover_all_time_once() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    for day, owner in (("2025-03-01", "R1"), ("2025-03-10", "R2"), ("2025-03-10", "R3"), ("2025-03-20", None)):
        tiny.add("opportunities", opportunity_id="A", owner_id=owner, office="杭州办", occurred_at=day)
    tiny.add("opportunities", opportunity_id="B", office="杭州办")
    for rep, since, until in (
        ("R1", None, "2025-03-05"),
        ("R1", "2025-03-07", None),
        ("R3", "2025-03-15", "2025-06-01"),
    ):
        tiny.add("organisation", rep_id=rep, office="杭州办", city=f"{rep}市", valid_from=since, valid_to=until)
    tiny.build(*SPELLS)
    assert tiny.rows("""
        select opportunity_id, min(from_at) = '-infinity', max(to_at) = 'infinity', bool_and(is_joined)
        from (select *, coalesce(from_at = lag(to_at) over (partition by opportunity_key order by from_at), true)
                        as is_joined from marts.opportunity_versions)
        group by opportunity_id order by 1""") == [("A", True, True, True), ("B", True, True, True)]  # fmt: skip
