"""The SQL against a slow, obvious Python walk over the same random histories (tests/support/oracle.py).

STAGEWATCH_EXAMPLES sets how many batches of histories are tried (60 by default).
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.marts.build import MARTS, build_mart
from assets.warehouse import connect_memory, set_as_of, working_days
from data_contracts.playbook import load_playbook
from data_contracts.settings import Settings
from histories import EPOCH, GRID, STEPS, histories, load
from oracle import History, Rules, Story, business_days, days, kaplan_meier_median, path, quantile, tell

SETTINGS = Settings()
ZONE = ZoneInfo(SETTINGS.timezone)
PLAYBOOK = load_playbook("fmcg_five_stage")
STAGES = [stage.stage for stage in PLAYBOOK.stages]
WORKING = {day for day, is_working in working_days(SETTINGS.calendar) if is_working}
WINDOW = timedelta(days=20)
EXAMPLES = int(os.environ.get("STAGEWATCH_EXAMPLES", "60"))

STORIES = MARTS[1 : MARTS.index("warnings") + 1]
COUNTS = ("funnel_paths", "funnel", "transitions", "variants", "dwell", "stage_days")

batches = {
    "told": st.lists(histories(len(STAGES)), min_size=1, max_size=12),
    "lapse_days": st.sampled_from([None, 3, 7.5, 20]),
    "as_of": st.integers(STEPS // 4, STEPS + 80).map(lambda n: EPOCH + n * GRID),
    "shuffle": st.integers(0, 1000),
}


def profile(examples: int) -> settings:
    """Run so many examples, however long each takes on a busy machine."""
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect_memory(SETTINGS, PLAYBOOK, EPOCH) as connection:
        connection.execute("set threads = 1")  # a handful of rows: more threads only wait for each other
        build_mart(connection, "organisation_segments")
        yield connection


@profile(EXAMPLES)
@given(**batches)
def test_spells_lapses_and_warnings_are_the_oracles(
    con: duckdb.DuckDBPyConnection, told: list[History], lapse_days: float | None, as_of: datetime, shuffle: int
) -> None:
    build(con, STORIES, told, lapse_days, as_of, shuffle)
    stories = dict(enumerate((tell(history, Rules(5, lapse_days), as_of) for history in told), start=1))

    order = "select opportunity_key, list(content_hash order by seq) from marts.ordered_events group by all order by 1"
    assert rows(con, order) == [(key, story.order) for key, story in stories.items() if story.order]

    spells = """
        select opportunity_key, spell_no, stage_no, entered_at, left_at, exit, next_stage, is_rework, is_skip, is_tied,
               is_censored
        from marts.stage_spells order by all"""
    assert rows(con, spells) == [
        (key, n, s.stage, s.entered, s.left, s.exit, name(s.next_stage), s.is_rework, s.is_skip, s.is_tied, not s.left)
        for key, story in stories.items()
        for n, s in enumerate(story.spells, start=1)
    ]

    dwells = "select dwell_days, dwell_business_days from marts.stage_spells order by opportunity_key, spell_no"
    told_spells = [spell for story in stories.values() for spell in story.spells]
    for (dwell, business), spell in zip(rows(con, dwells), told_spells, strict=True):
        left = spell.left or as_of
        assert dwell == pytest.approx(days(spell.entered, left), abs=1e-9)
        assert business == pytest.approx(business_days(spell.entered, left, ZONE, WORKING.__contains__), abs=1e-9)

    warnings = "select opportunity_key, occurred_at, warning, content_hash from marts.warnings order by all"
    assert rows(con, warnings) == sorted((key, *w) for key, story in stories.items() for w in story.warnings)

    lapses = "select opportunity_key, lapsed_at, returned_at from marts.lapses order by 1, 2"
    assert rows(con, lapses) == [(key, *lapse) for key, story in stories.items() for lapse in story.lapses]

    lives = "select opportunity_key, status, closed_at, won_at, lapses from marts.opportunity_lives order by 1"
    assert rows(con, lives) == [
        (key, s.status, s.closed, s.first_win, sum(returned is not None for _, returned in s.lapses))
        for key, s in stories.items()
        if s.is_known
    ]

    activity = """
        select opportunity_key, first_activity_at, last_activity_at
        from marts.opportunity_lives where first_activity_at is not null order by 1"""
    assert rows(con, activity) == [
        (key, story.activity[0], story.activity[-1]) for key, story in stories.items() if story.activity
    ]

    statuses = "select opportunity_key, status from marts.status_intervals where to_at = 'infinity' order by 1"
    assert rows(con, statuses) == [(key, story.status) for key, story in stories.items() if story.is_known]


@profile(max(1, EXAMPLES // 2))
@given(**batches)
def test_paths_and_counts_are_the_oracles(
    con: duckdb.DuckDBPyConnection, told: list[History], lapse_days: float | None, as_of: datetime, shuffle: int
) -> None:
    build(con, (*STORIES, *COUNTS), told, lapse_days, as_of, shuffle)
    rules = Rules(len(STAGES), lapse_days)
    stories = dict(enumerate((tell(history, rules, as_of) for history in told), start=1))
    found = {key: path(story, rules) for key, story in stories.items()}
    paths = {key: p for key, p in found.items() if p.reached[0] is not None}

    sql = """
        select opportunity_key, reached_at, observed_at, is_direct, furthest_stage_no, cohort_at
        from marts.funnel_paths order by 1"""
    assert rows(con, sql) == [
        (key, p.reached, p.observed, p.direct, len(p.reached) - p.reached.count(None), p.reached[0])
        for key, p in paths.items()
    ]

    sql = """
        select stage_no, sum(cohort), sum(reached), sum(observed), sum(direct)
        from marts.funnel where period_type = 'month' and dimension = 'all' group by stage_no order by 1"""
    expected = []
    for k in range(1, len(STAGES) + 1):
        reached = sum(is_within(p.reached[0], p.reached[k - 1]) for p in paths.values())
        observed = sum(is_within(p.reached[0], p.observed[k - 1]) for p in paths.values())
        direct = sum(is_within(p.reached[0], p.observed[k - 1]) and p.direct[k - 1] for p in paths.values())
        expected.append((k, len(paths), reached, observed, direct))
    assert rows(con, sql) == (expected if paths else [])

    moves = Counter(
        (name(s.stage), name(s.next_stage) or f"({s.exit})")
        for story in stories.values()
        for s in story.spells
        if s.exit != "open"
    )
    sql = "select from_stage, to_stage, transitions from marts.transitions where from_stage_no is not null"
    assert {(a, b): n for a, b, n in rows(con, sql)} == moves

    ways = Counter(steps(story) for story in stories.values() if story.spells)
    sql = "select steps, opportunities from marts.variants"
    assert {tuple(way): n for way, n in rows(con, sql)} == ways

    assert_dwell_is_the_oracles(con, stories, as_of)


def assert_dwell_is_the_oracles(con: duckdb.DuckDBPyConnection, stories: dict[int, Story], as_of: datetime) -> None:
    """Statistics over all spells of a stage, and each opportunity's days in it."""
    spells = [(key, s) for key, story in stories.items() for s in story.spells]
    expected = []
    for k in sorted({s.stage for _, s in spells}):
        lengths = [(days(s.entered, s.left or as_of), s.left is not None) for _, s in spells if s.stage == k]
        left = [length for length, has_ended in lengths if has_ended]
        mean = sum(left) / len(left) if left else None
        figures = (mean, quantile(left, 0.5), quantile(left, 0.9), kaplan_meier_median(lengths))
        expected.append((k, len(lengths), len(left), *figures))
    columns = "stage_no, spells, completed, mean_days, median_days, p90_days, km_median_days"
    found = rows(con, f"select {columns} from marts.dwell where dimension = 'all' order by 1")
    assert [pytest.approx(row, abs=1e-9) for row in expected] == found

    total: dict[tuple[int, int], timedelta] = defaultdict(timedelta)
    for key, s in spells:
        total[key, s.stage] += (s.left or as_of) - s.entered
    in_stage = rows(con, "select opportunity_key, stage_no, stage_days from marts.stage_days order by 1, 2")
    assert in_stage == [(*where, pytest.approx(t / timedelta(days=1))) for where, t in sorted(total.items())]


def name(stage: int | None) -> str | None:
    return STAGES[stage - 1] if stage else None


def steps(story: Story) -> tuple[str, ...]:
    """The way a story went, closings in brackets."""
    way = []
    for spell in story.spells:
        way.append(STAGES[spell.stage - 1])
        if spell.exit in ("won", "lost", "lapsed"):
            way.append(f"({spell.exit})")
    return tuple(way)


def is_within(entry: datetime | None, then: datetime | None) -> bool:
    return entry is not None and then is not None and then <= entry + WINDOW


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query with their times in UTC, in lists too, so that they compare with the oracle's."""

    def convert(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return [convert(v) for v in value] if isinstance(value, list) else value

    return [tuple(convert(value) for value in row) for row in con.execute(sql).fetchall()]


def build(
    con: duckdb.DuckDBPyConnection,
    marts: Sequence[str],
    told: list[History],
    lapse_days: float | None,
    as_of: datetime,
    shuffle: int,
) -> None:
    """The marts over these histories, with this lapse rule, as of this time."""
    con.execute("update ref.playbook set lapse_days = ?, default_window_days = ?", [lapse_days, WINDOW.days])
    load(con, told, STAGES, shuffle)
    set_as_of(con, as_of)
    for mart in marts:
        build_mart(con, mart)
