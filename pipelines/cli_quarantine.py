"""`stagewatch quarantine`: the rows that were refused, why, and a workbook to mend them in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_options import FormatOption, WorkspaceOption, err

quarantine_app = typer.Typer(
    help="Refused rows: which and why, and a workbook to mend them in and put back.", no_args_is_help=True
)
SourceOption = Annotated[
    str | None, typer.Option("--source", help="Only rows read by a MAPPING, a SOURCE, or MAPPING/SOURCE.")
]
RuleOption = Annotated[str | None, typer.Option("--rule", help="Only rows refused for this reason (its code).")]
FileOption = Annotated[str | None, typer.Option("--file", help="Only rows of this file: its name or number.")]


@quarantine_app.command("list")
def quarantine_list(
    workspace: WorkspaceOption = Path(),
    source: SourceOption = None,
    rule: RuleOption = None,
    file: FileOption = None,
    settled: Annotated[bool, typer.Option("--all", help="Also rows that a mended one stands for by now.")] = False,
    counts: Annotated[bool, typer.Option("--counts", help="Count rows by source, column and reason.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to print.")] = 100,
    format: FormatOption = "table",
) -> None:
    """The rows that wait, each with its id, place and reason; how many for each reason on stderr."""
    from pipelines.quarantine import print_counts, print_list
    from queries.quarantine import Selection

    selection = Selection(file=file, source=source, rule=rule, settled=settled)
    if counts:
        print_counts(workspace, selection, format, err)
    else:
        print_list(workspace, selection, limit, format, err)


@quarantine_app.command("explain")
def quarantine_explain(
    place: Annotated[str, typer.Argument(metavar="ID|FILE[:SHEET][:ROW]", help="Which row, or rows of a file.")],
    workspace: WorkspaceOption = Path(),
) -> None:
    """What a row was, which rule refused it, what the rule wants, what mends it, and where it came from."""
    from pipelines.quarantine import print_explained

    print_explained(workspace, place, err)


@quarantine_app.command("export")
def quarantine_export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The workbook to write (.xlsx).")],
    workspace: WorkspaceOption = Path(),
    source: SourceOption = None,
    rule: RuleOption = None,
    file: FileOption = None,
) -> None:
    """Write the rows that wait to a workbook, a sheet a source, reason beside each: mend it and put it into inbox/."""
    from pipelines.quarantine import export_rows
    from queries.quarantine import Selection

    export_rows(workspace, Selection(file=file, source=source, rule=rule), out, err)
