"""A sheet's rows as text: merged cells filled, dates ISO, and what each row is besides data.

Cells become the text a person would write: a date ISO, a whole number without `.0`, every other number with all its
digits. Pure, and without DuckDB: it runs in the process that opens workbooks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

Merged = tuple[tuple[int, int], tuple[int, int]]

# 合计, 本月小计：12家, Total for March; but no 总计划, 合计商贸, 小计见下, Total Wine: a customer and a note are data.
_SUBTOTAL = re.compile(
    r"\s*(?:.{0,12}(?:[小合总共]\s*计|累计)|(?:sub|grand)[ -]?total|totals?)(?:\s*(?:for|of|in)\s.{1,12})?"
    r"\s*(?:金额|数量|数|家数|次数|拜访)?\s*[(（]?\s*[:：]?\s*[-\d.,，%]*\s*(?:千|万|亿)?[元家次户个条笔人天]?\s*[)）]?\s*",
    re.I,
)
_SUM = re.compile(r"\s*(?:[小合总共]\s*计|累计)\s*[:：]?\s*")
_FOOTER = re.compile(
    r"\s*(?:填[报表写]人?|制表人?|报告人|汇报人|提交人|审[核批]人?|复核人?|批准人?|主管|经理|部门负责人|负责人"
    r"|签[字名]|日期|备注|注|说明|prepared by|approved by|reviewed by|signature)[^:：]{0,6}[:：]",
    re.I,
)
# Looked for first, in the few texts that a row begins with: nearly no row has any.
_MARK = re.compile(r"计|total|[:：]", re.I)
# What stands under a table has few texts: a row that has more is data whose first cell happens to begin so.
MOST_SIGNATURES = 4
_MIDNIGHT = time()


@dataclass(frozen=True)
class SheetRow:
    """A row with something in it: its number from 1, its texts, and its kind where it is no plain data.

    kind: `title` (one text over merged cells), `subtotal`, `footer` (填报人: and the like), else None. `across`: the
    first and last columns of what is merged over several of them; `below`: the columns that a row above fills.
    """

    number: int
    cells: list[str]
    kind: str | None
    across: Sequence[tuple[int, int]] = ()
    below: Sequence[int] = ()


def sheet_rows(
    values: Iterable[Sequence[object]], left: int, merged: Sequence[Merged], only_odd: Callable[[int], bool]
) -> Iterator[SheetRow]:
    """The rows that hold something. `left`: empty columns before the values; `merged`: ranges from 0.

    A merged value holds for all its cells in rows that have a value of their own. `only_odd` says of a row number
    that a cell without a text has something to tell there (an error, a formula that was not computed).
    """
    waiting = sorted(merged, reverse=True)
    active: list[tuple[Merged, str]] = []
    padding = [""] * left
    for index, row in enumerate(values):
        cells = padding + [v if v.__class__ is str else cell_text(v) for v in row]
        starting: list[Merged] = []
        while waiting and waiting[-1][0][0] <= index:
            span = waiting.pop()
            if span[0][0] == index and span[0][1] < len(cells):
                starting.append(span)
        filled = [c for c in cells if c and not c.isspace()]
        if not filled and not only_odd(index + 1):
            active = [a for a in active if a[0][1][0] > index]
            continue
        kind = _kind(cells, filled, starting)
        active += [(span, cells[span[0][1]]) for span in starting]
        if not active:
            yield SheetRow(index + 1, cells, kind)
            continue
        if kind != "title":
            _fill(cells, active)
        across = [(first, last) for ((_, first), (_, last)), text in active if last > first and text.strip()]
        below = [c for ((top, first), (_, last)), _ in active if top < index for c in range(first, last + 1)]
        yield SheetRow(index + 1, cells, kind, across, below)
        active = [a for a in active if a[0][1][0] > index]


def _fill(cells: list[str], active: list[tuple[Merged, str]]) -> None:
    for ((_, first), (_, last)), text in active:
        for column in range(first, min(last, len(cells) - 1) + 1):
            cells[column] = text


def _kind(cells: list[str], filled: list[str], starting: Sequence[Merged]) -> str | None:
    """What a row is by its first texts. `filled`: its cells that are not blank; `starting`: what is merged from it."""
    if _MARK.search("\n".join(filled[:3])):
        if any(map(_SUBTOTAL.fullmatch, filled[:2])) or any(map(_SUM.fullmatch, filled[2:3])):
            return "subtotal"
        if _FOOTER.match(filled[0]) and (len(filled) <= MOST_SIGNATURES or _FOOTER.match(filled[1])):
            return "footer"
    if len(filled) == 1 and starting:
        place = cells.index(filled[0])
        if any(span[0][1] == place < span[1][1] for span in starting):
            return "title"
    return None


def cell_text(value: object) -> str:
    """A cell's value as text: nothing of it is lost, and nothing of Excel's display is added.

    A date and time at midnight is a date: Excel keeps no other difference between the two.
    """
    written = _WRITTEN.get(value.__class__)
    return written(value) if written is not None else str(value)


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return format(Decimal(repr(value)).normalize(), "f") if value == value and abs(value) < 1e300 else str(value)


def _moment(value: datetime) -> str:
    if value.time() == _MIDNIGHT:
        return value.date().isoformat()
    return value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


_WRITTEN: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false", float: _number, datetime: _moment, timedelta: _duration,
    date: date.isoformat, time: time.isoformat,
}  # fmt: skip
