"""One message read for itself: its clauses put together to a draft for each customer they are about."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from models.notes import patterns
from models.notes.clauses import SENTENCE_ENDS, Clause, clauses, is_told, titled_lines
from models.notes.customers import CustomerFinder, Mention
from models.notes.days import find_days
from models.notes.draft import Draft
from models.notes.facts import Fact, Message
from models.notes.template import is_template, read_template
from models.notes.told import ClauseReader
from models.notes.words import CompiledLexicon

# Channels whose text stands in a row or a form of one customer.
ONE_CUSTOMER = ("excel_note", "form")


class MessageReader:
    """Reads messages by the words of a lexicon, each for itself."""

    def __init__(self, words: CompiledLexicon) -> None:
        self.words = words
        self.finder = CustomerFinder(words)
        self.clauses = ClauseReader(words)

    def read(self, message: Message, known: dict[str, None], context: str | None) -> list[Fact]:
        """The facts of a message, each with a confidence.

        `known`: the customers told surely before; those of this message are added. `context`: whom it is about where
        it names nobody.
        """
        sent = message.sent_at.date()
        lines = titled_lines(message.text)
        if is_template(lines):
            filled_in = read_template(self.clauses, lines, known, sent)
            if filled_in is not None:
                return filled_in
        if re.search("模板|模版|template", message.text[:14]):
            return []
        is_note = message.channel in ONE_CUSTOMER
        facts = []
        for draft in _Progress(self, sent, is_note, known, context).read(message.text):
            draft.finish()
            fact = draft.fact(sent)
            if fact is not None:
                facts.append(replace(fact, confidence=_confidence(draft, fact, is_note)))
        return facts


class _Progress:
    """How far a message is read: the drafts so far, the one being told of, and what the headings above say."""

    def __init__(
        self, tools: MessageReader, sent: date, is_note: bool, known: dict[str, None], context: str | None
    ) -> None:
        self.tools, self.sent, self.is_note, self.known, self.context = tools, sent, is_note, known, context
        self.drafts: list[Draft] = []
        self.current: Draft | None = None
        self.is_heading_plan = False
        self.heading_day: date | None = None
        self.message_day: date | None = None
        self.is_skipping = False
        self.before = ""

    def read(self, text: str) -> list[Draft]:
        """The drafts of the text in the order in which their customers are named."""
        for clause in clauses(text):
            if not (clause.is_item_start and self._is_heading(clause)) and not self._is_skipped(clause):
                self._add(clause)
        return self.drafts

    def _is_heading(self, clause: Clause) -> bool:
        """Whether it is a heading, of plans or of a day's report; what it says holds for what follows."""
        if patterns.HEADING_PLAN.match(clause.text) or (
            patterns.HEADING_PLAN.match(clause.text + "：") and len(clause.text) < 10
        ):
            self.is_heading_plan, self.current = True, None
            self.heading_day = next((d for d in (x.on(self.sent, "plan") for x in find_days(clause.plain)) if d), None)
            return True
        if patterns.HEADING.match(clause.text) and len(clause.text) < 16:
            self.is_heading_plan, self.heading_day = False, None
            self.message_day = self._day_told(clause) or self.message_day
            return True
        return False

    def _day_told(self, clause: Clause) -> date | None:
        return next((d for d in (x.on(self.sent, "happened") for x in find_days(clause.plain)) if d), None)

    def _is_skipped(self, clause: Clause) -> bool:
        """What tells nothing is skipped, with the rest of its sentence."""
        is_skipped = (self.is_skipping and not clause.is_item_start) or not is_told(clause, self.tools.words)
        self.is_skipping = is_skipped and not any(c in clause.end for c in SENTENCE_ENDS)
        return is_skipped

    def _add(self, clause: Clause) -> None:
        is_free = self.current is None or self.current.customer is None or clause.is_item_start
        mention = self.tools.finder.find(clause.text, self.known, clause.is_item_start, is_free, self.is_note)
        if mention is None and (self.current is None or self._is_blank(self.current)) and len(clause.text) < 14:
            day = self._day_told(clause)
            if day and day <= self.sent:
                self.message_day = day
        draft = self.current = self._named(mention) if mention else self._unnamed(clause)
        if mention is not None:  # words within a name tell nothing
            blank = "〇" * (mention.end - mention.start)
            clause = replace(clause, plain=clause.plain[: mention.start] + blank + clause.plain[mention.end :])
        draft.context_day = draft.context_day or self.message_day
        self.tools.clauses.add(draft, clause, self.sent, self.before)
        self.before = clause.plain

    def _is_blank(self, draft: Draft) -> bool:
        return draft.customer is None and draft.fact(self.sent) is None

    def _named(self, mention: Mention) -> Draft:
        """The draft of a customer named: theirs, the one so far without a name, or a new one."""
        draft = next((d for d in self.drafts if d.customer == mention.name), None)
        if draft is None and self.current is not None and self._is_blank(self.current):
            draft = self.current
            draft.customer, draft.sureness = mention.name, mention.sureness
        if draft is None:
            draft = self._begun(mention.name, mention.sureness)
        draft.spans.setdefault("customer", mention.name)
        draft.is_heading_plan, draft.heading_day = self.is_heading_plan, self.heading_day
        if mention.sureness >= 0.8:
            self.known.setdefault(mention.name)
        return draft

    def _unnamed(self, clause: Clause) -> Draft:
        """The draft of a clause that names nobody."""
        named = {d.customer: d for d in reversed(self.drafts) if d.customer}
        if self.current is None and clause.is_item_start and len(named) == 1:
            (draft,) = named.values()
            draft.is_heading_plan, draft.heading_day = self.is_heading_plan, self.heading_day
            return draft
        if self.current is None:
            return self._begun(self.context, 0.7 if self.context else 0.0)
        is_of_another = (
            clause.is_item_start
            and not self.is_note
            and self.current.customer
            and not patterns.PRONOUN.search(clause.text)
            and self.current.fact(self.sent) is not None
            and len(named) > 1
        )
        if is_of_another:
            return self._begun(None, 0.0)
        draft = self.current
        draft.is_heading_plan = self.is_heading_plan or (draft.is_heading_plan and not clause.is_item_start)
        draft.heading_day = self.heading_day or draft.heading_day
        return draft

    def _begun(self, customer: str | None, sureness: float) -> Draft:
        draft = Draft(
            customer=customer, sureness=sureness, is_heading_plan=self.is_heading_plan, heading_day=self.heading_day
        )
        self.drafts.append(draft)
        return draft


def _confidence(draft: Draft, fact: Fact, is_note: bool) -> float:
    base = draft.sureness if fact.customer else 0.7 if is_note else 0.3
    told = (
        fact.status is not None, fact.stage is not None, bool(fact.actions_done), bool(fact.actions_missing),
        fact.next_date is not None, fact.amount_yuan is not None,
    )  # fmt: skip
    return max(0.05, min(0.95, base + 0.05 * sum(told) - (0.0 if any(told) else 0.2)))
