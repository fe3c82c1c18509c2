"""The marts in the order in which they are built: each one SQL file, a pure function of what is known.

A mart reads the `known` views, `ref`, and marts that stand before it in `MARTS`; nothing else. The first
group are working tables (no contract): what several marts would otherwise each work out for themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import duckdb

from assets.warehouse import count, run_script
from data_contracts.errors import StagewatchError

# Who and where (two tables); how visits went; when each opportunity was active and fell silent; its stage
# events in the one order that counts; its lapses; what it came to, and what it was from when to when.
WORKING = (
    "organisation_segments",
    "opportunity_versions",
    "signing_wins",
    "activity_spans",
    "silences",
    "ordered_events",
    "lapses",
    "opportunity_lives",
    "status_intervals",
    "actions_done",
)

MARTS = (
    "organisation_segments",
    "opportunity_versions",
    "signing_wins",
    "visits",
    "activity_spans",
    "silences",
    "ordered_events",
    "lapses",
    "opportunity_lives",
    "status_intervals",
    "stage_spells",
    "warnings",
    "stage_days",
    "funnel_paths",
    "funnel",
    "dwell",
    "transitions",
    "variants",
    "actions_done",
    "transition_compliance",
    "compliance",
    "reporting_latency",
    "contradictions",
    "city_signings",
    "signing_target",
    "pipeline_movement",
    "opportunity_timeline",
    "opportunity_state",
)


def build_marts(con: duckdb.DuckDBPyConnection, names: Sequence[str] | None = None) -> dict[str, int]:
    """Rebuild the marts named (all by default), whatever the order of the names, in the order of `MARTS`.

    Returns rows by mart. What a named mart reads must be there: only those named are built.
    """
    if names is not None and (unknown := sorted(set(names) - set(MARTS))):
        raise StagewatchError(f"no mart is called {', '.join(unknown)}", remedy=f"have: {', '.join(MARTS)}")
    return {mart: build_mart(con, mart) for mart in MARTS if is_written(mart) and (names is None or mart in names)}


def is_written(mart: str) -> bool:
    """Whether the SQL file is there (while two people write them)."""
    return (files("assets.marts") / "sql" / f"{mart}.sql").is_file()


def build_mart(con: duckdb.DuckDBPyConnection, mart: str) -> int:
    """Rebuild one mart from its SQL file; its rows."""
    run_script(con, "assets.marts", f"{mart}.sql")
    return count(con, f"marts.{mart}")
