"""What kind of message it is: by the exporter's type (a number or a Chinese name), by its placeholder, by its words."""

from __future__ import annotations

import re
from typing import NamedTuple

from assets.landing.messages.appmsg import appmsg_body, is_xml
from assets.landing.messages.drafts import Draft

# WeChat's own numbers of types (of 49's see appmsg.py); ChatLab's numbers.
WECHAT_TYPES = {
    1: "text", 3: "image", 34: "voice", 42: "card", 43: "video", 47: "sticker", 48: "location", 49: "card",
    50: "system", 10000: "system", 10002: "system",
}  # fmt: skip
CHATLAB_TYPES = {
    0: "text", 1: "image", 2: "voice", 3: "video", 4: "file", 5: "sticker", 7: "card", 8: "location", 20: "card",
    21: "card", 22: "system", 23: "system", 24: "card", 25: "reply", 26: "forwarded", 27: "card", 80: "system",
    81: "recall", 99: "text",
}  # fmt: skip
# A type's name holds one of these words; the first that fits decides.
_TYPE_WORDS = (
    ("撤回", "recall"), ("引用", "reply"), ("合并转发", "forwarded"), ("聊天记录", "forwarded"), ("通话", "system"),
    ("拍一拍", "system"), ("系统", "system"), ("通知", "system"), ("提示", "system"), ("图文", "card"),
    ("视频号", "card"), ("接龙", "text"), ("公告", "text"), ("图片", "image"), ("语音", "voice"), ("视频", "video"),
    ("表情", "sticker"), ("文件", "file"), ("位置", "location"), ("名片", "card"), ("链接", "card"), ("小程序", "card"),
    ("卡片", "card"), ("音乐", "card"), ("红包", "card"), ("转账", "card"), ("分享", "card"), ("文本", "text"),
    ("文字", "text"),
)  # fmt: skip
_PLACEHOLDER = re.compile(
    r"\[(图片|语音|视频|文件|表情包|动画表情|表情|音乐分享|音乐|链接|图文|小程序|位置|名片|聊天记录|红包|转账|拍一拍"
    r"|视频号直播|语音转文字|语音通话|视频通话|通话)(?:消息)?\]"
)
# After these the words that follow are of the thing itself; after a picture they are the sender's own.
_WITH_WORDS = {"voice", "file", "card", "location", "forwarded"}
MEDIA = {"image", "voice", "video", "sticker"}
_RECALL = re.compile(r"撤回了?一?条?(?:成员\S{0,40}的)?(?:一条)?消息|recalled a message", re.IGNORECASE)
_RECALLED_BY = re.compile(r"""^\s*["“「'<]?(?P<name>.+?)["”」'>]?\s*(?:撤回|recalled)""")


class Content(NamedTuple):
    """What a message's raw content says."""

    kind: str
    text: str | None
    quoted_by: str | None = None
    quoted: str | None = None
    reply_id: str | None = None


def kind_of_type_name(name: str) -> str | None:
    """文本消息, 图片, 引用消息, ... as our kind; None where the name is unknown."""
    return next((kind for word, kind in _TYPE_WORDS if word in name), None)


def content(kind: str | None, raw: str | None) -> Content:
    """The kind and the words of a message whose exporter says `kind` (None: says nothing) and holds `raw`."""
    text = (raw or "").strip()
    if is_xml(text):
        body = appmsg_body(text)
        is_told = kind not in (None, "card", "text")
        return Content(kind if is_told and kind else body.kind or kind or "card", body.text or None, body.quoted_by,
                       body.quoted, body.reply_id)  # fmt: skip
    if kind in (None, "text"):
        kind = _by_placeholder(text) or "text"
    if kind in ("text", "reply"):
        words, quoted_by, quoted = split_quote(text)
        if quoted is not None:
            return Content("reply", words or None, quoted_by, quoted)
    if kind == "system" and is_recall(text):
        kind = "recall"
    return Content(kind, text or None)


def is_recall(text: str) -> bool:
    """Whether a system line says that a message was recalled."""
    return len(text) <= 200 and _RECALL.search(text) is not None


def recalled_by(text: str) -> str | None:
    """Who recalled a message, as the line names them; None for 你 and where it names nobody."""
    found = _RECALLED_BY.match(text[:200])
    name = found["name"].strip() if found else ""
    return None if name in ("", "你", "You", "you") else name


def signed(draft: Draft) -> Draft:
    """A system line has no author; a recall has the one it names.

    A recalled message keeps its id under the line that takes its place: so the recall tells which message it was, and
    needs a key of its own.
    """
    if draft.kind == "system":
        draft.sender = draft.sender_id = None
    elif draft.kind == "recall":
        draft.sender, draft.sender_id = recalled_by(draft.text or "") or draft.sender, None
        if draft.id is not None:
            draft.id, draft.reply_to = f"{draft.id}:recall", draft.reply_to or draft.id
    return draft


def _by_placeholder(text: str) -> str | None:
    found = _PLACEHOLDER.match(text)
    if found is None:
        return None
    kind = kind_of_type_name(found[1])
    return kind if kind in _WITH_WORDS or found.end() == len(text) else None


def split_quote(text: str) -> tuple[str, str | None, str | None]:
    """A reply's own words, whom it quotes and what; (text, None, None) where it quotes nothing.

    `words` newline `引用:name:text` (also in brackets, also before the words), and the 「name：text」 over a line of
    dashes of older desktop versions. Found by looking for marks: a stranger's text of a million characters is no
    place for patterns that go back and forth.
    """
    if text.startswith("「"):
        inner, mark, rest = text[1:].partition("」")
        dashes, _, words = rest.lstrip().partition("\n")
        if mark and len(dashes) >= 5 and not dashes[:200].strip("-—–－ "):
            return _split(text, words, inner)
    if text.startswith("[引用"):
        inner, mark, words = text[3:].partition("]\n")
        if mark:
            return _split(text, words, inner.lstrip(":： "))
    at = max(text.rfind("\n引用"), text.rfind("\n[引用"))
    if at < 0 and not text.startswith(("引用", "[引用")):
        return text, None, None
    quote = text[at + 1 :].strip()
    inner = quote[1:].removesuffix("]") if quote.startswith("[") else quote
    if inner[2:3] not in (":", "：", " "):
        return text, None, None
    return _split(text, text[: max(at, 0)], inner[3:].lstrip())


def _split(text: str, words: str, inner: str) -> tuple[str, str | None, str | None]:
    """`name：what was said` taken apart; nothing where it is not that."""
    place = next((n for n, character in enumerate(inner[:61]) if character in ":："), -1)
    name, quoted = inner[:place].strip(), inner[place + 1 :].strip()
    if place < 1 or not name or "\n" in name or not quoted:
        return text, None, None
    return words.strip(), name, quoted
