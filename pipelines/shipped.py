"""Files that travel with the code but are no package data of a room: the examples and dagster.yaml."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent


def shipped_file(name: str) -> Path:
    """`examples` or `dagster.yaml`: inside the wheel, else at the checkout's root."""
    packed = HERE / "_shipped" / name
    return packed if packed.exists() else HERE.parent / name
