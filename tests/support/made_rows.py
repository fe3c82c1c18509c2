"""Rows and messages as hypothesis makes them, thousands at a time, in every form of file: sound ones among anything.

What is good is told by its identifier or words (`GOOD...`), so that it can be looked for afterwards.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from assets.landing.load import BLANKS

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", " ", "\0", "\ufeff", "\u202e", "quotation", "2025-03-05", "2025-02-30", "0000-00-00", "9999-12-31", "-0",
     "NaN", "inf", "1e999", '"', "'", ",", '","', "\r", "\n", "\r\n", "=1+1", "乳业", "０１２", "\u3000", "null",
     "\\N", "x" * 5000]
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | TEXTS
    | st.sampled_from(["\ud800", "a\udfff"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
CELLS = st.tuples(TEXTS, TEXTS, TEXTS)
OBJECTS = st.dictionaries(st.sampled_from(["id", "stage", "at", "other"]), VALUES, max_size=4) | VALUES
MESSAGES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("createTime", "type", "content", "senderDisplayName", "localId", "extra"), VALUES)
)
REPORTS = st.fixed_dictionaries(
    {"report_id": VALUES},
    optional=dict.fromkeys(("create_time", "contents", "creator_name", "template_name", "remark", "dept_name"), VALUES),
)


def many(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many examples of a strategy, the same in every run."""
    found: list[Any] = []

    @settings(
        max_examples=-(-count // 25), database=None, derandomize=True, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(strategy, min_size=25, max_size=25))
    def take(some: list[Any]) -> None:
        found.extend(some)

    take()
    assert len(found) >= count
    return found[:count]


def row_files(count: int) -> dict[str, bytes]:
    """Files of `count` rows each, a good one before every hundred of them: quoted and bare CSV, and JSON lines."""
    quoted, bare = io.StringIO(), ["id,stage,at"]
    writer = csv.writer(quoted)
    writer.writerow(["id", "stage", "at"])
    for place, cells in _with_good(many(CELLS, count), lambda n: (f"GOOD{n}", "quotation", "2025-03-05")):
        writer.writerow(cells)
        # A bare row may open a quote and take those after it along: the good ones stand in the other file.
        if not place:
            bare.append(",".join(cells))
    lines = [
        json.dumps(value)
        for _, value in _with_good(
            many(OBJECTS, count), lambda n: {"id": f"GOODJ{n}", "stage": "quotation", "at": "2025-03-05"}
        )
    ]
    return {
        "stages_made_quoted.csv": quoted.getvalue().encode(),
        "stages_made_bare.csv": "\n".join(bare).encode(),
        "stages_made_lines.jsonl": "\n".join(lines).encode(),
    }


def message_files(count: int) -> dict[str, bytes]:
    """Files of `count` messages each, a good one before every hundred of them: text, CSV, JSON, and reports."""
    told, table = [], io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["localId", "TalkerId", "Type", "SubType", "StrContent", "StrTime", "Remark"])
    for _, (who, words, at) in _with_good(many(CELLS, count), lambda n: ("王敏", f"GOOD{n}", "2024-05-06 09:12:44")):
        told.append(f"{at if at.startswith('2024') else '2024-05-06 09:12:44'} {who}\n{words}\n\n")
        writer.writerow([1, 1, 1, 0, words, at, who])
    good = {"createTime": 1714957964, "type": "文本消息", "senderDisplayName": "周婷"}
    messages = [m for _, m in _with_good(many(MESSAGES, count), lambda n: {**good, "content": f"GOODJ{n}"})]
    reports = [
        report
        for _, report in _with_good(
            many(REPORTS, count),
            lambda n: {"report_id": f"GOODR{n}", "template_name": "日报", "creator_name": "王敏",
                       "create_time": 1714989600000, "contents": [{"sort": "1", "key": "今日工作", "value": "早"}]},
        )
    ]  # fmt: skip
    return {
        "chat_made.txt": "".join(told).encode(),
        "chat_made.csv": table.getvalue().encode(),
        "chat_made.json": json.dumps({"session": {"displayName": "群"}, "messages": messages}).encode(),
        "chat_made_reports.json": json.dumps(reports).encode(),
    }


def objects_in(content: bytes) -> int:
    """How many lines of JSON hold anything to read: one of our columns, or no object at all, which is refused."""
    return sum(map(_holds_anything, map(json.loads, content.decode().split("\n"))))


def _holds_anything(value: Any) -> bool:
    """Objects in an object are columns of their own (`id.x`), and none of ours; a list of texts is one text."""
    if not isinstance(value, dict):
        return True
    ours = [value[name] for name in ("id", "stage", "at") if not isinstance(value.get(name), dict | None)]
    joined = [";".join(v) if isinstance(v, list) and all(isinstance(x, str) for x in v) else v for v in ours]
    return any(not isinstance(v, str) or _strip(v) for v in joined)


def rows_in(content: bytes) -> int:
    """How many rows of a quoted CSV file below its header hold anything, as its writer sees it."""
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]
    return sum(any(_strip(cell.replace("\ufeff", "")) for cell in row) for row in rows)


def _strip(cell: str) -> str:
    return cell.replace("\0", "").strip(BLANKS)


def _with_good(made: list[Any], good: Any) -> Iterator[tuple[bool, Any]]:
    """What was made, and before every hundred one that is good; whether it is that one."""
    for n, value in enumerate(made):
        if n % 100 == 0:
            yield True, good(n)
        yield False, value
