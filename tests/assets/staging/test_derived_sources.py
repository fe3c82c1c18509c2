"""Start and complete rows paired, and one row picked per key, against slow oracles."""

from __future__ import annotations

import tempfile
from collections import defaultdict, deque
from pathlib import Path

import pytest
from desk import Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LOG = """
sources:
  events: {files: ["log*"], columns: {case: case, kind: kind, at: at, no: no}, duplicates: keep}
derived_sources:
  work: {pair: {from: events, by: [case], order: [at], start: "kind = 'S'", complete: "kind = 'C'", rule: RULE}}
  first: {pick: {from: events, by: [case], order: [at], take: first, where: "kind <> 'X'"}}
  last: {pick: {from: events, by: [case], order: [at], take: last}}
records:
  - record: visits
    from: work
    where: "complete_no is not null"
    fields: {visit_id: complete_no, opportunity_id: case, status: {constant: done}, planned_at: start_at,
             occurred_at: complete_at, note: start_no}
  - record: opportunities
    from: first
    joins: {last: {source: last, on: {case: case}}}
    fields: {opportunity_id: case, customer_id: no, customer_name: last.no, occurred_at: at}
"""
Event = tuple[str, str, int]


def pairs_of(events: list[Event], rule: str) -> set[tuple[int | None, int]]:
    """(start's number or None, complete's number), walking the events one by one."""
    opened: dict[str, deque[int]] = defaultdict(deque)
    before: dict[str, tuple[str, int]] = {}
    pairs: set[tuple[int | None, int]] = set()
    for number, (case, kind, _) in sorted(enumerate(events), key=lambda e: (e[1][2], e[0])):
        if kind == "C" and rule == "fifo":
            pairs.add((opened[case].popleft() if opened[case] else None, number))
        elif kind == "C":
            kind_before, number_before = before.get(case, ("", 0))
            pairs.add((number_before if kind_before == "S" else None, number))
        elif kind == "S":
            opened[case].append(number)
        if kind in "SC":
            before[case] = (kind, number)
    return pairs


def log(events: list[Event]) -> str:
    lines = [f"{case},{kind},2025-03-01 09:{minute:02d}:00,{n}" for n, (case, kind, minute) in enumerate(events)]
    return "case,kind,at,no\n" + "".join(f"{line}\n" for line in lines)


def staged(root: Path, rule: str, events: list[Event]) -> Desk:
    desk = Desk(root, LOG.replace("RULE", rule))
    desk.put("log.csv", log(events))
    return desk.run()


@pytest.mark.parametrize("rule", ["fifo", "next"])
@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("SSCCX"), st.integers(0, 5)), min_size=1, max_size=25))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_pairs_and_picks_are_those_of_the_oracle(rule: str, events: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = staged(Path(folder) / "w", rule, events)
        found = desk.rows("select note::integer, visit_id::integer from staging.visits")
        assert (set(found), len(found)) == (pairs_of(events, rule), sum(kind == "C" for _, kind, _ in events))
        order = sorted(enumerate(events), key=lambda e: (e[1][2], e[0]))
        wanted = set()
        for case in {case for case, kind, _ in events if kind != "X"}:
            first = next(n for n, (c, kind, _) in order if c == case and kind != "X")
            last = [n for n, (c, _, _) in order if c == case][-1]
            wanted.add((case, first, last))
        sql = "select opportunity_id, customer_id::integer, customer_name::integer from staging.opportunities"
        assert set(desk.rows(sql)) == wanted
        desk.close()


def test_rows_without_a_key_are_paired_with_nothing(tmp_path: Path) -> None:
    desk = staged(tmp_path / "w", "fifo", [("", "S", 1), ("", "C", 2), ("A", "S", 1), ("A", "C", 2)])
    rows = desk.rows("select visit_id, note, opportunity_id from staging.visits order by 1")
    assert rows == [("1", None, None), ("3", "2", "A")]


def test_both_rows_of_a_refused_pair_are_quarantined(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", LOG.replace("RULE", "fifo").split("  - record: opportunities")[0])
    desk.put("log.csv", "case,kind,at,no\nA,S,1980-01-01,0\nA,C,2025-03-01 09:00:00,1\nB,C,2025-03-01 09:00:00,2\n")
    desk.run()
    assert desk.column("select visit_id from staging.visits") == ["2"]
    assert desk.quarantine() == [
        (2, "planned_at", "planned_at_sane", "1980-01-01 00:00:00+08"),
        (3, "planned_at", "planned_at_sane", "1980-01-01 00:00:00+08"),
    ]


def test_times_with_offsets_are_ordered_as_instants(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", LOG.replace("RULE", "fifo"))
    desk.put(
        "log.csv",
        "case,kind,at,no\nA,C,2025-10-26T02:30:00+01:00,later\nA,S,2025-10-26T02:45:00+02:00,earlier\n",
    )
    desk.run()
    assert desk.rows("select note, visit_id from staging.visits") == [("earlier", "later")]


def test_numbers_are_ordered_as_numbers(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", LOG.replace("RULE", "fifo").replace("order: [at]", "order: [no]"))
    desk.put("log.csv", "case,kind,at,no\nA,C,2025-03-01,10\nA,S,2025-03-01,9\n")
    desk.run()
    assert desk.rows("select note, visit_id from staging.visits") == [("9", "10")]


def test_bpic2012_pairs_are_those_its_source_states(tmp_path: Path, real_data: object) -> None:
    path = real_data("bpic2012/bpic2012_events.csv.gz")  # type: ignore[operator]
    mapping = """
sources:
  events: {files: ["log*"], columns: {case: case_id, activity: activity, kind: lifecycle, at: timestamp, no: event_no}}
derived_sources:
  work: {pair: {from: events, by: [case, activity], order: [at], rule: next,
                start: "kind = 'START'", complete: "kind = 'COMPLETE' and starts_with(activity, 'W_')"}}
records:
  - record: visits
    from: work
    fields: {visit_id: {expression: "case || '-' || coalesce(complete_no, start_no)"}, status: {constant: done},
             planned_at: start_at, occurred_at: {first_of: [complete_at, start_at]},
             note: {expression: "if(is_paired, 'pair', if(start_at is null, 'complete', 'start'))"}}
"""
    desk = Desk(tmp_path / "w", mapping.replace("case || '-'", "activity || '-'"), "timezone: Europe/Amsterdam\n")
    desk.put("log.csv.gz", path.read_bytes())
    desk.run()
    assert dict(desk.rows("select note, count(*) from staging.visits group by 1")) == {
        "pair": 71_371, "complete": 1_042, "start": 5,
    }  # fmt: skip
    assert [row[2:] for row in desk.ledger()] == [(262_200, 262_200, 262_200 - 71_371 * 2 - 1_042 - 5, 0, 0)]


def test_helpdesk_has_its_127_exact_duplicates(tmp_path: Path, real_data: object) -> None:
    path = real_data("helpdesk/helpdesk_events.csv.gz")  # type: ignore[operator]
    mapping = """
sources:
  events: {files: ["log*"], columns: {case: case_id, activity: activity, resource: resource, at: timestamp}}
records:
  - record: stage_events
    from: events
    fields: {opportunity_id: case, event: {constant: reopened}, actor_id: resource, occurred_at: at}
"""
    desk = Desk(tmp_path / "w", mapping)
    desk.put("log.csv.gz", path.read_bytes())
    desk.run()
    assert [row[2:] for row in desk.ledger()] == [(21_348, 21_221, 0, 0, 127)]
    adjacent = desk.column("select count(*) from staging.duplicates where source_row = kept_row + 1")
    assert adjacent == [127]
