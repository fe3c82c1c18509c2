"""`extends`: a mapping that says only what it has otherwise than another, for one more layout of the same report.

What it says goes before what the other says: whole at the top level; name by name in `sources` and `columns`,
`value_maps` and `derived_sources`. `columns` of a source are replaced one by one, all else in it key by key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from data_contracts.errors import StagewatchError

KEY = "extends"
# By how many levels the names below a key are put together one by one; everything else is replaced whole.
_DEPTH = {"sources": 3, "value_maps": 2, "derived_sources": 1}


def extended(data: Any, find: Callable[[str], Any], name: str) -> Any:
    """A mapping's YAML with what it extends; `find` gives another's by its name.

    Raises StagewatchError where that is not there, or extends the first in its turn.
    """
    seen: list[str] = []
    while isinstance(data, dict) and KEY in data:
        base_name = data[KEY]
        if not isinstance(base_name, str) or base_name in seen or base_name == data.get("mapping"):
            raise StagewatchError(
                f"extends {base_name!r}, which leads nowhere", remedy="name another mapping", file=name
            )
        seen.append(base_name)
        base = find(base_name)
        own = {key: value for key, value in data.items() if key != KEY}
        if not isinstance(base, dict):
            return base
        data = {**base, **{key: _laid(value, base.get(key), _DEPTH.get(key, 0)) for key, value in own.items()}}
    return data


def _laid(own: Any, base: Any, depth: int) -> Any:
    if depth == 0 or not isinstance(own, dict) or not isinstance(base, dict):
        return own
    return {**base, **{key: _laid(value, base.get(key), depth - 1) for key, value in own.items()}}
