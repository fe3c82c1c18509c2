"""A WeCom 汇报 (the `info` of get_record_detail) and its comments.

It names people by userid only; names come from the directory. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assets.landing.messages.drafts import Draft, NoMessageError, epoch
from assets.landing.messages.json_walk import as_dict, as_list, as_words
from assets.landing.messages.keys import usable_id
from assets.landing.messages.templates import Cell, Item, as_fields, as_text, title_of


def journal_drafts(info: dict[str, Any]) -> list[Draft]:
    """The report and its comments as drafts; raises NoMessageError where it has no id or no time."""
    key = usable_id(info.get("journal_uuid"))
    if key is None:
        raise NoMessageError("report_without_id")
    moment = epoch(info.get("report_time"))
    if moment is None:
        raise NoMessageError("no_message_time")
    who = as_dict(info.get("submitter"))
    controls = as_dict(info.get("apply_data")).get("contents")
    items, place = _items(controls), _place(controls)
    edited = epoch(info.get("modify_time") or info.get("update_time"))
    report = Draft(
        0, "wecom", "report", as_text(items), sender=as_words(who.get("name")), sender_id=as_words(who.get("userid")),
        sent_at=moment[0], clock=moment[1], id=key, edited_at=edited[0] if edited else None,
        fields=as_fields(items, place),
        template=as_words(info.get("template_name")) or as_words(info.get("template_id")),
    )  # fmt: skip
    return [report, *(_comment(c, key) for c in as_list(info.get("comments")) if isinstance(c, dict))]


def _comment(value: dict[str, Any], journal: str) -> Draft:
    moment = epoch(value.get("comment_time"))
    person = as_dict(value.get("comment_userinfo"))
    return Draft(
        0, "wecom", "reply", as_words(value.get("content")), sender=as_words(person.get("name")),
        sender_id=as_words(person.get("userid")), sent_at=moment[0] if moment else None,
        clock=moment[1] if moment else None, id=usable_id(value.get("commentid")),
        reply_to=usable_id(value.get("tocommentid")) or journal,
    )  # fmt: skip


def _items(controls: Any) -> list[Item]:
    items = []
    for control in as_list(controls):
        if isinstance(control, dict):
            titles = as_list(control.get("title"))
            title = _said(titles) if titles else as_words(control.get("title")) or ""
            items.append(
                Item(title_of(title), _value(as_dict(control.get("value")), str(control.get("control") or "")))
            )
    return items


def _value(value: dict[str, Any], control: str) -> Cell:
    """What was filled in, as its control says; where the control is unknown, whatever is there."""
    if control in _READERS:
        return _READERS[control](value)
    return next((found for reader in _READERS.values() if (found := reader(value))), "")


def _text(value: dict[str, Any]) -> str:
    return as_words(value.get("text")) or ""


def _selected(value: dict[str, Any]) -> str:
    options = as_list(as_dict(value.get("selector")).get("options"))
    return "；".join(filter(None, (_said(as_list(o.get("value"))) for o in options if isinstance(o, dict))))


def _day(date: dict[str, Any], key: str) -> str:
    moment = epoch(date.get(key))
    if moment is None:
        return ""
    return moment[1][:10] if date.get("type") != "hour" else moment[1][:16]


def _date(value: dict[str, Any]) -> str:
    return _day(as_dict(value.get("date")), "s_timestamp")


def _range(value: dict[str, Any]) -> str:
    span = as_dict(value.get("date_range"))
    return " 至 ".join(filter(None, (_day(span, "new_begin"), _day(span, "new_end"))))


def _people(value: dict[str, Any]) -> str:
    named = [*as_list(value.get("members")), *as_list(value.get("departments"))]
    names = (as_words(p.get("name")) or as_words(p.get("userid")) or as_words(p.get("openapi_id")) for p in named
             if isinstance(p, dict))  # fmt: skip
    return "；".join(filter(None, names))


def _location(value: dict[str, Any]) -> str:
    place = as_dict(value.get("location"))
    return " ".join(dict.fromkeys(filter(None, (as_words(place.get("title")), as_words(place.get("address"))))))


def _files(value: dict[str, Any]) -> str:
    files = [*as_list(value.get("files")), *as_list(value.get("wedrive_files"))]
    return "；".join(filter(None, (as_words(f.get("file_id") or f.get("name")) for f in files if isinstance(f, dict))))


def _table(value: dict[str, Any]) -> Cell:
    rows = []
    for child in as_list(value.get("children")):
        inner = _items(as_dict(child).get("list"))
        row = {title: cell for title, cell in inner if isinstance(cell, str) and cell}
        if row:
            rows.append(row | {k: v for k, v in _place(as_dict(child).get("list")).items() if v and k not in row})
    return rows


def _place(controls: Any) -> dict[str, str | None]:
    """Where the first filled-in location control says that one was."""
    for control in as_list(controls):
        spot = as_dict(as_dict(as_dict(control).get("value")).get("location"))
        if as_words(spot.get("latitude")) and as_words(spot.get("longitude")):
            return {"latitude": as_words(spot.get("latitude")), "longitude": as_words(spot.get("longitude"))}
    return {}


def _said(texts: list[Any]) -> str:
    """The Chinese text of several languages, else the first."""
    told = [t for t in texts if isinstance(t, dict) and as_words(t.get("text"))]
    chinese = next((t for t in told if str(t.get("lang", "")).lower().startswith("zh")), None)
    return str((chinese or told[0])["text"]).strip() if told else ""


_READERS: dict[str, Callable[[dict[str, Any]], Cell]] = {
    "Text": _text, "Textarea": _text,
    "Number": lambda v: as_words(v.get("new_number")) or "",
    "Money": lambda v: as_words(v.get("new_money")) or "",
    "Date": _date, "Selector": _selected, "Contact": _people, "File": _files, "Table": _table,
    "Location": _location, "DateRange": _range,
    "Formula": lambda v: as_words(as_dict(v.get("formula")).get("value")) or "",
}  # fmt: skip
