"""docs/mappings.md: its how-to works as written, and it names everything a mapping may say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desk import Desk

from data_contracts.contract import load_contract, names
from data_contracts.expressions import OWN_FUNCTIONS, PLAIN_FUNCTIONS
from data_contracts.mapping import Mapping, RecordMapping, Source, settable_columns
from data_contracts.mapping_derived import Fill, Notes, Pair, Pick, Resolve, Unpivot, Unroll
from data_contracts.mapping_values import DATE_FORMATS, Number, Value


@pytest.fixture(scope="module")
def text(repository: Path) -> str:
    return (repository / "docs" / "mappings.md").read_text(encoding="utf-8")


def block(text: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_how_to_loads_its_example(text: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", None)
    (desk.root / "mappings" / "crm_deals.yaml").write_text(block(text, "yaml"), encoding="utf-8")
    desk.put("Deals_2025-03.csv", block(text, "csv"))
    desk.run()
    assert desk.landing.problems == [] and desk.quarantine() == []
    assert desk.rows("select event, stage, count(*) from staging.stage_events group by all order by all") == [
        ("enter", "needs_confirmed", 2),
        ("enter", "quotation", 1),
        ("won", None, 1),
    ]
    assert desk.rows("select opportunity_id, expected_amount::varchar from staging.opportunities order by 1") == [
        ("D-001", "1234.50"),
        ("D-002", None),
    ]
    assert desk.column("select amount::varchar from staging.signings") == ["1100.00"]


@pytest.mark.parametrize(
    "model",
    [Mapping, Source, Value, Number, Pair, Pick, Notes, Resolve, Unroll, Unpivot, Fill, RecordMapping],
    ids=lambda m: m.__name__,
)
def test_every_key_is_documented(text: str, model: type) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}  # type: ignore[attr-defined]
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", text)] == []


def test_every_date_form_function_and_record_column_is_documented(text: str) -> None:
    columns = {c for n in names("sources") for c in settable_columns(load_contract("sources", n))}
    wanted = {*DATE_FORMATS, *OWN_FUNCTIONS, *PLAIN_FUNCTIONS, *columns} - {"period_start", "period_end"}
    assert [word for word in sorted(wanted) if not re.search(rf"\b{word}\b", text)] == []
