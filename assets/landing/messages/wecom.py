"""A WeCom 汇报 (the `info` of get_record_detail) and its comments.

It names people by userid only; names come from the directory. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assets.landing.messages.drafts import Draft, NoMessageError, epoch
from assets.landing.messages.keys import usable_id
from assets.landing.messages.reports import Cell, Item, as_fields, as_text, title_of


def journal_drafts(info: dict[str, Any]) -> list[Draft]:
    """The report and its comments as drafts; raises NoMessageError where it has no id or no time."""
    key = usable_id(info.get("journal_uuid"))
    if key is None:
        raise NoMessageError("report_without_id")
    moment = epoch(info.get("report_time"))
    if moment is None:
        raise NoMessageError("no_message_time")
    who = _dict(info.get("submitter"))
    controls = _dict(info.get("apply_data")).get("contents")
    items, place = _items(controls), _place(controls)
    edited = epoch(info.get("modify_time") or info.get("update_time"))
    report = Draft(
        0, "wecom", "report", as_text(items), sender=_str(who.get("name")), sender_id=_str(who.get("userid")),
        sent_at=moment[0], clock=moment[1], id=key, edited_at=edited[0] if edited else None,
        fields=as_fields(items, place), template=_str(info.get("template_name")) or _str(info.get("template_id")),
    )  # fmt: skip
    return [report, *(_comment(c, key) for c in _list(info.get("comments")) if isinstance(c, dict))]


def _comment(value: dict[str, Any], journal: str) -> Draft:
    moment = epoch(value.get("comment_time"))
    person = _dict(value.get("comment_userinfo"))
    return Draft(
        0, "wecom", "reply", _str(value.get("content")), sender=_str(person.get("name")),
        sender_id=_str(person.get("userid")), sent_at=moment[0] if moment else None,
        clock=moment[1] if moment else None, id=usable_id(value.get("commentid")),
        reply_to=usable_id(value.get("tocommentid")) or journal,
    )  # fmt: skip


def _items(controls: Any) -> list[Item]:
    items = []
    for control in _list(controls):
        if isinstance(control, dict):
            titles = _list(control.get("title"))
            title = _said(titles) if titles else _str(control.get("title")) or ""
            items.append(Item(title_of(title), _value(_dict(control.get("value")), str(control.get("control") or ""))))
    return items


def _value(value: dict[str, Any], control: str) -> Cell:
    """What was filled in, as its control says; where the control is unknown, whatever is there."""
    if control in _READERS:
        return _READERS[control](value)
    return next((found for reader in _READERS.values() if (found := reader(value))), "")


def _text(value: dict[str, Any]) -> str:
    return _str(value.get("text")) or ""


def _selected(value: dict[str, Any]) -> str:
    options = _list(_dict(value.get("selector")).get("options"))
    return "；".join(filter(None, (_said(_list(o.get("value"))) for o in options if isinstance(o, dict))))


def _day(date: dict[str, Any], key: str) -> str:
    moment = epoch(date.get(key))
    if moment is None:
        return ""
    return moment[1][:10] if date.get("type") != "hour" else moment[1][:16]


def _date(value: dict[str, Any]) -> str:
    return _day(_dict(value.get("date")), "s_timestamp")


def _range(value: dict[str, Any]) -> str:
    span = _dict(value.get("date_range"))
    return " 至 ".join(filter(None, (_day(span, "new_begin"), _day(span, "new_end"))))


def _people(value: dict[str, Any]) -> str:
    named = [*_list(value.get("members")), *_list(value.get("departments"))]
    names = (_str(p.get("name")) or _str(p.get("userid")) or _str(p.get("openapi_id")) for p in named
             if isinstance(p, dict))  # fmt: skip
    return "；".join(filter(None, names))


def _location(value: dict[str, Any]) -> str:
    place = _dict(value.get("location"))
    return " ".join(dict.fromkeys(filter(None, (_str(place.get("title")), _str(place.get("address"))))))


def _files(value: dict[str, Any]) -> str:
    files = [*_list(value.get("files")), *_list(value.get("wedrive_files"))]
    return "；".join(filter(None, (_str(f.get("file_id") or f.get("name")) for f in files if isinstance(f, dict))))


def _table(value: dict[str, Any]) -> Cell:
    rows = []
    for child in _list(value.get("children")):
        inner = _items(_dict(child).get("list"))
        row = {title: cell for title, cell in inner if isinstance(cell, str) and cell}
        if row:
            rows.append(row | {k: v for k, v in _place(_dict(child).get("list")).items() if v and k not in row})
    return rows


def _place(controls: Any) -> dict[str, str | None]:
    """Where the first filled-in location control says that one was."""
    for control in _list(controls):
        spot = _dict(_dict(_dict(control).get("value")).get("location"))
        if _str(spot.get("latitude")) and _str(spot.get("longitude")):
            return {"latitude": _str(spot.get("latitude")), "longitude": _str(spot.get("longitude"))}
    return {}


def _said(texts: list[Any]) -> str:
    """The Chinese text of several languages, else the first."""
    told = [t for t in texts if isinstance(t, dict) and _str(t.get("text"))]
    chinese = next((t for t in told if str(t.get("lang", "")).lower().startswith("zh")), None)
    return str((chinese or told[0])["text"]).strip() if told else ""


_READERS: dict[str, Callable[[dict[str, Any]], Cell]] = {
    "Text": _text, "Textarea": _text,
    "Number": lambda v: _str(v.get("new_number")) or "",
    "Money": lambda v: _str(v.get("new_money")) or "",
    "Date": _date, "Selector": _selected, "Contact": _people, "File": _files, "Table": _table,
    "Location": _location, "DateRange": _range,
    "Formula": lambda v: _str(_dict(v.get("formula")).get("value")) or "",
}  # fmt: skip


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _str(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
