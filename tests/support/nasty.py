"""A corpus of files that are meant to hurt: made here, each with how it must end.

    accepted       every row counts                     quarantined    the good rows count, the others are set aside
    rejected       the file is set aside, with a reason that says `says`
    ignored        it stays in the inbox, as no file of ours

All of them are named so that the mapping STAGES of `desk` (or CHATS of `nasty_chats`) reads them, and each good row
of the former is `A,quotation,2025-03-05`.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import nasty_chats
import nasty_xls
import polars as pl
from openpyxl import Workbook
from workbooks import with_sheet_xml, workbook

HEAD, GOOD = "id,stage,at\n", "A,quotation,2025-03-05\n"
ROWS = [["id", "stage", "at"], ["A", "quotation", "2025-03-05"]]
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Nasty:
    """One file: its bytes, how it must end, rows accepted and quarantined, what the reason of a rejection says."""

    content: bytes
    ends: Literal["accepted", "quarantined", "rejected"]
    accepted: int = 0
    quarantined: int = 0
    says: str = ""


def taken(content: str | bytes, accepted: int = 1, quarantined: int = 0) -> Nasty:
    raw = content.encode() if isinstance(content, str) else content
    return Nasty(raw, "quarantined" if quarantined else "accepted", accepted, quarantined)


def refused(content: str | bytes, says: str) -> Nasty:
    return Nasty(content.encode() if isinstance(content, str) else content, "rejected", says=says)


def corpus() -> dict[str, Nasty]:
    """Every file by its name."""
    return {**texts(), **packed(), **workbooks(), **old_workbooks(), **documents(), **chats(), **names()}


def texts() -> dict[str, Nasty]:
    """Delimited text, broken in every way we have met."""
    wide = ",".join(["id", "stage", "at", *(f"c{n}" for n in range(10_000))])
    return {
        "stages_empty.csv": refused(b"", "is empty"),
        "stages_blank.csv": refused(b"\n \n\t\n", "misses"),
        "stages_bom_alone.csv": refused(b"\xef\xbb\xbf", "misses|empty|no rows"),
        "stages_header.csv": refused(HEAD, "no rows"),
        "stages_other_columns.csv": refused("name,age\nx,1\n", "misses"),
        "stages_bom.csv": taken(b"\xef\xbb\xbf" + (HEAD + GOOD).encode()),
        "stages_gb18030.csv": taken("商机编号,阶段,时间\n商机甲,quotation,2025-03-05\n".encode("gb18030")),
        "stages_utf16.csv": taken((HEAD + GOOD).encode("utf-16")),
        "stages_utf32.csv": taken((HEAD + GOOD).encode("utf-32")),
        "stages_utf16_no_bom.csv": taken((HEAD + GOOD + "商\n").encode("utf-16-le"), 1, 1),
        "stages_no_text.csv": refused(b"\xff\xff\x80\x80" * 50, "none of the encodings"),
        # One line of another encoding among many: that line alone is refused.
        "stages_mixed_encodings.csv": taken(
            HEAD.encode() + "商,quotation,2025-03-05\n".encode() * 40
            + "商机,quotation,2025-03-05\n".encode("gbk"), 40, 1,
        ),
        "stages_surrogate.csv": taken(
            HEAD.encode() + "中文字符一二三四五六七八九十,quotation,2025-03-05\n".encode() * 4
            + b"B\xed\xa0\x80,quotation,2025-03-05\n", 4, 1,
        ),
        "stages_nul.csv": taken(HEAD.encode() + b"A\0B,quot\0ation,2025-03-05\n"),
        "stages_nul_only.csv": refused(b"\0" * 4096, "misses|empty"),
        "stages_control.csv": taken(HEAD + "A\x01\x1b[31m,quotation,2025-03-05\n"),
        "stages_open_quote.csv": taken(HEAD + GOOD + '"B,quotation,2025-03-05\nC,quotation,2025-03-06\n', 2, 1),
        "stages_cut_in_a_quote.csv": taken(HEAD + GOOD + '"B,quot', 1, 1),
        "stages_too_many.csv": taken(HEAD + GOOD + "B,quotation,2025-03-05,x,y\n", 1, 1),
        "stages_too_few.csv": taken(HEAD + GOOD + "B,quotation\n", 1, 1),
        "stages_cr.csv": taken((HEAD + GOOD).replace("\n", "\r")),
        "stages_utf8_tail.csv": taken(
            "id,stage,at\n商机,quotation,2025-03-05\n".encode("gbk") + "商机甲乙,quotation,2025-03-06\n".encode(), 1, 1
        ),
        # Two files behind one another: the second header is no row, and its BOM no part of one.
        "stages_bom_middle.csv": taken(
            HEAD + GOOD + "\ufeff" + HEAD + "\ufeffB,quotation,2025-03-06\n", 2, 1
        ),
        "stages_mixed_ends.csv": taken("id,stage,at\r\nA,quotation,2025-03-05\nB,quotation,2025-03-06\r\n", 2),
        "stages_no_last_end.csv": taken(HEAD + GOOD.rstrip()),
        "stages_ctrl_z.csv": taken(HEAD + GOOD + "\x1a", 1, 1),
        "stages_10000_columns.csv": taken(f"{wide}\nA,quotation,2025-03-05{',x' * 10_000}\n"),
        "stages_long_cell.csv": taken(HEAD + GOOD + f"{'长' * 1_000_000},quotation,2025-03-05\n", 2),
        "stages_long_line.csv": taken(HEAD + GOOD + f"B,{'x' * 20_000_000},2025-03-05\n", 1, 1),
        "stages_formulas.csv": taken(
            HEAD + "=cmd|' /C calc'!A0,quotation,2025-03-05\n@SUM(1),quotation,2025-03-06\n+1,quotation,2025-03-07\n", 3
        ),
        "stages_sql.csv": taken(HEAD + "\"x'; drop table staging.stage_events; --\",quotation,2025-03-05\n"),
        "stages_html.csv": taken(HEAD + "<script>alert(1)</script>,quotation,2025-03-05\n"),
        "stages_same_headers.csv": taken("id,stage,at,at,id\nA,quotation,2025-03-05,never,B\n"),
        "stages_bad_days.csv": taken(
            HEAD + GOOD + "B,quotation,2025-02-30\nC,quotation,0000-00-00\nD,quotation,9999-12-31\n", 1, 3
        ),
        "stages_bidi.csv": taken(HEAD + "\u202eabc\u200b\ufeff,quotation,2025-03-05\n"),
        "stages_a_picture.csv": refused(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "encodings|misses"),
        "stages_a_pdf.csv": refused(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + bytes(range(128, 256)) * 9, "encodings|misses"),
        "stages_a_page.csv": refused("<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        "stages_a_workbook.csv": refused(workbook(a=ROWS), "workbook"),
    }  # fmt: skip


def packed() -> dict[str, Nasty]:
    """Compressed files."""
    return {
        "stages_gzip.csv.gz": taken(gzip.compress((HEAD + GOOD).encode())),
        "stages_gzip_unnamed.csv": taken(gzip.compress((HEAD + GOOD * 2).encode()), 2),
        "stages_gzip_cut.csv.gz": refused(gzip.compress((HEAD + GOOD * 99).encode())[:-12], "cut or damaged"),
        "stages_gzip_bomb.csv.gz": refused(gzip.compress(b"\0" * (64 << 20)), "unpacks to more"),
        "stages_gzip_twice.csv.gz": refused(
            gzip.compress(gzip.compress((HEAD + GOOD).encode())), "encodings|misses|zip"
        ),
        "stages_not_gzip.csv.gz": taken(HEAD + "G,quotation,2025-03-05\n"),
        "stages_a_zip.csv": refused(_zip({"stages.csv": (HEAD + GOOD).encode()}), "zip archive"),
        "stages.zip": refused(_zip({"stages.csv": (HEAD + GOOD).encode()}), "archive"),
    }


def workbooks() -> dict[str, Nasty]:
    """Workbooks: damaged, hostile, and odd ones that are sound."""
    plain = workbook(a=ROWS)
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        xml = archive.read(sheet).decode()
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return {
        "stages_far_cells.xlsx": refused(_far_cells(plain), "as far as row"),
        "stages_tall_dimension.xlsx": taken(
            with_sheet_xml(plain, xml.replace('ref="A1:C2"', 'ref="A1:C1048576"').encode())
        ),
        "stages_bomb.xlsx": refused(with_sheet_xml(plain, _sheet(f"<!--{' ' * (90 << 20)}-->".encode())), "unpacks to"),
        "stages_laughs.xlsx": refused(
            with_sheet_xml(plain, f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'.encode() + _sheet(b"")), "entities"
        ),
        "stages_external_entity.xlsx": refused(
            with_sheet_xml(plain, b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + _sheet(b"")), "entities"
        ),
        "stages_encrypted.xlsx": refused(
            OLE + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 4000, "password-protected"
        ),
        "stages_cut.xlsx": refused(plain[: len(plain) // 2], "cut or damaged"),
        "stages_first_half_zero.xlsx": refused(b"\0" * 400 + plain[400:], "workbook"),
        "stages_not_excel.xlsx": refused(_zip({"a.txt": b"x"}), "no Excel workbook"),
        "stages_a_table.xlsx": refused(HEAD + "T" + GOOD, "not an Excel workbook"),
        "stages_a_page.xlsx": refused("<html><table><tr><td>id</td></tr></table></html>", "web page"),
        "stages_no_cells.xlsx": refused(workbook(a=[]), "misses|no rows|no table|empty"),
        "stages_broken_xml.xlsx": refused(
            with_sheet_xml(plain, _sheet(b"<sheetData><row><c>")[:-12]), "cannot be read|damaged|misses"
        ),
        "stages_string_lost.xlsx": refused(
            with_sheet_xml(plain, _sheet(b'<sheetData><row r="1"><c r="A1" t="s"><v>99</v></c></row></sheetData>')), "."
        ),
        "stages_deep_xml.xlsx": refused(
            with_sheet_xml(plain, _sheet(b"<a>" * 20_000 + b"</a>" * 20_000)), "cannot be read|misses|damaged|nested"
        ),
        "stages_10000_columns.xlsx": refused(
            with_sheet_xml(plain, _sheet(f'<sheetData><row r="1">{_inline("NTP1", "id")}</row></sheetData>'.encode())),
            "as far as row",
        ),
        "stages_climbing_names.xlsx": taken(_with_entry(plain, "../../../evil.xml", b"<a/>")),
        "stages_twice_the_sheet.xlsx": taken(_with_entry(plain, "xl/comments9.xml", b"<a/>" * 10)),
        "stages_macros.xlsm": taken(_with_entry(plain, "xl/vbaProject.bin", OLE + b"\0" * 2000)),
        "stages_sheet_names.xlsx": taken(workbook(**{"x'; drop table t; --": ROWS})),
        "stages_error_cells.xlsx": taken(with_sheet_xml(plain, _with_cell('t="e"><v>#REF!</v>')), 1, 1),
        "stages_formula_no_value.xlsx": taken(with_sheet_xml(plain, _with_cell("><f>A1</f>")), 1, 1),
        "stages_epoch_1904.xlsx": taken(_epoch_1904()),
        "stages_days_before_time.xlsx": taken(workbook(a=[*ROWS, ["B", "quotation", -5], ["C", "quotation", 0]]), 1, 2),
        "stages_hidden_sheet.xlsx": taken(_hidden()),
        "stages_long_text.xlsx": taken(workbook(a=[*ROWS, ["长" * 32_000, "quotation", "2025-03-06"]]), 2),
    }  # fmt: skip


def old_workbooks() -> dict[str, Nasty]:
    """.xls: damaged, hostile, and odd ones that are sound."""
    files = {name: taken(content, 1, bad) for name, (content, bad) in nasty_xls.odd_files().items()}
    files["stages_new_named.xls"] = taken(workbook(a=ROWS))
    return files | {name: refused(content, says) for name, (content, says) in nasty_xls.bad_files().items()}


def chats() -> dict[str, Nasty]:
    """Chats and reports, by a mapping of their own."""
    files = {name: taken(content, good, bad) for name, (content, good, bad) in nasty_chats.odd_chats().items()}
    return files | {name: refused(content, says) for name, (content, says) in nasty_chats.bad_chats().items()}


def documents() -> dict[str, Nasty]:
    """JSON and Parquet."""
    row = {"id": "A", "stage": "quotation", "at": "2025-03-05"}
    line = json.dumps(row)
    parquet = io.BytesIO()
    pl.DataFrame([row]).write_parquet(parquet)
    lists = io.BytesIO()
    pl.DataFrame([{**row, "more": [{"a": [1, None]}], "day": b"\x00\xff"}]).write_parquet(lists)
    return {
        "stages_lines.jsonl": taken(f"{line}\n{{broken\n[1]\nnull\n", 1, 3),
        "stages_cut.json": refused(f"[{line}, {line[:20]}", "."),
        "stages_deep.json": refused("[" * 200_000 + "]" * 200_000, "."),
        "stages_deep.jsonl": taken(f"{line}\n" + '{"id":' * 60_000 + "1" + "}" * 60_000 + "\n", 1, 1),
        "stages_surrogate.jsonl": taken(line + '\n{"id": "\\ud800", "stage": "quotation", "at": "2025-03-06"}\n', 2),
        "stages_numbers.jsonl": taken(
            f'{line}\n{{"id": {"9" * 400}, "stage": "quotation", "at": NaN}}\n{{"id": 1e999, "stage": 1}}\n', 1, 2
        ),
        "stages_twice_a_key.jsonl": taken('{"id": "A", "id": "B", "stage": "quotation", "at": "2025-03-05"}\n'),
        "stages_scalar.json": refused("42", "."),
        "stages_a_csv.json": refused(HEAD + "J" + GOOD, "."),
        "stages_cut.parquet": refused(parquet.getvalue()[:-9], "cut or damaged"),
        "stages_noise.parquet": refused(b"PAR1" + bytes(range(256)) * 8 + b"PAR1", "cut or damaged|cannot be read"),
        "stages_a_csv.parquet": refused(HEAD + "P" + GOOD, "not a Parquet file"),
        "stages_lists.parquet": taken(lists.getvalue()),
    }  # fmt: skip


def names() -> dict[str, Nasty]:
    """Sound files whose names are the trouble."""
    each: Callable[[str], str] = lambda key: HEAD + GOOD.replace("A,", f"{key},")  # noqa: E731
    return {
        "stages'; drop table x; --.csv": taken(each("N1")),
        "stages\nnew line.csv": taken(each("N2")),
        "stages <script>.csv": taken(each("N3")),
        "stages 客户😀.csv": taken(each("N4")),
        f"stages_{'长' * 80}.csv": taken(each("N5")),
        "stages_%00..%2f..%2f.csv": taken(each("N6")),
        "stages_..\\..\\evil.csv": taken(each("N7")),
        "stages_CON.csv": taken(each("N8")),
        "stages =cmd.csv": taken(each("N9")),
        "stages.exe": refused(each("N10"), "ending we do not know"),
        "stages": refused(each("N11"), "ending we do not know"),
    }


def _zip(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def _with_entry(content: bytes, name: str, entry: bytes) -> bytes:
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, entry)
    return out.getvalue()


def _sheet(inner: bytes) -> bytes:
    return b'<worksheet xmlns="' + SHEET.encode() + b'">' + inner + b"</worksheet>"


def _inline(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def _far_cells(plain: bytes) -> bytes:
    """Two cells, 5 KB: a reader that fills the rectangle between them asks for 512 GB."""
    far = f'<row r="1">{_inline("A1", "id")}</row><row r="1048576">{_inline("XFD1048576", "x")}</row>'
    return with_sheet_xml(plain, _sheet(f"<sheetData>{far}</sheetData>".encode()))


def _with_cell(inner: str) -> bytes:
    """A good row, and one whose stage is this cell."""
    rows = "".join(
        f'<row r="{n}">{"".join(_inline(f"{c}{n}", t) for c, t in zip("ABC", row, strict=True))}</row>'
        for n, row in enumerate(ROWS, start=1)
    )
    odd = f'<row r="3">{_inline("A3", "B")}<c r="B3" {inner}</c>{_inline("C3", "2025-03-06")}</row>'
    return _sheet(f"<sheetData>{rows}{odd}</sheetData>".encode())


def _epoch_1904() -> bytes:
    from datetime import datetime

    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book, out = Workbook(), io.BytesIO()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(ROWS[0])
    book.active.append(["A", "quotation", datetime(2025, 3, 5)])
    book.save(out)
    return out.getvalue()


def _hidden() -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in ROWS:
        book.active.append(row)
    other = book.create_sheet("hidden")
    other.sheet_state = "veryHidden"
    other.append(["code", "word"])
    book.active.row_dimensions[2].hidden = True
    book.save(out)
    return out.getvalue()
