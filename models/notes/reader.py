"""Reading messages: each for itself, then what replies, corrections, forwards, duplicates and recalls make of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from data_contracts.lexicon import Lexicon
from data_contracts.spoken_numbers import spoken_amount
from models.notes import patterns
from models.notes.clauses import clauses, plain_text
from models.notes.days import find_days
from models.notes.draft import Draft
from models.notes.facts import FIELDS, Fact, Message, Reading
from models.notes.heads import load_heads
from models.notes.judge import Judge
from models.notes.message import ONE_CUSTOMER, Drafter, spoken_of
from models.notes.names import NameTagger
from models.notes.words import CompiledLexicon

READER_VERSION = "3"
THRESHOLD = 0.5
LEARNED = Path(__file__).with_name("learned")


@dataclass(frozen=True)
class _Read:
    """A message that was read: its facts, and the customer whom an answer to it would be about."""

    message: Message
    facts: list[Fact]
    about: str | None


@dataclass
class _Talk:
    """What was said so far: the customers told surely, messages by id, texts seen, whose last facts are where."""

    known: dict[str, None]
    by_id: dict[str, _Read] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    last_by_sender: dict[str | None, _Read] = field(default_factory=dict)

    def meant(self, message: Message) -> _Read | None:
        """The message that this one corrects or answers."""
        return self.by_id.get(message.corrects or message.reply_to or "")

    def last_about(self) -> str | None:
        """The customer of the last message that told anything."""
        return next((read.about for read in reversed(self.by_id.values()) if read.facts), None)

    def keep(self, read: _Read) -> None:
        self.by_id[read.message.id] = read
        if read.facts:
            self.last_by_sender[read.message.sender] = read


class NoteReader:
    """Reads free text by the words of a lexicon and what was learned (a folder with `names` and `heads.npz`).

    Building one compiles the lexicon: build once, read often.
    """

    def __init__(self, lexicon: Lexicon, threshold: float | None = None, learned: Path = LEARNED) -> None:
        self.threshold = THRESHOLD if threshold is None else threshold
        self.words = CompiledLexicon(lexicon)
        self._drafter = Drafter(self.words, NameTagger(self.words, learned / "names"))
        self._judge = Judge(self.words, load_heads(learned / "heads.npz"))

    def read(self, messages: Sequence[Message]) -> list[Reading]:
        """One reading for each message, in order."""
        talk = _Talk(dict.fromkeys(self.words.lexicon.customers))
        recalled = _recalled(messages)
        readings: list[Reading] = []
        for message in messages:
            read, supersedes = self._one(message, talk)
            if message.id in recalled:
                read = replace(read, facts=[])
            talk.keep(read)
            facts = [
                replace(f, spans={k: v for k, v in f.spans.items() if v and v in message.text}) for f in read.facts
            ]
            sure = tuple(f for f in facts if f.confidence >= self.threshold)
            readings.append(Reading(message.id, sure, tuple(f for f in facts if f not in sure), supersedes))
        return readings

    def _one(self, message: Message, talk: _Talk) -> tuple[_Read, str | None]:
        """A message read in its talk, and the id of the message whose facts it replaces."""
        text, meant = message.text, talk.meant(message)
        context = meant.about if meant else None
        if _is_recall(text) or patterns.PLACEHOLDER.match(text) or patterns.WEAK_CHATTER.match(text.strip()):
            return _Read(message, [], context), None
        key = re.sub(r"[\s\W]+", "", patterns.FORWARD.sub("", text))
        if len(key) > 6 and message.channel not in ONE_CUSTOMER and key in talk.seen:
            return _Read(message, [], None), None
        talk.seen.add(key)
        corrected = self._corrected(message, talk)
        if context is None and patterns.PRONOUN.match(text) and not message.reply_to:
            context = talk.last_about()
        facts, about = self._facts(message, talk.known, context)
        asked = talk.by_id.get(message.reply_to or "")
        if not facts and context and asked is not None:
            facts = self._answer(asked.message.text, text, context)
        if corrected is None:
            return _Read(message, facts, facts[-1].customer if facts else about), None
        facts = self._correct(corrected.facts, facts, message)
        return _Read(message, facts, facts[0].customer if facts else context), corrected.message.id

    def _facts(self, message: Message, known: dict[str, None], context: str | None) -> tuple[list[Fact], str | None]:
        """The facts of a message read for itself, and whom it is about."""
        sent, is_note = message.sent_at.date(), message.channel in ONE_CUSTOMER
        drafts = self._drafter.drafts(message, known, context)
        facts = [fact for draft in drafts if (fact := self._judge.fact(draft, sent, is_note)) is not None]
        return facts, spoken_of(drafts) or context

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

    def _corrected(self, message: Message, talk: _Talk) -> _Read | None:
        """The message whose facts this one corrects."""
        if message.corrects:
            target = talk.by_id.get(message.corrects)
            return target if target and target.facts else None
        target = talk.by_id.get(message.reply_to or "") or talk.last_by_sender.get(message.sender)
        text = message.text
        if target is None or not target.facts or "错群" in text or "误发" in text:
            return None
        if patterns.FALSE_ALARM.search(text[:30]) and re.search(r"改|应|是|错|反|误|补充|更正|不是|别写", text):
            return target
        if message.reply_to and self.words.status["rescheduled"].search(text):
            statuses = {fact.status for fact in target.facts}
            is_own = target.message.sender == message.sender
            if "no_show" in statuses or ("rescheduled" in statuses and is_own):
                return target
        return None

    def _correct(self, olds: list[Fact], facts: list[Fact], message: Message) -> list[Fact]:
        """The final facts: what the correction says, over the facts (`olds`) that it corrects."""
        text = message.text
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
        final = self._changed(target, message)
        return [final if f is target else f for f in olds] if len(olds) == 1 or not named else [final]

    def _changed(self, target: Fact, message: Message) -> Fact:
        """A fact with what its correction says anew."""
        text, sent = message.text, message.sent_at.date()
        draft = Draft(customer=target.customer, arranged=target.date, new_day=target.rescheduled_to)
        draft.plan_kind = target.kind
        for clause in clauses(patterns.FALSE_ALARM.sub("", text)):
            self._drafter.clauses.add(draft, clause, sent)
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
        if target.amount_yuan is not None and (amount := self._amount(text)) is not None:
            changes["amount_yuan"] = amount
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
        if changes.get("status") == "rescheduled" and target.status in ("rescheduled", "no_show"):
            changes["date"] = target.date
        spans = {k: v for k, v in (new.spans.items() if new else ()) if v in text}
        return replace(target, **changes, spans=spans, confidence=0.8)  # type: ignore[arg-type]

    def _amount(self, text: str) -> Decimal | None:
        """The right amount of a correction: 不是36，是26万; 应为68,400元."""
        draft = Draft()
        for clause in clauses(text):
            if re.match(r"不是|而?不是|错写|原来", clause.plain) and not re.search(r"[，,]?是", clause.plain[2:]):
                continue
            self._drafter.clauses.amount(draft, clause)
        if draft.amount is not None:
            return draft.amount
        found = re.search(
            r"(?:应为|应该是|应当是|改为|改成|是|共)\s*([0-9][0-9,.]*|[一二两三四五六七八九十百千]+)\s*(万|w|元|块|千|k)?",
            plain_text(text),
        )
        return spoken_amount(found[1] + found[2]) if found and found[2] else None


def _is_recall(text: str) -> bool:
    return patterns.RECALL.search(text) is not None and len(text) < 40


def _recalled(messages: Sequence[Message]) -> set[str]:
    """The messages that are void: the one before a recall line that names its sender, or the one that it names."""
    void: set[str] = set()
    for n, message in enumerate(messages):
        if not n or not _is_recall(message.text):
            continue
        target = message.reply_to or message.corrects
        if target:
            void |= {m.id for m in messages[:n] if m.id == target}
            continue
        before = messages[n - 1]
        who = re.sub(r"撤回.*", "", message.text).strip(' "“”「」')
        is_named = before.sender and who and (before.sender in who or who in before.sender)
        if is_named or before.sender == message.sender:
            void.add(before.id)
    return void
