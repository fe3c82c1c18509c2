"""Quarantined rows: told, exported, mended and put back; nothing lost, nothing counted twice, in any order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from desk import STAGES, Desk

from assets.landing.mappings import load_mappings
from assets.quarantine import Refused, refused_rows, write_workbooks
from data_contracts.settings import load_settings
from queries.table_files import Reader

BAD = "商机编号,阶段,时间\nA,quotation,2025-03-05 09:00\nB,quotation,someday\nC,nowhere,2025-03-06 09:00\n"
READER = Reader("en", ZoneInfo("Asia/Shanghai"), may_see_phones=True)
HOUR = timedelta(hours=1)


def waiting(desk: Desk) -> list[Refused]:
    return refused_rows(desk.con, load_mappings(desk.root, load_settings(desk.root)), "en")


def workbook(desk: Desk, folder: Path, mend: dict[str, tuple[str, str]]) -> tuple[str, bytes]:
    """The exported workbook with cells of the rows named by their first cell mended: (header, value)."""
    (path,) = write_workbooks(folder, waiting(desk), load_mappings(desk.root, load_settings(desk.root)), READER)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    headers = [c.value for c in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        if row[0].value in mend:
            header, value = mend[row[0].value]
            row[headers.index(header)].value = value
    book.save(path)
    return path.name, path.read_bytes()


def send_mended(desk: Desk, folder: Path, time: str) -> str:
    """Export the quarantined rows, give B this time, send the workbook back an hour later; the workbook's name."""
    name, content = workbook(desk, folder, {"B": ("时间", time)})
    desk.put(name, content)
    desk.run(later=HOUR)
    return name


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "w")


def staged(desk: Desk) -> list[tuple[object, ...]]:
    return desk.rows("select opportunity_id, stage from staging.stage_events order by all")


def test_a_row_is_told_with_its_place_reason_and_remedy(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    first, second = waiting(desk)
    assert (first.file, first.row, first.column, first.value) == ("stages.csv", 3, "occurred_at (时间)", "someday")
    assert first.reason == "cannot be read as a date"
    assert "dates:" in first.remedy
    assert second.values == {"opportunity": "C", "stage": "nowhere", "at": "2025-03-06 09:00"}


def test_the_workbook_has_the_files_own_columns_and_the_reason_beside(desk: Desk, tmp_path: Path) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    name, _ = workbook(desk, tmp_path / "out", {})
    sheet = openpyxl.load_workbook(tmp_path / "out" / name).active
    rows = [[c.value for c in row] for row in sheet.iter_rows()]
    assert rows[0] == ["商机编号", "阶段", "时间", "Row in the file", "Where", "Reason", "What to do", "stagewatch_ref"]
    assert rows[1][:4] == ["B", "quotation", "someday", "3"]
    assert rows[1][5] == "cannot be read as a date: someday"
    assert rows[1][-1] == "1|3||stages.csv"
    assert name.startswith("stages.csv.fix-")


def test_mended_rows_take_the_place_of_the_quarantined(desk: Desk, tmp_path: Path) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    name = send_mended(desk, tmp_path / "out", "2025-03-07 09:00")
    assert staged(desk) == [("A", "quotation"), ("B", "quotation")]
    # C was sent again as it was: an exact duplicate, and the one in the file still waits.
    assert [(r.file, r.values and r.values["opportunity"]) for r in waiting(desk)] == [("stages.csv", "C")]
    assert [row[:1] + row[2:] for row in desk.ledger()] == [("stages.csv", 3, 1, 0, 2, 0), (name, 2, 1, 0, 0, 1)]
    reasons = dict(desk.rows("select source_row, reason from staging.quarantine where file_name = 'stages.csv'"))
    assert reasons == {3: "replaced_by_fix", 4: "stage_of_playbook"}
    before = desk.state()
    desk.run(later=HOUR)  # nothing new: nothing changes
    assert desk.state() == before
    desk.put("stages.csv", BAD)
    desk.run(later=HOUR)  # the original sent again as it was does not undo the mending
    assert staged(desk) == [("A", "quotation"), ("B", "quotation")]


def test_a_row_that_turns_good_by_itself_is_not_counted_beside_its_mended_one(desk: Desk, tmp_path: Path) -> None:
    """B's date becomes readable because the mapping learns the form: the mended row still stands for it."""
    desk.put("stages.csv", BAD.replace("someday", "07.03.2025"))
    desk.write_mapping("test", STAGES.replace("occurred_at: at", "occurred_at: {column: at, dates: [ymd]}"))
    desk.run()
    send_mended(desk, tmp_path / "out", "2025-03-08")
    desk.write_mapping("test", STAGES.replace("occurred_at: at", "occurred_at: {column: at, dates: [ymd, dmy]}"))
    desk.run(later=HOUR)
    assert desk.rows(
        "select occurred_at::date::varchar, file_id from staging.stage_events where opportunity_id = 'B'"
    ) == [("2025-03-08", 2)]


def test_a_workbook_is_read_where_the_mapping_asks_for_csv_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", STAGES.replace('files: ["stages*"]', 'files: ["stages*.csv"]\n    format: csv'))
    desk.put("stages.csv", BAD)
    desk.run()
    send_mended(desk, tmp_path / "out", "2025-03-07 09:00")
    assert staged(desk) == [("A", "quotation"), ("B", "quotation")]


def test_mended_rows_of_a_file_that_was_sent_anew_count_no_more(desk: Desk, tmp_path: Path) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    send_mended(desk, tmp_path / "out", "2025-03-07 09:00")
    desk.put("stages.csv", BAD.replace("someday", "2025-03-09 09:00"))
    desk.run(later=HOUR)
    assert desk.rows("select opportunity_id, occurred_at::date::varchar from staging.stage_events order by all") == [
        ("A", "2025-03-05"),
        ("B", "2025-03-09"),
    ]
    assert set(desk.column("select reason from staging.quarantine where file_name like '%fix%'")) == {
        "fix_of_superseded"
    }
