"""A DingTalk 日志 of either API (report_id, or camelCase reportId), and its comments.

Times are thousandths of a second; of comments they are text. `contents` is ordered by `sort`, a number written as
text. A value is taken by its title, never by the number in `type`, whose meaning is nowhere stated.
"""

from __future__ import annotations

from typing import Any

from assets.landing.messages.drafts import Draft, NoMessageError, epoch, local
from assets.landing.messages.json_walk import as_list, as_words, parse
from assets.landing.messages.keys import usable_id
from assets.landing.messages.templates import Cell, Item, as_fields, as_text, title_of


def report_drafts(report: dict[str, Any]) -> list[Draft]:
    """The report and what comments stand in it; raises NoMessageError where it has no id or no time."""
    key = usable_id(_get(report, "report_id", "reportId"))
    if key is None:
        raise NoMessageError("report_without_id")
    moment = epoch(_get(report, "create_time", "createTime"), 1000)
    if moment is None:
        raise NoMessageError("no_message_time")
    edited = epoch(_get(report, "modified_time", "modifiedTime"), 1000)
    items = _items(_get(report, "contents", "content"))
    remark = as_words(report.get("remark"))
    if remark:
        items.append(Item("备注", remark))
    images = [x for x in as_list(report.get("images")) if isinstance(x, str)]
    more = {"latitude": as_words(report.get("latitude")), "longitude": as_words(report.get("longitude")),
            "images": ";".join(images) or None}  # fmt: skip
    draft = Draft(
        0, "dingtalk", "report", as_text(items), sender=as_words(_get(report, "creator_name", "creatorName")),
        sender_id=as_words(_get(report, "creator_id", "creatorId")), sent_at=moment[0], clock=moment[1],
        conversation=as_words(_get(report, "dept_name", "deptName")), id=key,
        edited_at=edited[0] if edited and edited[0] != moment[0] else None, fields=as_fields(items, more),
        template=as_words(_get(report, "template_name", "templateName")),
    )  # fmt: skip
    return [draft, *(comment_draft(c, key) for c in as_list(report.get("comments")))]


def comment_draft(value: Any, report_id: str | None) -> Draft:
    """A comment as an answer to its report; raises NoMessageError where it is none, or no report is named."""
    if not isinstance(value, dict) or "content" not in value:
        raise NoMessageError("not_a_message")
    if report_id is None:
        raise NoMessageError("comment_without_report")
    written = str(_get(value, "create_time", "createTime") or "")
    moment = epoch(written, 1000) if written.isdigit() else None
    shown = moment[1] if moment else local(written)
    # A comment has no id of its own: the report stands among what is hashed.
    return Draft(
        0, "dingtalk", "reply", as_words(value.get("content")), sender=as_words(_get(value, "user_name", "userName")),
        sender_id=as_words(_get(value, "userid", "userId")), sent_at=moment[0] if moment else shown,
        clock=f"{report_id} {shown or ''}", reply_to=report_id,
    )  # fmt: skip


def _items(contents: Any) -> list[Item]:
    given = [c for c in as_list(contents) if isinstance(c, dict)]
    ordered = sorted(
        given, key=lambda c: int(s) if (s := str(c.get("sort") or "").strip())[:9].isdecimal() else 1 << 31
    )
    items = []
    for entry in ordered:
        title = title_of(entry.get("key"))
        items.append(Item(title, _value(entry.get("value"))))
        images = [x for x in as_list(entry.get("images")) if isinstance(x, str)]
        if images:
            items.append(Item(f"{title}图片", "；".join(images)))
    return items


def _value(value: Any) -> Cell:
    """A value as text; JSON within it (tables, several choices) is read."""
    if isinstance(value, str) and value.lstrip()[:1] in "[{" and value.strip():
        try:
            return _inner(parse(value)) or value.strip()
        except ValueError:
            return value.strip()
    return value.strip() if isinstance(value, str) else _inner(value)


def _inner(value: Any) -> Cell:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        if all(isinstance(x, str) for x in value):
            return "；".join(x.strip() for x in value if x.strip())
        rows = [_row(x) for x in value if isinstance(x, dict)]
        return [row for row in rows if row]
    if isinstance(value, dict):
        return "；".join(f"{k}：{v}" for k, v in _row(value).items())
    return ""


def _row(value: dict[str, Any]) -> dict[str, str]:
    """A table's row: {title: value}, or {rowValue: [{label, value}]}."""
    cells = value.get("rowValue", value.get("row_value"))
    if isinstance(cells, list):
        pairs = [(_get(c, "label", "key", "title", "name"), c.get("value")) for c in cells if isinstance(c, dict)]
    else:
        pairs = list(value.items())
    return {title_of(t): v.strip() for t, v in pairs if isinstance(v, str) and v.strip()}


def _get(value: dict[str, Any], *names: str) -> Any:
    return next((value[name] for name in names if value.get(name) is not None), None)
