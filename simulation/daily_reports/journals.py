"""Daily reports as WeCom 汇报 and DingTalk 日志 give them, by their interfaces.

A report is a free text over the whole day, or a form: fields of one visit, or (WeCom) a table with a row a visit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from simulation.daily_reports.chats import epoch
from simulation.daily_reports.names import Account
from simulation.daily_reports.sentences import Said

TITLES = {"summary": ("今日工作总结", "今日完成工作", "工作内容"), "plan": ("明日计划", "明日工作计划", "下步计划")}


@dataclass
class Report:
    """One report. `fields`: (title, kind: text, number, date, choice, table, and its value), in order."""

    rep: int
    at: datetime
    template: str
    fields: list[tuple[str, str, Any]]
    told: list[Said]
    key: str
    modified: datetime | None = None
    earlier: list[tuple[str, str, Any]] = field(default_factory=list)  # the fields before it was edited


@dataclass
class Journal:
    """An office's reports and its reps' accounts."""

    office: str
    reports: Sequence[Report]
    accounts: dict[int | None, Account]
    names: dict[int, str]


def wecom_json(journal: Journal, rng: np.random.Generator) -> bytes:
    """The replies of get_record_detail, one after the other, in a list."""
    return _dump([{"errcode": 0, "errmsg": "ok", "info": _wecom(journal, r)} for r in journal.reports])


def _wecom(journal: Journal, report: Report) -> dict[str, Any]:
    contents = [_control(k, *one) for k, one in enumerate(report.fields, start=1)]
    return {
        "journal_uuid": report.key, "template_name": report.template,
        "report_time": epoch(report.modified or report.at),
        "submitter": {"userid": journal.accounts[report.rep].userid},
        "receivers": [{"userid": journal.accounts[None].userid}], "readed_receivers": [],
        "apply_data": {"contents": contents}, "comments": [],
    }  # fmt: skip


def _control(number: int, title: str, kind: str, value: Any) -> dict[str, Any]:
    """A control with its value in the place that its kind has."""
    names = {"text": "Textarea", "number": "Money", "date": "Date", "choice": "Selector", "table": "Table"}
    empty: dict[str, Any] = {
        "text": "",
        "new_number": "",
        "new_money": "",
        "members": [],
        "departments": [],
        "files": [],
        "children": [],
    }
    if kind == "text":
        empty["text"] = value
    elif kind == "number":
        empty["new_money"] = "" if value is None else f"{value:.2f}"
    elif kind == "date" and value is not None:
        empty["date"] = {"type": "day", "s_timestamp": str(epoch(datetime(value.year, value.month, value.day)))}
    elif kind == "choice" and value:
        option = {"key": f"option-{sum(map(ord, value))}", "value": [{"text": value, "lang": "zh_CN"}]}
        empty["selector"] = {"type": "single", "options": [option]}
    elif kind == "table":
        empty["children"] = [{"list": [_control(k, *one) for k, one in enumerate(row, start=1)]} for row in value]
    name = names[kind]
    return {
        "control": name,
        "id": f"{name}-{1606365477000 + number}",
        "title": [{"text": title, "lang": "zh_CN"}],
        "value": empty,
    }


def dingtalk_json(journal: Journal, rng: np.random.Generator) -> bytes:
    """The pages of topapi/report/list, twenty reports each; one edited between two pulls stands there twice."""
    stated = [
        (_dingtalk(journal, r, r.earlier, r.at) if r.earlier else None, _dingtalk(journal, r, r.fields, r.modified))
        for r in journal.reports
    ]
    entries = [entry for pair in stated for entry in pair if entry is not None]
    pages = [entries[k : k + 20] for k in range(0, len(entries), 20)]
    return _dump([
        {"errcode": 0, "errmsg": "ok", "result": {"size": 20, "has_more": k + 1 < len(pages),
            "next_cursor": k + 1, "data_list": page}}
        for k, page in enumerate(pages)
    ])  # fmt: skip


def _dingtalk(
    journal: Journal, report: Report, fields: list[tuple[str, str, Any]], modified: datetime | None
) -> dict[str, Any]:
    contents = [
        {"sort": str(k), "type": "1" if kind != "number" else "2", "key": title, "value": _plain(value)}
        for k, (title, kind, value) in enumerate(fields)
    ]
    contents.sort(key=lambda one: str(one["sort"]))
    return {
        "report_id": report.key, "template_name": report.template, "creator_id": journal.accounts[report.rep].userid,
        "creator_name": journal.names[report.rep], "dept_name": journal.office, "create_time": epoch(report.at) * 1000,
        "modified_time": epoch(modified or report.at) * 1000, "remark": "", "images": [], "latitude": "",
            "longitude": "",
        "contents": contents,
    }  # fmt: skip


def dingtalk_new_json(journal: Journal, rng: np.random.Generator) -> bytes:
    """The newer interface, report_1_0, one document; only the last state of an edited report."""
    out = []
    for report in journal.reports:
        old = _dingtalk(journal, report, report.fields, report.modified)
        out.append({
            "reportId": old["report_id"], "templateName": old["template_name"], "creatorId": old["creator_id"],
            "creatorName": old["creator_name"], "deptName": old["dept_name"], "createTime": old["create_time"],
            "modifiedTime": old["modified_time"], "remark": "",
            "content": [{**one, "images": []} for one in old["contents"]],
        })  # fmt: skip
    return _dump({"result": {"dataList": out, "hasMore": False}})


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def after(report_at: datetime, rng: np.random.Generator) -> datetime:
    """When a report was edited."""
    return report_at + timedelta(seconds=int(rng.integers(600, 80_000)))
