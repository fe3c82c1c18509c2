"""`stagewatch contracts propose`: write what was proposed into the workspace, and say what to look at."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from assets.files import write_atomically
from assets.propose.build import Proposal, propose
from assets.workspace import Run
from data_contracts.errors import StagewatchError
from data_contracts.texts import Texts


def propose_mapping(path: Path, root: Path, *, code: str | None, use: bool, force: bool) -> tuple[list[Path], str]:
    """Propose a mapping for a file and write it under mappings/ (and playbooks/); the files written, and what to say.

    `use`: name the proposed playbook in stagewatch.yaml too. Raises StagewatchError where a file of that name is there
    and `force` is not given.
    """
    run = Run.of(root, run_id="propose", now=datetime.now(UTC))
    proposal = propose(path, run, code)
    say = Texts("propose", run.settings.language)
    targets = {root / "mappings" / f"{proposal.code}.yaml": proposal.mapping}
    if proposal.playbook is not None:
        targets[root / "playbooks" / f"{proposal.code}.yaml"] = proposal.playbook
    for target in targets:
        if target.exists() and not force:
            raise StagewatchError(say("exists", path=target), remedy=say("exists_remedy"))
    for target, text in targets.items():
        target.parent.mkdir(exist_ok=True)
        write_atomically(target, text)
    if use and proposal.playbook is not None:
        _name_playbook(root / "stagewatch.yaml", proposal.code)
    return list(targets), _summary(proposal, list(targets), use, say)


def _summary(proposal: Proposal, written: list[Path], use: bool, say: Texts) -> str:
    lines = [say("written", path=path) for path in written]
    lines += [say("review", column=column, doubt=doubt) for column, doubt in proposal.doubts]
    if proposal.playbook is not None:
        lines.append(say("uses_playbook" if use else "name_playbook", playbook=proposal.code))
    if proposal.is_history:
        lines.append(say("history", day=proposal.last_day))
    return "\n".join([*lines, proposal.check.text()])


def _name_playbook(settings: Path, code: str) -> None:
    """Set `playbook:` in stagewatch.yaml, the rest of the file as it is."""
    text = settings.read_text(encoding="utf-8")
    line = f"playbook: {code}"
    changed, found = re.subn(r"(?m)^playbook:[^#\n]*?(?=\s*(#.*)?$)", line, text)
    write_atomically(settings, changed if found else f"{text.rstrip()}\n{line}\n")
