"""One message read for itself: its clauses put together to a draft for each customer they are about."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise

from models.notes import patterns
from models.notes.clauses import SENTENCE_ENDS, Clause, clauses, is_told, titled_lines
from models.notes.days import find_days
from models.notes.draft import BLANK, Draft, Part
from models.notes.facts import Message
from models.notes.mention import CUSTOMER, Mention
from models.notes.names import NameTagger
from models.notes.template import is_template, read_template
from models.notes.told import ClauseReader
from models.notes.words import CompiledLexicon

# Channels whose text stands in a row or a form of one customer.
ONE_CUSTOMER = ("excel_note", "form")
# A name told this surely is known again for the rest of the conversation.
_SURELY = 0.8
_LIST = re.compile(r"[\s、/+＋&和跟与及]*")
_LEAD_IN = re.compile(
    "(?:然后|后来|接着|再|又|还|就|才|另外|顺路|顺便|早上|上午|中午|下午|晚上|去|到|跑|跟|和|给|找|约|见|了|趟|在|从|[\\s、])*$"
)


class Drafter:
    """Reads messages by the words of a lexicon, each for itself, to a draft for each customer."""

    def __init__(self, words: CompiledLexicon, names: NameTagger) -> None:
        self.words, self.names = words, names
        self.clauses = ClauseReader(words)

    def drafts(self, message: Message, known: dict[str, None], context: str | None) -> list[Draft]:
        """What a message tells of each customer.

        `known`: the customers told surely before; those of this message are added. `context`: whom it is about where
        it names nobody.
        """
        sent = message.sent_at.date()
        is_note = message.channel in ONE_CUSTOMER
        mentions = self._mentions(message.text, is_note, known)
        lines = titled_lines(message.text)
        if is_template(lines):
            filled_in = read_template(self.clauses, lines, known, sent)
            if filled_in is not None:
                return filled_in
        if re.search("模板|模版|template", message.text[:14]):
            return []
        drafts = _Progress(self, sent, is_note, known, context, mentions).read(message.text)
        for draft in drafts:
            draft.finish()
        return drafts

    def _mentions(self, text: str, is_note: bool, known: dict[str, None]) -> list[Mention]:
        """The names of a text in order: those tagged, and those known from before where none was tagged."""
        found = self.names.find(text, is_note)
        free = bytearray(b"\1") * len(text)
        for mention in found:
            free[mention.start : mention.end] = bytes(mention.end - mention.start)
        for name in sorted(known, key=len, reverse=True):
            for at in (m.start() for m in re.finditer(re.escape(name), text)) if name in text else ():
                if all(free[at : at + len(name)]):
                    free[at : at + len(name)] = bytes(len(name))
                    found.append(Mention(name, at, at + len(name), 0.9))
        known.update(dict.fromkeys(m.name for m in found if m.whose == CUSTOMER and m.sureness >= _SURELY))
        return sorted(found, key=lambda m: m.start)


def spoken_of(drafts: list[Draft]) -> str | None:
    """The customer that an answer to a message with these drafts would be about."""
    return next((draft.customer for draft in reversed(drafts) if draft.customer), None)


class _Progress:
    """How far a message is read: the drafts so far, those being told of, and what the headings above say."""

    def __init__(
        self,
        tools: Drafter,
        sent: date,
        is_note: bool,
        known: dict[str, None],
        context: str | None,
        mentions: list[Mention],
    ) -> None:
        self.tools, self.sent, self.is_note, self.known, self.context = tools, sent, is_note, known, context
        self.mentions = mentions
        self.drafts: list[Draft] = []
        self.current: list[Draft] = []
        self.is_listing = False
        self.is_heading_plan = False
        self.heading_day: date | None = None
        self.message_day: date | None = None
        self.is_skipping = False
        self.before = ""

    def read(self, text: str) -> list[Draft]:
        """The drafts of the text in the order in which their customers are named."""
        for whole in clauses(text):
            for clause, names in self._cut(whole):
                if not (clause.is_item_start and self._is_heading(clause)):
                    self._add(clause, names)
        return self.drafts

    def _cut(self, clause: Clause) -> Iterator[tuple[Clause, list[Mention]]]:
        """A clause that speaks of one customer after another, cut before each; names in a list stay together."""
        end = clause.start + len(clause.text)
        first = bisect_left(self.mentions, clause.start, key=lambda m: m.start)
        inside = [
            m for m in self.mentions[first : bisect_left(self.mentions, end, key=lambda m: m.start)] if m.end <= end
        ]
        cuts, last = [], None
        for mention in inside:
            if mention.whose != CUSTOMER:
                continue
            at = mention.start - clause.start
            if last is not None and last.name != mention.name:
                between = clause.text[last.end - clause.start : at]
                if not _LIST.fullmatch(between):
                    lead_in = _LEAD_IN.search(between)
                    cuts.append(at - (len(between) - lead_in.start() if lead_in else 0))
            last = mention
        edges = [0, *cuts, len(clause.text)]
        for n, (a, b) in enumerate(pairwise(edges)):
            text = clause.text[a:b]
            piece = replace(
                clause, text=text, plain=clause.plain[a:b], start=clause.start + a,
                end=clause.end if b == edges[-1] else "，", is_item_start=clause.is_item_start and n == 0,
            )  # fmt: skip
            here = bisect_left(inside, clause.start + a, key=lambda m: m.start)
            yield piece, inside[here : bisect_left(inside, clause.start + b, key=lambda m: m.start)]

    def _is_heading(self, clause: Clause) -> bool:
        """Whether it is a heading, of plans or of a day's report; what it says holds for what follows."""
        if patterns.HEADING_PLAN.match(clause.text) or (
            patterns.HEADING_PLAN.match(clause.text + "：") and len(clause.text) < 10
        ):
            self.is_heading_plan, self.current = True, []
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
        """What tells nothing by the rules is skipped, with the rest of its sentence."""
        is_skipped = (self.is_skipping and not clause.is_item_start) or not is_told(clause, self.tools.words)
        self.is_skipping = is_skipped and not any(c in clause.end for c in SENTENCE_ENDS)
        return is_skipped

    def _add(self, clause: Clause, names: list[Mention]) -> None:
        is_told_of = not self._is_skipped(clause)
        customers = [m for m in names if m.whose == CUSTOMER]
        if not customers and all(self._is_blank(d) for d in self.current) and len(clause.text) < 14:
            day = self._day_told(clause)
            if day and day <= self.sent:
                self.message_day = day
        plain = clause.plain
        for mention in names:  # words within a name tell nothing
            a, b = mention.start - clause.start, mention.end - clause.start
            plain = plain[:a] + BLANK * (b - a) + plain[b:]
        is_bare = bool(customers) and not re.sub(rf"[\s{BLANK}、/和跟与及]", "", plain)
        if customers:
            named = [self._named(m) for m in customers]
            self.current = [*self.current, *named] if self.is_listing else named
        elif not self.current:
            self.current = [self._unnamed(clause)]
        else:
            self._go_on(clause)
        self.is_listing = is_bare and not any(c in clause.end for c in SENTENCE_ENDS)
        clause = replace(clause, plain=plain)
        shown = _shown(clause, names)
        for draft in self.current:
            draft.context_day = draft.context_day or self.message_day
            draft.parts.append(Part(clause, shown, is_told_of))
            for mention in names:
                if mention.whose != CUSTOMER and draft.competitor is None:
                    draft.competitor = draft.spans["competitor"] = mention.name
            if is_told_of:
                self.tools.clauses.add(draft, clause, self.sent, self.before)
        self.before = clause.plain if is_told_of else self.before

    def _is_blank(self, draft: Draft) -> bool:
        return draft.customer is None and draft.fact(self.sent) is None

    def _named(self, mention: Mention) -> Draft:
        """The draft of a customer named: theirs, the one so far without a name, or a new one."""
        draft = next((d for d in self.drafts if d.customer == mention.name), None)
        if draft is None and len(self.current) == 1 and self._is_blank(self.current[0]):
            draft = self.current[0]
            draft.customer, draft.sureness = mention.name, mention.sureness
        if draft is None:
            draft = self._begun(mention.name, mention.sureness)
        draft.spans.setdefault("customer", mention.name)
        draft.is_heading_plan, draft.heading_day = self.is_heading_plan, self.heading_day
        return draft

    def _unnamed(self, clause: Clause) -> Draft:
        """The draft of a clause that names nobody, where nobody is spoken of."""
        named = {d.customer: d for d in reversed(self.drafts) if d.customer}
        if clause.is_item_start and len(named) == 1:
            (draft,) = named.values()
            draft.is_heading_plan, draft.heading_day = self.is_heading_plan, self.heading_day
            return draft
        return self._begun(self.context, 0.7 if self.context else 0.0)

    def _go_on(self, clause: Clause) -> None:
        """A clause that names nobody goes on about those spoken of, unless it begins an item of its own."""
        last = self.current[-1]
        is_of_another = (
            clause.is_item_start
            and not self.is_note
            and last.customer
            and not patterns.PRONOUN.search(clause.text)
            and last.fact(self.sent) is not None
            and len({d.customer for d in self.drafts if d.customer}) > 1
        )
        if is_of_another:
            self.current = [self._begun(None, 0.0)]
            return
        for draft in self.current:
            draft.is_heading_plan = self.is_heading_plan or (draft.is_heading_plan and not clause.is_item_start)
            draft.heading_day = self.heading_day or draft.heading_day

    def _begun(self, customer: str | None, sureness: float) -> Draft:
        draft = Draft(
            customer=customer, sureness=sureness, is_heading_plan=self.is_heading_plan, heading_day=self.heading_day
        )
        self.drafts.append(draft)
        return draft


def _shown(clause: Clause, names: list[Mention]) -> str:
    """A clause as the classifiers see it: a sign for each name."""
    shown, at = [], 0
    for mention in names:
        shown += [clause.plain[at : mention.start - clause.start], "〇" if mention.whose == CUSTOMER else "敌"]
        at = mention.end - clause.start
    return "".join((*shown, clause.plain[at:]))
