"""Random histories of opportunities for property tests, and how they get into a warehouse.

Times fall on a coarse grid and few instants, so that ties, gaps of exactly the lapse days and entries exactly at
a window's end are common; records are often told late; stages come in any order.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
from hypothesis import strategies as st

from data_contracts.contract import load_contract
from oracle import Event, History, Touch

EPOCH = datetime(2025, 1, 6, tzinfo=UTC)
GRID = timedelta(hours=12)
STEPS = 160  # 80 days

moments = st.integers(0, STEPS).map(lambda n: EPOCH + n * GRID)
# How much later than it occurred a thing was recorded; now and then a little earlier.
delays = st.sampled_from([0, 0, 0, 1, 2, 10, 60, -1]).map(lambda n: n * GRID)
ranks = st.sampled_from([1, 1, 2, 3, 4])


@st.composite
def stage_events(draw: st.DrawFn, stages: int, times: st.SearchStrategy[datetime]) -> Event:
    """A stage event of any kind; the content hash is given later, when all are there."""
    kind = draw(st.sampled_from(["enter", "enter", "enter", "enter", "won", "lost", "reopened"]))
    stage = draw(st.integers(1, stages)) if kind == "enter" else None
    if kind == "reopened":
        stage = draw(st.none() | st.integers(1, stages))
    at = draw(times)
    return Event(at, kind, stage, at + draw(delays), draw(ranks), 0)


@st.composite
def touches(draw: st.DrawFn, times: st.SearchStrategy[datetime]) -> Touch:
    """A signing, a visit done or an action."""
    at = draw(times)
    return Touch(at, at + draw(delays), draw(ranks))


@st.composite
def histories(draw: st.DrawFn, stages: int) -> History:
    """One opportunity: mostly a few events, sometimes none at all; few instants, so that many are shared."""
    times = st.sampled_from(draw(st.lists(moments, min_size=1, max_size=6)))
    events = draw(st.lists(stage_events(stages, times), max_size=9))
    signings = draw(st.lists(touches(times), max_size=2))
    others = draw(st.lists(touches(times | moments), max_size=2))
    hashes = draw(st.permutations(range(1, len(events) + len(signings) + 1)))
    return History(
        events=tuple(
            Event(e.at, e.kind, e.stage, e.recorded, e.rank, h)
            for e, h in zip(events, hashes[: len(events)], strict=True)
        ),
        signings=tuple(
            Touch(s.at, s.recorded, s.rank, h) for s, h in zip(signings, hashes[len(events) :], strict=True)
        ),
        others=tuple(others),
        created=draw(st.none() | moments),
    )


def load(con: duckdb.DuckDBPyConnection, told: list[History], stages: list[str], shuffle: int) -> None:
    """Replace the canonical records by these histories, opportunity n under key n from 1.

    `shuffle` turns the order of arrival (rows and files) about: no figure may depend on it.
    """
    rows: dict[str, list[dict[str, Any]]] = {
        r: [] for r in ("opportunities", "stage_events", "signings", "actions", "visits")
    }
    for key, history in enumerate(told, start=1):
        named = {"opportunity_key": key, "opportunity_id": f"机会-{key}"}
        rows["opportunities"].append(
            named
            | provenance(EPOCH - timedelta(days=999), EPOCH - timedelta(days=999), 1, key)
            | {"created_at": history.created, "occurred_at": None}
        )
        for e in history.events:
            rows["stage_events"].append(
                named
                | provenance(e.at, e.recorded, e.rank, e.content_hash)
                | {"event": e.kind, "stage": stages[e.stage - 1] if e.stage else None}
            )
        for s in history.signings:
            rows["signings"].append(named | provenance(s.at, s.recorded, s.rank, s.content_hash) | {"amount": 1})
        for n, o in enumerate(history.others):
            if n % 2:
                rows["actions"].append(named | provenance(o.at, o.recorded, o.rank, n) | {"action_code": "a"})
            else:
                rows["visits"].append(
                    named | provenance(o.at, o.recorded, o.rank, n) | {"visit_id": f"{key}-{n}", "status": "done"}
                )
    for record, records in rows.items():
        contract = load_contract("sources", record)
        con.execute(f"delete from {contract.table}")
        if not records:
            continue
        arrived = records[shuffle % len(records) :] + records[: shuffle % len(records)]
        if shuffle % 2:
            arrived.reverse()
        for n, row in enumerate(arrived, start=1):
            row |= {"file_id": n % 3 + 1, "source_row": n, "fact_key": n}
        con.register("_arrived", pl.DataFrame(arrived, infer_schema_length=None))
        con.execute(f"insert into {contract.table} by name from _arrived")
        con.unregister("_arrived")


def provenance(occurred: datetime, recorded: datetime, rank: int, content_hash: int) -> dict[str, Any]:
    """The columns that every canonical record has."""
    return {
        "occurred_at": occurred,
        "recorded_at": recorded,
        "is_recorded_at_filled": False,
        "occurred_precision": "instant",
        "landed_at": recorded,
        "source_kind": ("form", "crm", "excel", "wechat")[rank - 1],
        "source_rank": rank,
        "mapping": "random",
        "content_hash": content_hash,
        "is_primary": True,
    }
