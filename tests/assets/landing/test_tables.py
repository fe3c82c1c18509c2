"""Excel workbooks, JSON lines and Parquet: the same rows as from text."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk import STAGES, Desk
from workbooks import with_sheet_xml, workbook

from assets.landing.sheet_rows import cell_text

LANDED = 'select source_sheet, opportunity, stage, "at", source_row from landing.test__events order by 1, 5'
HEADER = ("id", "stage", "at")


def landed(root: Path, name: str, content: bytes, mapping: str = STAGES) -> Desk:
    desk = Desk(root / "w", mapping)
    desk.put(name, content)
    return desk.run()


def test_a_workbook_with_title_rows_and_typed_cells(tmp_path: Path) -> None:
    content = workbook(
        三月=[
            ["2025年3月 商机台账"],
            [],
            ["序号", *HEADER],
            [1, 20250001, "quotation", datetime(2025, 3, 5)],
            [2, "B", "quotation", datetime(2025, 3, 6, 9, 30, 15)],
            [],
            [3, 12.5, "quotation", "2025-03-07"],
        ]
    )
    desk = landed(tmp_path, "stages.xlsx", content)
    assert desk.rows(LANDED) == [
        ("三月", "20250001", "quotation", "2025-03-05", 4),
        ("三月", "B", "quotation", "2025-03-06 09:30:15", 5),
        ("三月", "12.5", "quotation", "2025-03-07", 7),
    ]
    assert desk.rows("select occurred_precision, source_sheet from staging.stage_events order by source_row") == [
        ("day", "三月"), ("instant", "三月"), ("day", "三月"),
    ]  # fmt: skip


def test_every_sheet_that_fits_is_read_and_others_are_left(tmp_path: Path) -> None:
    content = workbook(
        华东=[HEADER, ("A", "quotation", "2025-03-05")],
        说明=[("本表由销售部维护",)],
        华南=[HEADER, ("B", "quotation", "2025-03-05")],
    )
    desk = landed(tmp_path, "stages.xlsx", content)
    assert [row[:2] for row in desk.rows(LANDED)] == [("华东", "A"), ("华南", "B")]
    assert desk.ledger()[0][2] == 2


@pytest.mark.parametrize(("sheet", "ids"), [("华南", ["B"]), ("2", ["B"]), ('"*"', ["A", "B"])])
def test_a_sheet_by_name_or_number(tmp_path: Path, sheet: str, ids: list[str]) -> None:
    content = workbook(华东=[HEADER, ("A", "quotation", "2025-03-05")], 华南=[HEADER, ("B", "quotation", "2025-03-05")])
    desk = landed(tmp_path, "stages.xlsx", content, STAGES.replace('["stages*"]', f'["stages*"]\n    sheet: {sheet}'))
    assert desk.column("select opportunity from landing.test__events order by 1") == ids


TWO = """
sources:
  deals: {files: ["crm*.xlsx"], sheet: Deals, columns: {id: Id, owner: Owner}}
  moves: {files: ["crm*.xlsx"], sheet: History, columns: {id: Deal, to: To, at: At}}
records:
  - record: opportunities
    from: deals
    fields: {opportunity_id: id, owner_id: owner}
  - record: stage_events
    from: moves
    fields: {opportunity_id: id, event: {constant: enter}, stage: to, occurred_at: at}
"""


def test_one_workbook_feeds_several_sources_by_its_sheets(tmp_path: Path) -> None:
    content = workbook(
        Deals=[("Id", "Owner"), ("A", "R1"), ("B", "R2")],
        History=[("Deal", "From", "To", "At"), ("A", None, "quotation", date(2025, 3, 5)), ("A", "x", "y", "z")],
    )
    desk = landed(tmp_path, "crm.xlsx", content, TWO)
    assert desk.column("select opportunity_id from staging.opportunities order by 1") == ["A", "B"]
    assert desk.rows("select opportunity_id, stage from staging.stage_events") == [("A", "quotation")]
    assert desk.ledger() == [("crm.xlsx", "active", 4, 3, 0, 1, 0)]
    assert desk.rows("select source_sheet, source_row from staging.quarantine") == [("History", 3)]
    assert desk.column("select source from landing.files") == ["deals, moves"]


def test_a_sheet_that_is_missing_is_named_with_those_there_are(tmp_path: Path) -> None:
    desk = landed(tmp_path, "crm.xlsx", workbook(Sheet1=[("Id", "Owner"), ("A", "R1")]), TWO)
    assert "misses the sheet Deals; the file has Sheet1" in desk.landing.problems[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"), (1.0, "1"), (12300.5, "12300.5"), (0.1 + 0.2, "0.30000000000000004"), (1e21, "1" + "0" * 21),
        (1e-7, "0.0000001"), (True, "true"), (False, "false"), (datetime(2025, 3, 5), "2025-03-05"),
        (datetime(2025, 3, 5, 9, 30), "2025-03-05 09:30:00"),
        (datetime(2025, 3, 5, 9, 30, 0, 123000), "2025-03-05 09:30:00.123"),
        (date(2025, 3, 5), "2025-03-05"), (time(9, 30), "09:30:00"), (timedelta(hours=26, minutes=5), "26:05:00"),
        (Decimal("1.10"), "1.10"), ("=1+1", "=1+1"), ("#N/A", "#N/A"), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_cells_become_text_without_loss(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_two_cells_far_apart_are_refused_before_they_are_read(tmp_path: Path) -> None:
    xml = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        b"</sheetData></worksheet>"
    )
    desk = landed(tmp_path, "stages.xlsx", with_sheet_xml(workbook(a=[HEADER, ("A", "b", "c")]), xml))
    assert "cells as far as row 1,048,576" in desk.landing.problems[0]
    assert desk.ledger() == [("stages.xlsx", "rejected", 0, 0, 0, 0, 0)]


def test_a_dimension_that_lies_is_not_believed(tmp_path: Path) -> None:
    plain = workbook(a=[HEADER, ("A", "quotation", "2025-03-05")])
    import zipfile

    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    desk = landed(tmp_path, "stages.xlsx", with_sheet_xml(plain, xml.replace(b'ref="A1:C2"', b'ref="A1:XFD1048576"')))
    assert desk.rows(LANDED) == [("a", "A", "quotation", "2025-03-05", 2)]


def test_entities_and_bombs_are_refused(tmp_path: Path) -> None:
    plain = workbook(a=[HEADER, ("A", "quotation", "2025-03-05")])
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
    desk = Desk(tmp_path / "w")
    desk.put("stages_entity.xlsx", with_sheet_xml(plain, entity))
    desk.put("stages_bomb.xlsx", with_sheet_xml(plain, b"<worksheet>" + b" " * (80 << 20) + b"</worksheet>"))
    desk.put("stages_good.xlsx", plain)
    desk.run()
    bomb, entities = desk.landing.problems
    assert "unpacks to" in bomb and "XML entities" in entities
    assert [row[1] for row in desk.ledger()] == ["rejected", "rejected", "active"]


def test_json_lines_with_nested_and_odd_values(tmp_path: Path) -> None:
    mapping = STAGES.replace("id, 商机编号", "deal.id").replace("stage: [stage, 阶段]", "stage: stage")
    lines = [
        '{"deal": {"id": 7594861486600000001}, "stage": "quotation", "at": "2025-03-05T09:30:00+08:00"}',
        "",
        '{"at": "2025-03-06", "stage": "quotation", "deal": {"id": 12.50}}',
        "{broken",
        "[1]",
        '{"deal": {"id": "C\\u0000"}, "stage": null, "at": "2025-03-07"}',
    ]
    desk = landed(tmp_path, "stages.jsonl", "\n".join(lines).encode(), mapping)
    assert [row[1:] for row in desk.rows(LANDED)] == [
        ("7594861486600000001", "quotation", "2025-03-05T09:30:00+08:00", 1),
        ("12.50", "quotation", "2025-03-06", 3),
        ("C", None, "2025-03-07", 6),
    ]
    assert desk.rows("select source_row, reason from landing.refused order by 1") == [(4, "not_json"), (5, "not_json")]


def test_a_json_array_and_lists_of_texts(tmp_path: Path) -> None:
    rows = [{"id": "A", "stage": "quotation", "at": "2025-03-05", "files": ["a.jpg", "b.pdf"]}]
    mapping = STAGES.replace("at: [at, 时间]", "at: at, files_: files")
    desk = landed(tmp_path, "stages.json", json.dumps(rows, indent=1).encode(), mapping)
    assert desk.rows("select opportunity, files_, source_row from landing.test__events") == [("A", "a.jpg;b.pdf", 1)]


def test_gzipped_json_lines(tmp_path: Path) -> None:
    desk = landed(tmp_path, "stages.jsonl.gz", gzip.compress(b'{"id":"A","stage":"quotation","at":"2025-03-05"}\n'))
    assert desk.rows(LANDED) == [(None, "A", "quotation", "2025-03-05", 1)]


def test_parquet_with_types(tmp_path: Path) -> None:
    out = io.BytesIO()
    table = pa.table(
        {
            "ID": pa.array([1, 2], pa.int64()),
            "stage": ["quotation", " "],
            'at"; drop table x; --': pa.array([datetime(2025, 3, 5, 9), None], pa.timestamp("us", "UTC")),
        }
    )
    pq.write_table(table, out)
    mapping = STAGES.replace("at: [at, 时间]", "at: 'at\"; drop table x; --'")
    desk = landed(tmp_path, "stages.parquet", out.getvalue(), mapping)
    assert [row[1:] for row in desk.rows(LANDED)] == [
        ("1", "quotation", "2025-03-05 17:00:00+08", 1),
        ("2", None, None, 2),
    ]
    assert desk.rows("select opportunity_id, occurred_at::varchar from staging.stage_events") == [
        ("1", "2025-03-05 17:00:00+08")
    ]


def test_tables_beside_each_other_are_read_once_whatever_other_mappings_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right table has a name of its own, by which it is known again when the mappings changed."""
    content = workbook(
        日报=[
            [*HEADER, None, *HEADER],
            ["A", "quotation", "2025-03-05", None, "B", "quotation", "2025-03-06"],
            ["C", "quotation", "2025-03-07", None, "D", "quotation", "2025-03-08"],
        ]
    )
    many = STAGES.replace('files: ["stages*"]', 'files: ["stages*"]\n    tables: many')
    desk = landed(tmp_path, "stages.xlsx", content, many)
    there = desk.rows(LANDED)
    assert [row[:2] for row in there] == [("日报", "A"), ("日报", "C"), ("日报!E:G", "B"), ("日报!E:G", "D")]
    desk.write_mapping("more", STAGES.replace("stages*", "zz*"))
    read: list[str] = []
    monkeypatch.setattr("assets.landing.rebuild.land_file", lambda con, path, delivery, *_: read.append(delivery.name))
    assert desk.run().rows(LANDED) == there and read == []
