"""What goes wrong in real files, put in at known rates and counted, so that a loader can be held to the row.

A row gets at most one kind. `expected` is what must become of it: `quarantined`, `duplicate` (an exact copy
of the row before it) or `accepted` (ugly, but sayable: text as text, padding trimmed, 8.63万 read as a number).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation import notes
from simulation.parameters import Dirt
from simulation.render import ANSWERS, CRM, DAILY, DAILY_ANSWERS, DEEDS, SIGNINGS, STAGE_CHANGES, VISITS

Strings = NDArray[np.object_]
EXPECTED = {
    "duplicate": "duplicate", "blank_required": "quarantined", "unknown_code": "quarantined",
    "impossible_date": "quarantined", "unreadable_amount": "quarantined", "amount_as_text": "accepted",
    "padded": "accepted", "formula_note": "accepted", "script_note": "accepted", "phone_note": "accepted",
    "line_break_note": "accepted", "unknown_rep": "accepted",
}  # fmt: skip
# The column that each kind of dirt spoils in each kind of file; a kind without a column does not occur there.
COLUMNS: dict[str, dict[str, str]] = {
    VISITS: {
        "blank_required": "状态", "unknown_code": "拜访类型", "impossible_date": "发生时间", "padded": "客户名称",
        "formula_note": "备注", "script_note": "备注", "phone_note": "备注", "line_break_note": "备注",
        "unknown_rep": "工号",
    },
    STAGE_CHANGES: {
        "blank_required": "商机编号", "unknown_code": "变更类型", "impossible_date": "发生时间", "padded": "商机编号",
    },
    DEEDS: {"blank_required": "商机编号", "unknown_code": "动作", "impossible_date": "完成时间", "padded": "动作"},
    SIGNINGS: {
        "blank_required": "商机编号", "unreadable_amount": "签约金额", "amount_as_text": "签约金额",
        "padded": "合同编号",
    },
    ANSWERS: {"unknown_code": "措施", "impossible_date": "干预时间", "padded": "商机编号", "phone_note": "说明"},
    DAILY: {
        "blank_required": "结果", "unknown_code": "方式", "impossible_date": "日期", "padded": "客户名称",
        "formula_note": "备注", "script_note": "备注", "phone_note": "备注", "line_break_note": "备注",
        "unknown_rep": "工号",
    },
    DAILY_ANSWERS: {"unknown_code": "措施", "impossible_date": "批复日期", "padded": "商机编号"},
    CRM: {
        "blank_required": "商机编号", "impossible_date": "更新时间", "unreadable_amount": "预计金额",
        "amount_as_text": "预计金额", "padded": "客户名称", "unknown_rep": "负责人工号",
    },
}  # fmt: skip
UNKNOWN = {"拜访类型": "拜年", "变更类型": "意向洽谈", "动作": "其他动作", "措施": "口头表扬", "方式": "顺路"}
BAD_DATES = ("2025-02-30 10:15:00", "2025-13-05 09:00:00", "待补", "2025/04/31", "昨天")

Counts = Counter[tuple[str, str]]


def spoil(frame: pl.DataFrame, kind_of_file: str, rates: Dirt, rng: np.random.Generator) -> tuple[pl.DataFrame, Counts]:
    """The frame with dirt, and rows by (file, kind of dirt). Duplicates stand right after what they copy."""
    columns = COLUMNS[kind_of_file]
    kinds = ["duplicate", *columns]
    edges = np.cumsum([getattr(rates, kind) for kind in kinds])
    chosen = np.searchsorted(edges, rng.random(len(frame)), side="right")
    if kind_of_file == DAILY:  # rows without a visit have no result, kind or note to spoil
        bare = (frame["方式"] == "").to_numpy()
        needs_visit = np.asarray([columns.get(k, "") in ("结果", "方式", "备注") for k in kinds] + [False])
        chosen[bare & needs_visit[chosen]] = len(kinds)
    counts: Counts = Counter()
    for place, kind in enumerate(kinds):
        here = np.flatnonzero(chosen == place)
        if not len(here):
            continue
        if kind in columns:
            name = columns[kind]
            spoilt = pl.Series(SPOILERS[kind](frame[name].gather(here), rng), dtype=pl.String)
            frame = frame.with_columns(frame[name].clone().scatter(here, spoilt))
        files = frame["_file"].gather(here).to_list()
        counts.update((file, kind) for file in files)
    copies = np.where(chosen == 0, 2, 1)
    return frame[np.repeat(np.arange(len(frame)), copies)], counts


def _amount(texts: pl.Series, rng: np.random.Generator) -> Strings:
    shape = rng.integers(0, 3, len(texts))
    out = np.empty(len(texts), dtype=object)
    for k, text in enumerate(texts):
        value = float(text)
        exact = f"{round(value / 10_000, 6):f}".rstrip("0").rstrip(".") + "万"
        out[k] = (f"{value:,.2f}元", f"￥{value:,.2f}", exact)[shape[k]]
    return out


def _pick(rng: np.random.Generator, phrases: tuple[str, ...], n: int) -> Strings:
    return np.asarray(phrases, dtype=object)[rng.integers(0, len(phrases), n)]


def _phone(texts: pl.Series, rng: np.random.Generator) -> Strings:
    numbers = rng.integers(10**7, 10**8, len(texts))
    return np.asarray([f"{t}，联系人电话138{n:08d}" for t, n in zip(texts, numbers, strict=True)], dtype=object)


def _plain(phrase: str) -> Callable[[pl.Series, np.random.Generator], Strings]:
    return lambda texts, rng: np.full(len(texts), phrase, dtype=object)


SPOILERS: dict[str, Callable[[pl.Series, np.random.Generator], Strings]] = {
    "blank_required": _plain("  "),
    "unknown_code": lambda texts, rng: np.full(len(texts), UNKNOWN[texts.name], dtype=object),
    "impossible_date": lambda texts, rng: _pick(rng, BAD_DATES, len(texts)),
    "unreadable_amount": lambda texts, rng: _pick(rng, ("面议", "见合同", "待定"), len(texts)),
    "amount_as_text": _amount,
    "padded": lambda texts, rng: np.asarray([f"  {t}　" for t in texts], dtype=object),
    "formula_note": lambda texts, rng: _pick(rng, notes.FORMULAS, len(texts)),
    "script_note": lambda texts, rng: _pick(rng, notes.SCRIPTS, len(texts)),
    "phone_note": _phone,
    "line_break_note": lambda texts, rng: np.asarray([f"{t}\n明天再去一次" for t in texts], dtype=object),
    "unknown_rep": lambda texts, rng: np.asarray([f"YW9{n:04d}9" for n in rng.integers(0, 9999, len(texts))], object),
}
