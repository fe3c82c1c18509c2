"""Quarantined rows: handed out, mended and put back; nothing lost, nothing counted twice, in any order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from desk import STAGES, Desk
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mending import Handed, waiting

from assets.recovery import set_aside
from data_contracts.safe_cells import BLANKS, UNWANTED
from queries.quarantine import Selection

BAD = "商机编号,阶段,时间\nA,quotation,2025-03-05 09:00\nB,quotation,someday\nC,nowhere,2025-03-06 09:00\n"
HOUR = timedelta(hours=1)
VISITS = """
sources:
  visits:
    files: ["visits*"]
    columns: {id: Visit, rep: Rep, at: When, phone: Phone, note: Note}
records:
  - record: visits
    from: visits
    fields: {visit_id: id, rep_id: rep, status: {constant: done}, occurred_at: at, note: note}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "w")


def staged(desk: Desk) -> list[tuple[object, ...]]:
    return desk.rows("select opportunity_id, stage from staging.stage_events order by all")


def balance(desk: Desk) -> list[tuple[object, ...]]:
    """Name, rows read, accepted, quarantined, duplicates of every file."""
    return [(name, read, accepted, bad, same) for name, _, read, accepted, _, bad, same in desk.ledger()]


def test_a_row_is_told_with_its_place_reason_and_remedy(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    first, second = waiting(desk)
    assert (first.id, first.file, first.row, first.place) == ("1:3", "stages.csv", 3, "occurred_at (时间)")
    assert (first.value, first.why("en")) == ("someday", "cannot be read as a date")
    assert "dates:" in first.remedy("en")
    assert second.values == {"opportunity": "C", "stage": "nowhere", "at": "2025-03-06 09:00"}


def test_rows_are_chosen_by_source_rule_and_file(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.put("stages_2.csv", BAD.replace("A,", "D,").replace("B,", "E,").replace("C,", "F,"))
    desk.run()
    counted = {
        "all": Selection(),
        "file": Selection(file="stages_2.csv"),
        "number": Selection(file="1", row=4),
        "rule": Selection(rule="not_a_date"),
        "source": Selection(source="test/events", rule="stage_of_playbook"),
        "nobody": Selection(source="other"),
    }
    rows = {name: [row.id for row in waiting(desk, selection)] for name, selection in counted.items()}
    assert rows == {
        "all": ["1:3", "1:4", "2:3", "2:4"],
        "file": ["2:3", "2:4"],
        "number": ["1:4"],
        "rule": ["1:3", "2:3"],
        "source": ["1:4", "2:4"],
        "nobody": [],
    }


def test_a_sheet_has_the_files_own_columns_and_the_reason_beside(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    header, first, _ = Handed(desk).rows("test.events")
    assert header[:3] == ["商机编号", "阶段", "时间"]
    assert header[3:] == [
        "» File", "» Row in the file", "» Column at fault", "» Reason", "» What to do", "stagewatch_ref"
    ]  # fmt: skip
    assert first[:7] == [
        "B", "quotation", "someday", "stages.csv", "3", "occurred_at (时间)", "cannot be read as a date: someday"
    ]  # fmt: skip
    (sha,) = desk.column("select content_sha256[:12] from landing.files")
    assert first[-1] == f"test/events|{sha}|3|"


def test_mended_rows_take_the_place_of_the_quarantined(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    Handed(desk).mend("B", 时间="2025-03-07 09:00").drop("back from Li.xlsx")
    desk.run(later=HOUR)
    assert staged(desk) == [("A", "quotation"), ("B", "quotation")]
    # C was sent again as it was: an exact duplicate, and the one in the file still waits.
    assert [row.id for row in waiting(desk)] == ["1:4"]
    assert balance(desk) == [("stages.csv", 3, 1, 2, 0), ("back from Li.xlsx", 2, 1, 0, 1)]
    reasons = dict(desk.rows("select source_row, reason from staging.quarantine where file_name = 'stages.csv'"))
    assert reasons == {3: "replaced_by_fix", 4: "stage_of_playbook"}


def test_what_was_dropped_once_changes_nothing_when_dropped_again(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    handed = Handed(desk).mend("B", 时间="2025-03-07 09:00")
    same = handed.content()
    desk.put("mended.xlsx", same)
    desk.run(later=HOUR)
    before, accepted = desk.state(), desk.rows("from staging.stage_events order by all")
    desk.run(later=HOUR)  # nothing new
    assert desk.state() == before
    desk.put("mended.xlsx", same)
    desk.run(later=HOUR)  # the very same file
    assert desk.landing.resent == 1
    handed.book["test.events"]["Z1"] = "looked at"  # other bytes, equal rows: saved again by another hand
    handed.drop("mended (2).xlsx")
    desk.run(later=HOUR)
    desk.put("stages.csv", BAD)
    desk.run(later=HOUR)  # the original sent again as it was does not undo the mending
    assert desk.rows("from staging.stage_events order by all") == accepted
    assert balance(desk) == [("stages.csv", 3, 1, 2, 0), ("mended.xlsx", 2, 1, 0, 1), ("mended (2).xlsx", 2, 0, 0, 2)]


def test_a_second_workbook_of_one_name_does_not_undo_the_first(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    Handed(desk, Selection(rule="not_a_date")).mend("B", 时间="2025-03-07").drop("mended.xlsx")
    desk.run(later=HOUR)
    Handed(desk).mend("C", 阶段="quotation").drop("mended.xlsx")
    desk.run(later=HOUR)
    assert staged(desk) == [("A", "quotation"), ("B", "quotation"), ("C", "quotation")]
    assert waiting(desk) == []
    assert balance(desk) == [("stages.csv", 3, 1, 2, 0), ("mended.xlsx", 1, 1, 0, 0), ("mended.xlsx", 1, 1, 0, 0)]


def test_of_two_who_mended_one_row_the_later_counts(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    handed = Handed(desk, Selection(rule="not_a_date"))
    days = []
    for day in ("2025-03-07", "2025-03-08", "2025-03-07"):
        handed.mend("B", 时间=day).drop(f"{len(days)}.xlsx")
        desk.run(later=HOUR)
        days += desk.column("select occurred_at::date::varchar from staging.stage_events where opportunity_id = 'B'")
    assert days == ["2025-03-07", "2025-03-08", "2025-03-07"]
    assert [row[2:] for row in balance(desk)] == [(1, 2, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_a_row_mended_wrongly_waits_in_its_workbook_and_is_mended_from_there(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    Handed(desk, Selection(rule="not_a_date")).mend("B", 时间="soon").drop("1.xlsx")
    desk.run(later=HOUR)
    (row,) = waiting(desk, Selection(rule="not_a_date"))
    assert (row.file, row.value, row.told) == ("1.xlsx", "soon", ("stages.csv", None, 3))
    assert Handed(desk, Selection(rule="not_a_date")).rows()[1][3:5] == ["stages.csv", "3"]
    Handed(desk, Selection(rule="not_a_date")).mend("B", 时间="2025-03-09").drop("2.xlsx")
    desk.run(later=HOUR)
    assert staged(desk) == [("A", "quotation"), ("B", "quotation")]
    assert [row[2:] for row in balance(desk)] == [(1, 2, 0), (0, 1, 0), (1, 0, 0)]


def test_a_row_that_turns_good_by_itself_is_not_counted_beside_its_mended_one(desk: Desk) -> None:
    """B's date becomes readable because the mapping learns the form: the mended row still stands for it."""
    desk.put("stages.csv", BAD.replace("someday", "07.03.2025"))
    desk.write_mapping("test", STAGES.replace("occurred_at: at", "occurred_at: {column: at, dates: [ymd]}"))
    desk.run()
    Handed(desk).mend("B", 时间="2025-03-08").drop()
    desk.run(later=HOUR)
    desk.write_mapping("test", STAGES.replace("occurred_at: at", "occurred_at: {column: at, dates: [ymd, dmy]}"))
    desk.run(later=HOUR)
    assert desk.rows(
        "select occurred_at::date::varchar, file_id from staging.stage_events where opportunity_id = 'B'"
    ) == [("2025-03-08", 2)]


def test_mended_rows_of_a_file_that_was_sent_anew_count_no_more(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    Handed(desk).mend("B", 时间="2025-03-07 09:00").drop()
    desk.run(later=HOUR)
    desk.put("stages.csv", BAD.replace("someday", "2025-03-09 09:00"))
    desk.run(later=HOUR)
    assert desk.rows("select opportunity_id, occurred_at::date::varchar from staging.stage_events order by all") == [
        ("A", "2025-03-05"),
        ("B", "2025-03-09"),
    ]
    assert desk.column("select reason from staging.quarantine where file_name = 'mended.xlsx'") == [
        "fix_of_superseded",
        "fix_of_superseded",
    ]
    assert [row.file for row in waiting(desk)] == ["stages.csv"]


def test_a_workbook_of_another_workspace_waits_and_says_why(desk: Desk, tmp_path: Path) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    other = Desk(tmp_path / "other")
    other.put("mended.xlsx", Handed(desk).mend("B", 时间="2025-03-07").content())
    other.run()
    assert other.quarantine() == [
        (2, None, "fix_of_unknown", "3"), (3, None, "fix_of_unknown", "4")
    ]  # fmt: skip
    assert [row.is_waiting for row in waiting(other)] == [True, True]
    other.put("stages.csv", BAD)
    other.run(later=HOUR)  # the file comes after the rows mended for it
    assert staged(other) == [("A", "quotation"), ("B", "quotation")]


def test_the_warehouse_rebuilt_from_what_landed_has_the_same(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    Handed(desk).mend("B", 时间="soon").drop()
    desk.run(later=HOUR)
    Handed(desk).mend("B", 时间="2025-03-07").drop()
    desk.run(later=HOUR)
    before = {table: rows for table, rows in desk.state().items() if table.startswith(("staging", "landing.fixes"))}
    desk.close()
    set_aside(desk.workspace, "lost")
    desk.run()
    assert {table: rows for table, rows in desk.state().items() if table in before} == before


def test_a_workbook_is_read_where_the_mapping_asks_for_csv_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", STAGES.replace('files: ["stages*"]', 'files: ["stages*.csv"]\n    format: csv'))
    desk.put("stages.csv", BAD)
    desk.run()
    Handed(desk).mend("B", 时间="2025-03-07 09:00").drop()
    desk.run(later=HOUR)
    assert staged(desk) == [("A", "quotation"), ("B", "quotation")]


def test_one_workbook_holds_a_sheet_for_each_source(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", visits=VISITS)
    desk.put("stages.csv", BAD)
    desk.put("visits.csv", "Visit,Rep,When,Phone,Note\nV1,R1,2025-03-05,,\nV2,R1,never,,\n")
    desk.run()
    handed = Handed(desk)
    assert handed.book.sheetnames == ["test.events", "visits.visits"]
    handed.mend("B", 时间="2025-03-07").mend("V2", When="2025-03-08").drop()
    desk.run(later=HOUR)
    assert staged(desk) == [("A", "quotation"), ("B", "quotation")]
    assert desk.column("select visit_id from staging.visits order by 1") == ["V1", "V2"]
    assert balance(desk) == [("stages.csv", 3, 1, 2, 0), ("visits.csv", 2, 1, 1, 0), ("mended.xlsx", 3, 2, 0, 1)]
    del handed.book["test.events"]  # one sheet alone goes back as well
    handed.mend("V2", When="2025-03-09").drop("visits to mend.xlsx")
    desk.run(later=HOUR)
    assert desk.column("select occurred_at::date::varchar from staging.visits where visit_id = 'V2'") == ["2025-03-09"]


def test_masked_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    """Alone in a cell, within a text that was changed, and moved to another cell: the original's number is put back."""
    desk = Desk(tmp_path / "w", None, visits=VISITS)
    desk.put(
        "visits.csv",
        "Visit,Rep,When,Phone,Note\n"
        "V1,R1,never,13800001234,call 139 0000 5678 or +86-13700009999\n"
        "V2,R1,never,13811112222,\n"
        "V3,R1,never,13811112222,\n",
    )
    desk.run()
    handed = Handed(desk)
    assert handed.rows()[1][3:5] == ["138****1234", "call 139****5678 or +86-137****9999"]
    handed.mend("V1", When="2025-03-05", Note="rang 139****5678, not +86-137****9999")
    handed.mend("V2", When="2025-03-05", Phone=None, Note="138****2222")
    handed.mend("V3", When="2025-03-05", Phone="138****0000").drop()
    desk.run(later=HOUR)
    assert desk.rows("select visit_id, note from staging.visits order by 1") == [
        ("V1", "rang 139 0000 5678, not +86-13700009999"),
        ("V2", "13811112222"),
    ]
    assert (
        desk.column("select phone from landing.visits__visits where id = 'V1' order by file_id") == ["13800001234"] * 2
    )
    # V3 holds a number that nobody has: it waits, and says what to do.
    assert [row for row in desk.quarantine() if row[2] == "masked_cell"] == [(4, "phone", "masked_cell", "138****0000")]
    assert all("****" not in (note or "") for (note,) in desk.rows("select note from staging.visits"))


def test_a_duplicate_by_some_columns_is_no_duplicate_of_the_row_that_it_mends(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path / "w", STAGES.replace('files: ["stages*"]', 'files: ["stages*"]\n    duplicates: [opportunity]')
    )
    desk.put("stages.csv", BAD)
    desk.put("stages_2.csv", "商机编号,阶段,时间\nB,quotation,2025-04-01\n")
    desk.run()
    Handed(desk).mend("B", 时间="2025-03-07").drop()
    desk.run(later=HOUR)
    assert staged(desk) == [("A", "quotation"), ("B", "quotation")]
    assert balance(desk) == [("stages.csv", 3, 1, 2, 0), ("stages_2.csv", 1, 0, 0, 1), ("mended.xlsx", 2, 1, 0, 1)]


def test_what_a_mapping_reads_off_file_sheet_and_row_stays_that_of_the_first_telling(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path / "w",
        STAGES.replace(
            "opportunity_id: opportunity,",
            "opportunity_id: {expression: \"source_file || '/' || source_row::varchar || '/' || opportunity\"},",
        ),
    )
    desk.put("stages.csv", BAD)
    desk.run()
    Handed(desk).mend("B", 时间="2025-03-07").drop("anything.xlsx")
    desk.run(later=HOUR)
    assert desk.column("select opportunity_id from staging.stage_events order by 1") == [
        "stages.csv/2/A",
        "stages.csv/3/B",
    ]


def test_a_row_that_could_not_be_split_is_filled_in_from_its_text(desk: Desk) -> None:
    desk.put("stages.csv", "id,stage,at\nA,quotation,2025-03-05\nB,quotation,2025-03-06,and more\n")
    desk.run()
    handed = Handed(desk)
    header, row = handed.rows()
    assert row[header.index("» As it stands")] == "B,quotation,2025-03-06,and more"
    assert row[:3] == [None, None, None]
    sheet = handed.book.worksheets[0]
    for column, value in enumerate(["B", "quotation", "2025-03-06"], start=1):
        sheet.cell(2, column).value = value
    handed.drop()
    desk.run(later=HOUR)
    assert staged(desk) == [("A", "quotation"), ("B", "quotation")]
    assert waiting(desk) == []
    assert balance(desk) == [("stages.csv", 2, 1, 1, 0), ("mended.xlsx", 1, 1, 0, 0)]


def test_a_workbook_that_was_changed_where_it_must_not_be_is_rejected_with_the_remedy(desk: Desk) -> None:
    desk.put("stages.csv", BAD)
    desk.run()
    handed = Handed(desk)
    sheet = handed.book.worksheets[0]
    sheet.cell(2, sheet.max_column).value = "B"
    handed.drop("1.xlsx")
    handed = Handed(desk)
    handed.book.worksheets[0].delete_cols(2)
    handed.drop("2.xlsx")
    handed = Handed(desk)
    text = "\n".join(",".join(str(c or "") for c in row) for row in handed.rows())
    desk.put("stages.tsv.csv", text)
    desk.run(later=HOUR)
    told = "\n".join(desk.landing.problems)
    assert desk.landing.rejected == 3
    assert "stagewatch_ref was changed" in told
    assert "misses the column 阶段" in told or "misses the column stage" in told
    assert "save it as XLSX" in told
    assert staged(desk) == [("A", "quotation")]
    assert [row.id for row in waiting(desk)] == ["1:3", "1:4"]


def test_a_row_sent_back_as_it_was_handed_out_is_an_exact_duplicate(tmp_path: Path) -> None:
    """What a workbook cannot hold or shows otherwise: formulas, escapes, lines, masks, more than a cell's length."""
    desk = Desk(tmp_path / "w", None, visits=VISITS)
    cells = ["=1+1", "_x0041_", '"two\r\nlines"', "+86 138-0000-1234", "007", "'quoted", "2013800001234", "长" * 40_000]
    lines = [f"V{n}\tR1\tnever\t{cell}\t{cell}" for n, cell in enumerate(cells)]
    desk.put("visits.tsv", "\n".join(["Visit\tRep\tWhen\tPhone\tNote", *lines]) + "\n")
    desk.run()
    desk.put("mended.xlsx", Handed(desk).as_handed_out)
    desk.run(later=HOUR)
    assert balance(desk) == [("visits.tsv", 8, 0, 8, 0), ("mended.xlsx", 8, 0, 0, 8)]
    assert [row.file for row in waiting(desk)] == ["visits.tsv"] * 8


CELL = st.text(
    st.one_of(st.characters(codec="utf-8", exclude_characters="\0"), st.sampled_from("=+-@'\"\t\n\r ,;*01389")),
    max_size=40,
) | st.sampled_from(["13800001234", "=1+1", "+86 138-0000-1234", "007", "1e5", "3/7", "2025-03-05", "\x01x"])


@given(cells=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_rows_hold_quarantine_export_mend_and_inbox_balance(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    """Every row comes in refused; after its date is mended it is accepted once, with every other cell as it was."""
    desk = Desk(tmp_path_factory.mktemp("p") / "w", None, visits=VISITS)
    lines = [("Visit", "Rep", "When", "Phone", "Note")]
    lines += [(f"V{n}", "R1", "never", *pair) for n, pair in enumerate(cells)]
    quoted = ["\t".join('"' + text.replace('"', '""') + '"' for text in line) for line in lines]
    desk.put("visits.tsv", "\n".join(quoted) + "\n")
    desk.run()
    landed = desk.rows("select id, phone, note from landing.visits__visits order by all")
    handed = Handed(desk)
    handed.drop("unmended.xlsx")
    desk.run(later=HOUR)
    assert len(waiting(desk)) == len(cells)
    assert desk.column("select count(*) from staging.visits") == [0]
    for number in range(len(cells)):
        handed.mend(f"V{number}", When="2025-03-05")
    handed.drop()
    desk.run(later=HOUR)
    assert waiting(desk) == []
    assert desk.column("select visit_id from staging.visits order by length(visit_id), 1") == [
        f"V{n}" for n in range(len(cells))
    ]
    # What no cell of a workbook holds (control characters) is gone; everything else is as it was, to the letter.
    plain = [tuple(text and (UNWANTED.sub("", text).strip(BLANKS) or None) for text in row) for row in landed]
    newest = "file_id = (select max(file_id) from landing.files)"
    assert desk.rows(f"select id, phone, note from landing.visits__visits where {newest} order by all") == sorted(
        plain, key=lambda row: [(text is None, text) for text in row]
    )
