"""Delimited text in every dress: delimiters, encodings, quotes, title rows, ragged rows, NULs."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from desk import STAGES, Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROWS = [("A", "quotation", "2025-03-05"), ("商机B", "first_contact", "2025-03-06 09:30")]
COMMA = "id,stage,at\n" + "".join(",".join(row) + "\n" for row in ROWS)
LANDED = (
    'select opportunity, stage, "at", source_row from landing.test__events order by file_id, source_sheet, source_row'
)


def landed(root: Path, content: bytes | str, name: str = "stages.csv", mapping: str = STAGES) -> Desk:
    desk = Desk(root / "w", mapping)
    desk.put(name, content)
    return desk.run()


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("utf-8", COMMA.encode(), "utf-8"),
        ("with a BOM", b"\xef\xbb\xbf" + COMMA.encode(), "utf-8-sig"),
        ("GB18030", COMMA.encode("gb18030"), "gb18030"),
        ("UTF-16 with a BOM", COMMA.encode("utf-16"), "utf-16"),
        ("Windows line ends", COMMA.replace("\n", "\r\n").encode(), "utf-8"),
        ("old Mac line ends", COMMA.replace("\n", "\r").encode(), "utf-8"),
        ("mixed line ends", COMMA.replace("\n", "\r\n", 1).encode(), "utf-8"),
        ("no last line end", COMMA.rstrip("\n").encode(), "utf-8"),
        ("blank lines at the end", (COMMA + "\n\n").encode(), "utf-8"),
        ("semicolons", COMMA.replace(",", ";").encode(), "utf-8"),
        ("tabs", COMMA.replace(",", "\t").encode(), "utf-8"),
        ("bars", COMMA.replace(",", "|").encode(), "utf-8"),
        ("all quoted", COMMA.replace(",", '","').replace("\n", '"\n"').rstrip('"').join(['"', ""]).encode(), "utf-8"),
        ("empty columns at the end", COMMA.replace("\n", ",,\n").encode(), "utf-8"),
        ("gzipped", gzip.compress(COMMA.encode()), "utf-8"),
        ("gzipped GB18030", gzip.compress(COMMA.encode("gb18030")), "gb18030"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_the_same_table_in_any_dress(tmp_path: Path, name: str, content: bytes, encoding: str) -> None:
    desk = landed(tmp_path, content, "stages.csv.gz" if content[:2] == b"\x1f\x8b" else "stages.csv")
    assert desk.rows(LANDED) == [(*row, n) for n, row in enumerate(ROWS, start=2)]
    assert desk.column("select encoding from landing.files") == [encoding]


def test_tsv_by_its_ending(tmp_path: Path) -> None:
    desk = landed(tmp_path, COMMA.replace(",", "\t"), "stages.tsv")
    assert [row[:3] for row in desk.rows(LANDED)] == ROWS


def test_gb18030_across_the_edge_of_a_chunk(tmp_path: Path) -> None:
    text = "id,stage,at\n" + "".join(f"编号{n},quotation,2025-03-05\n" for n in range(70_000))
    desk = landed(tmp_path, text.encode("gb18030"))
    assert desk.rows("select count(*), min(opportunity), max(source_row) from landing.test__events") == [
        (70_000, "编号0", 70_001)
    ]


def test_an_encoding_that_shows_late_in_a_long_file(tmp_path: Path) -> None:
    text = "id,stage,at\n" + "plain,quotation,2025-03-05\n" * 200_000 + "编号,quotation,2025-03-05\n"
    desk = landed(tmp_path, text.encode("gb18030"))
    assert desk.rows("select opportunity, source_row from landing.test__events where opportunity <> 'plain'") == [
        ("编号", 200_002)
    ]
    assert desk.column("select encoding from landing.files") == ["gb18030"]


def test_a_few_broken_bytes_do_not_make_utf8_another_encoding(tmp_path: Path) -> None:
    good = "".join(f"商机编号{n},quotation,2025-03-05\n" for n in range(30))
    content = ("id,stage,at\n" + good).encode() + "江苏南".encode()[:-1] + b",quotation,2025-03-05\n"
    desk = landed(tmp_path, content)
    assert desk.column("select encoding from landing.files") == ["utf-8"]
    assert desk.rows("select source_row, reason from staging.quarantine") == [(32, "damaged_text")]
    assert desk.ledger()[0][2:] == (31, 30, 0, 1, 0)


def test_nul_bytes_are_dropped_and_counted(tmp_path: Path) -> None:
    desk = landed(tmp_path, COMMA.replace("quotation", "quo\0tation\0"))
    assert [row[:3] for row in desk.rows(LANDED)] == ROWS
    assert desk.column("select nul_bytes from landing.files") == [2]


def test_ragged_rows_are_quarantined_one_by_one_with_their_rows(tmp_path: Path) -> None:
    desk = landed(
        tmp_path,
        'id,stage,at\nA,quotation,2025-03-05\nB,quotation\n\n"C\nC",quotation,2025-03-07\n'
        'D,quotation,2025-03-08,more\n"E"x,quotation,2025-03-09\nF,"quotation,2025-03-10\nG,quotation,2025-03-11\n',
    )
    assert desk.rows("select opportunity, source_row from landing.test__events order by 2") == [
        ("A", 2), ("C\nC", 5), ("G", 9),
    ]  # fmt: skip
    assert desk.rows("select source_row, reason, raw from staging.quarantine order by 1") == [
        (3, "too_few_columns", "B,quotation"),
        (6, "too_many_columns", "D,quotation,2025-03-08,more"),
        (7, "bad_quotes", '"E"x,quotation,2025-03-09'),
        (8, "bad_quotes", 'F,"quotation,2025-03-10'),
    ]
    assert desk.ledger()[0][2:] == (7, 3, 0, 4, 0)


def test_a_file_cut_within_a_quote_loses_one_line(tmp_path: Path) -> None:
    desk = landed(tmp_path, COMMA + 'C,quotation,"2025-03')
    assert desk.ledger()[0][2:] == (3, 2, 0, 1, 0)


@pytest.mark.parametrize("quoted", ['"\t A \n"', '"　A\u00a0"', '" A\r\n"', "  A  "])
def test_blanks_around_a_value_are_no_part_of_it(tmp_path: Path, quoted: str) -> None:
    desk = landed(tmp_path, f"id,stage,at\n{quoted},quotation,2025-03-05\n")
    assert desk.column("select opportunity from landing.test__events") == ["A"]


def test_blank_rows_and_cells(tmp_path: Path) -> None:
    desk = landed(tmp_path, 'id,stage,at\n,,\nA,quotation,2025-03-05\n" ","　",\nB,"",2025-03-05\n')
    assert desk.rows(LANDED) == [("A", "quotation", "2025-03-05", 3), ("B", None, "2025-03-05", 5)]
    assert desk.ledger()[0][2] == 2


def test_the_header_is_found_below_title_rows(tmp_path: Path) -> None:
    desk = landed(tmp_path, "2025年3月 商机台账\n\n制表：王敏,,\nsep=;\nid,stage,at\nA,quotation,2025-03-05\n")
    assert desk.rows(LANDED) == [("A", "quotation", "2025-03-05", 6)]
    assert desk.column("select header_row from landing.parts") == [5]


def test_a_header_row_named_by_the_mapping_is_the_only_one_looked_at(tmp_path: Path) -> None:
    mapping = STAGES.replace('["stages*"]', '["stages*"]\n    header_row: 1')
    desk = landed(tmp_path, "title\nid,stage,at\nA,quotation,2025-03-05\n", mapping=mapping)
    assert "misses the column 'id / 商机编号'" in desk.landing.problems[0]


def test_columns_by_position_without_a_header(tmp_path: Path) -> None:
    mapping = STAGES.replace('["stages*"]', '["stages*"]\n    header_row: 0').replace(
        "{opportunity: [id, 商机编号], stage: [stage, 阶段], at: [at, 时间]}", "{opportunity: 1, stage: 2, at: 3}"
    )
    desk = landed(tmp_path, "A,quotation,2025-03-05\nB,quotation,2025-03-06\n", mapping=mapping)
    assert desk.rows(LANDED) == [("A", "quotation", "2025-03-05", 1), ("B", "quotation", "2025-03-06", 2)]


def test_a_header_over_two_lines_and_in_other_case(tmp_path: Path) -> None:
    mapping = STAGES.replace("at: [at, 时间]", "at: Entered at")
    desk = landed(tmp_path, 'ID,Stage,"entered\n AT"\nA,quotation,2025-03-05\n', mapping=mapping)
    assert desk.rows(LANDED) == [("A", "quotation", "2025-03-05", 2)]


def test_columns_in_any_order_with_others_between(tmp_path: Path) -> None:
    desk = landed(tmp_path, "备注,时间,x,阶段,商机编号\nn,2025-03-05,y,quotation,A\n")
    assert desk.rows(LANDED) == [("A", "quotation", "2025-03-05", 2)]
    assert desk.column("select columns_unused from landing.parts") == [["备注", "x"]]


def test_without_quoting(tmp_path: Path) -> None:
    mapping = STAGES.replace('["stages*"]', '["stages*"]\n    quote: none')
    desk = landed(tmp_path, 'id,stage,at\n5" pipe,quotation,2025-03-05\n"B,quotation,2025-03-06\n', mapping=mapping)
    assert [row[0] for row in desk.rows(LANDED)] == ['5" pipe', '"B']


def test_merged_cells_are_filled_down_within_the_file(tmp_path: Path) -> None:
    mapping = STAGES.replace('["stages*"]', '["stages*"]\n    fill_down: [opportunity]')
    desk = landed(
        tmp_path, "id,stage,at\nA,quotation,2025-03-05\n,first_contact,2025-03-01\nB,x,2025-01-01\n", mapping=mapping
    )
    assert desk.column("select opportunity from landing.test__events order by source_row") == ["A", "A", "B"]


def test_row_numbers_of_a_large_file_are_those_of_the_file(tmp_path: Path) -> None:
    rows = 300_000
    desk = landed(tmp_path, "id,stage,at\n" + "".join(f"O{n},quotation,2025-03-05\n" for n in range(rows)))
    assert desk.rows(
        "select count(*), count(*) filter (opportunity <> 'O' || (source_row - 2)) from landing.test__events"
    ) == [(rows, 0)]


CELLS = st.text(st.sampled_from('ab,;"\n\t 　中é'), max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12), st.sampled_from(",;\t"), st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_table_comes_through_as_it_was_written(
    rows: list[tuple[str, str, str]], mark: str, all_quoted: bool
) -> None:
    """Written by the csv module, read by whichever of our readers: the same cells under the same rows."""
    import csv
    import io

    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL)
    writer.writerows([("id", "stage", "at"), *rows])
    blanks = " \t\r\n\u3000"
    wanted = [
        (*(cell.strip(blanks) or None for cell in row), n)
        for n, row in enumerate(rows, start=2)
        if any(cell.strip(blanks) for cell in row)
    ]
    with tempfile.TemporaryDirectory() as folder:
        mapping = STAGES.replace('["stages*"]', f'["stages*"]\n    delimiter: "{mark}"'.replace("\t", "\\t"))
        desk = landed(Path(folder), out.getvalue(), mapping=mapping)
        if wanted:
            assert desk.rows(LANDED) == wanted
            (ledger,) = desk.ledger()
            assert ledger[2] == len(wanted) == ledger[3] + ledger[5] + ledger[6]
        else:
            assert "no rows" in desk.landing.problems[0]
        desk.close()
