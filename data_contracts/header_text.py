"""A column's header as headers are compared.

Alone in its module, so that the process that opens workbooks need not load pydantic.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

_OPEN, _CLOSE = r"(\[<{【《〔〖「", r")\]>}】》〕〗」"
# 金额(万元), 日期（必填）: what stands in brackets at the end says how, not what.
_BRACKETS = re.compile(rf"\s*[{_OPEN}]([^{_OPEN}{_CLOSE}]*)[{_CLOSE}]\s*$")
_BRACKETS_ANYWHERE = re.compile(rf"\s*[{_OPEN}]([^{_OPEN}{_CLOSE}]*)(?:[{_CLOSE}]\s*|$)")
_LETTERS_ONLY = re.compile(rf"[\s_\-{_OPEN}{_CLOSE}]+")

# *客户, 1.客户, 客户(必填), 客户*: how a form marks what must be filled in.
_MARK = r"(?:必填|选填|非必填|必须|required|optional)项?"
_MARKS = re.compile(
    rf"^(?:[*※★☆●■◆\s]+|\d{{1,2}}[.、]\s*(?=\D))+|\s*[{_OPEN}]\s*(?:[*※★]|{_MARK})\s*[{_CLOSE}]\s*"
    rf"|(?:[*※★☆:,;\s]|(?<!非){_MARK})+$"
)

# 单位：万元, 含税, 百万元: the last word in brackets is the unit of the numbers below.
_MULTIPLE = r"(?:千|万|十万|百万|千万|亿)元?"
_UNIT = re.compile(rf"(?:.*[:：,，、\s])?(?:单位|人民币|rmb)?({_MULTIPLE})|([kw])")
_UNIT_AT_END = re.compile(rf"[/_\-,:\s](?:单位:?\s*)?(?:人民币)?\s*({_MULTIPLE})$|((?:千|万|百万|亿)元)$")
_SINGLE = r"(?:单位\s*:?\s*)?(?:元|人民币元?|rmb|cny|¥|%|个|家|次|天|件|箱|吨|瓶|分钟|小时)"
_SINGLE_IN_BRACKETS = re.compile(_SINGLE)
_SINGLE_AT_END = re.compile(rf"[/_,:\s]\s*{_SINGLE}$")
# 客户(电话): what stands in the brackets is another thing of the customer's, and not the customer.
_ANOTHER_THING = re.compile(
    r"编号|编码|代码|号|id|code|no\.?|(?:联系)?电话|手机号?|联系方式|联系人|地址|数量|等级|级别|类型|类别|性质"
)


class Forms(NamedTuple):
    """A header from the strictest form to the loosest: as written but for case, width and wrapping; its letters alone
    (门店[名称] is 门店名称), without marks such as * and 必填; without its unit too; without anything in brackets too.

    The last two drop something, and are empty where that is a thing of its own: 客户(电话) is no 客户.
    """

    normal: str
    letters: str
    unitless: str
    plain: str


def normal_header(text: object) -> str:
    """A header as it is compared: without case, width or BOM, and with any run of white space as one space.

    Between Chinese characters white space is where the cell was wrapped, and nothing.
    """
    plain = re.sub(r"[\s\ufeff\u200b]+", " ", normalize("NFKC", str(text))).strip().casefold()
    return re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", plain)


def header_forms(text: object) -> Forms:
    """A header of a file in the forms in which it may be what is wanted."""
    normal = normal_header(text)
    unmarked = _MARKS.sub("", normal)
    unitless = _without_unit(unmarked)
    groups = [found[1].strip() for found in _BRACKETS_ANYWHERE.finditer(unitless)]
    is_another = any(_ANOTHER_THING.fullmatch(group) for group in groups)
    plain = "" if is_another else _BRACKETS_ANYWHERE.sub(" ", unitless)
    return Forms(normal, _letters(unmarked) or normal, _letters(unitless), _letters(plain))


@lru_cache(maxsize=10_000)
def wanted_forms(text: str) -> tuple[str, str]:
    """A header that a mapping or the registry names: to be found among the normal forms, and among the others."""
    normal = normal_header(text)
    return normal, _letters(_MARKS.sub("", normal)) or normal


def header_unit(text: object) -> str | None:
    """The unit in which a header says its numbers are (万元 of 金额(单位:万元), 金额/万元); None where it says none."""
    normal = _MARKS.sub("", normal_header(text))
    for group in _BRACKETS_ANYWHERE.finditer(normal):
        found = _UNIT.fullmatch(group[1].strip())
        if found:
            return found[1] or found[2]
    found = _UNIT_AT_END.search(normal)
    return (found[1] or found[2]) if found else None


def without_brackets(header: str) -> str:
    """A normal header without the brackets at its end."""
    return _BRACKETS.sub("", header)


def in_brackets(header: str) -> str | None:
    """What stands in brackets at the end of a normal header (万元 of 金额(万元)); None where nothing does."""
    found = _BRACKETS.search(header)
    return found[1].strip() if found else None


def unit_in_brackets(header: str) -> str | None:
    """The unit in which a normal header says its numbers are (万元 of 金额(单位:万元)); None where it says none."""
    found = _UNIT.fullmatch(in_brackets(header) or "")
    return (found[1] or found[2]) if found else None


def _without_unit(header: str) -> str:
    def kept(group: re.Match[str]) -> str:
        inside = group[1].strip()
        return " " if _UNIT.fullmatch(inside) or _SINGLE_IN_BRACKETS.fullmatch(inside) else group[0]

    return _SINGLE_AT_END.sub("", _UNIT_AT_END.sub("", _BRACKETS_ANYWHERE.sub(kept, header)))


def _letters(header: str) -> str:
    return _LETTERS_ONLY.sub("", header)
