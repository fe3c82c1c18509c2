"""What makes two names the same customer or rep: words and thresholds of `identity.yaml`, and the workspace's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.yaml_io import load_model

Share = Annotated[float, Field(ge=0, le=1)]
Words = tuple[str, ...]


class Identity(BaseModel):
    """Thresholds (scores 0 to 1) and words; the file shipped says what each is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accept: Share = 0.85
    accept_elsewhere: Share = 0.92
    margin: Share = 0.08
    offer: Share = 0.4
    candidates: Annotated[int, Field(ge=1, le=20)] = 5
    legal: Words = ()
    trades: tuple[Words, ...] = ()
    branches: Words = ()
    titles: Words = ()
    familiar_before: Words = ()
    familiar_after: Words = ()


def load_identity(workspace: Path | None = None) -> Identity:
    """The shipped words and figures; the workspace's `identity.yaml` adds words and overrides figures.

    Raises StagewatchError for a bad file.
    """
    shipped = load_model(files("data_contracts") / "identity.yaml", Identity)
    place = None if workspace is None else workspace / "identity.yaml"
    if place is None or not place.is_file():
        return shipped
    own = load_model(place, Identity)
    changed = {}
    for name in own.model_fields_set:
        value = getattr(own, name)
        changed[name] = (*value, *getattr(shipped, name)) if isinstance(value, tuple) else value
    return shipped.model_copy(update=changed)
