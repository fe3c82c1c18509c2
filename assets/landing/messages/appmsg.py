"""The XML of WeChat's replies, cards, files, forwarded bundles and recalls, which some exporters leave as it is.

Only a few tags are looked for, by pattern: the text is a stranger's, is often cut, and is never given to an XML parser.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

MAX_XML = 1 << 20
MAX_ITEMS = 200
# WeChat's sub-types of type 49 that are no cards.
APP_KINDS = {1: "text", 6: "file", 8: "sticker", 19: "forwarded", 53: "text", 57: "reply"}
_BY_TAG = (("<img", "image"), ("<voicemsg", "voice"), ("<videomsg", "video"), ("<emoji", "sticker"),
           ("<location", "location"), ("<revokemsg", "recall"))  # fmt: skip


class Body(NamedTuple):
    """What the XML says: our kind (None: unknown), the words, and of a reply whom and what it quotes."""

    kind: str | None
    text: str | None
    quoted_by: str | None = None
    quoted: str | None = None
    reply_id: str | None = None


def is_xml(text: str) -> bool:
    """Whether a content is WeChat's XML."""
    return text.startswith("<") and text.startswith(("<?xml", "<msg", "<sysmsg", "<revokemsg", "<appmsg"))


def app_kind(number: str | None) -> str:
    """The kind of a message of type 49 by its sub-type's number."""
    return APP_KINDS.get(int(number[:12]), "card") if number and number.isdecimal() else "card"


def appmsg_body(xml: str) -> Body:
    """The kind and the words of a message kept as XML."""
    xml = xml[:MAX_XML]
    if "<revokemsg" in xml:
        return Body("recall", _tag(xml, "replacemsg"), reply_id=_tag(xml, "newmsgid"))
    at = xml.find("<appmsg")
    if at < 0:
        kind = next((kind for tag, kind in _BY_TAG if tag in xml[:2000]), None)
        label = re.search(r'\blabel="([^"]*)"', xml) if kind == "location" else None
        return Body(kind, html.unescape(label[1]) if label else None)
    refer_at = xml.find("<refermsg")
    outer = xml[at : refer_at if refer_at > 0 else None]
    kind = app_kind(_tag(outer, "type"))
    title = _tag(outer, "title")
    if refer_at > 0:
        refer = xml[refer_at:]
        quoted = _tag(refer, "content")
        if quoted is not None and is_xml(quoted):
            quoted = appmsg_body(quoted).text
        return Body("reply", title, _tag(refer, "displayname"), quoted, _tag(refer, "svrid"))
    if kind == "forwarded":
        return Body(kind, "\n".join([title or "", *_bundle(_tag(outer, "recorditem") or outer)]).strip())
    parts = [title, _tag(outer, "des"), _tag(outer, "url") if kind == "card" else None]
    return Body(kind, "\n".join(dict.fromkeys(p for p in parts if p)) or None)


def _bundle(items: str) -> list[str]:
    """The messages of a forwarded bundle, a line each: who, when, what."""
    lines = []
    for item in items.split("<dataitem", MAX_ITEMS + 1)[1:]:
        who, when, what = _tag(item, "sourcename"), _tag(item, "sourcetime"), _tag(item, "datadesc")
        head = " ".join(p for p in (who, when) if p)
        lines.append(f"{head}: {what or '[图片]'}" if head else what or "")
    return [line for line in lines if line]


def _tag(xml: str, name: str) -> str | None:
    """The text of the first tag of that name, entities and CDATA undone; None where it is absent, empty or open."""
    start = -1
    while (start := xml.find(f"<{name}", start + 1)) >= 0:
        if xml[start + len(name) + 1 : start + len(name) + 2] in (">", " ", "\n", "\t"):
            break
    begin = xml.find(">", start) + 1
    end = xml.find(f"</{name}>", begin)
    if start < 0 or begin == 0 or end < 0:
        return None
    text = xml[begin:end].strip()
    inner = text.removeprefix("<![CDATA[").removesuffix("]]>")
    return (html.unescape(text) if inner == text else inner).strip() or None
