"""What is known at an as-of time: recorded by then and occurred by then (design, section 4)."""

from __future__ import annotations

from core import SPELLS, built, life, spells

from assets.marts.build import MARTS
from assets.warehouse import scratch_as_of
from tiny import Tiny

# On the 20th it is told that the quotation went out on the 8th.
BACK_DATED = """
    A | 2025-03-01 | enter first_contact
    A | 2025-03-08 | enter quotation | recorded 2025-03-20 10:00
    A | 2025-03-15 | enter contract_signed
    """


def test_a_back_dated_event_is_known_only_once_it_was_recorded() -> None:
    assert spells(built("2025-03-20 09:59:59", BACK_DATED), "A") == ["1 03-01 - 03-15 skipped_ahead", "5 03-15 -  open"]
    assert spells(built("2025-03-20 10:00:00", BACK_DATED), "A") == [
        "1 03-01 - 03-08 skipped_ahead",
        "4 03-08 - 03-15 advanced",
        "5 03-15 -  open",
    ]


def test_an_event_recorded_before_it_occurs_is_not_known_before_it_occurs() -> None:
    events = "A | 2025-03-01 | enter first_contact\n A | 2025-03-10 | won | recorded 2025-03-05"
    assert life(built("2025-03-09 00:00", events), "A")[0] == "open"
    assert life(built("2025-03-10 00:00", events), "A")[0] == "won"


def test_what_the_daily_report_told_is_known_until_the_form_tells_the_same() -> None:
    # The form was filled in on the 6th, for the 2nd; in between the company knew by its WeChat report.
    def as_of(moment: str) -> list[tuple[str]]:
        tiny = Tiny(as_of=moment)
        told = {"opportunity_id": "A", "event": "enter", "stage": "quotation"}
        tiny.add("stage_events", **told, occurred_at="2025-03-02", recorded_at="2025-03-03", source_kind="wechat",
                 is_primary=False, overruled_at="2025-03-06")  # fmt: skip
        tiny.add("stage_events", **told, occurred_at="2025-03-02 15:00", recorded_at="2025-03-06")
        return tiny.rows("select source_kind from known.stage_events")

    assert as_of("2025-03-02 23:59:59") == []
    assert as_of("2025-03-03 00:00:00") == as_of("2025-03-05 23:59:59") == [("wechat",)]
    assert as_of("2025-03-06 00:00:00") == [("form",)]


def test_an_opportunity_whose_record_has_no_time_is_known_from_its_creation_on() -> None:
    for moment, known in (("2025-03-04 23:59:59", 0), ("2025-03-05 00:00:00", 1)):
        tiny = Tiny(as_of=moment)
        tiny.add("opportunities", opportunity_id="A", created_at="2025-03-05")
        tiny.build(*SPELLS)
        assert tiny.rows("select count(*) from marts.opportunity_lives") == [(known,)]


def test_when_it_landed_does_not_matter() -> None:
    tiny = Tiny(as_of="2025-03-09 00:00")
    tiny.add("stage_events", opportunity_id="A", event="enter", stage="quotation", occurred_at="2025-03-01",
             landed_at="2025-12-01")  # fmt: skip
    tiny.build(*SPELLS)
    assert spells(tiny, "A") == ["4 03-01 -  open"]


def test_a_signing_stands_for_the_win_until_the_won_event_is_known() -> None:
    tiny = Tiny(as_of="2025-03-10 00:00")
    events = "A | 2025-03-01 | enter quotation\n A | 2025-03-06 | won | recorded 2025-03-12"
    tiny.events(events)
    tiny.add("signings", opportunity_id="A", amount=1, occurred_at="2025-03-08")
    tiny.build(*SPELLS)
    assert life(tiny, "A") == ("won", "03-08", "03-08", 0)
    with scratch_as_of(tiny.con, tiny.time("2025-03-12 00:00")):
        tiny.build(*SPELLS)
        assert life(tiny, "A") == ("won", "03-06", "03-06", 0)


def test_rebuilt_as_of_a_past_time_every_mart_is_what_it_was_then() -> None:
    then = built("2025-03-18 00:00", BACK_DATED, MARTS[: MARTS.index("variants") + 1])
    now = built("2025-06-01 00:00", BACK_DATED, MARTS[: MARTS.index("variants") + 1])
    with scratch_as_of(now.con, now.time("2025-03-18 00:00")):
        now.build(*MARTS[: MARTS.index("variants") + 1])
        for mart in ("stage_spells", "funnel_paths", "funnel", "dwell", "transitions", "variants", "warnings"):
            assert now.rows(f"from marts.{mart} order by all") == then.rows(f"from marts.{mart} order by all"), mart
