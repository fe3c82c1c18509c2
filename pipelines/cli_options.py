"""Options that several commands take, and the console that everything but data goes to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

err = Console(stderr=True)

WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="STAGEWATCH_WORKSPACE", help="The workspace's folder; default: here."),
]
Format = Literal["table", "csv", "json"]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How to print.")]
