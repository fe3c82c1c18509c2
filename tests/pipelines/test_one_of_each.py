"""What must stand in one place only does: YAML is read, and cells are written, by one module each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOMS = ("data_contracts", "models", "queries", "assets", "pipelines", "dashboards")


def users(repository: Path, pattern: str) -> set[str]:
    """Modules of the rooms that a person uses whose source matches."""
    return {
        path.relative_to(repository).as_posix()
        for room in ROOMS
        for path in (repository / room).rglob("*.py")
        if re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    }


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        (r"^\s*(import|from) (yaml|ruamel)\b", {"data_contracts/yaml_io.py"}),
        (
            r"csv\.(writer|DictWriter)\(|\.(write|to|sink)_(csv|excel)\(|xlsxwriter\.Workbook\(",
            {"queries/table_files.py"},
        ),
        (r"unsafe_allow_html\s*=\s*True", set()),
    ],
)
def test_it_stands_in_one_place(repository: Path, pattern: str, allowed: set[str]) -> None:
    assert users(repository, pattern) == allowed
