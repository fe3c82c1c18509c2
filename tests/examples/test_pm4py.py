"""Dwell and directly-follows counts against pm4py's, opportunity by opportunity (`make test-pm4py`).

pm4py reads the log's own file, so that nothing of ours stands between the log and its figures: its readers, its
order, its pairs, its seconds. Where the two mean different things the test says so: pm4py's pair of an activity
with itself is no move of ours, and pm4py knows no stay that is still open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from example_workspace import built_example

pm4py = pytest.importorskip("pm4py", reason="pm4py is not installed: it has its own group, run `make test-pm4py`")
pytestmark = [pytest.mark.pm4py, pytest.mark.slow]

Move = tuple[str, str]
# By opportunity: for every pair (from, to) the microseconds between the two, one for each time it happened.
Moves = dict[str, dict[Move, list[int]]]

BPIC2012 = {
    "A_SUBMITTED": "submitted", "A_PREACCEPTED": "preaccepted", "A_ACCEPTED": "accepted", "A_FINALIZED": "offer",
    "A_ACTIVATED": "(won)", "A_DECLINED": "(lost)", "A_CANCELLED": "(lost)",
}  # fmt: skip
HELPDESK = {
    "Assign seriousness": "assigned", "Take in charge ticket": "in_charge", "Wait": "waiting",
    "Resolve ticket": "resolved", "Closed": "(won)",
}  # fmt: skip


@dataclass(frozen=True)
class Two:
    """The same log twice: our marts, and pm4py's frame of the activities that move an opportunity."""

    con: duckdb.DuckDBPyConnection
    log: Any
    theirs: Moves
    ours: Moves


def both(name: str, file: Path, stages: dict[str, str], folder: Path) -> Two:
    """Our marts of an example, and pm4py on its file."""
    import pandas

    con = built_example(name, folder, [file])
    raw = pandas.read_csv(file, dtype={"case_id": str})
    raw["timestamp"] = pandas.to_datetime(raw["timestamp"], utc=True, format="ISO8601")
    raw = raw[raw["activity"].isin(stages)]
    # The log's own repeats: the same activity, resource and time of the same case, twice.
    raw = raw.drop_duplicates([c for c in raw.columns if c != "event_no"])
    raw["activity"] = raw["activity"].map(stages)
    log = pm4py.format_dataframe(raw, case_id="case_id", activity_key="activity", timestamp_key="timestamp")
    return Two(con, log, pm4py_moves(log), our_moves(con))


def pm4py_moves(log: Any) -> Moves:
    """pm4py's performance graph of every case by itself, with all its values."""
    from pm4py.algo.discovery.dfg.variants import performance
    from pm4py.objects.log.obj import EventLog

    moves: Moves = {}
    for trace in pm4py.convert_to_event_log(log):
        graph = performance.apply(EventLog([trace]), {"aggregationMeasure": "raw_values"})
        moves[trace.attributes["concept:name"]] = {
            pair: [round(seconds * 1e6) for seconds in values] for pair, values in graph.items()
        }
    return moves


def our_moves(con: duckdb.DuckDBPyConnection) -> Moves:
    """Every spell that was left, in order, and every return after a closing."""
    moves: Moves = {row[0]: {} for row in con.execute("select opportunity_id from marts.opportunity_state").fetchall()}
    rows = con.execute(
        """
        select opportunity_id, stage, coalesce(next_stage, '(' || exit || ')'), (dwell_days * 86400e6)::bigint
        from marts.stage_spells where exit <> 'open'
        union all
        select s.opportunity_id, '(' || before.exit || ')', s.stage, epoch_us(s.entered_at) - epoch_us(before.left_at)
        from marts.stage_spells s join marts.stage_spells before
          on before.opportunity_key = s.opportunity_key and before.spell_no = s.spell_no - 1
        where before.exit in ('won', 'lost')
        """
    ).fetchall()
    for opportunity, origin, goal, micros in rows:
        moves[opportunity].setdefault((origin, goal), []).append(micros)
    return moves


def counts(moves: dict[Move, list[int]]) -> dict[Move, int]:
    """How often each pair happened, an activity after itself left out."""
    return {pair: len(values) for pair, values in moves.items() if pair[0] != pair[1]}


def map_of(con: duckdb.DuckDBPyConnection) -> dict[Move, int]:
    return {
        (origin, goal): number
        for origin, goal, number in con.execute(
            "select from_stage, to_stage, transitions from marts.transitions where kind <> 'start'"
        ).fetchall()
    }


@pytest.fixture(scope="module")
def bpic(real_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Two:
    file = real_data("bpic2012/bpic2012_events.csv.gz")
    return both("bpic2012", file, BPIC2012, tmp_path_factory.mktemp("bpic") / "ws")


@pytest.fixture(scope="module")
def desk(real_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Two:
    file = real_data("helpdesk/helpdesk_events.csv.gz")
    return both("helpdesk", file, HELPDESK, tmp_path_factory.mktemp("helpdesk") / "ws")


def test_bpic2012_has_the_same_moves_and_dwell_in_every_case(bpic: Two) -> None:
    assert len(bpic.theirs) == len(bpic.ours) == 13_087
    assert sum(len(values) for moves in bpic.theirs.values() for values in moves.values()) == 30_183
    # To the microsecond, in every one of the cases.
    assert {case: moves for case, moves in bpic.ours.items() if moves != bpic.theirs[case]} == {}


def test_bpic2012_has_the_same_process_map(bpic: Two) -> None:
    graph, starts, _ = pm4py.discover_dfg(bpic.log)
    assert starts == {"submitted": 13_087}
    assert map_of(bpic.con) == graph == {
        ("submitted", "preaccepted"): 7_367, ("submitted", "(lost)"): 5_720,
        ("preaccepted", "accepted"): 5_113, ("preaccepted", "(lost)"): 2_185,
        ("accepted", "offer"): 5_015, ("accepted", "(lost)"): 95,
        ("offer", "(won)"): 2_246, ("offer", "(lost)"): 2_442,
    }  # fmt: skip


def test_bpic2012_has_the_same_days_on_every_edge(bpic: Two) -> None:
    edges, _, _ = pm4py.discover_performance_dfg(bpic.log, perf_aggregation_key="all")
    rows = bpic.con.execute(
        "select from_stage, to_stage, mean_days, median_days from marts.transitions where kind <> 'start'"
    ).fetchall()
    assert {(a, b): (mean, median) for a, b, mean, median in rows} == {
        edge: (pytest.approx(e["mean"] / 86_400, abs=1e-6), pytest.approx(e["median"] / 86_400, abs=1e-6))
        for edge, e in edges.items()
    }


def test_helpdesk_has_the_same_moves_with_rework_and_returns_after_a_close(desk: Two) -> None:
    assert len(desk.theirs) == len(desk.ours) == 4_580
    assert {case for case, moves in desk.theirs.items() if counts(desk.ours[case]) != counts(moves)} == set()
    graph, _, _ = pm4py.discover_dfg(desk.log)
    assert map_of(desk.con) == {pair: n for pair, n in Counter(graph).items() if pair[0] != pair[1]}


def test_helpdesk_has_the_same_time_in_every_stage(desk: Two) -> None:
    """All the time that a closed ticket spent in a stage: pm4py's pairs out of it, those into itself among them."""

    def micros_by_stage(moves: dict[Move, list[int]]) -> Counter[str]:
        spent: Counter[str] = Counter()
        for (origin, _), values in moves.items():
            if origin != "(won)":
                spent[origin] += sum(values)
        return spent

    won = [row[0] for row in desk.con.execute(
        "select opportunity_id from marts.opportunity_state where status = 'won'").fetchall()]  # fmt: skip
    assert len(won) == 4_558
    assert [c for c in won if micros_by_stage(desk.ours[c]) != micros_by_stage(desk.theirs[c])] == []
