"""Chats as text: WeChatMsg's and WeFlow's exports, and what people copy or mail by hand.

    2024-05-06 09:12:44 王敏-南京           time and name (WeFlow: the name in single quotes), then the content
    —————  2024-05-06  —————                a date line, then `name  HH:MM` and the content
    王敏-南京 2024-05-06 09:12:44            name and time; also name(2024-05-06 09:12), 2024年5月6日 上午9:12
    王敏-南京:                               a name and no time at all

A line that begins with a date is a header only where it stands after an empty line, is wholly time and name, and
fits in: exports run forward in time, so an earlier time under a name that never spoke is content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from assets.landing.csv_records import Refused
from assets.landing.messages.drafts import CLOCK, DAY, Draft, iso_clock, iso_day
from assets.landing.messages.kinds import content, is_recall, recalled_by
from data_contracts.headers import load_headers

PREVIEW_LINES = 4000
FIRST_HEADER_WITHIN = 30
TITLE_LINES = 6
# No header is longer: longer lines are not looked at.
MAX_HEADER = 120
_NAME = r"(?P<name>\S(?:.{0,58}?\S)?)"
_EXPORTED = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2}) (?P<clock>\d{2}:\d{2}:\d{2}) (?P<name>\S.*)")
_QUOTED = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2}) (?P<clock>\d{2}:\d{2}:\d{2}) '(?P<name>[^\n]*)'\s*")
_DATE_LINE = re.compile(rf"\s*[—\-–─―=*]{{2,}}\s*(?P<day>{DAY})[^\n—\-–─―=*]{{0,12}}[—\-–─―=*]{{2,}}\s*")
_UNDER_DATE = re.compile(rf"{_NAME}\s+(?P<clock>{CLOCK})\s*")
_NAME_TIME = re.compile(rf"{_NAME}\s+(?P<day>{DAY})\s+(?P<clock>{CLOCK})\s*")
_NAME_IN_BRACKETS = re.compile(rf"{_NAME}\s*[(（]\s*(?P<day>{DAY})\s+(?P<clock>{CLOCK})\s*[)）]\s*[:：]?\s*")
_TIME_NAME = re.compile(rf"(?P<day>{DAY})\s+(?P<clock>{CLOCK})\s+{_NAME}\s*")
_TIME_ALONE = re.compile(rf"\s*(?P<day>{DAY})\s+(?P<clock>{CLOCK})\s*")
_NAME_ALONE = re.compile(rf"{_NAME}\s*[:：]\s*")
_LETTER = re.compile(r"[“\"「]?(?P<name>.{1,60}?)[”\"」]?的聊天记录如下[:：]?\s*")
_GREETING = re.compile(r"\s*(Dear|Hi|您好|你好)?\s*[:：,，]?\s*")
_SENTENCE = re.compile(r"[，。；！？,;!?]")
_SYSTEM_NAMES = {"系统消息", "系统", "系统通知", "system", "System"}
_SECTIONS = re.compile(
    r"(今日|昨日|明日|本周|下周|上周|本月|工作|总结|计划|汇报|日报|周报|问题|备注|说明|客户|注意|附)"
)
Line = tuple[int, str]


@dataclass
class _Block:
    """A header and the lines under it, the empty line at the end not among them."""

    row: int
    name: str | None
    day: str | None
    clock: str | None
    lines: list[str] = field(default_factory=list)

    @property
    def is_one_line(self) -> bool:
        return not any(line.strip() for line in self.lines) and len(self.lines) <= 1

    @property
    def time(self) -> str:
        return f"{self.day or ''} {self.clock or ''}"


def text_family(path: Path) -> str | None:
    """Which kind of headers a text file has: exported, quoted, copied, named; None where it has none.

    A header must stand among the first lines: a letter or an article that holds a date further down is no chat.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        lines = [line.rstrip("\r\n")[: MAX_HEADER + 1] for line in islice(stream, PREVIEW_LINES)]
    lines = [line if len(line) <= MAX_HEADER else "..." for line in lines]
    after_blank = [n for n, line in enumerate(lines) if line.strip() and (n == 0 or not lines[n - 1].strip())]
    # The first header may stand right under a few lines of title.
    may_begin = sorted({*after_blank, *range(min(TITLE_LINES, len(lines)))})
    quoted = [n for n in may_begin if _QUOTED.fullmatch(lines[n])]
    exported = [n for n in may_begin if _EXPORTED.fullmatch(lines[n])]
    dated = [n for n, line in enumerate(lines) if _DATE_LINE.fullmatch(line)]
    copied = [n for n, line in enumerate(lines) if _copied(line) and _TIME_NAME.fullmatch(line) is None]
    copied += [n for n in after_blank if _TIME_NAME.fullmatch(lines[n])] if not exported else []
    under = [n for n in after_blank if dated and n > dated[0] and _UNDER_DATE.fullmatch(lines[n])]
    named = [n for n in after_blank if _is_name_alone(lines[n])]
    families = {"quoted": quoted, "exported": exported, "copied": [*copied, *under], "named": named}
    first = next((n for n, line in enumerate(lines) if line.strip() and not _TIME_ALONE.fullmatch(line)), 0)
    near = {name: found for name, found in families.items() if found and min(found) - first < FIRST_HEADER_WITHIN}
    if "quoted" in near and len(quoted) * 2 >= len(exported):
        return "quoted"
    timed = {name: len(found) for name, found in near.items() if name in ("exported", "copied")}
    if timed:
        return max(timed, key=lambda name: (timed[name], name == "exported"))
    # Names alone are the weakest sign: the file must begin with one, and not be a single report's headings.
    return "named" if "named" in near and min(named) == first and len(named) > 1 else None


def read_text(path: Path, family: str) -> Iterator[Draft | Refused]:
    """The messages of a text file in order; what stands before the first header is refused line by line."""
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        lines = ((number, line.rstrip("\r\n")) for number, line in enumerate(stream, start=1))
        if family in ("exported", "quoted"):
            blocks: Iterator[_Block | Refused] = _exported_blocks(lines, _QUOTED if family == "quoted" else _EXPORTED)
        else:
            blocks = _copied_blocks(lines, _is_spaced(path), family == "named")
        conversation: str | None = None
        for block in blocks:
            if isinstance(block, Refused):
                letter = _LETTER.fullmatch(block.raw.strip()) if len(block.raw) <= MAX_HEADER else None
                conversation = letter["name"] if letter else conversation
                if not letter and (len(block.raw) > MAX_HEADER or not _GREETING.fullmatch(block.raw)):
                    yield block
            else:
                yield _draft(block, conversation, family)


def _exported_blocks(lines: Iterable[Line], pattern: re.Pattern[str]) -> Iterator[_Block | Refused]:
    block: _Block | None = None
    speakers: set[str] = set()
    latest, is_after_blank = "", True
    for number, line in lines:
        is_short = (is_after_blank or block is None) and len(line) <= MAX_HEADER
        found = pattern.fullmatch(line) if is_short and line[:1].isdigit() else None
        if found and iso_day(found["day"]) and iso_clock(found["clock"]):
            name, time = found["name"].strip(), f"{found['day']} {found['clock']}"
            before = block.time if block is not None and not block.is_one_line else latest
            if block is None or time >= before or name in speakers or pattern is _QUOTED or is_recall(name):
                if block is not None:
                    yield _closed(block)
                    if not block.is_one_line:
                        speakers.add(block.name or "")
                        latest = block.time
                block = _Block(number, name, found["day"], found["clock"])
                is_after_blank = False
                continue
        if block is not None:
            block.lines.append(line)
        elif line.strip():
            yield Refused(number, "no_message_header", line)
        is_after_blank = not line.strip()
    if block is not None:
        yield _closed(block)


def _closed(block: _Block) -> _Block:
    """Without the empty line that ends every message."""
    if block.lines and not block.lines[-1].strip():
        block.lines.pop()
    return block


def _copied(line: str) -> re.Match[str] | None:
    """A header that tells name, day and time, in whichever order."""
    if not any(c.isdigit() for c in line[-12:]) or len(line) > MAX_HEADER:
        return None
    found = _NAME_IN_BRACKETS.fullmatch(line) or _NAME_TIME.fullmatch(line) or _TIME_NAME.fullmatch(line)
    return found if found and not _SENTENCE.search(found["name"]) else None


def _is_spaced(path: Path) -> bool:
    """Whether headers stand after empty lines: then one elsewhere is content, unless its name has spoken."""
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        lines = [line.rstrip("\r\n") for line in islice(stream, PREVIEW_LINES)]
    found = [n for n, line in enumerate(lines) if n and _copied(line)]
    return 2 * sum(not lines[n - 1].strip() for n in found) >= len(found)


def _copied_blocks(lines: Iterable[Line], is_spaced: bool, is_named: bool) -> Iterator[_Block | Refused]:
    block: _Block | None = None
    day: str | None = None
    clock: str | None = None
    speakers: set[str] = set()
    is_after_blank = True
    for number, line in lines:
        alone = None
        if len(line) <= MAX_HEADER:
            alone = _DATE_LINE.fullmatch(line) or (_TIME_ALONE.fullmatch(line) if is_after_blank else None)
        if alone and iso_day(alone["day"]):
            day = iso_day(alone["day"])
            clock = iso_clock(alone["clock"]) if alone.re is _TIME_ALONE else None
            if block is not None:
                yield _trimmed(block)
            block, is_after_blank = None, True
            continue
        header = _copied_header(line, day, clock, is_after_blank, is_spaced, is_named, speakers.__contains__)
        if header is not None:
            if block is not None:
                yield _trimmed(block)
            name, at_day, at_clock = header
            speakers.add(name)
            block, is_after_blank = _Block(number, name, at_day, at_clock), False
            continue
        if block is not None:
            block.lines.append(line)
        elif line.strip():
            yield Refused(number, "no_message_header", line)
        is_after_blank = not line.strip()
    if block is not None:
        yield _trimmed(block)


def _copied_header(
    line: str, day: str | None, clock: str | None, is_after_blank: bool, is_spaced: bool, is_named: bool,
    has_spoken: Callable[[str], bool],
) -> tuple[str, str | None, str | None] | None:  # fmt: skip
    """Name, day and time of a line that is a header; None where it is content."""
    if len(line) > MAX_HEADER:
        return None
    found = _copied(line)
    if found is not None:
        is_free = is_after_blank or not is_spaced or has_spoken(found["name"])
        at_day, at_clock = iso_day(found["day"]), iso_clock(found["clock"])
        is_time_first = found.re is _TIME_NAME
        if at_day and at_clock and is_free and (is_after_blank or not is_time_first):
            return found["name"], at_day, at_clock
    if day is not None and is_after_blank and line[-1:].strip():
        found = _UNDER_DATE.fullmatch(line)
        if found and iso_clock(found["clock"]) and not _SENTENCE.search(found["name"]):
            return found["name"], day, iso_clock(found["clock"])
    if (is_named or clock is not None) and is_after_blank and _is_name_alone(line):
        return line.strip().rstrip(":：").strip(), day, clock
    return None


def _is_name_alone(line: str) -> bool:
    """`name:` on a line of its own, the name not being a heading of a report (今日工作：, 客户名称：)."""
    found = _NAME_ALONE.fullmatch(line)
    if found is None or len(found["name"]) > 30:
        return False
    name = found["name"]
    is_heading = _SECTIONS.search(name) or _SENTENCE.search(name) or name[0].isdigit()
    return not is_heading and load_headers().field_of(name) is None


def _trimmed(block: _Block) -> _Block:
    while block.lines and not block.lines[-1].strip():
        block.lines.pop()
    while block.lines and not block.lines[0].strip():
        block.lines.pop(0)
    return block


def _draft(block: _Block, conversation: str | None, family: str) -> Draft:
    sent_at = f"{block.day} {block.clock}" if block.day and block.clock else block.day
    text = "\n".join(block.lines)
    is_system = block.name in _SYSTEM_NAMES or (family == "exported" and not block.lines)
    name = block.name
    if is_system:
        text = text if block.name in _SYSTEM_NAMES else block.name or ""
        name = None
    told = content("system" if is_system else None, text)
    if told.kind == "recall":
        name = recalled_by(text)
    return Draft(block.row, "wechat", told.kind, told.text, sender=name, sent_at=sent_at, clock=sent_at,
                 conversation=conversation, quoted_by=told.quoted_by, quoted=told.quoted)  # fmt: skip
