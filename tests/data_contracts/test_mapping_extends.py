"""`extends`: what a mapping takes from another, and what it says itself."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.errors import StagewatchError
from data_contracts.mapping_extends import extended

BASE: dict[str, Any] = {
    "mapping": "base",
    "dates": ["iso"],
    "sources": {"rows": {"files": ["a*"], "columns": {"day": "日期", "rep": {"from": "姓名", "optional": True}}}},
    "value_maps": {"kinds": {"上门": "visit"}},
    "records": [1],
}


def test_names_are_put_together_and_all_else_is_replaced() -> None:
    own = {
        "mapping": "own",
        "extends": "base",
        "dates": ["spoken"],
        "sources": {"rows": {"files": ["b*"], "columns": {"rep": "业务员"}}, "more": {"files": ["c*"]}},
        "value_maps": {"kinds": {"电话": "call"}},
    }
    assert extended(own, {"base": BASE}.__getitem__, "own") == {
        "mapping": "own",
        "dates": ["spoken"],
        "sources": {
            "rows": {"files": ["b*"], "columns": {"day": "日期", "rep": "业务员"}},
            "more": {"files": ["c*"]},
        },
        "value_maps": {"kinds": {"上门": "visit", "电话": "call"}},
        "records": [1],
    }
    assert BASE["sources"]["rows"]["files"] == ["a*"]


def test_what_leads_in_a_circle_is_refused() -> None:
    found: dict[str, Any] = {"a": {"mapping": "a", "extends": "b"}, "b": {"mapping": "b", "extends": "a"}}
    with pytest.raises(StagewatchError, match="leads nowhere"):
        extended({"mapping": "own", "extends": "a"}, found.__getitem__, "own")
