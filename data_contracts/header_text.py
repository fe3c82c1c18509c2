"""A column's header as headers are compared.

Alone in its module, so that the process that opens workbooks need not load pydantic.
"""

from __future__ import annotations

import re
from unicodedata import normalize

# 金额(万元), 日期（必填）: what stands in brackets at the end says how, not what.
_BRACKETS = re.compile(r"\s*[(\[<{【《]([^()\[\]<>{}【】《》]*)[)\]>}】》]\s*$")

# 单位：万元, 含税, 百万元: the last word in brackets is the unit of the numbers below.
_UNIT = re.compile(r"(?:.*[:：,，、\s])?(?:单位|人民币|rmb)?((?:千|万|百万|亿)元?)|([kw])")


def normal_header(text: object) -> str:
    """A header as it is compared: without case, width or BOM, and with any run of white space as one space.

    Between Chinese characters white space is where the cell was wrapped, and nothing.
    """
    plain = re.sub(r"[\s\ufeff\u200b]+", " ", normalize("NFKC", str(text))).strip().casefold()
    return re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", plain)


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
