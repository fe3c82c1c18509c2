"""A playbook: the stages of a sales process, their SLA, required actions with evidence, lapse rule and window."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.errors import StagewatchError
from data_contracts.texts import Name
from data_contracts.yaml_io import load_model

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Version = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
VisitKind = Literal["visit", "call", "demo", "technical_meeting", "sample_trial", "negotiation"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(_Strict):
    """What proves an action: a file kind (its extensions) and a name."""

    name: Name
    extensions: tuple[str, ...] = ()


class RequiredAction(_Strict):
    """An action required before a stage is left forward.

    `visit_kind`: a done visit of that kind is the action too (with evidence when it has an attachment).
    """

    action: Code
    name: Name
    evidence: tuple[Evidence, ...] = ()
    visit_kind: VisitKind | None = None


class Sla(_Strict):
    """How long a stage may take: more than `days` on `clock` is an overrun."""

    days: Annotated[float, Field(gt=0)]
    clock: Literal["calendar", "business"] = "calendar"


class Stage(_Strict):
    """One stage; its number is its position, from 1."""

    stage: Code
    name: Name
    sla: Sla | None = None
    required_actions: tuple[RequiredAction, ...] = ()
    is_quotation: bool = False
    is_contract: bool = False


class Playbook(_Strict):
    """A sales process. Lapse days null: never lapses; window null: funnels have none unless asked."""

    playbook: Code
    version: Version
    name: Name
    lapse_days: Annotated[float, Field(gt=0)] | None
    default_window_days: Annotated[float, Field(gt=0)] | None
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=60)]

    @model_validator(mode="after")
    def _codes_are_unique(self) -> Playbook:
        for what, codes in (
            ("stage", [s.stage for s in self.stages]),
            ("required action", [a.action for s in self.stages for a in s.required_actions]),
        ):
            twice = {code for code in codes if codes.count(code) > 1}
            if twice:
                raise ValueError(f"{what} named twice: {', '.join(sorted(twice))}")
        return self


def shipped(folder: str) -> Traversable:
    """A folder of shipped YAML (playbooks, mappings, rules, sources, marts)."""
    return files("data_contracts") / folder


def find_yaml(name: str, folder: str, workspace: Path | None) -> Path | Traversable:
    """`name`.yaml in the workspace's `folder`, else among those shipped; raises naming what exists."""
    own = None if workspace is None else workspace / folder / f"{name}.yaml"
    if own is not None and own.is_file():
        return own
    candidate = shipped(folder) / f"{name}.yaml"
    if "/" not in name and "\\" not in name and candidate.is_file():
        return candidate
    known = sorted(
        {p.name[:-5] for p in shipped(folder).iterdir() if p.name.endswith(".yaml")}
        | ({p.stem for p in (workspace / folder).glob("*.yaml")} if workspace else set())
    )
    raise StagewatchError(
        f"there is no {name!r} in {folder}/", remedy=f"use one of: {', '.join(known) or 'none yet; write one'}"
    )


def load_playbook(name: str, workspace: Path | None = None) -> Playbook:
    """The playbook `name`, the workspace's own before the shipped one."""
    return load_model(find_yaml(name, "playbooks", workspace), Playbook)
