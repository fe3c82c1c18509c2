"""The asset graph as it stands: any change of an asset, its group or what it reads shows in a diff."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.definitions import definitions


def outline() -> str:
    """One line an asset: `group | key <- what it reads`, sorted."""
    graph = definitions.resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys(), key=str):
        node = graph.get(key)
        parents = " ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        lines.append(f"{node.group_name} | {key.to_user_string()} <- {parents}")
    return "\n".join(lines) + "\n"


def test_the_graph_is_as_it_was_agreed(repository: Path) -> None:
    expected = repository / "tests" / "pipelines" / "asset_graph.txt"
    if os.environ.get("STAGEWATCH_UPDATE_SNAPSHOTS"):
        expected.write_text(outline(), encoding="utf-8")
    assert outline() == expected.read_text(encoding="utf-8"), (
        "if the change is meant: STAGEWATCH_UPDATE_SNAPSHOTS=1 pytest tests/pipelines/test_graph.py"
    )


def test_every_asset_says_what_it_is_and_whose() -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description and node.owners and node.kinds and node.group_name != "default", key


def test_nothing_hangs_loose() -> None:
    graph = definitions.resolve_asset_graph()
    roots = {key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).parent_keys}
    assert roots == {"landing/files"}
    missing = [k.to_user_string() for k in graph.get_all_asset_keys() if not graph.get(k).is_materializable]
    assert missing == []
