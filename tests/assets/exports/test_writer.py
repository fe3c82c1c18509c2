"""Files are opened again with openpyxl and csv, as a reader would."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from assets.exports.writer import Field, Reader, Sheet, sheet_name, write_csv, write_jsonl, write_xlsx
from data_contracts.safe_cells import clean_text, is_formula_like, markdown_text, mask_phones

CHINESE = Reader("zh-CN", ZoneInfo("Asia/Shanghai"))
ENGLISH = Reader("en", ZoneInfo("Asia/Shanghai"))
FIELDS = (
    Field("customer", "客户"),
    Field("amount", "金额", "decimal"),
    Field("visits", "次数", "integer"),
    Field("rate", "比例", "share"),
    Field("opened_at", "触发时间", "instant"),
    Field("day", "日期", "date"),
    Field("is_open", "未结束", "boolean"),
)
ROW = ("永辉", Decimal("1234.50"), -3, 0.125, datetime(2025, 3, 1, 16, 30, tzinfo=UTC), date(2025, 3, 1), True)


def one_column(*texts: object) -> Sheet:
    return Sheet("T", (Field("text", "文本"),), [(text,) for text in texts])


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_csv_has_a_byte_order_mark_local_times_and_bare_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, Sheet("T", FIELDS, [ROW]), CHINESE)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    header, row = read_csv(path)
    assert header == ["客户", "金额", "次数", "比例", "触发时间", "日期", "未结束"]
    assert row == ["永辉", "1234.50", "-3", "0.125", "2025-03-02 00:30:00", "2025-03-01", "是"]


def test_xlsx_holds_numbers_and_real_dates_under_a_frozen_header(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [Sheet("预警", FIELDS, [ROW])], ENGLISH)
    sheet = load_workbook(path)["预警"]
    assert [cell.value for cell in sheet[2]] == [
        "永辉", 1234.5, -3, 0.125, datetime(2025, 3, 2, 0, 30), datetime(2025, 3, 1), "yes",
    ]  # fmt: skip
    assert [cell.data_type for cell in sheet[2]] == ["s", "n", "n", "n", "d", "d", "s"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:G2"


def test_jsonl_holds_types_and_the_offset(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_jsonl(path, Sheet("T", FIELDS, [ROW]), CHINESE)
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "customer": "永辉",
        "amount": 1234.5,
        "visits": -3,
        "rate": 0.125,
        "opened_at": "2025-03-02T00:30:00+08:00",
        "day": "2025-03-01",
        "is_open": True,
    }


@pytest.mark.parametrize("sign", list("=+-@＝＋－＠\t\r\n"))
@pytest.mark.parametrize("before", ["", " ", "\u3000", "\ufeff"])
def test_no_sign_makes_a_formula(tmp_path: Path, sign: str, before: str) -> None:
    text = f'{before}{sign}cmd|"/c calc"!A1'
    write_csv(tmp_path / "a.csv", one_column(text), CHINESE)
    assert read_csv(tmp_path / "a.csv")[1][0].startswith("'")
    write_xlsx(tmp_path / "a.xlsx", [one_column(text)], CHINESE)
    cell = load_workbook(tmp_path / "a.xlsx")["T"]["A2"]
    assert cell.data_type == "s"
    assert cell.quotePrefix, "editing the cell must not turn it into a formula"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(exclude_categories=())), min_size=1, max_size=8))
def test_whatever_the_text_no_cell_is_a_formula_and_nothing_else_is_lost(tmp_path: Path, texts: list[str]) -> None:
    write_csv(tmp_path / "a.csv", one_column(*texts), CHINESE)
    rows = read_csv(tmp_path / "a.csv")
    assert len(rows) == len(texts) + 1
    for text, (cell,) in zip(texts, rows[1:], strict=True) if all(map(clean_text, texts)) else ():
        assert not is_formula_like(cell)
        assert cell in (clean_text(text), f"'{clean_text(text)}")
    write_xlsx(tmp_path / "a.xlsx", [one_column(*texts)], CHINESE)
    workbook = load_workbook(tmp_path / "a.xlsx")
    assert {cell.data_type for row in workbook["T"].iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert all(cell.data_type != "f" for row in workbook["T"].iter_rows() for cell in row)
    write_jsonl(tmp_path / "a.jsonl", one_column(*texts), CHINESE)
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    assert [json.loads(line)["text"] for line in lines] == [clean_text(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13812341234，勿外传", "电话138****1234，勿外传"),
        ("+86 138-1234-1234", "+86 138****1234"),
        ("8613812341234", "86138****1234"),
        ("１３８１２３４１２３４", "１３８****１２３４"),
        ("订单 4201381234123488", "订单 4201381234123488"),
        ("12812341234", "12812341234"),
    ],
)
def test_mobile_numbers_are_masked(text: str, masked: str) -> None:
    assert mask_phones(text) == masked


def test_who_may_see_phones_sees_them(tmp_path: Path) -> None:
    reader = Reader("zh-CN", ZoneInfo("Asia/Shanghai"), may_see_phones=True)
    write_csv(tmp_path / "a.csv", one_column("13812341234"), reader)
    assert read_csv(tmp_path / "a.csv")[1] == ["13812341234"]


@given(st.text(st.sampled_from("0123456789０１３８ -+a"), max_size=24))
def test_masking_leaves_nothing_that_reads_as_a_mobile_number(text: str) -> None:
    assert mask_phones(mask_phones(text)) == mask_phones(text)


def test_equal_data_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_xlsx(tmp_path / name, [Sheet("预警", FIELDS, [ROW])], CHINESE)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, one_column("old"), CHINESE)
    with pytest.raises(ValueError, match="zip"):
        write_csv(path, Sheet("T", FIELDS, [("too", "few")]), CHINESE)
    assert read_csv(path) == [["文本"], ["old"]]
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_what_excel_cannot_hold_stays_text(tmp_path: Path) -> None:
    sheet = Sheet("T", (Field("n", "n", "decimal"),), [(10**17,), (float("nan"),), (None,), (date(1870, 1, 1),)])
    write_xlsx(tmp_path / "a.xlsx", [sheet], ENGLISH)
    values = [row[0].value for row in load_workbook(tmp_path / "a.xlsx")["T"].iter_rows(min_row=2, max_row=5)]
    assert values == [str(10**17), None, None, "1870-01-01"]


def test_sheet_names_are_what_excel_allows() -> None:
    assert sheet_name("'a/b:c*d?[e]'") == "a b c d  e"
    assert len(sheet_name("长" * 60)) == 31
    assert sheet_name("[]") == "Sheet"


def test_markdown_from_data_marks_nothing() -> None:
    assert markdown_text("<b>[x](http://y)</b>\n# @all `a`") == r"＜b＞\[x\](http://y)＜/b＞ # ＠all \`a\`"
    assert [markdown_text(text) for text in ("# a", "- a", "12. a (b)")] == [r"\# a", r"\- a", r"12\. a (b)"]
