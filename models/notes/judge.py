"""What a draft comes to: the rules' reading of it, held against what the classifiers learned from labelled messages.

The rules find days, amounts and pieces of text; the classifiers decide whether there is a fact at all, its status, kind
and stage, which actions are done or missing and what each day and sum is of. A fact's confidence is the share of right
ones among facts that were as likely and whose customer was told as surely, in messages of styles not learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from models.notes.days import Day
from models.notes.draft import ACTIONS, STAGES, Draft, proven_action
from models.notes.evidence import Evidence
from models.notes.facts import Fact
from models.notes.heads import Head
from models.notes.words import CompiledLexicon

VOID = "void"  # no fact: chatter, a question, an order…
NONE = "none"  # a fact without it
_ASKED = 0.4


class Judge:
    """Decides on drafts by trained heads."""

    def __init__(self, words: CompiledLexicon, heads: Mapping[str, Head]) -> None:
        self.words, self.heads = words, heads

    def fact(self, draft: Draft, sent: date, is_note: bool) -> Fact | None:
        """The fact that a draft comes to; None where it is none."""
        seen = Evidence(draft, sent, self.words, is_note)
        odds = self.heads["status"].probabilities(seen.general)
        is_fact = 1 - odds.pop(VOID)
        status = max(odds, key=odds.__getitem__)
        ruled = draft.fact(sent)
        kind: str | None = None
        if status != NONE or draft.plan_kind:
            kind = self.heads["kind"].best(seen.kind(status))[0]
        stage = self.heads["stage"].best(seen.general)[0]
        done, missing, spans = self._actions(seen, status, kind)
        days = self._days(seen, status)
        amount = self._amount(seen, status, spans)
        told = None if status == NONE else status
        day = days.get("date", (None, ""))[0]
        new_day = days.get("rescheduled_to", (None, ""))[0] if told == "rescheduled" else None
        next_date, next_step = days.get("next_date", (None, ""))[0], None
        if next_date is not None:
            is_ruled = ruled is not None and ruled.next_date == next_date
            next_step = (ruled.next_step if ruled and is_ruled else None) or days["next_date"][1]
        elif ruled is not None and ruled.next_date is None:
            next_step = ruled.next_step
        if told is None:
            is_plan = next_step is not None and (next_date or draft.plan_kind) and stage == NONE and not done
            kind, day = (kind or draft.plan_kind, next_date) if is_plan and next_date else (None, None)
        elif told == "done":
            day = min(day or draft.context_day or sent, sent)
        else:
            day = day or draft.arranged or draft.day or draft.context_day
        if told == "done":
            if (action := proven_action(kind, missing)) is not None:
                done[action] = None
            if kind == "demo" and stage in (NONE, "first_contact", "needs_confirmed"):
                stage = "solution_demo"
        if stage == "contract_signed":
            done["合同"] = None
        if "合同" in done:
            stage = "contract_signed"
        if "报价单" in done and stage in (NONE, *STAGES[:3]):
            stage = "quotation"
        fact = Fact(
            draft.customer, kind, told, day, new_day, None if stage == NONE else stage,
            tuple(a for a in ACTIONS if a in done), tuple(a for a in ACTIONS if a in missing and a not in done),
            amount, draft.competitor, next_step, next_date, 0.0, {**draft.spans, **spans},
        )  # fmt: skip
        if not (told or fact.stage or done or missing or fact.amount_yuan is not None or fact.competitor or next_step):
            # 下午拜访某某: a plan or a report? Where only the rules see an outcome, a person looks.
            if ruled is None or ruled.status is None:
                return None
            return replace(ruled, confidence=_ASKED)
        sure = self.heads["sure"].probabilities([*sureness_of(draft), f"fact={round(is_fact * 10)}"])
        confidence = sure["fact"]
        if told is None and not any(part.is_told for part in draft.parts):
            confidence = min(confidence, _ASKED)  # the words of a question or an order, which tell no outcome
        return replace(fact, confidence=confidence)

    def _actions(
        self, seen: Evidence, status: str, kind: str | None
    ) -> tuple[dict[str, None], dict[str, None], dict[str, str]]:
        """The actions done and missing, each by the place that says so most surely, and the first piece of each."""
        best: dict[str, tuple[float, str, str]] = {}
        for action, part, features in seen.actions(status, kind):
            state, sureness = self.heads["action"].best(features)
            if state != NONE and sureness > best.get(action, (0.0,))[0]:
                best[action] = (sureness, state, part.clause.text)
        spans: dict[str, str] = {}
        for _, state, text in best.values():
            spans.setdefault(f"actions_{state}", text)
        return (
            {a: None for a, (_, state, _) in best.items() if state == "done"},
            {a: None for a, (_, state, _) in best.items() if state == "missing"},
            spans,
        )

    def _amount(self, seen: Evidence, status: str, spans: dict[str, str]) -> Decimal | None:
        """The sum of the order, quotation or contract: the likeliest; several quantities by price are added up."""
        odds = [(self.heads["sum"].probabilities(features)["amount"], money) for money, features in seen.sums(status)]
        likely = [(sureness, money) for sureness, money in odds if sureness >= 0.5]
        if not likely:
            return None
        best = max(likely, key=lambda one: one[0])[1]
        spans["amount_yuan"] = best.text
        if best.how == "times" and all(money.how == "times" for _, money in likely):
            return sum((money.value for _, money in likely), Decimal(0))
        return best.value

    def _days(self, seen: Evidence, status: str) -> dict[str, tuple[date, str]]:
        """The day of each field (of those said to be of one, the likeliest), and the clause that says it."""
        best: dict[str, tuple[float, date, str]] = {}
        planned = seen.draft.arranged
        for day, one, features in seen.days(status):
            role, sureness = self.heads["day"].best(features)
            if role == NONE or sureness <= best.get(role, (0.0,))[0]:
                continue
            told = resolved(day, role, status, seen.sent, planned)
            if told is not None:
                best[role] = (sureness, told, one.part.clause.text)
        return {role: (told, text) for role, (_, told, text) in best.items()}


def sureness_of(draft: Draft) -> list[str]:
    """What says how surely a draft's customer was told."""
    named = "named" if draft.customer else "unnamed"
    return [named, f"{named}={round(draft.sureness * 10)}"]


def resolved(day: Day, role: str, status: str, sent: date, planned: date | None) -> date | None:
    """The day that an expression means in a role."""
    if role != "date":
        return day.on(sent, "plan", planned)
    if status in ("done", "no_show"):
        return day.on(sent, "happened") or day.on(sent, "plan")
    return day.on(sent, "plan") or day.on(sent, "happened")
