"""The same parameters give the same bytes; chunks stand alone; the truth stays out of the inbox."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import ValidationError

import simulation.company as company_module
from simulation.company import simulate
from simulation.organisation import OFFICES, build
from simulation.parameters import Parameters


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_parameters_give_the_same_bytes_in_another_process(tiny_company, tmp_path):
    script = (
        "import sys; from pathlib import Path; from simulation.company import simulate;"
        "from simulation.parameters import Parameters; simulate(Path(sys.argv[1]), Parameters(factor=0.02))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "POLARS_MAX_THREADS": "1", "TZ": "America/New_York"}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C"}
    repository = Path(company_module.__file__).parents[1]
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, env=environment, cwd=repository)
    assert _hashes(tmp_path) == _hashes(tiny_company.folder)


def test_another_seed_gives_another_company(tiny_company, tmp_path):
    simulate(tmp_path, Parameters(factor=0.02, seed=1, landmarks_at_most=0))
    assert _hashes(tmp_path / "inbox") != _hashes(tiny_company.folder / "inbox")


def test_a_chunk_depends_on_no_other(tmp_path, monkeypatch):
    """Made alone, the second of three chunks has the rows it has among them."""
    monkeypatch.setattr(company_module, "CHUNK", 100)
    parameters = Parameters(factor=0.02, landmarks_at_most=0)
    chunks = list(enumerate(company_module.split(build(parameters))))
    assert len(chunks) >= 4
    simulate(tmp_path / "all", parameters)
    monkeypatch.setattr(company_module, "split", lambda people: iter([reps for _, reps in chunks]))
    monkeypatch.setattr(company_module, "enumerate", lambda rows: chunks[1:2], raising=False)
    simulate(tmp_path / "one", parameters)
    together = {p.name: p.read_bytes().splitlines() for p in (tmp_path / "all" / "inbox").glob("*.csv")}
    for path in (tmp_path / "one" / "inbox").glob("*.csv"):
        alone = path.read_bytes().splitlines()
        start = together[path.name].index(alone[1]) if len(alone) > 1 else 0
        assert together[path.name][start : start + len(alone) - 1] == alone[1:], path.name


def test_every_office_region_and_rep_is_there(tiny_company):
    assert len(OFFICES) == 32
    assert sum(office.reps for office in OFFICES) == 420
    people = build(Parameters())
    assert len(people.rep_id) == 420
    teams = len(people.supervisors)
    assert 10 <= 420 / teams <= 14
    assert len(people.managers) == len({office.region for office in OFFICES}) == 6
    assert {f"{name}_2025-03.csv" for name in ("拜访记录", "阶段变更", "必做动作", "日报汇总")} <= set(
        tiny_company.summary.rows
    )


def test_the_summary_counts_the_rows_written(tiny_company):
    for kind in ("拜访记录", "日报汇总", "签约", "商机_CRM导出"):
        rows = tiny_company.rows(kind)
        written = {name: count for name, count in tiny_company.summary.rows.items() if name.startswith(kind)}
        assert dict(rows.group_by("_file").len().iter_rows()) == written
    told = json.loads((tiny_company.folder / "truth" / "summary.json").read_text(encoding="utf-8"))
    assert told["rows"] == tiny_company.summary.rows


def test_encodings_are_those_that_such_systems_write(tiny_company):
    inbox = tiny_company.folder / "inbox"
    assert (inbox / "拜访记录_2025-03.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    for name in ("商机_CRM导出_2025Q1.csv", "日报汇总_2025-03.csv"):
        raw = (inbox / name).read_bytes()
        with pytest.raises(UnicodeDecodeError):
            raw.decode("utf-8")
        assert "客户名称" in raw.decode("gb18030").splitlines()[0]


def test_nothing_is_sent_that_was_recorded_after_the_end(tiny_company):
    assert max(tiny_company.rows("拜访记录")["提交时间"]) <= "2025-12-31 23:59:59"
    assert max(tiny_company.rows("日报汇总")["录入时间"]) <= "2025/12/31 23:59"


def test_no_room_but_tests_and_benchmarks_names_the_truth(repository):
    reads = re.compile(r"""["'/]truth(/|["'])""")
    for room in ("data_contracts", "models", "queries", "assets", "pipelines", "dashboards"):
        for path in (repository / room).rglob("*"):
            if path.suffix in (".py", ".sql", ".yaml"):
                assert not reads.search(path.read_text(encoding="utf-8")), path


def test_hidden_causes_are_no_column_of_the_inbox(tiny_company):
    hidden = {"strength", "fit", "rep_skill", "p_fail", "p_sign", "is_stalled", "has_rival"}
    for path in (tiny_company.folder / "inbox").glob("*.csv"):
        head = path.read_bytes().splitlines()[0].decode("gb18030", errors="replace")
        assert not hidden & set(head.split(","))


def test_a_misspelt_or_impossible_parameter_is_refused():
    with pytest.raises(ValidationError, match="factr"):
        Parameters(factr=2)  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="30 days"):
        Parameters(end="2025-01-05")  # type: ignore[arg-type]
