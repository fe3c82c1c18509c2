"""Reading messages: each for itself, then what replies, corrections, forwards, duplicates and recalls make of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from data_contracts.lexicon import Lexicon, spellings
from models.notes.facts import Fact, Message, Reading

READER_VERSION = "1"
THRESHOLD = 0.5


class NoteReader:
    """Reads free text by the words of a lexicon. Building one compiles the lexicon: build once, read often."""

    def __init__(self, lexicon: Lexicon, threshold: float | None = None) -> None:
        self.threshold = THRESHOLD if threshold is None else threshold
        self._status = {
            status: re.compile("|".join(re.escape(s) for word in words for s in spellings(word)))
            for status, words in lexicon.status.items()
        }
        suffix = "|".join(map(re.escape, lexicon.customer_suffixes))
        self._customer = re.compile(rf"(?:拜访了?|去了?|见了?)(\w{{2,12}}?(?:{suffix}))") if suffix else None

    def read(self, messages: Sequence[Message]) -> list[Reading]:
        """One reading for each message, in order."""
        return [self._read_one(message) for message in messages]

    def _read_one(self, message: Message) -> Reading:
        text = message.text
        customer = self._customer.search(text) if self._customer else None
        for status, words in self._status.items():
            found = words.search(text)
            if found:
                spans = {"status": found[0]} | ({"customer": customer[1]} if customer else {})
                fact = Fact(
                    customer=customer[1] if customer else message.customer,
                    kind="visit",
                    status=status,
                    date=message.sent_at.date() if status == "done" else None,
                    confidence=0.6,
                    spans=spans,
                )
                return (
                    Reading(message.id, (fact,))
                    if fact.confidence >= self.threshold
                    else Reading(message.id, (), (fact,))
                )
        return Reading(message.id)
