"""Reading messages: each for itself, then what replies, corrections, forwards, duplicates and recalls make of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from data_contracts.lexicon import Lexicon
from models.notes import patterns
from models.notes.clauses import clauses, mood, plain_text, titled_lines
from models.notes.customers import CustomerFinder
from models.notes.days import find_days
from models.notes.draft import Draft
from models.notes.facts import FIELDS, Fact, Message, Reading
from models.notes.template import is_example, read_lines, title_of
from models.notes.told import ClauseReader
from models.notes.words import CompiledLexicon

READER_VERSION = "2"
THRESHOLD = 0.5
NO_CUSTOMER_NEEDED = ("excel_note", "form")


class NoteReader:
    """Reads free text by the words of a lexicon. Building one compiles the lexicon: build once, read often."""

    def __init__(self, lexicon: Lexicon, threshold: float | None = None) -> None:
        self.threshold = THRESHOLD if threshold is None else threshold
        self.words = CompiledLexicon(lexicon)
        self._finder = CustomerFinder(self.words)
        self._clauses = ClauseReader(self.words)

    def read(self, messages: Sequence[Message]) -> list[Reading]:
        """One reading for each message, in order."""
        known: dict[str, None] = dict.fromkeys(self.words.lexicon.customers)
        by_id: dict[str, tuple[Message, list[Fact], str | None]] = {}
        seen: dict[str, str] = {}
        last_by_sender: dict[str | None, str] = {}
        readings: list[Reading] = []
        recalled = self._recalled(messages)
        for message in messages:
            facts, supersedes, about = self._one(message, known, by_id, seen, last_by_sender)
            if message.id in recalled:
                facts = []
            by_id[message.id] = (message, facts, about)
            if facts:
                last_by_sender[message.sender] = message.id
            facts = [replace(f, spans={k: v for k, v in f.spans.items() if v and v in message.text}) for f in facts]
            sure = tuple(f for f in facts if f.confidence >= self.threshold)
            readings.append(Reading(message.id, sure, tuple(f for f in facts if f not in sure), supersedes))
        return readings

    @staticmethod
    def _recalled(messages: Sequence[Message]) -> set[str]:
        """The message before a recall line that names its sender is void."""
        void: set[str] = set()
        for n, message in enumerate(messages):
            if n and patterns.RECALL.search(message.text) and len(message.text) < 40:
                who = re.sub(r"撤回.*", "", message.text).strip(' "“”「」')
                target = message.reply_to or message.corrects
                before = [m for m in messages[:n] if m.id == target] if target else [messages[n - 1]]
                for m in before:
                    if (
                        target
                        or (m.sender and who and (m.sender in who or who in m.sender))
                        or m.sender == message.sender
                    ):
                        void.add(m.id)
        return void

    def _one(self, message, known, by_id, seen, last_by_sender):  # type: ignore[no-untyped-def]
        text = message.text
        if (
            (patterns.RECALL.search(text) and len(text) < 40)
            or patterns.PLACEHOLDER.match(text)
            or patterns.WEAK_CHATTER.match(text.strip())
        ):
            return [], None, self._about(message, by_id)
        body = patterns.FORWARD.sub("", text) if patterns.FORWARD.match(text) else text
        key = re.sub(r"[\s\W]+", "", body)
        if len(key) > 6 and message.channel not in NO_CUSTOMER_NEEDED and key in seen:
            return [], None, None
        seen.setdefault(key, message.id)
        corrected = self._corrected(message, by_id, last_by_sender)
        context = self._about(message, by_id) if message.reply_to or message.corrects else None
        if context is None and patterns.PRONOUN.match(text) and not message.reply_to:
            context = next(reversed(about_all), None) if (about_all := [a for _, f, a in by_id.values() if f]) else None
        facts = self._read_text(message, text, known, context)
        if not facts and message.reply_to and context and message.reply_to in by_id:
            facts = self._answer(by_id[message.reply_to][0].text, text, context)
        if corrected is not None:
            facts = self._correct(corrected, facts, message, text)
            return facts, corrected[0].id, facts[0].customer if facts else context
        about = facts[-1].customer if facts else context
        return facts, None, about

    def _answer(self, asked: str, text: str, customer: str) -> list[Fact]:
        """账期批了没? 还没，卡在财务: the action stands in the question, its state in the answer."""
        action = next((a for a, p in self.words.action.items() if p.search(asked)), None)
        if action is None or not re.search(r"[？?]|没$|吗|几时|什么时候", asked):
            return []
        if re.match(r"(?:还|都|也)?(?:没|未|不)|缺|卡|等|还在|冇|莫", text.strip()):
            return [
                Fact(customer, actions_missing=(action,), confidence=0.7, spans={"actions_missing": text.strip()[:20]})
            ]
        if re.match(
            r"(?:已经?|都)?(?:批|签|交|给|发|做|拿|开|试)(?:了|完|好|过|出|到)|(?:是的|对|嗯)?[，,]?已", text.strip()
        ):
            return [Fact(customer, actions_done=(action,), confidence=0.7, spans={"actions_done": text.strip()[:20]})]
        return []

    @staticmethod
    def _about(message: Message, by_id) -> str | None:  # type: ignore[no-untyped-def]
        target = by_id.get(message.corrects or message.reply_to or "")
        return target[2] if target else None

    def _corrected(self, message, by_id, last_by_sender):  # type: ignore[no-untyped-def]
        """The message whose facts this one corrects."""
        if message.corrects:
            found = by_id.get(message.corrects)
            return found if found and found[1] else None
        target = by_id.get(message.reply_to or "") or by_id.get(last_by_sender.get(message.sender) or "")
        if target is None or not target[1]:
            return None
        plain = message.text
        if "错群" in plain or "误发" in plain:
            return None
        if patterns.FALSE_ALARM.search(plain[:30]) and re.search(r"改|应|是|错|反|误|补充|更正|不是|别写", plain):
            return target
        if (
            message.reply_to
            and target[0].sender == message.sender
            and self.words.status["rescheduled"].search(plain)
            and any(f.status == "rescheduled" for f in target[1])
        ):
            return target
        if (
            message.reply_to
            and any(f.status == "no_show" for f in target[1])
            and self.words.status["rescheduled"].search(plain)
        ):
            return target
        return None

    def _correct(self, corrected, facts: list[Fact], message: Message, text: str) -> list[Fact]:  # type: ignore[no-untyped-def]
        """The final facts: what the correction says, over what it corrects."""
        sent = message.sent_at.date()
        olds: list[Fact] = corrected[1]
        named = {f.customer for f in facts if f.customer}
        target = next(
            (
                o
                for o in olds
                if o.customer and (o.customer in text or any(n in o.customer or o.customer in n for n in named))
            ),
            olds[-1] if len(olds) == 1 or not named else None,
        )
        if target is None:
            return facts
        if re.search(r"(?:作废|当没(?:说|发)|忽略|删掉|撤回|别算|不算)", text) and not facts:
            return []
        draft = Draft(customer=target.customer, arranged=target.date, new_day=target.rescheduled_to)
        draft.plan_kind = target.kind
        for clause in clauses(patterns.FALSE_ALARM.sub("", text)):
            self._clauses.add(draft, replace(clause, text=clause.text), sent, True)
        if re.search(r"不是.{1,12}是|是.{1,12}不是", text) and draft.amount is None:
            pass
        new = draft.fact(sent)
        changes: dict[str, object] = {}
        if new is not None:
            for name in FIELDS:
                value = getattr(new, name)
                if name in ("customer", "kind") or value in (None, ()):
                    continue
                if name == "date" and new.status == "done" and "date" not in new.spans:
                    continue
                changes[name] = value
        numbers = self._numbers(text, target)
        if numbers is not None and (target.amount_yuan is not None):
            changes["amount_yuan"] = numbers
        if new is None or new.status is None:
            days = [d for d in find_days(plain_text(text)) if "更" not in d.text]
            if days and "amount_yuan" not in changes:
                day = days[-1].on(sent, "plan")
                if re.search(r"不是.{1,8}是", text) is None and re.search(r"，?不是", text) and len(days) > 1:
                    day = days[0].on(sent, "plan")
                if target.status == "rescheduled" and day:
                    changes["rescheduled_to"] = day
                elif target.next_date and day:
                    changes["next_date"] = day
                elif target.status == "done" and (d := days[-1].on(sent, "happened")):
                    changes["date"] = d
        if changes.get("status") == "rescheduled" and target.status == "rescheduled":
            changes["date"] = target.date
        if changes.get("status") == "rescheduled" and target.status == "no_show":
            changes["date"] = target.date
        spans = {k: v for k, v in (new.spans.items() if new else ()) if v in text}
        final = replace(target, **changes, spans=spans, confidence=0.8)  # type: ignore[arg-type]
        return [final if f is target else f for f in olds] if len(olds) == 1 or not named else [final]

    def _numbers(self, text: str, target: Fact):  # type: ignore[no-untyped-def]
        """The right amount of a correction: 不是36，是26万; 应为68,400元."""
        from data_contracts.spoken_numbers import spoken_amount

        plain = plain_text(text)
        draft = Draft()
        for clause in clauses(text):
            if re.match(r"不是|而?不是|错写|原来", clause.plain) and not re.search(r"[，,]?是", clause.plain[2:]):
                continue
            self._clauses._amount(draft, clause)
        if draft.amount is not None:
            return draft.amount
        found = re.search(
            r"(?:应为|应该是|应当是|改为|改成|是|共)\s*([0-9][0-9,.]*|[一二两三四五六七八九十百千]+)\s*(万|w|元|块|千|k)?",
            plain,
        )
        return spoken_amount(found[1] + (found[2] or "")) if found and found[2] else None

    def _read_text(self, message: Message, text: str, known: dict[str, None], context: str | None) -> list[Fact]:
        sent = message.sent_at.date()
        lines = titled_lines(text)
        is_note = message.channel in NO_CUSTOMER_NEEDED
        titles = [title_of(t) for t, _ in lines]
        if "customer" in titles and sum(t is not None for t in titles) >= 3:
            if is_example(lines):
                return []
            filled_in = self._template(message, lines, known, sent)
            if filled_in is not None:
                return filled_in
        if re.search("模板|模版|template", text[:14]):
            return []
        drafts: list[Draft] = []
        current: Draft | None = None
        heading_plan, heading_day, skipping, item, before, message_day = False, None, None, -1, "", None
        for clause in clauses(text):
            if clause.is_item_start:
                if patterns.HEADING_PLAN.match(clause.text) or (
                    patterns.HEADING_PLAN.match(clause.text + "：") and len(clause.text) < 10
                ):
                    heading_plan = True
                    found = [d for d in (x.on(sent, "plan") for x in find_days(clause.plain)) if d]
                    heading_day = found[0] if found else None
                    current = None
                    continue
                if patterns.HEADING.match(clause.text) and len(clause.text) < 16:
                    heading_plan, heading_day = False, None
                    found = [d for d in (x.on(sent, "happened") for x in find_days(clause.plain)) if d]
                    message_day = found[0] if found else message_day
                    continue
            how = mood(clause, self.words)
            if clause.item != item and clause.is_item_start:
                item, skipping = clause.item, None
            if how in ("hearsay", "order", "target", "condition", "question"):
                skipping = how
                if how in ("hearsay", "order", "target"):
                    pass
            if skipping:
                if any(c in clause.end for c in "。！!；;\n？?"):
                    skipping = None
                continue
            is_free = current is None or current.customer is None or clause.is_item_start
            mention = self._finder.find(clause.text, known, clause.is_item_start, is_free, is_note)
            if mention is None and (current is None or (current.customer is None and current.fact(sent) is None)):
                days = [d for d in (x.on(sent, "happened") for x in find_days(clause.plain)) if d]
                if days and days[0] <= sent and len(clause.text) < 14:
                    message_day = days[0]
            if mention is not None:
                same = next((d for d in drafts if d.customer == mention.name), None)
                if same is None and current is not None and current.customer is None and current.fact(sent) is None:
                    current.customer, current.sureness = mention.name, mention.sureness
                    same = current
                if same is None:
                    same = Draft(
                        customer=mention.name,
                        sureness=mention.sureness,
                        is_heading_plan=heading_plan,
                        heading_day=heading_day,
                    )
                    drafts.append(same)
                current = same
                current.spans.setdefault("customer", mention.name)
                current.is_heading_plan, current.heading_day = heading_plan, heading_day
                if mention.sureness >= 0.8:
                    known.setdefault(mention.name)
            elif clause.is_item_start and len({d.customer for d in drafts if d.customer}) == 1 and current is None:
                current = next(d for d in drafts if d.customer)
                current.is_heading_plan, current.heading_day = heading_plan, heading_day
            elif current is None or (
                clause.is_item_start
                and is_note is False
                and current.customer
                and not patterns.PRONOUN.search(clause.text)
                and current.fact(sent) is not None
                and len({d.customer for d in drafts if d.customer}) > 1
            ):
                name = context if context and current is None else None
                current = Draft(
                    customer=name, sureness=0.7 if name else 0.0, is_heading_plan=heading_plan, heading_day=heading_day
                )
                drafts.append(current)
            else:
                current.is_heading_plan, current.heading_day = (
                    heading_plan or (current.is_heading_plan and not clause.is_item_start),
                    heading_day or current.heading_day,
                )
            body = replace(clause, text=clause.text, plain=clause.plain)
            if mention is not None:
                blank = "〇" * (mention.end - mention.start)
                body = replace(clause, plain=clause.plain[: mention.start] + blank + clause.plain[mention.end :])
            current.context_day = current.context_day or message_day
            self._clauses.add(current, body, sent, is_note, before)
            before = body.plain
        facts: list[Fact] = []
        for draft in drafts:
            self._finish(draft)
            fact = draft.fact(sent)
            if fact is not None:
                facts.append(replace(fact, confidence=self._confidence(draft, fact, is_note)))
        return facts

    @staticmethod
    def _finish(draft: Draft) -> None:
        if draft.status == "done":
            if draft.kind == "sample_trial" and "样品试用" not in draft.missing:
                draft.done["样品试用"] = None
                draft.spans.setdefault("actions_done", draft.spans.get("kind", draft.spans.get("status", "")))
            if draft.kind == "technical_meeting":
                draft.done["技术对接会"] = None
                draft.spans.setdefault("actions_done", draft.spans.get("kind", draft.spans.get("status", "")))
            if draft.kind == "demo":
                ClauseReader._reach(draft, "solution_demo", draft.spans.get("kind", draft.spans.get("status", "")))

    @staticmethod
    def _confidence(draft: Draft, fact: Fact, is_note: bool) -> float:
        base = draft.sureness if fact.customer else 0.7 if is_note else 0.3
        strong = sum(
            (
                fact.status is not None,
                fact.stage is not None,
                bool(fact.actions_done),
                bool(fact.actions_missing),
                fact.next_date is not None,
                fact.amount_yuan is not None,
            )
        )
        if strong == 0:
            base -= 0.2
        return max(0.05, min(0.95, base + 0.05 * strong))

    def _template(
        self, message: Message, lines: list[tuple[str, str]], known: dict[str, None], sent: date
    ) -> list[Fact] | None:
        names = next((v for t, v in lines if title_of(t) == "customer"), "")
        customers = [
            n.strip()
            for n in re.split(r"[、，,；;/]", re.sub(r"[（(][^)）]*[)）]$", "", names))
            if n.strip() and not re.match(r"见上|同上|/|无|—|-", n.strip())
        ]
        if not customers:
            return None
        for name in customers:
            known.setdefault(name)
        if len(customers) > 1:
            facts = []
            for name in customers:
                own = []
                for t, v in lines:
                    parts = [p for p in re.split(r"[；;。\n]", v) if name in p]
                    others = any(o in v for o in customers)
                    if title_of(t) != "customer":
                        own.append((t, "；".join(p.replace(name, "").strip("：: ") for p in parts) if others else v))
                draft = Draft(customer=name, sureness=0.9, spans={"customer": name})
                read_lines(self._clauses, draft, own, sent)
                fact = draft.fact(sent)
                if fact:
                    facts.append(replace(fact, confidence=0.85))
            return facts
        draft = Draft(customer=customers[0], sureness=0.95, spans={"customer": customers[0]})
        read_lines(self._clauses, draft, lines, sent)
        self._finish(draft)
        fact = draft.fact(sent)
        return [replace(fact, confidence=0.9)] if fact else []
