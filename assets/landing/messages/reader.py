"""Which shape of message export a file is, told by its content alone, and its messages as rows.

A file that is none of the shapes, or two of them, is left to others with what was looked for and what stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from assets.landing import xlsx
from assets.landing.csv_records import Dialect, Record, Refused, file_records, preview_records
from assets.landing.layout import Layout
from assets.landing.messages import chat_json, chat_tables, chat_text, reports
from assets.landing.messages.drafts import Draft
from assets.landing.messages.json_walk import is_json_lines, json_lines, open_json, walk
from assets.landing.messages.keys import Settling
from data_contracts.errors import StagewatchError

DELIMITERS = (",", "\t", ";")
EVENTS_SEARCHED = 200_000
LOOKED_FOR = (
    "a WeChat export (WeChatMsg or WeFlow text, WeChatMsg or PyWxDump CSV, WeFlow, EchoTrace or ChatLab JSON, a WeFlow"
    " workbook, messages copied under their names and times), WeCom journal details or DingTalk reports"
)


class NoShapeError(StagewatchError):
    """The file is no message export that we know: it may still be another mapping's."""


@dataclass(frozen=True)
class Shape:
    """What was found: the shape's name, whose messages they are, and of a table where it stands."""

    name: str
    channel: str
    header: tuple[str, ...] = ()
    header_row: int = 0
    delimiter: str = ","
    sheet: str | None = None
    title: str | None = None


def find_shape(path: Path) -> Shape:
    """The shape of an unpacked file, text of it in UTF-8; NoShapeError says what was looked for and found."""
    if is_zipfile(path):
        return _workbook_shape(path)
    with open_json(path) as stream:
        start = stream.read(4096).lstrip()
    if start[:1] in ("{", "["):
        try:
            return _json_shape(path)
        except NoShapeError:
            if start[:1] == "{" or start[1:2] in ('"', "{", "[", "]"):
                raise
        except StagewatchError:
            if start[:1] == "{" or start[1:2] in ('"', "{"):
                raise
    for delimiter in DELIMITERS:
        for row, cells in preview_records(path, Dialect(delimiter, '"')):
            found = chat_tables.table_shape(cells)
            if found is not None:
                return Shape(found, "wechat", cells, row, delimiter)
    family = chat_text.text_family(path)
    if family is not None:
        return Shape(f"text_{family}", "wechat")
    lines = [line.strip() for line in start.splitlines() if line.strip()]
    raise _none(f"its first line is {lines[0][:60]!r}" if lines else "it holds no text")


def read_messages(path: Path, shape: Shape, is_damaged: bool) -> Iterator[tuple[int, tuple[str | None, ...]] | Refused]:
    """Every message as (line, row or element number, cells of MESSAGE_COLUMNS); what is none is refused.

    `is_damaged`: bytes that are no text were replaced by U+FFFD, and what holds one is refused.
    """
    settling = Settling(path)
    for draft in _drafts(path, shape):
        if isinstance(draft, Refused):
            yield draft
        elif is_damaged and "\ufffd" in f"{draft.text}{draft.sender}{draft.fields}":
            yield Refused(draft.row, "damaged_text", draft.text or "")
        else:
            yield settling.row(draft)


def _drafts(path: Path, shape: Shape) -> Iterator[Draft | Refused]:
    if shape.name.startswith("text_"):
        return chat_text.read_text(path, shape.name.removeprefix("text_"))
    if shape.name in ("weflow_json", "chatlab_json"):
        return chat_json.read_document(path, shape.name)
    if shape.name == "chatlab_lines":
        return chat_json.read_lines(path)
    if shape.name in ("reports_json", "reports_lines"):
        return reports.read_reports(path, shape.name == "reports_lines")
    return chat_tables.read_table(shape.name, shape.header, _records(path, shape), shape.title)


def _records(path: Path, shape: Shape) -> Iterator[Record | Refused]:
    if shape.sheet is not None:
        return _sheet_records(path, shape, shape.sheet)
    found = file_records(path, Dialect(shape.delimiter, '"'), len(shape.header), is_damaged=False)
    return (record for record in found if record.row > shape.header_row)


def _sheet_records(path: Path, shape: Shape, sheet: str) -> Iterator[Record | Refused]:
    places: dict[str, int | None] = {f"{place}": place for place in range(len(shape.header))}
    layout = Layout(shape.header_row, len(places), places, shape.header, (), header_cells=(shape.header,))
    for batch in xlsx.row_batches(path, sheet, layout):
        columns = [column.to_pylist() for column in batch.columns]
        for number, kind, reason, _, raw, *cells in zip(*columns, strict=True):
            if reason is not None:
                yield Refused(number, reason, raw or "")
            elif kind != "header":
                yield Record(number, [cell or "" for cell in cells])


def _workbook_shape(path: Path) -> Shape:
    seen: list[str] = []
    for table in xlsx.sheet_tables(path):
        title: str | None = None
        for row, cells in table.preview:
            found = chat_tables.table_shape(cells)
            if found is not None:
                return Shape(found, "wechat", tuple(cells), row, sheet=table.sheet, title=title)
            title = _title(cells) or title
            seen += [cell for cell in cells if cell.strip()]
    raise _none(f"its sheets hold {', '.join(seen[:8])}" if seen else "its sheets are empty")


def _title(cells: tuple[str, ...]) -> str | None:
    """The conversation that a row above the header names: the cell after 群名称, 会话名称 or 昵称."""
    for label, value in zip(cells, (c for c in cells[1:]), strict=False):
        if label.strip().rstrip(":：") in ("群名称", "会话名称", "昵称", "会话") and value.strip():
            return value.strip()
    return None


def _json_shape(path: Path) -> Shape:
    if is_json_lines(path):
        return _lines_shape(path)
    seen: list[str] = []
    members: dict[str, Any] = {}
    lists = chat_json.LISTS | reports.LISTS
    for where, value in islice(walk(path, lists), EVENTS_SEARCHED):
        seen += [where] if where not in seen[-1:] else []
        members.setdefault(where, value)
        if where == "messages[]" and isinstance(value, dict):
            is_chatlab = "timestamp" in value or ("chatlab" in members and "createTime" not in value)
            return Shape("chatlab_json" if is_chatlab else "weflow_json", _channel(members) if is_chatlab else "wechat")
        if isinstance(value, dict | list):
            channel = _report_channel(value)
            if channel is not None:
                return Shape("reports_json", channel)
    if {"chatlab", "session"} & members.keys():
        return Shape("chatlab_json" if "chatlab" in members else "weflow_json", _channel(members))
    return _reports_shape(members, seen)


def _reports_shape(members: dict[str, Any], seen: list[str]) -> Shape:
    """A response whose members lie flat: one report alone, comments, an answer without any report."""
    kind = reports.kind_of_report(members)
    if kind is not None:
        return Shape("reports_json", kind)
    names = {name.removesuffix("[]").split(".")[-1] for name in seen}
    if {"journaluuid_list", "report_list", "unreport_list", "itemlist"} & names:
        raise NoShapeError(
            "holds the numbers of WeCom journals, not what stands in them",
            remedy="send the answers of get_record_detail, one for each journal",
        )
    if "comments" in names:
        return Shape("reports_json", "dingtalk")
    if str(members.get("errcode") or "0") != "0":
        raise NoShapeError(
            f"is an answer that says error {members['errcode']} ({members.get('errmsg') or ''})",
            remedy="mend what it names and export again",
        )
    if "errcode" in members:
        raise NoShapeError("is an answer that holds no report", remedy="leave it out")
    raise _none(f"its JSON holds {', '.join(seen[:8])}" if seen else "its JSON is empty")


def _lines_shape(path: Path) -> Shape:
    keys: dict[str, None] = {}
    for _, _, value in islice(json_lines(path), 100):
        if not isinstance(value, dict):
            continue
        keys.update(dict.fromkeys(value))
        if value.get("_type") in ("header", "member", "message"):
            return Shape("chatlab_lines", _channel(value))
        channel = _report_channel(value)
        if channel is not None:
            return Shape("reports_lines", channel)
    raise _none(f"its JSON lines hold {', '.join(list(keys)[:8])}")


def _report_channel(value: Any) -> str | None:
    return next((kind for kind, _, _ in reports.look_through(value) if kind in ("wecom", "dingtalk")), None)


def _channel(members: dict[str, Any]) -> str:
    head = chat_json.Head()
    head.take("meta", members.get("meta"))
    return head.channel


def _none(what: str) -> NoShapeError:
    return NoShapeError(
        f"is no message export that we know; looked for {LOOKED_FOR}; {what}",
        remedy="export it in one of these forms, or name the source's format (csv, xlsx, jsonl) if it is a table",
    )
