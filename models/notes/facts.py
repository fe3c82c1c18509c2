"""What goes into note reading and what comes out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

FIELDS = (
    "customer",
    "kind",
    "status",
    "date",
    "rescheduled_to",
    "stage",
    "actions_done",
    "actions_missing",
    "amount_yuan",
    "competitor",
    "next_step",
    "next_date",
)


@dataclass(frozen=True)
class Message:
    """A chat message, a report, or the note cell of a row.

    `sent_at` is aware, in the company's zone (days are counted from its local day); `corrects` and `reply_to` name
    other messages of the same reading; `customer` is what the row's own column says.
    """

    id: str
    channel: str
    sender: str | None
    sent_at: dt.datetime
    text: str
    corrects: str | None = None
    reply_to: str | None = None
    customer: str | None = None


@dataclass(frozen=True)
class Fact:
    """What a message says happened, is missing or is firmly planned with one customer.

    None claims that the text does not say it. `spans`: field -> the exact piece of the text it came from; a field
    inherited from a corrected message, or filled in by rule (a visit without a day was today), has none.
    """

    customer: str | None = None
    kind: str | None = None
    status: str | None = None
    date: dt.date | None = None
    rescheduled_to: dt.date | None = None
    stage: str | None = None
    actions_done: tuple[str, ...] = ()
    actions_missing: tuple[str, ...] = ()
    amount_yuan: Decimal | None = None
    competitor: str | None = None
    next_step: str | None = None
    next_date: dt.date | None = None
    confidence: float = 0.0
    spans: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The fact as JSON values: days in ISO, money as a number, actions as lists."""
        values: dict[str, Any] = {}
        for name in FIELDS:
            value = getattr(self, name)
            if isinstance(value, dt.date):
                value = value.isoformat()
            elif isinstance(value, Decimal):
                value = int(value) if value == value.to_integral_value() else float(value)
            elif isinstance(value, tuple):
                value = list(value)
            values[name] = value
        return {**values, "confidence": round(self.confidence, 3), "spans": dict(self.spans)}


@dataclass(frozen=True)
class Reading:
    """What one message says: facts to rely on, facts for a person to look at, and the message they replace."""

    id: str
    facts: tuple[Fact, ...] = ()
    review: tuple[Fact, ...] = ()
    supersedes: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The reading as the command line prints it."""
        return {
            "id": self.id,
            "facts": [fact.to_json() for fact in self.facts],
            "review": [fact.to_json() for fact in self.review],
        }
