"""Funnels of any request against a plain walk over the same opportunities: unit by unit, stage by stage.

What stands in marts.funnel_paths is judged elsewhere (tests/assets/marts/test_oracle.py); here it is taken as true.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from funnel_requests import requests
from hypothesis import HealthCheck, given, settings

from queries.funnel import funnel
from queries.funnel_request import Exclusion, FunnelRequest
from queries.process import Process, process_of
from queries.snapshot import Snapshot

Row = dict[str, Any]
LAST_INSTANT = timedelta(microseconds=1)


@dataclass
class Facts:
    """The published rows, as dictionaries."""

    process: Process
    paths: list[Row]
    now: dict[int, Row]
    spells: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    events: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))


@pytest.fixture(scope="module")
def facts(company: Snapshot) -> Facts:
    def rows(sql: str) -> list[Row]:
        return company.query(sql, limit=1_000_000).to_dicts()

    found = Facts(
        process=process_of(company),
        paths=rows("from marts.funnel_paths"),
        now={row["opportunity_key"]: row for row in rows("from marts.opportunity_state")},
    )
    for spell in rows("from marts.stage_spells order by opportunity_key, spell_no"):
        found.spells[spell["opportunity_key"]].append(spell)
    for event in rows("from marts.opportunity_timeline where occurred_at is not null"):
        found.events[event["opportunity_key"]].append(event)
    return found


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(request=requests)
def test_counts_are_those_of_a_walk_over_the_units(company: Snapshot, facts: Facts, request: FunnelRequest) -> None:
    expected: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    stages = stages_of(facts, request)
    for unit in units(facts, request):
        for stage_no in stages:
            count = expected[(*unit.group, stage_no)]
            if unit.is_excluded:
                count["excluded"] += 1
                continue
            for suffix in ("", "_mature") if unit.is_mature else ("",):
                count[f"cohort{suffix}"] += 1
                count[f"counted{suffix}"] += unit.depth >= stage_no
    answer = funnel(company, request)
    keys = (["period_start"] if request.period != "none" else []) + [*request.by, "stage_no"]
    names = ["cohort", "counted", "excluded"]
    names += ["cohort_mature", "counted_mature"] if answer.plan.window_us is not None else []
    assert {tuple(row[key] for key in keys): [row[name] for name in names] for row in answer.frame.to_dicts()} == {
        key: [count[name] for name in names] for key, count in expected.items()
    }


@dataclass
class Unit:
    group: tuple[Any, ...]
    depth: int
    is_mature: bool
    is_excluded: bool


def stages_of(facts: Facts, request: FunnelRequest) -> range:
    first = facts.process.stage(request.entry_stage).stage_no if request.entry_stage else 1
    return range(first, len(facts.process.stages) + 1)


def units(facts: Facts, request: FunnelRequest) -> Iterator[Unit]:
    """The units of the cohort, each from its opportunities, the one that entered first standing first."""
    first = stages_of(facts, request)[0]
    members: dict[Any, list[Row]] = defaultdict(list)
    for path in facts.paths:
        if path["reached_at"][first - 1] is not None and is_kept(facts, request, path, first):
            members[name_of(request, path)].append(path)
    for paths in members.values():
        paths.sort(key=lambda path: (path["reached_at"][first - 1], path["opportunity_key"]))
        entry = paths[0]["reached_at"][first - 1]
        day = entry.astimezone(facts.process.zone).date()
        if (request.cohort_from and day < request.cohort_from) or (request.cohort_to and day >= request.cohort_to):
            continue
        values = tuple(value(facts, request, paths[0], dimension, first) for dimension in request.by)
        window = facts.process.default_window_days if request.window_days == "default" else request.window_days
        span = None if window is None else timedelta(days=window)
        start, end = period(request, day)
        ends_at = facts.process.instant(min(end, request.cohort_to or end)) - LAST_INSTANT if start else entry
        yield Unit(
            group=((start,) if start else ()) + values,
            depth=depth(facts, request, paths, entry, span),
            is_mature=span is not None and ends_at + span <= facts.process.as_of,
            is_excluded=any(is_excluded(facts, e, paths, entry, span) for e in request.exclusions),
        )


def name_of(request: FunnelRequest, path: Row) -> Any:
    """What the opportunity is a member of."""
    if request.unit == "opportunity" or path["customer_id"] is None:
        return path["opportunity_key"]
    return (path["customer_id"], path["owner_id"] if request.unit == "rep_customer" else None)


def is_kept(facts: Facts, request: FunnelRequest, path: Row, first: int) -> bool:
    return all(value(facts, request, path, f.dimension, first) in f.values for f in request.filters)


def value(facts: Facts, request: FunnelRequest, path: Row, dimension: str, first: int) -> str | None:
    """A dimension's value now, or when the opportunity entered: that of the spell it was in then."""
    key = path["opportunity_key"]
    if request.dimension_time == "current":
        return facts.now[key][dimension]  # type: ignore[no-any-return]
    entered = [s for s in facts.spells[key] if s["entered_at"] <= path["reached_at"][first - 1]]
    return (entered[-1] if first > 1 and entered else path)[dimension]  # type: ignore[no-any-return]


def depth(facts: Facts, request: FunnelRequest, paths: list[Row], entry: datetime, window: timedelta | None) -> int:
    """The last stage that counted: within the window of the entry, and each step within its own, up to there."""
    stages = stages_of(facts, request)
    steps = {facts.process.stage(stage).stage_no: timedelta(days=days) for stage, days in request.step_windows.items()}
    furthest = 0
    before: datetime | None = None
    for k in stages:
        times = [t for t in (time_of(request, path, k) for path in paths) if t is not None]
        at = min(times, default=None)
        if at is None or (window is not None and at > entry + window):
            break
        if k in steps and before is not None and at > before + steps[k]:
            break
        furthest, before = k, at
    return furthest


def time_of(request: FunnelRequest, path: Row, stage_no: int) -> datetime | None:
    if request.meaning == "reached":
        return path["reached_at"][stage_no - 1]  # type: ignore[no-any-return]
    is_meant = request.meaning == "observed" or path["is_direct"][stage_no - 1]
    return path["observed_at"][stage_no - 1] if is_meant else None


def period(request: FunnelRequest, day: date) -> tuple[date | None, date]:
    """First day of the period that a day falls in, and the day after its last."""
    if request.period == "none":
        return None, day
    if request.period in ("day", "week"):
        start = day - timedelta(days=day.weekday() if request.period == "week" else 0)
        return start, start + timedelta(days=7 if request.period == "week" else 1)
    months = 1 if request.period == "month" else 3
    number = day.year * 12 + day.month - 1
    number -= number % months
    return tuple(date(n // 12, n % 12 + 1, 1) for n in (number, number + months))  # type: ignore[return-value]


def is_excluded(
    facts: Facts, exclusion: Exclusion, paths: list[Row], entry: datetime, window: timedelta | None
) -> bool:
    """Whether the event happened to one of the unit's opportunities between the unit's two stages."""
    after, before = (
        min((t for t in (p["reached_at"][facts.process.stage(s).stage_no - 1] for p in paths) if t), default=None)
        for s in (exclusion.after, exclusion.before)
    )
    return any(
        event["record"] == exclusion.record
        and event["what"] == exclusion.what
        and after is not None
        and after < event["occurred_at"]
        and (before is None or event["occurred_at"] < before)
        and (window is None or event["occurred_at"] <= entry + window)
        for path in paths
        for event in facts.events[path["opportunity_key"]]
    )
