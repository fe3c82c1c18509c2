"""Chats as tables: the CSVs of WeChatMsg (1b), of PyWxDump and the tools after it (1c), and WeFlow's workbooks.

Columns are taken by name wherever they stand; unknown ones are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from assets.landing.csv_records import Record, Refused
from assets.landing.messages.appmsg import app_kind
from assets.landing.messages.drafts import Draft, NoMessageError, epoch, local
from assets.landing.messages.json_walk import parse
from assets.landing.messages.keys import usable_id
from assets.landing.messages.kinds import WECHAT_TYPES, content, kind_of_type_name, signed

Cells = Mapping[str, str]
LOOKED_AT = 50
# The columns that tell a shape, alternatives in a group.
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "wechatmsg_csv": (("localid", "talkerid"), ("type",), ("strcontent",), ("createtime", "strtime")),
    "pywxdump_csv": (("type_name",), ("is_sender",), ("msg", "content"), ("createtime",)),
    "weflow_table": (("时间",), ("消息类型",), ("内容",), ("发送者身份", "发送者昵称")),
}


def table_shape(cells: Sequence[str]) -> str | None:
    """The shape whose columns a header row holds; None where it holds none."""
    there = {_name(cell) for cell in cells}
    return next((s for s, groups in NEEDED.items() if all(there & set(group) for group in groups)), None)


def read_table(
    shape: str, header: Sequence[str], records: Iterable[Record | Refused], title: str | None = None
) -> Iterator[Draft | Refused]:
    """The messages of a table's rows; `title` is the conversation that the rows above the header name."""
    names = [_name(cell) for cell in header]
    first = list(islice(records := iter(records), LOOKED_AT))
    if _are_rounded(names, first):
        names = ["" if name == "msgsvrid" else name for name in names]
    to_draft: Callable[[int, Cells], Draft] = _READERS[shape]
    for record in chain(first, records):
        if isinstance(record, Refused):
            yield record
            continue
        cells = {name: cell.strip() for name, cell in zip(names, record.cells, strict=False) if cell}
        try:
            draft = to_draft(record.row, cells)
            draft.conversation = draft.conversation or title
            yield draft
        except NoMessageError as error:
            yield Refused(record.row, error.reason, ",".join(record.cells))


def _are_rounded(names: Sequence[str], records: Sequence[Record | Refused]) -> bool:
    """Whether the ids went through a spreadsheet, which keeps fifteen digits of them and fills up with zeros.

    Of exact ids one in ten thousand ends so.
    """
    if "msgsvrid" not in names:
        return False
    place = names.index("msgsvrid")
    ids = [r.cells[place].strip() for r in records if isinstance(r, Record) and place < len(r.cells)]
    long = [key for key in ids if len(key) > 15 and key.isdigit()]
    return len(long) > 1 and all(key.endswith("0000") for key in long)


def _name(cell: str) -> str:
    return cell.strip().lstrip("\ufeff").lower()


def _wechatmsg(row: int, cells: Cells) -> Draft:
    moment = epoch(cells.get("createtime", ""))
    shown = local(cells.get("strtime", ""))
    if moment is None and shown is None:
        raise NoMessageError("no_message_time")
    kind = _numbered_kind(cells.get("type", ""), cells.get("subtype", ""))
    sender_id = cells.get("sender")
    raw = cells.get("strcontent", "").removeprefix(f"{sender_id}:\n")
    draft = _draft(row, kind, raw)
    draft.sender, draft.sender_id = cells.get("remark") or cells.get("nickname") or draft.sender, sender_id
    draft.sent_at = moment[0] if moment else shown
    draft.clock = shown or (moment[1] if moment else None)
    return signed(draft)


def _numbered_kind(type_text: str, subtype_text: str) -> str | None:
    if not type_text.removeprefix("-").isdecimal():
        raise NoMessageError("not_a_message")
    number = int(type_text[:12])
    if number == 49 and subtype_text:
        return app_kind(subtype_text)
    return WECHAT_TYPES.get(number)


def _pywxdump(row: int, cells: Cells) -> Draft:
    written = cells.get("createtime", "")
    # Text in newer files, an epoch in older ones: the value tells (message_formats 1c).
    moment = epoch(written) if written.replace(".", "", 1).isdigit() else None
    shown = moment[1] if moment else local(written)
    if shown is None:
        raise NoMessageError("no_message_time")
    raw = cells["msg"] if "msg" in cells else _inner_msg(cells.get("content", ""))
    draft = _draft(row, kind_of_type_name(cells.get("type_name", "")), raw)
    draft.id, draft.conversation = usable_id(cells.get("msgsvrid")), cells.get("room_name")
    # An account is in ASCII; WeClone's export has the name shown in its place.
    talker = cells.get("talker", "")
    draft.sender, draft.sender_id = (None, talker or None) if talker.isascii() else (talker, None)
    draft.sent_at, draft.clock = moment[0] if moment else shown, shown
    return signed(draft)


def _inner_msg(text: str) -> str:
    """The `msg` of older files' JSON content; the text itself where it is none."""
    if not text.startswith("{"):
        return text
    try:
        value: Any = parse(text)
    except ValueError:
        return text
    return str(value.get("msg") or "") if isinstance(value, dict) and "msg" in value else text


def _weflow(row: int, cells: Cells) -> Draft:
    shown = local(cells.get("时间", ""))
    if shown is None:
        raise NoMessageError("no_message_time")
    draft = _draft(row, kind_of_type_name(cells.get("消息类型", "")), cells.get("内容"))
    role = cells.get("发送者身份")
    named = cells.get("群昵称") or cells.get("发送者备注") or cells.get("发送者昵称")
    draft.sender = named if role in (None, "我") and named else role
    draft.sender_id = cells.get("发送者微信id")
    draft.sent_at = draft.clock = shown
    return signed(draft)


def _draft(row: int, kind: str | None, raw: str | None) -> Draft:
    told = content(kind, raw)
    return Draft(row, "wechat", told.kind, told.text, quoted_by=told.quoted_by, quoted=told.quoted,
                 reply_to=usable_id(told.reply_id))  # fmt: skip


_READERS: dict[str, Callable[[int, Cells], Draft]] = {
    "wechatmsg_csv": _wechatmsg, "pywxdump_csv": _pywxdump, "weflow_table": _weflow,
}  # fmt: skip
