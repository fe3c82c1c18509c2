"""Our columns found by their headers: the better fit first, and of two that fit alike none in silence."""

from __future__ import annotations

from assets.landing.header_match import Doubt, HeaderRow, match_headers
from data_contracts.headers import load_headers
from data_contracts.mapping_sources import SourceColumn

FIELDS = load_headers().fields


def match(columns: dict[str, str | list[str | int]], *headers: str) -> tuple[dict[str, int | None], list[Doubt]]:
    """Places and doubts; `@field` stands for the registry's words."""
    ours = {}
    for name, wanted in columns.items():
        listed = wanted if isinstance(wanted, list) else [wanted]
        words = tuple(w for h in listed if isinstance(h, str) and h.startswith("@") for w in FIELDS[h[1:]])
        ours[name] = SourceColumn.model_validate({"from": listed}).model_copy(update={"synonyms": words})
    row = HeaderRow({p: h for p, h in enumerate(headers) if h}, {}, len(headers))
    matched = match_headers(ours, row)
    return matched.places, matched.doubts


def test_each_column_goes_where_it_fits_best() -> None:
    columns = {"customer": "@customer_name", "code": "@customer_id", "amount": "@expected_amount"}
    assert match(columns, "客户(编号)", "*客户（终端）", "金额（万元）") == (
        {"customer": 1, "code": 0, "amount": 2},
        [],
    )
    assert match(columns, "门店[名称]", "门店[编号]", "")[0] == {"customer": 0, "code": 1, "amount": None}


def test_a_place_that_fits_another_better_is_no_candidate() -> None:
    columns = {"expected": "@expected_amount", "signed": "@signed_amount"}
    assert match(columns, "金额(预计)", "合同金额") == ({"expected": 0, "signed": 1}, [])


def test_of_two_headers_that_fit_only_without_their_brackets_none_is_taken() -> None:
    places, doubts = match({"customer": "@customer_name"}, "日期", "客户(一批)", "客户(二批)")
    assert places == {"customer": None}
    assert doubts == [Doubt("customer", None, (1, 2))]


def test_of_columns_headed_alike_the_first_is_taken_and_told() -> None:
    assert match({"note": "备注"}, "备注", "客户", "备注") == ({"note": 0}, [Doubt("note", 0, (2,))])


def test_of_two_words_for_one_field_the_usual_is_taken_and_told() -> None:
    places, doubts = match({"customer": "@customer_name"}, "门店", "客户")
    assert (places, doubts) == ({"customer": 1}, [Doubt("customer", 1, (0,))])
    columns = {"customer": "@customer_name", "shop": "门店"}
    assert match(columns, "门店", "客户") == ({"customer": 1, "shop": 0}, [])


def test_a_header_that_a_mapping_names_is_that_one_and_no_looser() -> None:
    assert match({"amount": "金额"}, "金额（万元）")[0] == {"amount": None}
    assert match({"amount": "金额(万元)"}, "金额（元）")[0] == {"amount": None}
    assert match({"amount": "金额(万元)"}, "*金额 [万元]")[0] == {"amount": 0}
    assert match({"customer": ["客户", "门店"]}, "门店", "客户") == ({"customer": 1}, [])


def test_of_a_header_of_two_rows_the_lower_alone_is_enough_where_it_stands_once() -> None:
    column = {"customer": SourceColumn.model_validate({"from": "客户"})}
    once = HeaderRow({0: "计划/客户", 1: "计划/日期"}, {0: "客户", 1: "日期"}, 2)
    twice = HeaderRow({0: "计划/客户", 1: "实际/客户"}, {0: "客户", 1: "客户"}, 2)
    assert match_headers(column, once).places == {"customer": 0}
    assert match_headers(column, twice).doubts == [Doubt("customer", None, (0, 1))]
