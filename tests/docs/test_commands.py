"""Every command that a page tells people to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("examples/*/README.md")])


def told(page: Path, program: str) -> set[str]:
    """The word after a program's name wherever it begins a command in code."""
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^ {4}(.*)$", text, re.MULTILINE)
    quoted = re.findall(r"`([^`\n]+)`", text)
    lines = [line for block in [*fenced, *indented, *quoted] for line in block.splitlines()]
    found = (re.match(rf"\s*(?:\$ )?(?:uv run )?{program} ([a-z][\w-]*)", line) for line in lines)
    return {match[1] for match in found if match}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_commands_and_targets_exist(page: Path) -> None:
    reference = (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"^#+ `stagewatch (\w+)", reference, re.MULTILINE))
    targets = set(re.findall(r"^([a-z0-9-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert told(page, "stagewatch") - commands == set()
    assert told(page, "make") - targets == set()


def test_the_first_screen_tells_the_two_commands() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        assert {"demo", "test"} <= told(REPOSITORY / name, "make")
        assert {"init", "run", "sql", "dashboard", "serve", "contracts"} <= told(REPOSITORY / name, "stagewatch")
