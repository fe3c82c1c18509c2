"""A rep's day as messages, in the rep's own style, among what else is said in the group.

Numbered, bulleted, free, line by line, or a filled-in template; in one message or several; in the evening or on the
next morning; then forwarded, sent twice, corrected, taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from simulation.daily_reports import phrases
from simulation.daily_reports.facts import Fact
from simulation.daily_reports.sentences import Said, Speaker, say
from simulation.daily_reports.spelling import decorate, widen

STYLES = ("numbered", "bulleted", "free", "lines", "template", "terse")
NUMBERS = ("{n}、", "{n}.", "{n}）", "({n})", "{n} ", "第{zh}，", "①②③④⑤⑥⑦⑧⑨⑩")
BULLETS = ("- ", "· ", "● ", "➤", "* ", "—", "▪ ")
# Titles of a filled-in template: customer, what was done, what is next.
LABELS = (
    ("客户", "方式", "结果", "下一步"), ("拜访客户", "拜访方式", "拜访情况", "后续计划"), ("终端", "形式", "沟通内容",
    "下步计划"),
    ("客户名称", "跟进方式", "跟进结果", "明日计划"),
)  # fmt: skip
KINDS = {
    "visit": ("拜访", "上门", "上门拜访"), "call": ("电话", "电话沟通", "微信"), "demo": ("方案演示", "演示"),
    "technical_meeting": ("技术对接会", "技术对接"), "sample_trial": ("样品试用", "试吃"), "negotiation": ("商务谈判",
        "谈判"),
}  # fmt: skip


@dataclass
class Message:
    """One message of a chat. `kind`: text, image, voice, sticker, recall, system, reply, forwarded."""

    rep: int | None  # None: the supervisor or the system
    at: datetime
    text: str
    kind: str = "text"
    told: list[Said] = field(default_factory=list)
    reply_to: Message | None = None
    corrects: Message | None = None


@dataclass
class Habit:
    """How a rep writes."""

    style: str
    number: str
    bullet: str
    labels: tuple[str, str, str, str]
    separator: str


@dataclass
class Diary:
    """The messages of an office's group; a rep's habit is kept."""

    speaker: Speaker
    with_replies: bool = True
    habits: dict[int, Habit] = field(default_factory=dict)

    def habit(self, rep: int) -> Habit:
        """The rep's habit, drawn once."""
        if rep not in self.habits:
            pick = self.speaker.pick
            self.habits[rep] = Habit(
                pick(STYLES),
                pick(NUMBERS),
                pick(BULLETS),
                LABELS[int(self.speaker.rng.integers(len(LABELS)))],
                pick(("\n", "；", "。", "\n")),
            )
        return self.habits[rep]

    def day(self, rep: int, day: int, facts: Sequence[Fact]) -> list[Message]:
        """The rep's messages on the facts of one day, in order of time."""
        s = self.speaker
        today = s.on(day)
        said_on, at = today, _at(today, 17.5 + 4 * s.rng.random())
        if s.chance(s.rates.next_morning):
            said_on = today + timedelta(1)
            at = _at(said_on, 7.5 + 2 * s.rng.random())
        habit = self.habit(rep)
        style = habit.style if s.chance(s.rates.own_style) else s.pick(STYLES)
        groups = [list(facts)]
        if said_on == today and len(facts) > 1 and s.chance(s.rates.split_day):
            groups = [[fact] for fact in facts]
        messages: list[Message] = []
        for group in groups:
            if len(groups) > 1:
                at = max(at if messages else _at(today, 10.0), datetime.combine(today, time()) + _after(group[-1]))
                at = min(at + timedelta(seconds=int(s.rng.integers(60, 1500))), _at(today, 23.5))
            messages += self._message(rep, at, said_on, group, style, habit)
        return self._around(rep, messages)

    def _message(
        self, rep: int, at: datetime, said_on: date, facts: list[Fact], style: str, habit: Habit
    ) -> list[Message]:
        """One message on these facts, and what is said about it at once: a next step in a reply, a correction."""
        s = self.speaker
        said = [say(s, fact, said_on) for fact in facts]
        wrong = self._slip(said, said_on)
        body = body_of(s, said, style, habit)
        alone = len(said) == 1 and style not in ("template",)
        opening, closing = s.pick(phrases.GREETINGS), s.pick(phrases.FAREWELLS)
        if alone or style == "terse":
            opening, closing = "", ""
        if said_on != s.on(facts[0].day):  # a heading's date would be the day before's
            opening = opening if "{date}" not in opening else "昨日汇报："
        opening = opening.format(
            date=f"{said_on.month}月{said_on.day}日", r=s.names.rep(rep) if "{r}" in opening else ""
        )
        text = _framed(opening, body, closing)
        message = Message(rep, at, decorate(widen(text, s.rates, s.rng), s.rates, s.rng), told=said)
        made = [message]
        if alone and self.with_replies and s.chance(s.rates.no_customer):
            made += self._follow_up(message, said_on)
        if wrong is not None:
            later = at + timedelta(seconds=int(s.rng.integers(40, 3000)))
            made.append(Message(rep, later, wrong, reply_to=message if self.with_replies else None, corrects=message))
        return made

    def _slip(self, said: list[Said], said_on: date) -> str | None:
        """Now and then write a wrong new day first; returns the words that put it right. `said` keeps the truth."""
        s = self.speaker
        for one in said:
            if one.status != "rescheduled" or one.rescheduled_to is None or not s.chance(s.rates.corrected):
                continue
            right = s.day(one.rescheduled_to, said_on, ahead=True)
            wrong_day = one.rescheduled_to + timedelta(int(s.rng.integers(1, 4)))
            wrong = s.day(wrong_day, said_on, ahead=True)
            pattern = s.write(one.fact, phrases.MOVED)
            day = "今天" if one.date == said_on else s.day(one.date or said_on, said_on, ahead=True)
            words = {
                "c": one.customer,
                "w": s.pick(phrases.WHO),
                "d": day,
                "to": wrong,
                "k": s.pick(phrases.KIND_WORDS[one.kind or "visit"]),
            }
            one.heading = pattern.format(**words)
            one.text = "，".join([one.heading, *one.rest])
            return s.pick(CORRECTIONS).format(c=one.customer, to=right)
        return None

    def _follow_up(self, message: Message, said_on: date) -> list[Message]:
        """A next step told by replying to one's own message, without naming the customer."""
        s, first = self.speaker, message.told[0]
        fact = first.fact
        if (
            first.next_date is not None
            or fact.next_day is None
            or s.on(fact.next_day) <= said_on
            or fact.status != "done"
        ):
            return []
        day, kind = s.on(fact.next_day), fact.next_kind or "visit"
        step = s.write(fact, phrases.NEXT[kind]).format(n=s.day(day, said_on, ahead=True))
        text = s.pick(("这家", "", "上面这家", "他们")) + step
        said = Said(fact, text, first.customer, kind=kind, date=day, next_step=step, next_date=day)
        at = message.at + timedelta(seconds=int(s.rng.integers(20, 600)))
        return [Message(message.rep, at, text, kind="reply", told=[said], reply_to=message)]

    def _around(self, rep: int, messages: list[Message]) -> list[Message]:
        """The messages with what happens to them: taken back and written again, twice, forwarded; and chatter."""
        s, out = self.speaker, []
        for message in messages:
            if s.chance(s.rates.recalled):
                out.append(Message(rep, message.at - timedelta(seconds=30), "撤回了一条消息", kind="recall"))
            out.append(message)
            if s.chance(s.rates.sent_twice):
                out.append(Message(rep, message.at + timedelta(seconds=int(s.rng.integers(2, 50))), message.text))
            if message.told and s.chance(s.rates.forwarded):
                later = message.at + timedelta(seconds=int(s.rng.integers(300, 40_000)))
                name = s.names.rep(rep)
                text = s.pick(("转：{t}", "{t}", "转发{r}：{t}", "【转】{t}")).format(t=message.text, r=name)
                out.append(Message(None, later, text, kind="forwarded"))
            for _ in range(int(s.rng.poisson(s.rates.chatter))):
                out.append(self._chatter(rep, message))
        return out

    def _chatter(self, rep: int, message: Message) -> Message:
        s = self.speaker
        later = message.at + timedelta(seconds=int(s.rng.integers(15, 7200)))
        if message.told and s.chance(0.25):
            first = message.told[0]
            text = s.pick(phrases.ORDERS).format(c=first.customer, r=s.names.rep(rep))
            return Message(None, later, text)
        text = s.pick(phrases.CHATTER)
        kind = {"[图片]": "image", "[语音]": "voice", "[表情包]": "sticker"}.get(text, "text")
        return Message(rep if s.chance(0.5) else None, later, text, kind=kind)


CORRECTIONS = (
    "上面{c}改成{to}", "更正：{c}改到{to}", "{c}刚才写错了，是改到{to}", "{c}的改约时间更正为{to}",
    "不好意思，{c}应该是{to}", "{c}，改到{to}，上一条作废",
)  # fmt: skip


def body_of(s: Speaker, said: list[Said], style: str, habit: Habit) -> str:
    """The facts laid out in a style."""
    if style == "template":
        for one in said:
            one.text = _template(s, one, habit.labels)
        return "\n\n".join(one.text for one in said)
    if len(said) == 1:
        return said[0].text
    if style == "numbered":
        return "\n".join(_number(habit.number, k) + one.text for k, one in enumerate(said, start=1))
    if style == "bulleted":
        return "\n".join(habit.bullet + one.text for one in said)
    if style == "lines":
        return "\n".join(one.text for one in said)
    if style == "terse":
        return "；".join(one.text for one in said)
    joins = ("。", "。然后", "；", "。还有", "。再就是", "，")
    text = said[0].text
    for one in said[1:]:
        text += s.pick(joins[:-1]) + one.text
    return text


def _number(form: str, k: int) -> str:
    if form.startswith("①"):
        return form[k - 1] if k <= len(form) else f"{k}."
    return form.format(n=k, zh="零一二三四五六七八九十"[k] if k <= 10 else k)


def _template(s: Speaker, one: Said, labels: tuple[str, str, str, str]) -> str:
    """The lines of a filled-in form. What comes next has a line of its own."""
    rest = [part for part in one.rest if part != one.next_step]
    lines = [f"{labels[0]}：{one.customer}"]
    if one.kind is not None:
        lines.append(f"{labels[1]}：{s.pick(KINDS[one.kind])}")
    result = "，".join(part for part in (one.heading, *rest) if part and part != one.next_step)
    lines.append(f"{labels[2]}：{result or '无'}")
    if one.next_step or one.status is not None:
        lines.append(f"{labels[3]}：{one.next_step or '无'}")
    return "\n".join(lines)


def _framed(opening: str, body: str, closing: str) -> str:
    """Greeting, body and farewell: on lines of their own where the body has lines."""
    joint = "\n" if "\n" in body else ""
    head = opening + (joint or ("" if not opening or opening.endswith("：") else "，"))
    tail = (joint or "，") + closing if closing else ""
    return (head if opening else "") + body + tail


def _at(day: date, hours: float) -> datetime:
    return datetime.combine(day, time()) + timedelta(seconds=int(hours * 3600))


def _after(fact: Fact) -> timedelta:
    """A while after it took place, within its day."""
    return timedelta(seconds=min(fact.t % 86_400 + 900, 22 * 3600))
