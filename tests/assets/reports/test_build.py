"""Which reports a run writes, and where."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from assets.alerts.evaluate import ensure_tables
from assets.reports.build import build_reports, weeks_due, weeks_there
from hand_marts import HandMarts


def company(folder: Path) -> HandMarts:
    marts = HandMarts(folder, as_of="2025-10-01 09:00")
    ensure_tables(marts.con)
    at = marts.time("2025-03-05 09:00")
    marts.put(
        "funnel_paths", opportunity_id="A", cohort_at=at, reached_at=[at], observed_at=[at], is_direct=[True],
        furthest_stage_no=1,
    )  # fmt: skip
    return marts


def test_the_last_complete_week_in_both_languages(tmp_path: Path) -> None:
    marts = company(tmp_path)
    files = build_reports(marts.con, marts.run)
    assert [path.name for path in files] == [
        "2025-W39.zh-CN.html", "2025-W39.zh-CN.xlsx", "2025-W39.en.html", "2025-W39.en.xlsx",
    ]  # fmt: skip
    assert weeks_there(marts.run.workspace.reports) == [date(2025, 9, 22)]


def test_the_same_run_twice_writes_the_same_bytes(tmp_path: Path) -> None:
    marts = company(tmp_path)
    before = [path.read_bytes() for path in build_reports(marts.con, marts.run)]
    later = replace(marts.run, now=marts.time("2025-10-01 12:00"), run_id="other")
    assert [path.read_bytes() for path in build_reports(marts.con, later)] == before


def test_weeks_missed_since_the_last_report_are_made_up_and_older_ones_left_alone(tmp_path: Path) -> None:
    marts = company(tmp_path)
    folder = marts.run.workspace.reports
    for name in ("2025-W36.zh-CN.html", "2025-W36.en.xlsx"):
        (folder / name).write_text("as it was", encoding="utf-8")
    (folder / "notes.txt").write_text("", encoding="utf-8")
    assert weeks_due(marts.con, marts.run) == [date(2025, 9, 8), date(2025, 9, 15), date(2025, 9, 22)]
    build_reports(marts.con, marts.run)
    assert (folder / "2025-W36.zh-CN.html").read_text(encoding="utf-8") == "as it was"
    assert "2025-W37 (2025-09-08 to 2025-09-14)" in (folder / "2025-W37.en.html").read_text(encoding="utf-8")
    assert "Issued later" in (folder / "2025-W37.en.html").read_text(encoding="utf-8")
    assert "Issued later" not in (folder / "2025-W39.en.html").read_text(encoding="utf-8")


def test_a_week_that_a_dying_run_wrote_in_part_is_written_again(tmp_path: Path) -> None:
    marts = company(tmp_path)
    folder = marts.run.workspace.reports
    (folder / "2025-W36.en.xlsx").write_text("as it was", encoding="utf-8")
    for name in ("2025-W37.zh-CN.html", "2025-W37.zh-CN.xlsx", "2025-W37.en.html"):
        (folder / name).write_text("half a week", encoding="utf-8")
    assert weeks_due(marts.con, marts.run)[0] == date(2025, 9, 8)
    build_reports(marts.con, marts.run)
    assert "half a week" not in (folder / "2025-W37.zh-CN.html").read_text(encoding="utf-8")
    assert (folder / "2025-W37.en.xlsx").stat().st_size > 1000


def test_a_long_downtime_makes_up_eight_weeks(tmp_path: Path) -> None:
    marts = company(tmp_path)
    (marts.run.workspace.reports / "2025-W12.en.xlsx").write_text("", encoding="utf-8")
    assert weeks_due(marts.con, marts.run)[0] == date(2025, 7, 28)
    assert len(weeks_due(marts.con, marts.run)) == 9


def test_without_data_in_the_week_there_is_no_report(tmp_path: Path) -> None:
    marts = HandMarts(tmp_path, as_of="2025-10-01 09:00")
    assert build_reports(marts.con, marts.run) == []
    young = company(tmp_path)
    young.go_to("2025-03-09 09:00")
    assert build_reports(young.con, young.run) == []
