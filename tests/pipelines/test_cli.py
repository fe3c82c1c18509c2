"""The command line as its users meet it: data on stdout, all else on stderr, exit codes 0 and 2, no traceback."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.cli import app
from pipelines.init import init_workspace
from whole_runs import Company, FirstRun
from zygote import Zygote

ABSENT = ("funnel", "dwell", "variants", "risk", "archive", "restore")
ENDLESS = "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range = 7 - a.range"


def call(zygote: Zygote, *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `stagewatch ARGUMENTS`."""
    done = zygote.start(*arguments)
    code = done.wait()
    assert "Traceback" not in done.error
    return code, done.output, done.error


def test_the_commands_are_those_that_work_and_no_stubs(zygote: Zygote) -> None:
    there = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    work = {"init", "demo", "run", "status", "sql", "notes", "alerts", "report", "dashboard", "serve", "doctor"}
    assert there >= work and not there & set(ABSENT)
    for command in ABSENT:
        code, output, error = call(zygote, command)
        assert (code, output) == (2, "")
        assert "No such command" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["statu"], "Did you mean 'status'"),
        (["run", "--asof", "2025-01-01"], "--as-of"),
        (["sql", "select 1", "--format", "xml"], "'csv'"),
        (["sql", "select 1", "--limit", "-1"], "--limit"),
        (["run", "--as-of", "yesterday"], "write it like 2025-12-31"),
        (["init", "new", "--from", "examples/nosuch"], "examples/bpic2012"),
        (["sql", "select 1"], "nothing is published yet (run `stagewatch run`"),
        (["alerts"], "nothing is published yet"),
        (["report"], "`stagewatch run` writes that of the last complete week"),
        (["serve", "--port", "4444", "--dashboard-port", "4444"], "--dashboard-port"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(
    zygote: Zygote, tmp_path: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_workspace(tmp_path / "w", None)
    where = [] if arguments[0] in ("statu", "init") else ["--workspace", tmp_path / "w"]
    code, output, error = call(zygote, *arguments, *where)
    assert (code, output) == (2, "")
    assert said in " ".join(error.replace("│", " ").split())


@pytest.mark.parametrize("command", [["run"], ["status"], ["sql", "select 1"], ["alerts"], ["report"], ["serve"]])
def test_a_folder_that_is_no_workspace_is_named(zygote: Zygote, tmp_path: Path, command: list[str]) -> None:
    code, output, error = call(zygote, *command, "--workspace", tmp_path)
    assert (code, output) == (2, "")
    assert f"{tmp_path}: is not a stagewatch workspace" in error
    assert "stagewatch init DIR" in error


def test_a_misspelt_setting_is_named_with_the_right_one(zygote: Zygote, tmp_path: Path) -> None:
    init_workspace(tmp_path / "w", None)
    (tmp_path / "w" / "stagewatch.yaml").write_text("timezon: Asia/Shanghai\n", encoding="utf-8")
    for command in ("run", "status", "serve"):
        code, _, error = call(zygote, command, "--workspace", tmp_path / "w")
        assert code == 2
        assert "stagewatch.yaml: timezon: there is no such setting; did you mean 'timezone'?" in error


def test_status_has_at_least_what_is_promised(zygote: Zygote, first: Company) -> None:
    code, output, error = call(zygote, "status", "--json", "--workspace", first.root)
    answer = json.loads(output)
    assert (code, error) == (0, "")
    assert answer["snapshot"] == answer["last_run"]["run_id"]
    assert answer["as_of"].startswith("2025-"), "the clock is the data's"
    assert answer["last_run"]["status"] == "succeeded"
    assert answer["last_run"]["seconds"] > 0
    ledger = answer["ledger"]
    assert ledger["rows_read"] == ledger["accepted"] + ledger["quarantined"] + ledger["duplicates"] > 0
    assert ledger["files"] > 5
    assert answer["marts"]["opportunity_state"] > 0
    assert set(answer["checks"]) == {"passed", "warned", "failed"}
    assert sum(answer["alerts"].values()) > 0
    plain = call(zygote, "status", "--workspace", first.root)[1]
    assert f"{answer['marts']['opportunity_state']:,}" in plain


def test_a_runs_seconds_are_what_its_caller_waited(first_run: FirstRun) -> None:
    """Not the sum of its steps: loading, Dagster's own work and closing are waited for too."""
    entry = first_run.company.journal
    assert sum(step["seconds"] for step in entry["steps"]) + 0.05 < entry["seconds"] < first_run.seconds
    assert f"{entry['seconds']:.0f}" in first_run.call.error.split("完成：")[1].split("秒")[0]


def test_sql_gives_every_kind_of_value_in_every_format(zygote: Zygote, first: Company) -> None:
    statement = """
        select 12.50::decimal(18,2) as money, '=1+1' as formula, 'NaN'::double as nothing, true as yes,
               [date '2025-01-02'] as days, {'a': 1.5} as record, interval 3 day as span,
               timestamptz '2025-01-01 08:00+08' as at"""
    where = ["--workspace", first.root, "--format"]
    ((row,), error) = json.loads(call(zygote, "sql", statement, *where, "json")[1]), ""
    assert row == {
        "money": 12.5, "formula": "=1+1", "nothing": None, "yes": True, "days": ["2025-01-02"],
        "record": {"a": 1.5}, "span": "3 days", "at": "2025-01-01T08:00:00+08:00",
    }  # fmt: skip
    code, output, error = call(zygote, "sql", statement, *where, "csv")
    assert (code, error) == (0, "")
    assert list(csv.reader(io.StringIO(output))) == [
        ["money", "formula", "nothing", "yes", "days", "record", "span", "at"],
        ["12.50", "'=1+1", "", "true", '["2025-01-02"]', '{"a": 1.5}', "3 days", "2025-01-01T08:00:00+08:00"],
    ]
    code, output, error = call(zygote, "sql", statement, *where, "table")
    assert (code, error, len(output.splitlines())) == (0, "", 2)


def test_rows_left_out_are_told_on_stderr(zygote: Zygote, first: Company) -> None:
    where = ["--workspace", first.root, "--format", "csv"]
    assert call(zygote, "sql", "from range(3)", *where, "--limit", "3") == (0, "range\n0\n1\n2\n", "")
    code, output, error = call(zygote, "sql", "from range(4)", *where, "--limit", "3")
    assert (code, output) == (0, "range\n0\n1\n2\n")
    assert "only the first 3 rows: ask for more with --limit" in error


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("selec 1", 'syntax error at or near "selec"'),
        ("select nope from marts.funnel", 'Referenced column "nope" not found'),
        ("from marts.nope", "`show all tables` lists the tables"),
        ("from read_text('/etc/passwd')", "the snapshot's own tables and nothing else"),
        ("select 1; select 2", "2 statements were given (give one SELECT)"),
        ("drop table marts.funnel", "DROP is not allowed here"),
    ],
)
def test_a_wrong_statement_is_answered_in_duckdbs_words(
    zygote: Zygote, first: Company, statement: str, said: str
) -> None:
    code, output, error = call(zygote, "sql", statement, "--workspace", first.root)
    assert (code, output) == (2, "")
    assert said in error


def test_a_statement_ends_at_its_time_and_at_ctrl_c(first: Company) -> None:
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "sql", ENDLESS, "-w", str(first.root)]
    slow = subprocess.run([*command, "--timeout", "0.2"], capture_output=True, text=True, timeout=60, check=False)
    assert slow.returncode == 2
    assert "took longer than 0.2 s and was stopped" in slow.stderr
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asked:
        time.sleep(3)
        asked.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, error = asked.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert (asked.returncode, "Traceback" in error) == (130, False)


def test_whoever_reads_may_stop_reading(first: Company) -> None:
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "sql", "from range(200000)"]
    command += ["--limit", "200000", "--format", "csv", "-w", str(first.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asked:
        assert asked.stdout is not None and asked.stderr is not None
        assert asked.stdout.readline() == "range\n"
        asked.stdout.close()
        assert (asked.stderr.read(), asked.wait(30)) == ("", 0)


def test_the_report_is_a_path_a_line_and_a_week_that_is_not_there_lists_what_is(zygote: Zygote, first: Company) -> None:
    code, output, error = call(zygote, "report", "--workspace", first.root)
    paths = [Path(line) for line in output.splitlines()]
    assert (code, error, len(paths)) == (0, "", 4)
    assert all(path.is_file() for path in paths)
    code, output, error = call(zygote, "report", "--week", "2019-W01", "--workspace", first.root)
    assert (code, output) == (2, "")
    assert f"there are: {paths[0].name[:8]}" in error
