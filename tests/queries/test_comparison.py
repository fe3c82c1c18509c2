"""Two sides compared: counts, differences, and what is too small to tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from data_contracts.errors import StagewatchError
from queries.comparison import Segment, compare
from queries.dimensions import Filter
from queries.funnel_request import FunnelRequest
from queries.snapshot import Snapshot


def _events(prefix: str, day: str, units: int, moved: int) -> str:
    lines = [f"{prefix}{n} | {day} 09:00 | enter first_contact" for n in range(units)]
    lines += [f"{prefix}{n} | {day} 10:00 | enter needs_confirmed" for n in range(moved)]
    return "\n".join(lines)


JANUARY = Segment(name="January", cohort_from=date(2025, 1, 1), cohort_to=date(2025, 2, 1))
FEBRUARY = Segment(name="February", cohort_from=date(2025, 2, 1), cohort_to=date(2025, 3, 1))


def test_a_clear_difference_is_told_with_its_size(snapshot_of: Callable[..., Snapshot]) -> None:
    """40 of 60 against 15 of 60: difference 0.4167; z = 0.4167 / sqrt(0.4583 x 0.5417 x 2/60) = 4.58."""
    snapshot = snapshot_of(_events("J", "2025-01-10", 60, 40) + "\n" + _events("F", "2025-02-10", 60, 15))
    rows = compare(snapshot, FunnelRequest(), JANUARY, FEBRUARY).frame.to_dicts()
    second = next(r for r in rows if r["part"] == "overall" and r["stage_no"] == 2)
    assert (second["first_counted"], second["first_of"], second["second_counted"], second["second_of"]) == (
        40,
        60,
        15,
        60,
    )
    assert second["difference"] == pytest.approx(25 / 60)
    assert second["low"] < 25 / 60 < second["high"]
    assert second["p_value"] == pytest.approx(4.7e-6, rel=0.05)
    assert second["p_adjusted"] == pytest.approx(min(1, 4 * second["p_value"]))
    assert (second["test"], second["verdict"]) == ("z", "higher")
    third = next(r for r in rows if r["part"] == "overall" and r["stage_no"] == 3)
    assert (third["difference"], third["verdict"]) == (0.0, "too_small")


def test_the_step_is_of_the_stage_before_and_nothing_of_nothing_is_too_small(
    snapshot_of: Callable[..., Snapshot],
) -> None:
    snapshot = snapshot_of(_events("J", "2025-01-10", 4, 2) + "\n" + _events("F", "2025-02-10", 3, 0))
    rows = {
        (r["part"], r["stage_no"]): r for r in compare(snapshot, FunnelRequest(), JANUARY, FEBRUARY).frame.to_dicts()
    }
    assert rows["step", 2]["verdict"] == "too_small"
    assert (rows["step", 3]["first_of"], rows["step", 3]["second_of"]) == (2, 0)
    assert (rows["step", 3]["second_rate"], rows["step", 3]["p_value"]) == (None, None)
    assert rows["step", 3]["verdict"] == "too_small"


def test_an_empty_side_is_no_error(snapshot_of: Callable[..., Snapshot]) -> None:
    nobody = FEBRUARY.model_copy(update={"filters": (Filter(dimension="city", values=("nowhere",)),)})
    frame = compare(snapshot_of(_events("J", "2025-01-10", 4, 2)), FunnelRequest(), JANUARY, nobody).frame
    assert frame["second_of"].to_list() == [0] * 8
    assert set(frame["verdict"]) == {"too_small"}


def _of(*regions: str | None) -> Segment:
    return Segment(name=str(regions), filters=(Filter(dimension="region", values=regions),))


def test_segments_are_compared_as_periods_are(company: Snapshot) -> None:
    rows = compare(company, FunnelRequest(), _of("east"), _of("south", None)).frame
    ((east, others),) = company.query("""
        select count(*) filter (region = 'east'), count(*) filter (region = 'south' or region is null)
        from marts.funnel_paths where cohort_at + interval 2160 hour <= (
          select value::timestamptz from ref.settings where key = 'as_of')""").rows()  # 90 x 24 h
    assert rows.select("first_of", "second_of").row(0) == (east, others)


def test_sides_that_share_opportunities_are_refused(company: Snapshot) -> None:
    late_january = Segment(name="late", cohort_from=date(2025, 1, 31), cohort_to=date(2025, 3, 1))
    everyone = Segment(name="everyone")
    for first, second in (
        (JANUARY, late_january),
        (_of("east"), everyone),
        (_of("east", "south"), _of("south")),
        (_of("east"), Segment(name="KA", filters=(Filter(dimension="channel", values=("KA",)),))),
    ):
        with pytest.raises(StagewatchError, match="may share opportunities"):
            compare(company, FunnelRequest(), first, second)
    assert compare(company, FunnelRequest(), JANUARY, FEBRUARY).frame.height == 8


def test_segments_take_the_place_of_periods(company: Snapshot) -> None:
    with pytest.raises(StagewatchError, match="segment"):
        compare(company, FunnelRequest(period="month"), JANUARY, FEBRUARY)
