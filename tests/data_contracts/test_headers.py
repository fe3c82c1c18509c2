"""The header registry: which field a header means, whichever way it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts.errors import StagewatchError
from data_contracts.headers import load_headers
from data_contracts.mapping import normal_header

HEADERS = load_headers()


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("客户名称", "customer_name"),
        ("终 端", "customer_name"),
        ("ＤＥＡＬ　ＩＤ", "opportunity_id"),
        ("deal_stage", "stage"),
        ("properties.createdate", "created_at"),
        ("金额（万元）", "expected_amount"),
        ("拜访日期 (必填)", "visited_at"),
        ("天气", None),
        ("", None),
    ],
)
def test_a_header_means_a_field(header: str, field: str | None) -> None:
    assert HEADERS.field_of(header) == field


def test_a_word_means_one_of_our_values() -> None:
    assert HEADERS.value_of("event", "Closed Won") == "won"
    assert HEADERS.value_of("visit_status", "未见到") == "no_show"
    assert HEADERS.value_of("visit_kind", "电话") == "call"
    assert HEADERS.value_of("event", "需求确认") is None


def test_no_header_means_two_fields() -> None:
    seen: dict[str, str] = {}
    for field, headers in HEADERS.fields.items():
        for header in headers:
            assert seen.setdefault(normal_header(header), field) == field, header


def test_a_workspaces_own_words_come_first(tmp_path: Path) -> None:
    (tmp_path / "headers.yaml").write_text("fields: {customer_name: {zh: [金额, 店铺]}}\n", encoding="utf-8")
    own = load_headers(tmp_path)
    assert (own.field_of("店铺"), own.field_of("门店")) == ("customer_name", "customer_name")
    assert own.field_of("预计金额") == "expected_amount"


def test_a_misspelt_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "headers.yaml").write_text("fields: {customer_name: {cn: [店铺]}}\n", encoding="utf-8")
    with pytest.raises(StagewatchError, match="cn"):
        load_headers(tmp_path)
