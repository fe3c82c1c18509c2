"""A model as bytes and back: skops, never pickle, and only types that are named here.

skops refuses to build types that it does not know; it does not notice changed numbers. So the caller keeps the
SHA-256 of the bytes beside them, and loading refuses bytes with another.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from zipfile import ZipFile, ZipInfo

import skops.io

from data_contracts.errors import StagewatchError
from models.hazards import RiskModel

TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
SCHEMA = "schema.json"
LIBRARIES = ("scikit-learn", "numpy", "skops")
REMEDY = "delete the model's folder: the next run trains it anew from the data"


def dump_model(model: RiskModel) -> bytes:
    """The model in skops' format; equal models give equal bytes.

    skops names arrays by their address in memory and dates them: here they are numbered in the order of the schema.
    """
    numbers: dict[str, int] = {}

    def renumbered(node: Any) -> Any:
        if isinstance(node, list):
            return [renumbered(item) for item in node]
        if not isinstance(node, dict):
            return node
        return {key: renamed(part) if is_name(key, part) else renumbered(part) for key, part in node.items()}

    def is_name(key: str, part: Any) -> bool:
        return (key == "__id__" and isinstance(part, int)) or (key == "file" and isinstance(part, str))

    def renamed(name: int | str) -> int | str:
        address, dot, ending = str(name).partition(".")
        number = numbers.setdefault(address, len(numbers) + 1)
        return f"{number}{dot}{ending}" if isinstance(name, str) else number

    written = io.BytesIO()
    with ZipFile(io.BytesIO(skops.io.dumps(model.to_dict()))) as given, ZipFile(written, "w") as kept:
        schema = renumbered(json.loads(given.read(SCHEMA)))
        parts = {str(renamed(name)): given.read(name) for name in given.namelist() if name != SCHEMA}
        parts[SCHEMA] = json.dumps(schema, indent=2).encode()
        for name in sorted(parts):
            kept.writestr(ZipInfo(name), parts[name])
    return written.getvalue()


def load_model(data: bytes, sha256: str, where: str = "model") -> RiskModel:
    """The model in `data`; raises StagewatchError where the bytes are not the ones that were stored, where they
    hold a type that is not trusted, or are no model."""
    if digest(data) != sha256:
        raise StagewatchError("the model's bytes are not those that were stored", remedy=REMEDY, file=where)
    try:
        unknown = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED))
    except Exception as error:  # skops raises what its parts raise; any of it means that this is no model
        raise StagewatchError(f"is not a stored model: {error}", remedy=REMEDY, file=where) from error
    if unknown:
        raise StagewatchError(f"holds types that are not trusted: {', '.join(unknown)}", remedy=REMEDY, file=where)
    try:
        return RiskModel.from_dict(skops.io.loads(data, trusted=TRUSTED))
    except Exception as error:
        raise StagewatchError(f"is not a stored model: {error}", remedy=REMEDY, file=where) from error


def digest(data: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def library_versions() -> dict[str, str]:
    """The libraries whose version decides what a stored model does."""
    return {name: version(name) for name in LIBRARIES}


def model_id(manifest: Mapping[str, Any]) -> str:
    """An identifier that equal data, settings and libraries give again: of the manifest without times and bytes."""
    stable = {key: value for key, value in manifest.items() if key not in ("trained_at", "sha256", "model_id")}
    text = json.dumps(stable, sort_keys=True, ensure_ascii=False, default=str)
    return f"risk-{hashlib.sha256(text.encode('utf-8')).hexdigest()[:12]}"
