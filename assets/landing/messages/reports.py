"""Reports as JSON (WeCom 汇报, DingTalk 日志), wherever they stand in a response, a list of them, or lines of them.

Reports and their comments are numbered together in the order of the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assets.landing.csv_records import Refused
from assets.landing.messages import dingtalk, wecom
from assets.landing.messages.drafts import Draft, NoMessageError
from assets.landing.messages.json_walk import json_lines, walk

LISTS = frozenset({
    "", "info", "infos", "info_list", "data_list", "dataList", "list", "data", "reports",
    "result.data_list", "result.dataList", "result.list", "data.list", "data.data_list",
})  # fmt: skip
DEPTH = 6


def kind_of_report(value: Any) -> str | None:
    """wecom or dingtalk where the value is one report of theirs; None where it is something else."""
    if not isinstance(value, dict):
        return None
    if "journal_uuid" in value or ("apply_data" in value and "submitter" in value):
        return "wecom"
    has_contents = isinstance(value.get("contents", value.get("content")), list)
    return "dingtalk" if ("report_id" in value or "reportId" in value) and has_contents else None


def look_through(value: Any, report_id: str | None = None, depth: int = DEPTH) -> Iterator[tuple[str, Any, str | None]]:
    """What a JSON value holds: (wecom | dingtalk | comment | error | other, value, report it belongs to)."""
    kind = kind_of_report(value)
    if kind is not None:
        yield kind, value, None
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from look_through(inner, report_id, depth - 1)
    elif isinstance(value, dict) and depth:
        if str(value.get("errcode") or "0") != "0":
            yield "error", value, None
            return
        report_id = _id(value) or report_id
        comments = value.get("comments")
        inner = [value[k] for k in ("result", "info", "infos", "info_list", "data_list", "dataList", "list", "data",
                                    "reports") if isinstance(value.get(k), dict | list)]  # fmt: skip
        if isinstance(comments, list):
            yield from (("comment", comment, report_id) for comment in comments)
        elif not inner:
            yield "other", value, None
        for part in inner:
            yield from look_through(part, report_id, depth - 1)
    else:
        yield "other", value, None


def read_reports(path: Path, is_lines: bool) -> Iterator[Draft | Refused]:
    """The reports and comments of a file, in order."""
    number = 0
    for value in _values(path, is_lines):
        if isinstance(value, Refused):
            number += 1
            yield Refused(number, value.reason, value.raw)
            continue
        for kind, found, report_id in look_through(value):
            try:
                if kind == "wecom":
                    drafts = wecom.journal_drafts(found)
                elif kind == "dingtalk":
                    drafts = dingtalk.report_drafts(found)
                elif kind == "comment":
                    drafts = [dingtalk.comment_draft(found, report_id)]
                else:
                    raise NoMessageError("api_error" if kind == "error" else "not_a_message")
            except NoMessageError as error:
                number += 1
                yield Refused(number, error.reason, json.dumps(found, ensure_ascii=False))
                continue
            for draft in drafts:
                number += 1
                draft.row = number
                yield draft


def _values(path: Path, is_lines: bool) -> Iterator[Any]:
    """The file's values that may hold reports: of lines each, of a document the elements of its lists."""
    if is_lines:
        for number, line, value in json_lines(path):
            yield value if isinstance(value, dict | list) else Refused(number, "not_json", line)
        return
    rest: dict[str, Any] = {}
    for where, value in walk(path, LISTS):
        if where.endswith("[]"):
            yield value
        elif where:
            _put(rest, where.split("."), value)
        else:
            yield value
    if str(rest.get("errcode") or "0") != "0" or _holds_report(rest):
        yield rest


def _put(rest: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        rest = rest.setdefault(key, {})
    rest[path[-1]] = value


def _holds_report(rest: dict[str, Any]) -> bool:
    """Whether what stands outside the lists holds a report or comments."""
    return any(kind in ("wecom", "dingtalk", "comment") for kind, _, _ in look_through(rest))


def _id(value: dict[str, Any]) -> str | None:
    found = value.get("report_id") or value.get("reportId")
    return found if isinstance(found, str) else None
