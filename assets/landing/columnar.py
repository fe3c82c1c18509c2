"""The columns of Parquet and JSON-lines files, and JSON lines one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from assets.landing.csv_records import Refused
from data_contracts.errors import StagewatchError

LINES_SEARCHED = 1000
MAX_ARRAY_BYTES = 512 << 20
DEPTH = 3


def parquet_columns(path: Path) -> list[str]:
    """The names of a Parquet file's columns; raises where it is damaged."""
    import pyarrow.parquet as pq

    try:
        return [str(name) for name in pq.ParquetFile(path).schema_arrow.names]
    except Exception as error:  # pyarrow raises its own kinds for every kind of damage
        raise StagewatchError(f"the Parquet file is cut or damaged ({error})", remedy="export it again") from error


def json_columns(path: Path) -> list[str]:
    """The keys found in the first objects, nested ones joined by dots, in the order they are first seen."""
    found: dict[str, None] = {}
    for item in islice(json_objects(path), LINES_SEARCHED):
        if not isinstance(item, Refused):
            found.update(dict.fromkeys(item[1]))
    return list(found)


def json_objects(path: Path) -> Iterator[tuple[int, dict[str, str | None]] | Refused]:
    """Every object as (line, flat texts), from JSON lines or from one array; other lines are refused."""
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        is_array = _first_mark(stream.read(4096)) == "["
    if is_array:
        yield from _array(path)
        return
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line, parse_float=str, parse_int=str)
            except (ValueError, RecursionError):
                yield Refused(number, "not_json", line.rstrip("\n"))
                continue
            if isinstance(value, dict):
                yield number, flat(value)
            else:
                yield Refused(number, "not_json", line.rstrip("\n"))


def _array(path: Path) -> Iterator[tuple[int, dict[str, str | None]] | Refused]:
    if path.stat().st_size > MAX_ARRAY_BYTES:
        raise StagewatchError("is one JSON array of more than 512 MB", remedy="send it as JSON lines, an object a line")
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise StagewatchError(f"is not valid JSON ({error})", remedy="export it again") from error
    for number, value in enumerate(values, start=1):
        yield (number, flat(value)) if isinstance(value, dict) else Refused(number, "not_json", json.dumps(value))


def _first_mark(text: str) -> str:
    return text.lstrip()[:1]


def flat(value: dict[str, Any], prefix: str = "", depth: int = DEPTH) -> dict[str, str | None]:
    """An object as texts: nested keys joined by dots, lists of plain values by `;`, anything else as JSON."""
    texts: dict[str, str | None] = {}
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, dict) and depth > 1:
            texts |= flat(item, f"{name}.", depth - 1)
        elif isinstance(item, bool):
            texts[name] = "true" if item else "false"
        elif item is None or isinstance(item, str):
            texts[name] = item
        elif isinstance(item, list) and all(isinstance(x, str) for x in item):
            texts[name] = ";".join(item)
        else:
            texts[name] = json.dumps(item, ensure_ascii=False)
    return texts
