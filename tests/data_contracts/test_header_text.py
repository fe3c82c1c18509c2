"""A header is known by what it says, however a form dresses it; what would change its meaning is not dropped."""

from __future__ import annotations

import pytest

from data_contracts.header_text import header_forms, header_unit, wanted_forms


@pytest.mark.parametrize(
    ("header", "wanted", "form"),
    [
        ("客户名称", "客户名称", "normal"),
        ("客户\n名称", "客户名称", "normal"),
        ("客 户 名 称", "客户名称", "normal"),
        ("ＣＲＭ　编号", "crm 编号", "normal"),
        ("客户名称*", "客户名称", "letters"),
        ("＊客户名称", "客户名称", "letters"),
        ("★ 客户名称：", "客户名称", "letters"),
        ("客户名称（必填）", "客户名称", "letters"),
        ("【必填】客户名称", "客户名称", "letters"),
        ("客户名称 必填项", "客户名称", "letters"),
        ("1.客户名称", "客户名称", "letters"),
        ("门店[名称]", "门店名称", "letters"),
        ("门店名称", "门店[名称]", "letters"),
        ("customer_name", "Customer Name", "letters"),
        ("客户 ID", "客户ID", "letters"),
        ("金额（万元）", "金额万元", "letters"),
        ("金额（万元）", "金额", "unitless"),
        ("*金额（单位：万元）", "金额", "unitless"),
        ("金额/万元", "金额", "unitless"),
        ("合同金额万元", "合同金额", "unitless"),
        ("金额（元）", "金额", "unitless"),
        ("客户(终端)", "客户", "plain"),
        ("客户（终端", "客户", "plain"),
        ("金额(含税)(万元)", "金额", "plain"),
        ("客户〔终端〕名称", "客户名称", "plain"),
    ],
)
def test_a_header_is_found_in_its_strictest_form(header: str, wanted: str, form: str) -> None:
    normal, letters = wanted_forms(wanted)
    forms = header_forms(header)
    fitting = [n for n in forms._fields if getattr(forms, n) == (normal if n == "normal" else letters)]
    assert fitting[:1] == [form]


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("客户(电话)", "客户"),
        ("客户（编号）", "客户"),
        ("金额(元)", "金额(万元)"),
        ("金额(万元)", "金额(元)"),
        ("非必填备注", "备注"),
        ("客户经理", "客户"),
        ("(必填)", "客户"),
    ],
)
def test_what_says_another_thing_fits_in_no_form(header: str, wanted: str) -> None:
    assert not {*wanted_forms(wanted)} & {*header_forms(header)}


@pytest.mark.parametrize("header", ["#", "*", "NO.", "序号", "必填"])
def test_a_header_that_is_all_mark_is_itself(header: str) -> None:
    assert header_forms(header).letters == wanted_forms(header)[1] != ""


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("金额(万元)", "万元"), ("金额（单位：万元）", "万元"), ("金额（万元）*", "万元"), ("金额(万元)(含税)", "万元"),
        ("金额/万元", "万元"), ("金额，单位：百万元", "百万元"), ("合同金额万元", "万元"), ("销量(K)", "k"),
        ("金额(元)", None), ("金额", None), ("万元户", None), ("金额(百分比)", None), ("赢率(%)", None),
    ],
)  # fmt: skip
def test_the_unit_in_a_header(header: str, unit: str | None) -> None:
    assert header_unit(header) == unit
