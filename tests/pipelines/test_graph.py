"""The asset graph as it stands: any change of an asset, its group or what it reads shows in a diff."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from assets.marts.build import MARTS
from data_contracts.contract import load_contract, names
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


def test_every_promised_table_shows_its_columns_and_has_a_check() -> None:
    graph = definitions.resolve_asset_graph()
    checked = {check.asset_key for check in graph.asset_check_keys if check.name == "contract"}
    for layer in ("sources", "marts"):
        for name in names(layer):
            contract = load_contract(layer, name)
            key = dg.AssetKey([contract.schema, name])
            shown = graph.get(key).metadata["dagster/column_schema"].columns
            assert [(c.name, c.type) for c in shown] == [(c.name, c.type) for c in contract.columns], name
            assert key in checked, name


def test_the_ledger_check_blocks_and_marts_show_their_sql() -> None:
    graph = definitions.resolve_asset_graph()
    (ledger,) = [k for k in graph.asset_check_keys if k.name == "ledger_balances"]
    assert (ledger.asset_key, graph.get(ledger).blocking) == (dg.AssetKey(["staging", "ledger"]), True)
    for mart in MARTS:
        node = graph.get(dg.AssetKey(["marts", mart]))
        assert f"create or replace table marts.{mart}" in str(node.description), mart
        assert node.code_version, mart
        first_line = str(node.description).splitlines()[0]
        assert len(first_line) > len("Working table: ") and not first_line.endswith(": "), mart


def test_what_people_wait_for_has_a_freshness_policy() -> None:
    graph = definitions.resolve_asset_graph()
    fresh = {k.to_user_string() for k in graph.get_all_asset_keys() if graph.get(k).freshness_policy}
    assert fresh == {"published/snapshot", "reports/weekly"}
