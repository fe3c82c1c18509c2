"""One customer's fact while a message is read: what its clauses add to it, each with the text it came from."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from models.notes.clauses import Clause
from models.notes.facts import Fact

# The most specific first; stages in the order of the sale.
KINDS = ("technical_meeting", "sample_trial", "demo", "negotiation", "call", "visit")
STAGES = ("first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed")
ACTIONS = ("样品试用", "技术对接会", "会议纪要", "客户签字确认单", "报价单", "账期审批", "合同")
# Stands for each character of a name, which tells nothing of what happened.
BLANK = "□"


def proven_action(kind: str | None, missing: Container[str]) -> str | None:
    """The required action that a meeting which took place is by itself; a trial unless it is said to be missing."""
    if kind == "sample_trial" and "样品试用" not in missing:
        return "样品试用"
    return "技术对接会" if kind == "technical_meeting" else None


@dataclass(frozen=True)
class Part:
    """A clause of a draft: what is seen of it once names are taken out, and whether it tells (or asks, orders…)."""

    clause: Clause
    plain: str
    is_told: bool


@dataclass
class Draft:
    """A fact under way. `plan_*` is kept apart: it becomes the fact's own only where nothing else was told."""

    customer: str | None = None
    sureness: float = 0.0
    kind: str | None = None
    status: str | None = None
    day: date | None = None
    arranged: date | None = None
    new_day: date | None = None
    stage: str | None = None
    done: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    amount: Decimal | None = None
    competitor: str | None = None
    next_step: str | None = None
    next_date: date | None = None
    plan_kind: str | None = None
    context_day: date | None = None
    heading_day: date | None = None
    is_heading_plan: bool = False
    was_missed: bool = False
    is_bare_day: bool = False
    spans: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)

    def reach(self, stage: str, span: str) -> None:
        """Take a stage that is further than the one told before."""
        if self.stage is None or STAGES.index(stage) > STAGES.index(self.stage):
            self.stage = stage
            self.spans["stage"] = span

    def finish(self) -> None:
        """What a meeting that took place proves by itself: a trial, a technical meeting, a demonstration."""
        if self.status != "done":
            return
        span = self.spans.get("kind", self.spans.get("status", ""))
        action = proven_action(self.kind, self.missing)
        if action is not None:
            self.done[action] = None
            self.spans.setdefault("actions_done", span)
        if self.kind == "demo":
            self.reach("solution_demo", span)

    def fact(self, sent: date) -> Fact | None:
        """The fact, where there is one."""
        if self.was_missed and self.status is None and self.next_date is not None:
            return self._moved().fact(sent)
        kind, status, day = self.kind, self.status, self.day
        if status == "rescheduled":
            day = self.arranged or self.day or self.context_day
        elif status in ("no_show", "cancelled"):
            day = self.day or self.arranged or self.context_day
        elif status == "done":
            day = self.day or self.context_day or sent
            day = min(day, sent)
        elif self.plan_kind and self.next_date and not (self.stage or self.done):
            kind, day = kind or self.plan_kind, self.next_date
        else:
            kind, day = None, None
        done = tuple(a for a in ACTIONS if a in self.done)
        missing = tuple(a for a in ACTIONS if a in self.missing and a not in self.done)
        told = status or self.stage or done or missing or self.amount is not None or self.competitor
        if not told and not (self.next_step and (self.next_date or self.plan_kind)):
            return None
        next_step, next_date = self.next_step, self.next_date
        if status == "rescheduled" and next_date is not None and next_date == self.new_day:
            next_step = next_date = None
        return Fact(
            self.customer, kind, status, day, self.new_day if status == "rescheduled" else None, self.stage, done,
            missing, self.amount, self.competitor, next_step, next_date, 0.0, dict(self.spans),
        )  # fmt: skip

    def _moved(self) -> Draft:
        """Missed and with a new day is moved to it."""
        spans = {name: span for name, span in self.spans.items() if name not in ("next_step", "next_date")}
        return replace(
            self,
            status="rescheduled",
            new_day=self.next_date,
            next_step=None,
            next_date=None,
            kind=self.kind or self.plan_kind,
            spans=spans | {"rescheduled_to": self.spans.get("next_date", "")},
        )
