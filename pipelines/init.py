"""`stagewatch init`: a new workspace, empty or from an example."""

from __future__ import annotations

import shutil
from pathlib import Path

from assets.files import write_atomically
from assets.workspace import Workspace
from data_contracts.errors import StagewatchError
from data_contracts.settings import load_settings
from pipelines.shipped import shipped_file

OWN_FOLDERS = ("playbooks", "mappings", "rules")
TEMPLATE = """\
# Settings of this workspace. Every setting is described in docs/operations.md;
# one that does not exist is refused by name.
company: {zh: 我的公司, en: My company}
language: zh-CN          # zh-CN or en
timezone: Asia/Shanghai
currency: CNY
clock: wall              # wall, or data for a workspace of history
calendar: china          # working days: china, weekends or every_day
playbook: fmcg_five_stage
mappings: []             # shipped mappings to use, besides those in mappings/
"""


def init_workspace(folder: Path, example: str | None) -> list[Path]:
    """Create the workspace; returns what was written. An existing one is left as it is, with an error."""
    if (folder / "stagewatch.yaml").exists():
        raise StagewatchError("is a workspace already", remedy="choose another folder", file=folder)
    source = find_example(example) if example else None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Workspace(folder).make_folders()
        written = []
        for name in OWN_FOLDERS:
            (folder / name).mkdir(exist_ok=True)
            for file in sorted((source / name).glob("*.yaml")) if source else ():
                written.append(Path(shutil.copyfile(file, folder / name / file.name)))
        settings = (source / "stagewatch.yaml").read_text(encoding="utf-8") if source else TEMPLATE
        # Last, because it is what makes the folder a workspace.
        write_atomically(folder / "stagewatch.yaml", settings)
    except OSError as error:
        raise StagewatchError(
            f"cannot be written: {error.strerror or error}", remedy="choose a folder you may write to", file=folder
        ) from error
    load_settings(folder)
    return [*written, folder / "stagewatch.yaml"]


def find_example(name: str) -> Path:
    """The example's folder: a path that holds a stagewatch.yaml, or `examples/NAME` as shipped."""
    given = Path(name)
    packed = shipped_file("examples") / name.removeprefix("examples/").rstrip("/")
    for folder in (given, packed):
        if (folder / "stagewatch.yaml").is_file():
            return folder
    have = sorted(p.parent.name for p in shipped_file("examples").glob("*/stagewatch.yaml"))
    raise StagewatchError(
        f"there is no example {name!r}", remedy="use one of: " + ", ".join(f"examples/{n}" for n in have)
    )
