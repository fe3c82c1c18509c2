"""What was filled in under the titles of a report's template, as `fields` and as a text of lines `标题：值`."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple
from unicodedata import normalize

from data_contracts.header_text import in_brackets, unit_in_brackets, without_brackets

MAX_TITLE = 200
_BARE_NUMBER = re.compile(r"[+-]?[\d,，.]*\d")
# （必填）, *, (选填) in a title say how to fill it in, not what it is.
_MARKS = re.compile(r"\s*(?:[(（【\[](?:必填|选填|可选|必选|单选|多选)[)）】\]]|[*＊])\s*")
Cell = str | list[dict[str, str]]


class Item(NamedTuple):
    """A title of a template and what was filled in: a text, or the rows of a table."""

    title: str
    value: Cell


def title_of(text: Any) -> str:
    """A field's title without the marks that say how to fill it in."""
    return _MARKS.sub("", str(text or "")[:MAX_TITLE]).strip() or "内容"


def as_fields(items: list[Item], more: dict[str, str | None]) -> str:
    """The filled-in template as JSON, title -> value; a title that stands twice gets a number, blanks are left out.

    Brackets at a title's end are no part of it; a unit in them is part of each bare number.
    """
    fields: dict[str, Cell] = {}
    for title, cell in items:
        value: Cell
        if isinstance(cell, str):
            base, value = _plain(title, cell)
        else:
            base, value = _plain(title, "")[0], [dict(_plain(t, v) for t, v in row.items()) for row in cell]
        if value:
            name, n = base, 1
            while name in fields:
                n += 1
                name = f"{base}({n})"
            fields[name] = value
    for title, text in more.items():
        if text and title not in fields:
            fields[title] = text
    return json.dumps(fields, ensure_ascii=False)


def _plain(title: str, value: str) -> tuple[str, str]:
    """A title without the brackets at its end, and its value with the unit that stands in them."""
    header = normalize("NFKC", title)
    if in_brackets(header) is None:
        return title, value
    unit = unit_in_brackets(header)
    if unit is not None and _BARE_NUMBER.fullmatch(value.strip()):
        value = value.strip() + unit.removesuffix("元")  # 12.8万
    return without_brackets(header).strip() or title, value


def as_text(items: list[Item]) -> str:
    """The report as a person reads it: a line for each title, a table's rows numbered under its title."""
    lines = []
    for title, value in items:
        if isinstance(value, str):
            if value:
                lines.append(f"{title}：{value}")
        elif value:
            lines.append(f"{title}：")
            lines += [f"{n}. " + "；".join(f"{t}：{v}" for t, v in row.items()) for n, row in enumerate(value, start=1)]
    return "\n".join(lines)
