"""`stagewatch quarantine` on a company's workspace: list, explain, export, mend, drop, run; dropped again, nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from whole_runs import SECOND, Company
from zygote import Zygote

THIRD = "2026-01-03T00:00:00+08:00"


@pytest.fixture(scope="module")
def company(first: Company, tmp_path_factory: pytest.TempPathFactory) -> Company:
    return first.copy(tmp_path_factory.mktemp("quarantine") / "company")


def ask(zygote: Zygote, company: Company, *arguments: object) -> tuple[str, str]:
    done = zygote.run("quarantine", *arguments, "--workspace", company.root)
    return done.output, done.error


def listed(zygote: Zygote, company: Company, *arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(ask(zygote, company, "list", "--format", "json", *arguments)[0])
    return rows


def ledger(zygote: Zygote, company: Company) -> dict[str, int]:
    found: dict[str, int] = json.loads(zygote.run("status", "--json", "--workspace", company.root).output)["ledger"]
    assert found["rows_read"] == found["accepted"] + found["quarantined"] + found["duplicates"]
    return found


def test_what_waits_is_listed_counted_and_explained(zygote: Zygote, company: Company) -> None:
    rows = listed(zygote, company)
    assert len(rows) == ledger(zygote, company)["quarantined"] > 0
    output, error = ask(zygote, company, "list", "--counts", "--format", "csv")
    counts = [line.split(",") for line in output.splitlines()]
    assert counts[0][:7] == ["mapping", "source", "record", "column_name", "rule", "reason", "rows"]
    assert sum(int(line[6]) for line in counts[1:]) == len(rows)
    assert error == ""
    one = next(row for row in rows if row["rule"] == "not_a_date")
    assert listed(zygote, company, "--file", one["file"], "--rule", "not_a_date")[0] == one
    assert listed(zygote, company, "--source", "nobody") == []
    output, error = ask(zygote, company, "list", "--limit", "1")
    assert one["file"] in output or rows[0]["file"] in output
    assert f"共 {len(rows)} 行" in error
    for name in (one["id"], f"{one['file']}:{one['row']}"):
        told, _ = ask(zygote, company, "explain", name)
        assert f"({one['id']})" in told
        assert f"原值: {one['value']}" in told
        assert "原因: 无法识别为日期时间" in told
        assert "怎么改: " in told
        assert "读取方: company_" in told
    failed = zygote.start("quarantine", "explain", "nobody.csv:7", "--workspace", company.root)
    assert failed.wait() == 2
    assert "stagewatch quarantine list" in failed.error


def test_rows_exported_mended_and_dropped_are_accepted_once(zygote: Zygote, company: Company, tmp_path: Path) -> None:
    before, waiting = ledger(zygote, company), listed(zygote, company)
    out = tmp_path / "to mend.xlsx"
    told, _ = ask(zygote, company, "export", "--out", out)
    assert told.strip() == str(out)
    book = openpyxl.load_workbook(out)
    handed = [(sheet, row) for sheet in book.worksheets for row in sheet.iter_rows(min_row=2)]
    assert len(handed) == len(waiting)
    mended = 0
    for sheet, row in handed:
        cells = {header.value: cell for header, cell in zip(sheet[1], row, strict=True)}
        if "无法识别为日期时间" in cells["» 原因"].value:
            theirs = cells["» 出错的列"].value.partition(" (")[2].removesuffix(")")
            cells[theirs].value = "2025-11-03 10:00:00"
            mended += 1
    assert mended > 0
    book.save(company.workspace.inbox / "改好的.xlsx")
    shutil.copy2(company.workspace.inbox / "改好的.xlsx", tmp_path / "kept.xlsx")
    company.run(zygote, SECOND)
    after = ledger(zygote, company)
    left = listed(zygote, company)
    refused_again = [row for row in left if row["file"] == "改好的.xlsx"]
    assert after["rows_read"] == before["rows_read"] + len(waiting)
    assert after["duplicates"] == before["duplicates"] + len(waiting) - mended
    assert after["accepted"] == before["accepted"] + mended - len(refused_again)
    assert len(left) == len(waiting) - mended + len(refused_again)
    settled = listed(zygote, company, "--all", "--rule", "replaced_by_fix")
    assert len(settled) == mended

    shutil.copy2(tmp_path / "kept.xlsx", company.workspace.inbox / "again.xlsx")
    company.run(zygote, THIRD)
    assert ledger(zygote, company) == after
    assert listed(zygote, company) == left
