"""Garbage in, by the command line: one run over every kind of bad file, bad mappings and one good file.

Each fault is said in a line that names the file and the remedy, the rest of the run goes on, the ledger balances and
no file is lost. Root may read everything, so where the tests run as root the calls are made without that privilege.
"""

from __future__ import annotations

import ctypes
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from desk import HEAD, STAGES
from openpyxl import Workbook

# Several calls from one process that imports once.
CALL = """
import json, os, sys
import assets.contract_checks, dagster, pipelines.cli, pipelines.definitions
from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage
# What is tested ends with staging and publishing: one table is held against its contract instead of all.
names = assets.contract_checks.names
assets.contract_checks.names = lambda layer: names(layer)[:1] if layer == "marts" else []
dagster.DagsterInstance.get = dagster.DagsterInstance.ephemeral
InMemoryEventLogStorage.store_event = lambda self, event: None
for call in json.load(sys.stdin):
    pid = os.fork()
    if pid == 0:
        for number, name in ((1, call["out"]), (2, call["err"])):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), number)
        sys.argv = ["stagewatch", *call["arguments"]]
        pipelines.cli.main()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def without_privilege() -> None:
    """Rights of files count for root too, in the process that is about to begin."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


MISSING = STAGES.replace("stages*", "missing*").replace("stage: stage,", "stage: stagge,")
STRANGE = STAGES.replace("stages*", "strange*").replace(
    "stage: stage,", "stage: {column: stage, values: {x: quotaton}},"
)
TWICE = STAGES.replace("stages*", "stages_two*")
GOOD = "id,stage,at\nA,quotation,2025-03-05\nA,quotation,2025-03-05\nB,nowhere,2025-03-06\nC,quotation,soon\n"


def workbook() -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in [["id", "stage", "at"]] + [[f"X{n}", "quotation", "2025-03-05"] for n in range(500)]:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"id": ["P"], "stage": ["quotation"], "at": ["2025-03-05"]}).write_parquet(out)
    return out.getvalue()


# What is put in, and what the run must say of it.
FILES: dict[str, tuple[bytes, str]] = {
    "stages_bytes.csv": (b"id,stage,at\n\xff\xff\x80,quotation,2025-03-05\n" * 3, "is in none of the encodings utf-8"),
    "stages_cut.csv.gz": (gzip.compress(GOOD.encode() * 99)[:-20], "the gzip archive is cut or damaged"),
    "stages_cut.parquet": (parquet()[:-30], "the Parquet file is cut or damaged"),
    "stages_cut.xlsx": (workbook()[:4000], "the workbook is cut or damaged"),
    "stages_empty.csv": (b"", "is empty (0 bytes)"),
    "stages_header.csv": (b"id,stage,at\n", "holds a header but no rows"),
    "stages_html.xlsx": (b"<!DOCTYPE html><html></html>", "is a web page or XML named as a workbook"),
    "photo.png": (b"\x89PNG\r\n\x1a\n", "has an ending we do not know (.png)"),
    # With a mapping broken, what no other reads may be its own: it waits.
    "stages_other.csv": (b"name,age\nx,1\n", "left in the inbox until the mappings above are mended"),
    "missing.csv": (GOOD.encode(), "left in the inbox until the mappings above are mended"),
    "nobodys.csv": (b"a\n1\n", "left in the inbox until the mappings above are mended"),
}  # fmt: skip
TAKEN = {
    "stages.csv": GOOD.encode(),
    "stages_two.csv": b"id,stage,at\nD,quotation,2025-03-07\n",
    "strange.csv": b"id,stage,at\nE,x,2025-03-08\n",
}


@dataclass(frozen=True)
class Ran:
    """A workspace after its run: what each call said on stdout and stderr, and its exit code."""

    root: Path
    codes: list[int]
    out: list[str]
    err: list[str]

    @property
    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.out[1])
        return status


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("garbage")
    root, misspelt = folder / "company", folder / "misspelt"
    (root / "mappings").mkdir(parents=True)
    (root / "inbox").mkdir()
    misspelt.mkdir()
    settings = "company: {zh: 测试, en: Test}\nlanguage: en\nclock: data\ninbox: {settle_seconds: 0}\n"
    (root / "stagewatch.yaml").write_text(settings, "utf-8")
    (misspelt / "stagewatch.yaml").write_text(settings.replace("language", "langauge"), "utf-8")
    for name, text in {"a_good": STAGES, "missing": MISSING, "strange": STRANGE, "twice": TWICE}.items():
        (root / "mappings" / f"{name}.yaml").write_text(f"mapping: {name}\n{HEAD}{text}", "utf-8")
    for name, content in {**{n: c for n, (c, _) in FILES.items()}, **TAKEN}.items():
        (root / "inbox" / name).write_bytes(content)
    (root / "inbox" / "locked.csv").write_text(GOOD)
    (root / "inbox" / "locked").mkdir()
    for name in ("locked.csv", "locked"):
        (root / "inbox" / name).chmod(0)
    calls = [["run", "-w", str(root)], ["status", "--json", "-w", str(root)], ["run", "-w", str(misspelt)]]
    said = [(str(folder / f"out{n}"), str(folder / f"err{n}")) for n in range(len(calls))]
    done = subprocess.run(
        [sys.executable, "-c", CALL],
        input=json.dumps([{"arguments": c, "out": o, "err": e} for c, (o, e) in zip(calls, said, strict=True)]),
        capture_output=True,
        text=True,
        env={**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
        preexec_fn=without_privilege if os.geteuid() == 0 else None,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    yield Ran(
        root, [int(code) for code in done.stdout.split()],
        *([Path(pair[n]).read_text("utf-8") for pair in said] for n in (0, 1)),
    )  # fmt: skip
    (root / "inbox" / "locked").chmod(0o700)


def test_the_run_goes_on_and_publishes(ran: Ran) -> None:
    assert ran.codes[:2] == [0, 0], ran.err[0][-3000:]
    assert ran.status["snapshot"] and ran.status["last_run"]["status"] == "succeeded"


@pytest.mark.parametrize("name", FILES)
def test_each_bad_file_is_named_with_what_is_wrong_and_what_to_do(ran: Ran, name: str) -> None:
    (line,) = [line for line in ran.err[0].splitlines() if line.startswith(f"     ! {name}: ")]
    assert FILES[name][1] in line and line.endswith(")")
    is_left = "left in the inbox" in FILES[name][1]
    assert (ran.root / "inbox" / name).exists() == is_left
    if not is_left:
        assert (ran.root / "rejected" / name).read_bytes() == FILES[name][0]
        reason = (ran.root / "rejected" / f"{name}.reason.txt").read_text(encoding="utf-8")
        assert FILES[name][1] in reason and "what to do: " in reason


def test_what_may_not_be_read_is_set_aside(ran: Ran) -> None:
    (file,) = [line for line in ran.err[0].splitlines() if line.startswith("     ! locked.csv: ")]
    assert "cannot be read: Permission denied (give the user that runs stagewatch the right to read it)" in file
    (folder,) = [line for line in ran.err[0].splitlines() if line.startswith("     ! locked: ")]
    assert "is a folder, and only files are read" in folder


def test_bad_mappings_are_named_and_stop_nothing_else(ran: Ran) -> None:
    lines = [line.removeprefix("     ! ") for line in ran.err[0].splitlines()]
    assert any(
        line.startswith("mappings/missing.yaml: ")
        and "names 'stagge', which is not there: did you mean 'stage'?" in line
        for line in lines
    )
    assert any("mapping strange: " in line and "yields 'quotaton': did you mean 'quotation'?" in line for line in lines)
    assert any(
        line.startswith("stages_two.csv: read by the mapping a_good; twice fits as well") and "narrow the files" in line
        for line in lines
    )


def test_bad_rows_are_named_with_file_row_column_value_and_remedy(ran: Ran) -> None:
    (line,) = [line for line in ran.err[0].splitlines() if line.startswith("     ! stages.csv: ")]
    assert "2 of 4 rows are quarantined; the first: row 4, stage:" in line and "(nowhere)" in line
    assert "What to do: " in line


def test_the_ledger_balances_and_no_file_is_lost(ran: Ran) -> None:
    ledger = ran.status["ledger"]
    # stages.csv: 4 = 1 + 2 refused + 1 duplicate; stages_two.csv: 1; strange.csv: 1 refused.
    assert (ledger["rows_read"], ledger["accepted"], ledger["quarantined"], ledger["duplicates"]) == (6, 2, 3, 1)
    rejected = {p.name for p in (ran.root / "rejected").iterdir() if not p.name.endswith(".reason.txt")}
    waiting = {p.name for p in (ran.root / "inbox").iterdir()}
    assert rejected | waiting == {*FILES, "locked.csv", "locked"}
    assert waiting <= {"missing.csv", "nobodys.csv", "stages_other.csv", "locked"}
    assert len([p for p in (ran.root / "landed").iterdir() if p.suffix == ".csv"]) == len(TAKEN)


def test_a_misspelt_setting_is_one_line_and_nothing_is_begun(ran: Ran) -> None:
    assert ran.codes[2] == 2
    assert "stagewatch.yaml: langauge: there is no such setting; did you mean 'language'?" in ran.err[2]
    assert not (ran.root.parent / "misspelt" / "warehouse.duckdb").exists()
