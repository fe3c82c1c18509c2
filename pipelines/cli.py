"""The `stagewatch` command: data on stdout, everything else on stderr, exit codes a scheduler can trust.

0 done · 1 something failed that should not have (a bug: please report it) · 2 something you can mend,
said in one line with its remedy · 130 stopped by Ctrl-C. Commands import what they need when they are called.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from data_contracts.errors import StagewatchError
from data_contracts.telemetry import switch_telemetry_off
from pipelines.cli_options import FormatOption, WorkspaceOption, err
from pipelines.cli_quarantine import quarantine_app

switch_telemetry_off()  # before anything is imported that would report

app = typer.Typer(
    name="stagewatch",
    help="Sales-process analytics that runs on one machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
contracts_app = typer.Typer(
    help="Data contracts: what would happen to a file, and a mapping for one that none reads.", no_args_is_help=True
)
app.add_typer(contracts_app, name="contracts")
app.add_typer(quarantine_app, name="quarantine")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the new workspace.")],
    example: Annotated[str | None, typer.Option("--from", help="Start from examples/NAME.")] = None,
) -> None:
    """Create a workspace, empty or from an example."""
    from pipelines.init import init_workspace

    for path in init_workspace(folder, example):
        err.print(f"wrote {path}", highlight=False, markup=False, soft_wrap=True)
    err.print(f"next: put files into {folder / 'inbox'} and run `stagewatch run --workspace {folder}`",
              highlight=False, markup=False, soft_wrap=True)  # fmt: skip


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder of the demo workspace.")] = Path("demo"),
    factor: Annotated[float, typer.Option(help="Size: 1 is a year of the company of 420 reps.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the simulated company.")] = 20250101,
    daily_reports: Annotated[
        Literal["clean", "usual", "messy"] | None,
        typer.Option(help="Half of the offices on paper send Excel daily reports, chats and journals, this dirty."),
    ] = None,
) -> None:
    """Simulate a year of a company, run the main job on it, and say what stands out."""
    from pipelines.demo import run_demo

    run_demo(folder, factor=factor, seed=seed, daily_reports=daily_reports, console=err)


@app.command()
def run(
    workspace: WorkspaceOption = Path(),
    as_of: Annotated[str | None, typer.Option("--as-of", help="ISO time; without offset: company time.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for a run under way.")] = 0.0,
    now: Annotated[str | None, typer.Option("--now", hidden=True, help="Taken for the wall clock's time.")] = None,
) -> None:
    """Take the inbox, recompute everything as of now (or TIME), and publish."""
    from pipelines.progress import console_listener
    from pipelines.runner import run_workspace
    from pipelines.summary import print_summary

    entry = run_workspace(
        workspace,
        as_of=_time(as_of, workspace),
        now=_time(now, workspace),
        wait_seconds=wait,
        listener=console_listener(err),
    )
    print_summary(workspace, entry, err)


@app.command()
def status(
    workspace: WorkspaceOption = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What the last run did and what is published."""
    from pipelines.status import status as read_status

    answer = read_status(workspace)
    print(json.dumps(answer, ensure_ascii=False, indent=2, default=str) if as_json else _outline(answer))


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT over marts, ml, ops and ref.")],
    workspace: WorkspaceOption = Path(),
    format: FormatOption = "table",
    limit: Annotated[int, typer.Option(min=0, help="Most rows to print.")] = 10_000,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds after which it is interrupted.")] = 60.0,
) -> None:
    """Ask the published snapshot (read-only)."""
    from data_contracts.settings import require_workspace
    from pipelines.printing import ask_interruptibly, print_frame

    require_workspace(workspace)
    frame = ask_interruptibly(workspace / "published", statement, limit=limit + 1, timeout=timeout)
    print_frame(frame.head(limit), format)
    if frame.height > limit:
        err.print(f"only the first {limit:,} rows: ask for more with --limit", highlight=False)


@app.command()
def alerts(
    workspace: WorkspaceOption = Path(),
    recipient: Annotated[str | None, typer.Option(help="Only those of one recipient id.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only those of one rule.")] = None,
    format: FormatOption = "table",
) -> None:
    """The open alerts: what, whose, since when."""
    from pipelines.printing import open_alerts, print_frame

    print_frame(open_alerts(workspace, recipient=recipient, rule=rule), format)


@app.command()
def review(
    workspace: WorkspaceOption = Path(),
    what: Annotated[str | None, typer.Option(help="Only customer, rep, opportunity or note.")] = None,
    format: FormatOption = "table",
) -> None:
    """Names and notes that a person should settle; exports/review_list.xlsx is the list to fill in and drop back."""
    from pipelines.printing import print_frame, review_list

    print_frame(review_list(workspace, what), format)


@app.command()
def report(
    workspace: WorkspaceOption = Path(),
    week: Annotated[str | None, typer.Option(help="ISO week such as 2025-W52; default: the latest.")] = None,
) -> None:
    """Where the weekly report's files are (one path a line)."""
    from pipelines.printing import report_files

    for path in report_files(workspace, week):
        print(path)


@app.command()
def notes(
    file: Annotated[Path, typer.Argument(help="JSON lines of messages: id, channel, sent_at, text, ...; - for stdin.")],
    format: Annotated[Literal["table", "jsonl"], typer.Option("--format", "-f", help="How to print.")] = "table",
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", envvar="STAGEWATCH_WORKSPACE", help="Read with its lexicons and timezone."),
    ] = None,
) -> None:
    """What messages say: facts with the text they came from, and what is too uncertain, for review."""
    from pipelines.notes import print_notes, read_notes

    print_notes(read_notes(file, workspace), format)


@app.command()
def dashboard(
    workspace: WorkspaceOption = Path(),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.")] = 8501,
) -> None:
    """Open the dashboard on the published snapshot."""
    import subprocess

    from dashboards.launch import dashboard_command
    from data_contracts.settings import load_settings

    load_settings(workspace)
    argv, environment = dashboard_command(workspace.resolve(), host=host, port=port)
    err.print(f"dashboard: http://{host}:{port}")
    environment = {**os.environ, **environment}
    if os.name == "posix":
        # Become the server, so that whoever ends this process ends it; a child would live on and hold the port.
        os.execve(argv[0], argv, environment)
    try:
        raise typer.Exit(subprocess.run(argv, env=environment, check=False).returncode)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


@app.command()
def serve(
    workspace: WorkspaceOption = Path(),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of Dagster's pages.")] = 3000,
    dashboard_port: Annotated[int, typer.Option(help="Port of the dashboard.")] = 8501,
) -> None:
    """Run Dagster's webserver and daemon (schedules, inbox sensor) and the dashboard."""
    from pipelines.serve import serve as serve_all

    raise typer.Exit(
        serve_all(workspace, host=host, port=port, dashboard_port=dashboard_port, tell=lambda t: err.print(t))
    )


@contracts_app.command("diff")
def contracts_diff(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE|DIR]...", help="Contracts now; default: this program's.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Contracts before: FILE, DIR or a release; default: the last release.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    release: Annotated[
        Path | None, typer.Option(help="Write this program's contracts to FILE as those of a release.")
    ] = None,
) -> None:
    """What changed of contracts, whether it breaks anybody, and whether the version says so (else: exit code 2)."""
    from pipelines import contract_diff

    if release is not None:
        err.print(f"wrote {contract_diff.release(release)} contracts to {release}", highlight=False, soft_wrap=True)
        return
    comparisons = contract_diff.diff(files or [], against)
    print(contract_diff.told(comparisons, as_json))
    raise typer.Exit(0 if all(c.is_version_enough for c in comparisons) else 2)


@contracts_app.command("check")
def contracts_check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files to look at; nothing is sent.")],
    workspace: WorkspaceOption = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: an object, of several files a list.")] = False,
) -> None:
    """What would happen to FILEs sent now, together: mapping, rows accepted, quarantined with reasons, duplicates."""
    from pipelines.printing import print_check

    raise typer.Exit(0 if print_check(files, workspace, as_json) else 2)


@contracts_app.command("propose")
def contracts_propose(
    file: Annotated[Path, typer.Argument(help="A table that no mapping reads.")],
    workspace: WorkspaceOption = Path(),
    name: Annotated[str | None, typer.Option(help="The mapping's code; default: from the file's name.")] = None,
    use: Annotated[
        bool, typer.Option("--use-playbook", help="Name the proposed playbook in stagewatch.yaml too.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a mapping or playbook of that name.")] = False,
) -> None:
    """Write a mapping to review for FILE (and a playbook, where its stages are its own), and say what it would do."""
    from pipelines.proposals import propose_mapping

    written, said = propose_mapping(file, workspace, code=name, use=use, force=force)
    err.print(said, highlight=False, markup=False, soft_wrap=True)
    for path in written:
        print(path)


@app.command()
def doctor(workspace: WorkspaceOption = Path()) -> None:
    """Look whether machine and workspace are fit to run, and say what to do where not."""
    from pipelines.doctor import examine

    findings = examine(workspace)
    for finding in findings:
        remedy = "" if finding.is_well else f" -> {finding.remedy}" if finding.remedy else ""
        print(f"{'ok  ' if finding.is_well else 'MEND'} {finding.name:<10} {finding.found}{remedy}")
    raise typer.Exit(0 if all(f.is_well for f in findings) else 2)


def _time(text: str | None, workspace: Path) -> datetime | None:
    if text is None:
        return None
    from data_contracts.settings import load_settings

    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise StagewatchError(
            f"{text!r} is not a time", remedy="write it like 2025-12-31 or 2025-12-31T18:00+08:00"
        ) from error
    return time if time.tzinfo else time.replace(tzinfo=ZoneInfo(load_settings(workspace).timezone))


def _outline(data: Any, depth: int = 0) -> str:
    lines = []
    for key, value in data.items():
        if isinstance(value, dict) and value:
            lines += [f"{'  ' * depth}{key}", _outline(value, depth + 1)]
        else:
            shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
            lines.append(f"{'  ' * depth}{key:<24} {'-' if shown is None else shown}")
    return "\n".join(lines)


def _complain(error: StagewatchError) -> None:
    err.print(f"stagewatch: {error}", style="bold red", highlight=False, markup=False, soft_wrap=True)


def main() -> None:
    """Entry point of the console script."""
    code: int | str | None = 0
    for stream in (sys.stdout, sys.stderr):  # redirected on Windows, they would not take Chinese
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    try:
        app()
    except StagewatchError as error:
        _complain(error)
        code = 2
    except SystemExit as ended:
        code = ended.code
    except BrokenPipeError:
        pass
    except Exception as error:
        from assets.faults import in_words

        said = in_words(error)
        if said is None:
            raise
        _complain(said)
        code = 2
    # DuckDB's binding complains on stderr when the interpreter takes it down: leave before that.
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)
