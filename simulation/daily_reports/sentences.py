"""A fact in words: what is said, and exactly which fields the words tell (docs: what a note says)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta

import numpy as np

from simulation.daily_reports import phrases
from simulation.daily_reports.facts import NOTED, Fact
from simulation.daily_reports.levels import Rates
from simulation.daily_reports.names import Names
from simulation.daily_reports.spelling import misspell, spell
from simulation.daily_reports.spoken import say_amount, say_day
from simulation.parameters import STAGES

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
TODAY = ("今天", "今日", "今天上午", "今天下午")
# What took place is an action too; what is signed is a contract.
IMPLIED = {"technical_meeting": "技术对接会", "sample_trial": "样品试用"}
NO_KIND = "visit"


@dataclass
class Said:
    """One fact as told: its words, and the fields of note_facts that they tell (days as dates, amounts in yuan)."""

    fact: Fact
    text: str
    customer: str | None
    kind: str | None = None
    status: str | None = None
    date: Date | None = None
    rescheduled_to: Date | None = None
    stage: str | None = None
    actions_done: list[str] = field(default_factory=list)
    actions_missing: list[str] = field(default_factory=list)
    amount_yuan: float | None = None
    competitor: str | None = None
    next_step: str | None = None
    next_date: Date | None = None
    told_in: str = "text"  # text, columns, note (of a row), fields (of a filled-in report)
    heading: str = ""  # the words on what took place, without what follows
    rest: list[str] = field(default_factory=list)  # the words that follow

    @property
    def tells(self) -> bool:
        """Whether a note can tell any of it (a loss or a reopening alone cannot)."""
        return bool(
            self.status or self.stage or self.actions_done or self.actions_missing or self.amount_yuan or self.next_date
        )


@dataclass
class Speaker:
    """Who says it: an office's rep on a day, with the office's names and generator."""

    start: Date
    rates: Rates
    rng: np.random.Generator
    names: Names
    region: str
    rivals: dict[str, str] = field(default_factory=dict)  # customer id -> the brand that is there
    speaks_dialect: dict[int, bool] = field(default_factory=dict)

    def pick(self, forms: Sequence[str]) -> str:
        """One of them."""
        return forms[int(self.rng.integers(len(forms)))]

    def chance(self, share: float) -> bool:
        """True at this rate."""
        return bool(self.rng.random() < share)

    def on(self, day: int) -> Date:
        """The date of a day number."""
        return self.start + timedelta(day)

    def dialect(self, rep: int) -> str | None:
        """The region whose dialect the rep writes in, if any."""
        if rep not in self.speaks_dialect:
            self.speaks_dialect[rep] = self.chance(self.rates.dialect)
        return self.region if self.speaks_dialect[rep] else None

    def write(self, fact: Fact, forms: Sequence[str]) -> str:
        """One of the patterns, its alternatives chosen, as the rep types it."""
        pattern = _CHOICE.sub(lambda found: self.pick(found[1].split("|")), self.pick(forms))
        return spell(pattern, self.rates, self.rng, self.dialect(fact.rep))

    def day(self, day: Date, said_on: Date, *, ahead: bool) -> str:
        """A day in words."""
        return say_day(day, said_on, self.rng, ahead=ahead, spoken=self.chance(self.rates.spoken_day))

    def amount(self, amount: float) -> tuple[str, float]:
        """(words, what they say in yuan)."""
        return say_amount(
            amount,
            self.rng,
            spoken=self.chance(self.rates.spoken_amount),
            multiplied=self.chance(self.rates.multiplied_amount),
        )

    def rival(self, customer_id: str) -> str:
        """The competitor's brand at this customer, always the same."""
        if customer_id not in self.rivals:
            self.rivals[customer_id] = self.pick(phrases.BRANDS)
        return self.rivals[customer_id]

    def customer(self, fact: Fact) -> str:
        """The customer's name as written this time."""
        name = misspell(self.names.customer(fact.rep, fact.customer_id, fact.customer_name), self.rates, self.rng)
        return self.names.note("customer", name, fact.customer_id)


def say(speaker: Speaker, fact: Fact, said_on: Date, *, named: bool = True, dated: bool = True) -> Said:
    """The fact in words, as said on `said_on`. `named`: with the customer's name; `dated`: with the day, where it
    is not the day of saying (a row's own columns have them else)."""
    customer = speaker.customer(fact) if named else None
    said = Said(fact, "", customer)
    words = {"c": customer or "", "w": speaker.pick(phrases.WHO), "d": "", "k": "", "to": "", "n": ""}
    pattern = _opening(speaker, said, said_on, words, dated=dated)
    for name in ("c", "d"):  # 把{d}的拜访推掉: without a day there is nothing to belong to
        if not words[name]:
            pattern = pattern.replace(f"{{{name}}}的", f"{{{name}}}")
    said.heading = pattern.format(**words).strip("，：, ") if pattern else ""
    said.rest = _rest(speaker, said, said_on)
    parts = [part for part in (said.heading, *said.rest) if part]
    if not said.heading and customer:
        parts[0:1] = [f"{customer}{speaker.pick(('：', '，', '', ' '))}{parts[0]}"] if parts else [customer]
    said.text = speaker.pick(("，", "，", "；", "。", "，")).join(parts)
    return said


def _opening(speaker: Speaker, said: Said, said_on: Date, words: dict[str, str], *, dated: bool) -> str:
    """The pattern of what took place, with its words filled in; "" where nothing did."""
    fact = said.fact
    if fact.status is None:
        return ""
    if fact.status == "planned":
        return _plan(speaker, said, said_on, words)
    kind = fact.kind or NO_KIND
    said.kind, said.status = kind, fact.status
    day = speaker.on(
        fact.day if fact.status in ("done", "no_show", "cancelled") or fact.plan_day is None else fact.plan_day
    )
    said.date = day
    words["k"] = speaker.pick(phrases.KIND_WORDS[kind])
    if day != said_on:
        words["d"] = speaker.day(day, said_on, ahead=day > said_on) if dated or fact.status == "rescheduled" else ""
    elif dated and speaker.chance(0.4):
        words["d"] = speaker.pick(TODAY if fact.status != "done" else (*TODAY, "上午", "下午"))
    if fact.status in ("no_show", "cancelled") and not words["d"]:
        said.date = None  # the day of what did not take place is told or it is not
    if fact.status == "done":
        if kind in IMPLIED:
            said.actions_done.append(IMPLIED[kind])
        if kind == "demo":
            said.stage = STAGES[2]
        return speaker.write(fact, phrases.DONE[kind])
    if fact.status == "rescheduled" and fact.to_day is not None:
        said.rescheduled_to = speaker.on(fact.to_day)
        words["to"] = speaker.day(said.rescheduled_to, said_on, ahead=True)
        if not words["d"] and day == said_on:
            words["d"] = "今天"
        return speaker.write(fact, phrases.MOVED)
    if fact.status == "no_show":
        return speaker.write(fact, phrases.NO_SHOW_CALL if kind == "call" else phrases.NO_SHOW)
    return speaker.write(fact, phrases.CANCELLED)


def _plan(speaker: Speaker, said: Said, said_on: Date, words: dict[str, str]) -> str:
    fact = said.fact
    if fact.next_day is None:
        return ""
    kind = fact.next_kind or NO_KIND
    said.kind = kind  # a plan alone has its kind and its day
    said.date = said.next_date = speaker.on(fact.next_day)
    words["n"] = speaker.day(said.next_date, said_on, ahead=True)
    pattern = speaker.write(fact, phrases.PLAN[kind])
    said.next_step = pattern.format(**{**words, "c": "", "w": ""}).strip("，： ") or None
    return pattern


def _rest(speaker: Speaker, said: Said, said_on: Date) -> list[str]:
    """What follows: the move, actions, the competitor, a remark, the next step; fills in `said`."""
    fact, rates = said.fact, speaker.rates
    parts = [] if fact.status == "planned" else _move(speaker, said)
    for place in fact.actions:
        name = NOTED.get(place)
        if name and name not in said.actions_done:
            said.actions_done.append(name)
            parts.append(speaker.write(fact, phrases.DEEDS[name]))
            if name == "报价单" and said.stage != STAGES[4]:
                said.stage = STAGES[3]
    if fact.missing and speaker.chance(rates.missing_action):
        missing = [NOTED[place] for place in fact.missing if place in NOTED and NOTED[place] not in said.actions_done]
        if missing:
            name = speaker.pick(missing)
            said.actions_missing.append(name)
            parts.append(speaker.write(fact, phrases.MISSING[name]))
    if fact.status == "done":
        if fact.rival and speaker.chance(rates.rival):
            said.competitor = speaker.rival(fact.customer_id)
            parts.append(speaker.write(fact, phrases.RIVALS).format(b=said.competitor))
        if fact.stalled and speaker.chance(0.3):
            parts.append(speaker.write(fact, phrases.STALLS))
        if speaker.chance(0.45):
            parts.append(speaker.write(fact, phrases.REMARKS))
        if fact.next_day is not None and speaker.on(fact.next_day) > said_on and speaker.chance(rates.next_step):
            said.next_date = speaker.on(fact.next_day)
            said.next_step = speaker.write(fact, phrases.NEXT[fact.next_kind or NO_KIND]).format(
                n=speaker.day(said.next_date, said_on, ahead=True)
            )
            parts.append(said.next_step)
    return parts


def _move(speaker: Speaker, said: Said) -> list[str]:
    """The stage reached, the contract, the loss."""
    fact = said.fact
    parts: list[str] = []
    words = {"m": "", "r": fact.reason or "其他"}
    if fact.amount is not None:
        words["m"], said.amount_yuan = speaker.amount(fact.amount)
    if fact.event == "won" or (fact.stage == 4 and fact.contract):
        said.stage = STAGES[4]
        said.actions_done.append("合同")
        parts.append(speaker.write(fact, phrases.WON if fact.amount is not None else phrases.WON_BARE))
    elif fact.stage is not None:
        said.stage = STAGES[fact.stage]
        parts.append(speaker.write(fact, phrases.STAGES[fact.stage]))
    elif fact.contract:
        said.stage = STAGES[4]
        said.actions_done.append("合同")
        parts.append(speaker.write(fact, phrases.SIGNED))
    if fact.event == "lost":
        parts.append(speaker.write(fact, phrases.LOST))
    elif fact.event == "reopened":
        parts.append(speaker.write(fact, phrases.REOPENED))
    return [part.format(**words) for part in parts]
