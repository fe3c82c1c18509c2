"""The inbox: what is taken, sent again, superseded, rejected; and garbage of every kind."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from desk import STAGES, Desk, with_settings
from workbooks import workbook

from assets.landing.arrivals import settled_files
from assets.landing.inbox import take_inbox
from data_contracts.settings import Inbox

GOOD = "id,stage,at\nA,quotation,2025-03-05\n"
OTHER = "id,stage,at\nB,quotation,2025-03-05\n"
FILES = "select name, status, superseded_by, deliveries from landing.files order by file_id"


def test_a_file_is_taken_kept_by_its_hash_and_leaves_the_inbox(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages.csv", GOOD)
    desk.run()
    figures = desk.landing.figures()
    assert (figures["files_taken"], figures["rows_read"], figures["problems"]) == (1, 1, "")
    (sha,) = desk.column("select content_sha256 from landing.files")
    assert sorted(p.name for p in desk.workspace.landed.iterdir()) == [f"{sha}.csv", "manifest.jsonl"]
    assert list(desk.workspace.inbox.iterdir()) == []
    assert (desk.workspace.landed / f"{sha}.csv").read_text() == GOOD


def test_the_same_content_lands_nothing_twice_and_is_counted(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages.csv", GOOD)
    desk.run()
    desk.put("stages.csv", GOOD)
    desk.put("stages copy.csv", GOOD)
    desk.run()
    assert desk.landing.resent == 2 and desk.landing.taken == 0
    assert desk.rows(FILES) == [("stages.csv", "active", None, 3)]
    assert desk.column("select count(*) from staging.stage_events") == [1]


def test_a_file_of_the_same_name_replaces_the_earlier(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages.csv", GOOD)
    desk.run()
    desk.put("stages.csv", OTHER)
    desk.run(later=timedelta(days=1))
    assert desk.rows(FILES) == [("stages.csv", "superseded", 2, 1), ("stages.csv", "active", None, 1)]
    assert desk.column("select opportunity_id from staging.stage_events") == ["B"]
    assert [row[1:4] for row in desk.ledger()] == [("superseded", 0, 0), ("active", 1, 1)]


def test_going_back_to_an_earlier_content_works(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    for content in (GOOD, OTHER, GOOD):
        desk.put("stages.csv", content)
        desk.run()
    assert desk.column("select opportunity_id from staging.stage_events") == ["A"]
    assert [row[1:3] for row in desk.rows(FILES)] == [("superseded", 2), ("superseded", 3), ("active", None)]


def test_a_content_stays_while_another_name_holds_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages_1.csv", GOOD)
    desk.put("stages_2.csv", GOOD)
    desk.run()
    desk.put("stages_1.csv", OTHER)
    desk.run()
    assert desk.column("select opportunity_id from staging.stage_events order by 1") == ["A", "B"]


def test_a_source_that_appends_keeps_both(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", STAGES.replace('["stages*"]', '["stages*"]\n    same_name: append'))
    desk.put("stages.csv", GOOD)
    desk.run()
    desk.put("stages.csv", OTHER)
    desk.run()
    assert desk.column("select opportunity_id from staging.stage_events order by 1") == ["A", "B"]


def test_files_of_one_run_are_numbered_by_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    for name in ("stages_c.csv", "stages_a.csv", "stages_b.csv"):
        desk.put(name, GOOD.replace("A,", f"{name[7]},"))
    desk.run()
    assert desk.rows("select file_id, name from landing.files order by 1") == [
        (1, "stages_a.csv"), (2, "stages_b.csv"), (3, "stages_c.csv"),
    ]  # fmt: skip


def test_what_is_hidden_temporary_or_unfinished_is_left_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    names = [".stages.csv", "~$stages.xlsx", "stages.csv.part", "stages.csv.tmp", "stages.crdownload"]
    for name in names:
        desk.put(name, GOOD)
    desk.run()
    assert desk.landing.figures()["files_taken"] == 0 and desk.landing.problems == []
    assert sorted(p.name for p in desk.workspace.inbox.iterdir()) == sorted(names)


def test_a_file_still_being_written_waits_for_a_later_run(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages_done.csv", OTHER)
    growing = desk.put("stages.csv", GOOD)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        with growing.open("a") as stream:
            stream.write("C,quotation,2025-03-07\n")

    run = with_settings(desk.context, inbox=Inbox(settle_seconds=3))
    result = take_inbox(desk.con, run, sleep)
    assert (slept, result.taken, result.waiting) == ([3], 1, 1)
    assert growing.exists() and "still being written" in result.problems[0]
    desk.run()
    assert desk.column("select count(*) from staging.stage_events") == [3]


def test_an_empty_inbox_is_not_waited_for(tmp_path: Path) -> None:
    def sleep(seconds: float) -> None:
        raise AssertionError("nothing to wait for")

    assert settled_files(tmp_path, 5, sleep) == ([], [])


GARBAGE: list[tuple[str, str, bytes, str]] = [
    ("an empty file", "stages.csv", b"", "is empty (0 bytes)"),
    ("a header alone", "stages.csv", b"id,stage,at\n", "holds a header but no rows"),
    ("blank lines alone", "stages.csv", b"\n\n\n", "misses the column 'id / 商机编号'"),
    ("no mapping by its name", "unknown.csv", GOOD.encode(), "no mapping reads a file of this name"),
    ("no mapping by its columns", "stages.csv", b"deal,phase\nA,x\n", "misses the column 'id / 商机编号'"),
    ("a wrong encoding", "stages.csv", b"id,stage,at\n\xff\xff\xff\xfe,\xe9\xff,x\n" * 9, "in none of the encodings"),
    ("a cut workbook", "stages.xlsx", workbook(a=[("id", "stage", "at"), ("A", "b", "c")])[:-900], "cut or damaged"),
    ("an empty workbook", "stages.xlsx", workbook(a=[]), "misses the column"),
    ("a web page named xlsx", "stages.xlsx", b"<html><table></table></html>", "web page or XML named as a workbook"),
    ("text named xlsx", "stages.xlsx", GOOD.encode(), "is not an Excel workbook"),
    ("a workbook named csv", "stages.csv", workbook(a=[("id",)]), "is an Excel workbook, not text"),
    ("a cut old Excel file", "stages.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "cannot be read"),
    ("a cut old Excel file named xlsx", "stages.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 9, "cannot be read"),
    ("an encrypted workbook", "stages.xlsx",
     b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
     "password-protected"),
    ("a sign-in page named csv", "stages.csv", b"<!DOCTYPE html><html>sign in</html>", "is a web page, not a table"),
    ("cut gzip", "stages.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03abc", "gzip archive is cut or damaged"),
    ("text named parquet", "stages.parquet", GOOD.encode(), "is not a Parquet file"),
    ("cut parquet", "stages.parquet", b"PAR1\x15\x04\x15", "Parquet file is cut or damaged"),
    ("no JSON", "stages.jsonl", b"hello\nworld\n", "misses the column"),
    ("a broken JSON array", "stages.json", b"[{", "is not valid JSON"),
    ("random bytes", "stages.csv", bytes(range(256)) * 40, "stages.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "says"), [g[1:] for g in GARBAGE], ids=[g[0] for g in GARBAGE])
def test_garbage_is_rejected_with_the_reason_and_the_rest_goes_on(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    desk = Desk(tmp_path / "w")
    desk.put(name, content)
    desk.put("zz_stages_good.csv", GOOD)
    desk.write_mapping("more", STAGES.replace("stages*", "zz*"))
    desk.run()
    (problem,) = desk.landing.problems
    assert problem.startswith(f"{name}: rejected: ") and says in problem and problem.rstrip().endswith(")")
    reason = (desk.workspace.rejected / f"{name}.reason.txt").read_text(encoding="utf-8")
    assert "what to do: " in reason and reason.startswith(name)
    assert (desk.workspace.rejected / name).read_bytes() == content
    assert desk.ledger() == [(name, "rejected", 0, 0, 0, 0, 0), ("zz_stages_good.csv", "active", 1, 1, 0, 0, 0)]
    assert list(desk.workspace.inbox.iterdir()) == []
    assert len(list(desk.workspace.landed.iterdir())) == 2


def test_the_nearest_mapping_is_named_with_the_columns_there_are(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", other=STAGES.replace("id, 商机编号", "no").replace("stage, 阶段", "phase"))
    desk.put("stages.csv", "id,stage,When\nA,quotation,2025-03-05\n")
    desk.run()
    (problem,) = desk.landing.problems
    assert "the mapping test (source events) misses the column 'at / 时间'; the file has id, stage, When" in problem
    assert "add the file's own header to sources.events.columns in the mapping test" in problem


def test_a_folder_and_a_link_in_the_inbox_are_set_aside(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    (desk.workspace.inbox / "stages_dir.csv").mkdir()
    (desk.workspace.inbox / "stages_link.csv").symlink_to("/etc/passwd")
    desk.put("stages.csv", GOOD)
    desk.run()
    assert ["is a folder" in p or "no ordinary file" in p for p in desk.landing.problems] == [True, True]
    assert [row[1] for row in desk.ledger()] == ["active", "rejected", "rejected"]
    assert list(desk.workspace.inbox.iterdir()) == []


def test_a_file_without_rights_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path / "w")
    secret = desk.put("stages_secret.csv", GOOD)
    desk.put("stages.csv", GOOD)
    plain = Path.open

    def refuse(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path == secret:
            raise PermissionError(13, "Permission denied")
        return plain(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    desk.run()
    assert "stages_secret.csv: rejected: cannot be read: Permission denied (give the user" in desk.landing.problems[0]
    assert [row[1] for row in desk.ledger()] == ["active", "rejected"]


def test_a_rejected_file_that_is_mended_lands(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    desk.put("stages.csv", "deal,phase\nA,x\n")
    desk.run()
    desk.put("stages.csv", GOOD)
    desk.run()
    assert [row[:4] for row in desk.ledger()] == [("stages.csv", "rejected", 0, 0), ("stages.csv", "active", 1, 1)]


def test_two_rejected_files_of_one_name_are_both_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w")
    for content in ("deal\nA\n", "deal\nB\n", "deal\nA\n"):
        desk.put("stages.csv", content)
        desk.run()
    names = sorted(p.name for p in desk.workspace.rejected.iterdir() if not p.name.endswith(".reason.txt"))
    assert names == ["stages.csv", "stages~2.csv"]


def test_a_name_that_is_no_utf8_and_one_that_is_sql(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", STAGES.replace('"stages*"', '"*.csv"'))
    (desk.workspace.inbox / os.fsdecode(b"\xb0\xa1.csv")).write_text(GOOD)
    desk.put("'; drop table landing.files; --.csv", OTHER)
    desk.run()
    assert desk.column("select name from landing.files order by 1") == [
        "'; drop table landing.files; --.csv", "\\udcb0\\udca1.csv",
    ]  # fmt: skip
    assert desk.column("select count(*) from staging.stage_events") == [2]


def test_a_workspace_without_mappings_says_how_to_begin(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", None)
    desk.put("stages.csv", GOOD)
    desk.run()
    assert "the workspace has no mappings (let `stagewatch contracts propose" in desk.landing.problems[0]
