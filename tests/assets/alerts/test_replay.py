"""The first run over a history, with the real marts: the Mondays before, as they would have been seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets.alerts.build import build_alerts
from assets.alerts.replay import marts_needed, mondays_due, replay
from assets.workspace import Run, Workspace
from data_contracts.settings import Alerts, Settings
from tiny import Tiny


def company(replay_weeks: int = 4) -> Tiny:
    """Two opportunities up to Wednesday 2 April 2025; B was signed on 27 March."""
    tiny = Tiny("2025-04-02 09:00", settings=Settings(alerts=Alerts(replay_weeks=replay_weeks)))
    tiny.events("""
        A | 2025-03-04 09:00 | enter first_contact
        A | 2025-03-06 09:00 | enter quotation
        B | 2025-03-05 09:00 | enter quotation
        B | 2025-03-27 09:00 | won
    """)
    for name in "AB":
        tiny.add(
            "opportunities", opportunity_id=name, customer_name=f"客户{name}", expected_amount=50_000,
            created_at="2025-03-04 09:00", occurred_at="2025-03-04 09:00",
        )  # fmt: skip
    return tiny


def run_of(tiny: Tiny, folder: Path) -> Run:
    return Run(Workspace(folder), tiny.settings, tiny.playbook, "test", tiny.as_of, tiny.as_of)


def tables(tiny: Tiny) -> list[list[tuple[Any, ...]]]:
    return [tiny.rows(f"from ops.{name} order by all") for name in ("alerts", "alert_events", "evaluations")]


def test_the_mondays_before_are_replayed_as_they_were_known(tmp_path: Path) -> None:
    tiny = company().build()
    figures = build_alerts(tiny.con, run_of(tiny, tmp_path))
    mondays = [f"2025-03-{day} 00:00" for day in ("10", "17", "24", "31")]
    assert figures["replayed_weeks"] == 4
    assert tiny.rows("select evaluated_at, is_replayed from ops.evaluations order by 1") == [
        *((tiny.time(monday), True) for monday in mondays),
        (tiny.as_of, False),
    ]
    overruns = tiny.rows(
        "select subject_id, status, opened_at, resolved_at, is_replayed from ops.alerts"
        " where rule = 'stage_overrun' order by 1"
    )
    # Quotation may take 7 days: A from 13 March, B from 12 March, so both open on Monday 17 March.
    # B was won on 27 March: silenced on Monday 31, resolved a day (the clear time) or more later.
    assert overruns == [
        ("A", "open", tiny.time("2025-03-17 00:00"), None, True),
        ("B", "resolved", tiny.time("2025-03-17 00:00"), tiny.as_of, True),
    ]


def test_a_record_that_came_later_is_not_known_on_the_monday(tmp_path: Path) -> None:
    tiny = company()
    tiny.events("A | 2025-03-12 09:00 | enter contract_signed | recorded 2025-03-25 09:00")
    tiny.build()
    replay(tiny.con, run_of(tiny, tmp_path))
    events = tiny.rows(
        "select evaluated_at, event from ops.alert_events where alert_key = 'stage_overrun|A|1' order by seq"
    )
    assert events[1] == (tiny.time("2025-03-17 00:00"), "opened"), "by what was known, it was overrun"


def test_the_risk_of_a_monday_is_the_backtests(tmp_path: Path) -> None:
    tiny = company().build()
    key = tiny.rows("select distinct opportunity_key from staging.stage_events where opportunity_id = 'A'")[0][0]
    tiny.con.execute(
        "insert into ml.backtest_scores values (?, ?, 1, 0.7, 0.1, 'failed', null, 'hazards')",
        [key, tiny.time("2025-03-17 00:00")],
    )
    replay(tiny.con, run_of(tiny, tmp_path))
    risks = tiny.rows(
        "select subject_id, opened_at, p_fail_at_open, p_sign_at_open from ops.alerts where rule = 'failure_risk'"
    )
    assert risks == [("A", tiny.time("2025-03-17 00:00"), 0.7, 0.1)]


def test_the_warehouses_own_marts_and_time_are_untouched(tmp_path: Path) -> None:
    tiny = company().build()
    before = tiny.rows("from marts.opportunity_state order by all")
    replay(tiny.con, run_of(tiny, tmp_path))
    assert tiny.rows("from marts.opportunity_state order by all") == before
    assert tiny.rows("select getvariable('as_of')") == [(tiny.as_of,)]
    assert tiny.rows("select count(*) from duckdb_databases() where database_name = 'scratch'") == [(0,)]


def test_a_replay_cut_off_goes_on_to_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = company().build()
    build_alerts(whole.con, run_of(whole, tmp_path))
    cut = company().build()
    run = run_of(cut, tmp_path)
    import assets.alerts.replay as module

    evaluated: list[object] = []

    def advance_twice(*arguments: Any, **keywords: Any) -> dict[str, Any]:
        if len(evaluated) == 2:
            raise KeyboardInterrupt
        evaluated.append(arguments)
        return original(*arguments, **keywords)

    original = module.advance
    monkeypatch.setattr(module, "advance", advance_twice)
    with pytest.raises(KeyboardInterrupt):
        build_alerts(cut.con, run)
    monkeypatch.undo()
    assert [m.date().isoformat() for m in mondays_due(cut.con, run)] == ["2025-03-24", "2025-03-31"]
    build_alerts(cut.con, run)
    assert tables(cut) == tables(whole)


def test_after_a_live_evaluation_nothing_is_replayed(tmp_path: Path) -> None:
    tiny = company().build()
    run = run_of(tiny, tmp_path)
    build_alerts(tiny.con, run)
    assert mondays_due(tiny.con, run) == []
    assert mondays_due(tiny.con, replace(run, as_of=tiny.time("2025-06-01 00:00"))) == []


def test_no_monday_before_the_first_record_is_replayed(tmp_path: Path) -> None:
    tiny = company(replay_weeks=52)
    mondays = mondays_due(tiny.build().con, run_of(tiny, tmp_path))
    assert mondays[0] == tiny.time("2025-03-10 00:00")
    assert len(mondays) == 4


def test_without_replay_weeks_there_is_no_replay(tmp_path: Path) -> None:
    tiny = company(replay_weeks=0)
    assert mondays_due(tiny.con, run_of(tiny, tmp_path)) == []


def test_the_marts_rebuilt_are_what_the_rules_need() -> None:
    needed = marts_needed()
    assert {"opportunity_state", "transition_compliance", "city_signings", "stage_spells"} <= set(needed)
    assert not {"funnel", "dwell", "pipeline_movement", "opportunity_timeline"} & set(needed)
