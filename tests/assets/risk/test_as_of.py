"""Nothing learned later reaches a landmark: its features are those that a run of that moment would have had.

Random histories, told late, in any order and by several sources that overrule each other, are looked at from the
end and from an earlier Monday: every feature of the Monday's landmarks must be the same from both.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from assets.risk.landmarks import build_features
from assets.staging.build import let_structured_win
from assets.warehouse import set_as_of
from assets.workspace import Run, Workspace
from histories import EPOCH, histories, load
from oracle import History
from tiny import Tiny

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2025, 2, 24, tzinfo=ZONE)
END = datetime(2025, 4, 30, 12, tzinfo=ZONE)
FACTS = {
    "stage_events": "opportunity_key, event, coalesce(stage, ''), occurred_at::date",
    "signings": "opportunity_key, occurred_at::date",
    "actions": "opportunity_key, action_code, occurred_at::date",
    "visits": "opportunity_key, status, occurred_at::date",
}
FEATURES = "select * exclude (is_scoring) from ml.landmark_features where landmark_at = ? order by opportunity_key"


def features(tiny: Tiny, as_of: datetime, landmark_at: datetime) -> list[dict[str, object]]:
    """The features of a moment's landmarks, as a run as of `as_of` builds them."""
    set_as_of(tiny.con, as_of)
    run = Run(Workspace(Path()), tiny.settings, tiny.playbook, as_of=as_of, now=as_of, run_id="as-of")
    build_features(tiny.con, run)
    found = tiny.con.execute(FEATURES, [landmark_at])
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def warehouse() -> Tiny:
    return Tiny(as_of="2025-04-30 12:00")


def let_sources_overrule(tiny: Tiny) -> None:
    """Records that tell the same of one day are one fact, as in staging: the most structured source wins."""
    for record, fact in FACTS.items():
        tiny.con.execute(f"update staging.{record} set fact_key = hash({fact})")
        let_structured_win(tiny.con, record)


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(told=st.lists(histories(stages=5), min_size=4, max_size=12), shuffle=st.integers(0, 50))
def test_a_landmark_knows_what_a_run_of_its_moment_knew(warehouse: Tiny, told: list[History], shuffle: int) -> None:
    stages = [stage.stage for stage in warehouse.playbook.stages]
    load(warehouse.con, told, stages, shuffle)
    let_sources_overrule(warehouse)
    assert EPOCH < MONDAY < EPOCH + timedelta(days=80)
    looking_back = features(warehouse, END, MONDAY)
    then = features(warehouse, MONDAY, MONDAY)
    assert [row["opportunity_id"] for row in looking_back] == [row["opportunity_id"] for row in then]
    differences = {
        (row["opportunity_id"], name): (row[name], other[name])
        for row, other in zip(looking_back, then, strict=True)
        for name in row
        if row[name] != other[name]
    }
    assert not differences
