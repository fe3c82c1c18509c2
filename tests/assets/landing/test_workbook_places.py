"""Every refused value of a workbook is told with sheet, row and cell, and hidden rows are counted aloud; .xls too."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import xlwt
from desk import STAGES, Desk
from mending import waiting
from openpyxl import Workbook

from assets.landing.check import FileCheck, check_file

HEADER = ("id", "stage", "at")
MANY = STAGES.replace('files: ["stages*"]', 'files: ["stages*"]\n    tables: many')
CELLS = "select source_sheet, source_row, cell, column_name, reason from staging.quarantine order by 1, 2"


def xlsx(sheets: dict[str, list[list[Any]]], hidden: tuple[int, ...] = ()) -> bytes:
    book, out = Workbook(), io.BytesIO()
    del book["Sheet"]
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
        for number in hidden:
            page.row_dimensions[number].hidden = True
    book.save(out)
    return out.getvalue()


def xls(rows: list[list[Any]], hidden: tuple[int, ...] = (), many: int = 0, *, from_1904: bool = False) -> bytes:
    """A cell that is an Exception is an Excel error, one that begins with `=` a formula that nothing computed."""
    book, out = xlwt.Workbook(encoding="utf-8"), io.BytesIO()
    book.dates_1904 = from_1904
    page = book.add_sheet("日报")
    for number, row in enumerate([*rows, *[["Z", "quotation", "2025-03-09"]] * many]):
        for column, cell in enumerate(row):
            if isinstance(cell, Exception):
                page.row(number).set_cell_error(column, str(cell).replace("#N/A", "#N/A!"))  # as xlwt spells it
            elif isinstance(cell, str) and cell.startswith("="):
                page.write(number, column, xlwt.Formula(cell[1:]))
            elif cell is not None:
                page.write(number, column, cell)
    for number in hidden:
        page.row(number - 1).hidden = True
    book.save(out)
    return out.getvalue()


def landed(root: Path, name: str, content: bytes, mapping: str = STAGES) -> Desk:
    desk = Desk(root / "w", mapping)
    desk.put(name, content)
    return desk.run()


def checked(root: Path, name: str, content: bytes, mapping: str = STAGES) -> FileCheck:
    desk = Desk(root / "checked", mapping)
    file = root / name
    file.write_bytes(content)
    return check_file(file, desk.context)


def test_a_refused_value_is_told_with_its_cell(tmp_path: Path) -> None:
    rows = [["三月台账"], [], ["序号", *HEADER], [1, "A", "quotation", "2025-03-05"], [2, "B", "quotation", "下周"]]
    content = xlsx({"日报": rows})
    check = checked(tmp_path, "stages.xlsx", content)
    assert [(b.sheet, b.row, b.cell, b.value) for b in check.bad_rows] == [("日报", 5, "D5", "下周")]
    assert "  row 5 (sheet 日报), cell D5, occurred_at (at): cannot be read as a date (下周)" in check.text()
    desk = landed(tmp_path, "stages.xlsx", content)
    (told,) = desk.staging.problems
    assert "row 5 (sheet 日报), cell D5, occurred_at (at)" in told
    (refused,) = waiting(desk)
    assert (refused.sheet, refused.row, refused.cell) == ("日报", 5, "D5")


def test_of_tables_beside_and_under_each_other_the_cell_is_the_tables_own(tmp_path: Path) -> None:
    rows = [
        [*HEADER, None, *HEADER],
        ["A", "quotation", "soon", None, "B", "quotation", "later"],
        [],
        ["at", "id", "stage"],
        ["never", "C", "quotation"],
    ]
    desk = landed(tmp_path, "stages.xlsx", xlsx({"日报": rows}), MANY)
    assert desk.rows(CELLS) == [
        ("日报", 2, "C2", "occurred_at", "not_a_date"),
        ("日报", 5, "A5", "occurred_at", "not_a_date"),
        ("日报!E:G", 2, "G2", "occurred_at", "not_a_date"),
    ]


TITLED = """
sources:
  events:
    files: ["stages*"]
    tables: many
    skip: [header, title]
    columns: {opportunity: id, stage: stage, at: {title: "日期：(\\\\S+)"}, other: {from: [other], optional: true}}
records:
  - record: stage_events
    from: events
    fields: {opportunity_id: opportunity, event: {constant: enter}, stage: stage,
             occurred_at: {first_of: [other, at]}}
"""


def test_a_value_above_the_table_is_told_with_its_cell_there(tmp_path: Path) -> None:
    rows = [["销售日报", "日期：三月某日"], ["id", "stage", "other"], ["A", "quotation", None], ["B", "quotation", "x"]]
    desk = landed(tmp_path, "stages.xlsx", xlsx({"日报": rows}), TITLED)
    assert [row[:3] for row in desk.rows(CELLS)] == [("日报", 3, "B1"), ("日报", 4, "C4")]


def test_of_two_records_of_one_kind_each_has_its_own_cells(tmp_path: Path) -> None:
    mapping = """
sources:
  rows: {files: ["stages*"], columns: {id: id, first: first, second: second}}
records:
  - {record: stage_events, from: rows, fields: {opportunity_id: id, event: {constant: won}, occurred_at: first}}
  - {record: stage_events, from: rows, fields: {opportunity_id: id, event: {constant: lost}, occurred_at: second}}
"""
    rows = [["id", "first", "second"], ["A", "soon", "2025-03-05"], ["B", "2025-03-05", "later"]]
    desk = landed(tmp_path, "stages.xlsx", xlsx({"a": rows}), mapping)
    assert [row[2] for row in desk.rows(CELLS)] == ["B2", "C3"]


@pytest.mark.parametrize("skip", [False, True])
def test_hidden_rows_are_counted_aloud(tmp_path: Path, skip: bool) -> None:
    rows = [
        list(HEADER),
        ["A", "quotation", "2025-03-05"],
        ["B", "quotation", "2025-03-06"],
        [],
        ["C", "quotation", "x"],
    ]
    mapping = STAGES.replace('["stages*"]', '["stages*"]\n    skip: [header, hidden]') if skip else STAGES
    for name, content in {"stages.xlsx": xlsx({"日报": rows}, (3, 4, 5)), "stages.xls": xls(rows, (3, 4, 5))}.items():
        check = checked(tmp_path / name, name, content, mapping) if (tmp_path / name).mkdir() is None else None
        assert check is not None and check.hidden_rows == {"日报": 2}
        how = "feed nothing, as skip in the mapping says" if skip else "read all the same"
        assert "2 rows are hidden (sheet 日报) and " + how in check.text()
        assert check.accepted == (3 if skip else 2)
        desk = landed(tmp_path / name, name, content, mapping)
        assert any(f"2 rows are hidden ({name} 2) and {how}" in line for line in desk.staging.problems)


def test_all_rows_of_a_hidden_sheet_are_hidden(tmp_path: Path) -> None:
    book, out = Workbook(), io.BytesIO()
    for row in [HEADER, ("A", "quotation", "2025-03-05")]:
        book.active.append(row)
    other = book.create_sheet("备份")
    other.sheet_state = "hidden"
    for row in [HEADER, ("B", "quotation", "2025-03-05"), ("C", "quotation", "2025-03-05")]:
        other.append(row)
    book.save(out)
    assert checked(tmp_path, "stages.xlsx", out.getvalue()).hidden_rows == {"备份": 2}


@pytest.mark.parametrize("many", [0, 3_000], ids=["small streams", "ordinary streams"])
def test_errors_and_formulas_of_an_old_workbook_are_refused_as_in_a_new_one(tmp_path: Path, many: int) -> None:
    rows = [
        [*HEADER, "note"],
        ["A", "quotation", "2025-03-05"],
        ["B", ValueError("#N/A"), "2025-03-06"],
        ["C", "quotation", "=TODAY()"],
        ["D", "quotation", "2025-03-07", ValueError("#DIV/0!")],
    ]
    desk = landed(tmp_path, "stages.xls", xls(rows, many=many))
    assert desk.rows(CELLS) == [
        ("日报", 3, "B3", "stage", "error_cell"),
        ("日报", 4, "C4", "at", "formula_without_value"),
    ]
    assert desk.column("select raw from landing.refused order by source_row") == [
        "B\t#N/A\t2025-03-06\t", "C\tquotation\t=…\t",
    ]  # fmt: skip
    duplicates = max(many - 1, 0)
    assert desk.ledger() == [("stages.xls", "active", 4 + many, 2 + (many > 0), 0, 2, duplicates)]


def test_a_column_that_several_headers_fit_is_told(tmp_path: Path) -> None:
    content = xlsx({"日报": [["id", "stage", "at", "id"], ["A", "quotation", "2025-03-05", "B"]]})
    check = checked(tmp_path, "stages.xlsx", content)
    said = "opportunity: A id is read, and not D id, which fits as well"
    assert said in check.text() and check.is_clean
    desk = landed(tmp_path, "stages.xlsx", content)
    desk.put("stages_more.xlsx", xlsx({"日报": [["id", "stage", "at", "id"], ["C", "quotation", "2025-03-05", "D"]]}))
    desk.put("stages_other.xlsx", xlsx({"日报": [["id", "stage", "at", "id"], ["E", "quotation", "2025-03-05", "D"]]}))
    assert f"stages.xlsx: {said}" in desk.staging.problems[0]
    (told,) = desk.run(later=timedelta(hours=1)).staging.problems
    assert f"stages_more.xlsx and 1 other files: {said}" in told


def formula(result: bytes, options: int, *, is_saved: bool) -> bytes:
    """An .xls whose stage of B is a formula with this result; `is_saved`: by a program that people calculate with."""
    content = xls([[*HEADER], ["A", "quotation", "2025-03-05"], ["B", "=1+1", "2025-03-06"]])
    never = b"\x03\0\0\0\0\0\xff\xff\0\0"  # what xlwt writes for every formula: an empty text, no options
    assert content.count(never) == 1
    content = content.replace(never, result + options.to_bytes(2, "little"))
    if is_saved:
        free = content.index("Workbook".encode("utf-16-le")) + 128  # the directory's next entry, which is empty
        name = "\x05SummaryInformation".encode("utf-16-le")
        entry = name.ljust(64, b"\0") + (len(name) + 2).to_bytes(2, "little") + b"\x02\x01" + b"\xff" * 12
        content = content[:free] + entry + content[free + len(entry) :]
    return content


@pytest.mark.parametrize(
    ("result", "options", "is_saved", "reason"),
    [
        (b"\x03\0\0\0\0\0\xff\xff", 0, True, None),  # a computed empty text
        (b"\x03\0\0\0\0\0\xff\xff", 0, False, "formula_without_value"),
        (bytes(8), 2, False, "formula_without_value"),  # zero, to be calculated when it is opened: so POI writes
        (bytes(8), 2, True, None),
        (b"\0\0\0\0\0\0\x08\x40", 2, False, None),  # 3.0
        (b"\x01\0\x01\0\0\0\xff\xff", 0, True, None),
        (b"\x02\0\x2a\0\0\0\xff\xff", 0, True, "error_cell"),
        (b"\0\0\0\0\0\0\xff\xff", 0, True, "formula_without_value"),  # a text that does not follow
    ],
    ids=["empty", "xlwt", "POI", "zero", "number", "true", "#N/A", "cut"],
)
def test_what_a_formula_of_an_old_workbook_gave(
    tmp_path: Path, result: bytes, options: int, is_saved: bool, reason: str | None
) -> None:
    desk = landed(tmp_path, "stages.xls", formula(result, options, is_saved=is_saved))
    assert desk.rows("select cell, reason from landing.refused") == ([("B3", reason)] if reason else [])
    assert desk.column("select count(*) from landing.test__events") == [1 if reason else 2]


@pytest.mark.parametrize("from_1904", [False, True])
def test_a_bare_number_for_a_day_means_nothing_in_an_old_workbook_of_1904(tmp_path: Path, from_1904: bool) -> None:
    content = xls([[*HEADER], ["A", "quotation", 45721]], from_1904=from_1904)
    desk = landed(tmp_path, "stages.xls", content, STAGES.replace("sources:", "dates: [excel]\nsources:"))
    days = desk.column("select occurred_at::date::varchar from staging.stage_events")
    refused = desk.rows("select cell, reason from landing.refused")
    assert (days, refused) == (([], [("C2", "serial_of_1904")]) if from_1904 else (["2025-03-05"], []))
