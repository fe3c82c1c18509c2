"""The model store: one folder a model, whose manifest says what it is, what it learned from and how it did.

    model_store/risk-0123456789ab/model.skops  manifest.json  card.zh-CN.md  card.en.md

The manifest is written last: a folder without one is no model. Loading compares the bytes with the manifest, and
with the SHA-256 that the warehouse remembers where it does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets.files import write_atomically
from assets.workspace import Workspace
from data_contracts.errors import StagewatchError
from models.hazards import RiskModel
from models.store import REMEDY, digest, dump_model, load_model

MODEL, MANIFEST = "model.skops", "manifest.json"


def store_model(
    workspace: Workspace, model_id: str, model: RiskModel, manifest: Mapping[str, Any], cards: Mapping[str, str]
) -> str:
    """Write a model's folder; returns the SHA-256 of its bytes. `cards`: file name to markdown."""
    folder = workspace.model_store / model_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    data = dump_model(model)
    sha256 = digest(data)
    write_atomically(folder / MODEL, data)
    for name, text in cards.items():
        write_atomically(folder / name, text)
    written = {"model_id": model_id, "sha256": sha256, **manifest}
    write_atomically(folder / MANIFEST, json.dumps(written, ensure_ascii=False, indent=1, default=str))
    return sha256


def read_manifest(workspace: Workspace, model_id: str) -> dict[str, Any] | None:
    """A stored model's manifest; None where there is no such model."""
    path = workspace.model_store / model_id / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StagewatchError(f"is no manifest: {error}", remedy=REMEDY, file=path) from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("sha256"), str):
        raise StagewatchError("is no manifest", remedy=REMEDY, file=path)
    return manifest


def open_model(workspace: Workspace, model_id: str, sha256: str | None = None) -> RiskModel | None:
    """A stored model, None where there is none; raises StagewatchError for one that is not what was stored.

    `sha256` is what the caller remembers of it; without it the manifest's word is taken.
    """
    manifest = read_manifest(workspace, model_id)
    if manifest is None:
        return None
    path: Path = workspace.model_store / model_id / MODEL
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StagewatchError(f"cannot be read: {error.strerror}", remedy=REMEDY, file=path) from error
    return load_model(data, sha256 or manifest["sha256"], str(path))
