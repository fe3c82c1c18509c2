"""The command line's reference is generated, and current."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_reference_is_what_the_command_says(repository: Path, tmp_path: Path) -> None:
    out = tmp_path / "cli.md"
    subprocess.run(
        [sys.executable, "-m", "typer", "pipelines.cli", "utils", "docs", "--name", "stagewatch", "--output", str(out)],
        cwd=repository,
        check=True,
        capture_output=True,
    )
    assert (repository / "docs" / "cli.md").read_text(encoding="utf-8") == out.read_text(encoding="utf-8"), (
        "run `make docs` and commit docs/cli.md"
    )
