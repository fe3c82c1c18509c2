"""Many alerts, few messages: one for each recipient and rule, the weightiest alerts first.

Only what nobody has answered, and what still holds, is told. Of several alerts on one opportunity a recipient
is told one, that of the rule that stands first in the rule set; it names the others. An escalated alert stands
in the supervisor's message and, marked, in that of whom it was escalated to. Pure functions of the alerts;
channels render a message as they can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from data_contracts.figures import clock, money
from data_contracts.safe_cells import clean_text, markdown_text
from data_contracts.texts import Language, Name, Texts

LISTED, TOLD_WHOLE = 10, 3


@dataclass(frozen=True)
class Item:
    """One alert in a message; `is_fresh`: it opened at this evaluation; `from_name`, `to_name`: escalated from,
    to; `due_at`: answer by then, else it escalates; `also`: keys and rules of the opportunity's other alerts."""

    alert_key: str
    title: str
    body: str
    amount: Decimal | None
    is_fresh: bool
    from_name: str | None
    to_name: str | None
    due_at: datetime | None
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Message:
    """What one recipient is told of one rule; `items` all of them, the weightiest first."""

    recipient_id: str
    recipient_name: str
    rule: str
    heading: str
    items: tuple[Item, ...]

    @property
    def alert_keys(self) -> tuple[str, ...]:
        """All alerts that the message is about, also those that it only names."""
        return tuple(key for item in self.items for key in (item.alert_key, *(key for key, _ in item.also)))


class Composer:
    """Composes and renders messages in one language; `rule_names` in the rule set's order, `zone` the company's."""

    def __init__(
        self, language: Language, currency: str, rule_names: Mapping[str, Name], at: datetime, zone: tzinfo
    ) -> None:
        self.language, self.currency, self.rule_names, self.at, self.zone = language, currency, rule_names, at, zone
        self._rank = {rule: place for place, rule in enumerate(rule_names)}
        self.text = Texts("alerts", language)
        self._ending = "zh" if language == "zh-CN" else "en"

    def compose(self, alerts: Sequence[Mapping[str, Any]]) -> list[Message]:
        """Group the open ones among `alerts` (rows of `ops.alerts`, in the order in which they shall stand)."""
        told = [alert for alert in alerts if alert["status"] == "open" and alert["cleared_since"] is None]
        heard: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for alert in told:
            for recipient, _ in _recipients(alert):
                heard.setdefault((recipient, _subject(alert)), []).append(alert)
        groups: dict[tuple[str, str], tuple[str, list[Item]]] = {}
        for alert in told:
            for recipient, name in _recipients(alert):
                first, *others = sorted(heard[recipient, _subject(alert)], key=self._place)
                if alert["alert_key"] == first["alert_key"]:
                    item = self._item(alert, others, is_escalated_here=recipient != alert["recipient_id"])
                    groups.setdefault((recipient, alert["rule"]), (name, []))[1].append(item)
        return [
            Message(recipient, name, rule, self._heading(name, rule, items), tuple(items))
            for (recipient, rule), (name, items) in sorted(groups.items(), key=lambda group: self._order(*group[0]))
        ]

    def markdown(self, message: Message) -> str:
        """A message as Markdown: the first few whole, some more by title, the rest by number."""
        lines = [f"## {markdown_text(message.heading)}", ""]
        for position, item in enumerate(message.items[:LISTED], start=1):
            lines.append(f"{position}. **{markdown_text(clean_text(item.title))}**{self._marks(item)}")
            if position <= TOLD_WHOLE:
                lines += [f"   {markdown_text(line)}  " for line in self._lines(item)]
        left = len(message.items) - LISTED
        if left > 0:
            lines += ["", self.text("message_more", count=left)]
        return "\n".join(lines) + "\n"

    def preview(self, messages: Sequence[Message], as_of: str) -> str:
        """All messages in one Markdown document."""
        head = f"# {self.text('message_preview', as_of=as_of)}\n"
        parts = [self.markdown(message) for message in messages] or [self.text("message_none") + "\n"]
        return "\n".join([head, *parts])

    def _item(self, alert: Mapping[str, Any], others: Sequence[Mapping[str, Any]], *, is_escalated_here: bool) -> Item:
        return Item(
            alert["alert_key"],
            alert[f"title_{self._ending}"],
            alert[f"body_{self._ending}"],
            alert["amount"],
            alert["opened_at"] == self.at,
            alert["recipient_name"] if is_escalated_here else None,
            None if is_escalated_here else alert["escalated_to_name"],
            alert["due_at"] if alert["escalated_to_id"] is None else None,
            tuple((other["alert_key"], other["rule"]) for other in others),
        )

    def _place(self, alert: Mapping[str, Any]) -> tuple[int, str]:
        return self._rank.get(alert["rule"], len(self._rank)), alert["alert_key"]

    def _order(self, recipient: str, rule: str) -> tuple[str, int, str]:
        return recipient, self._rank.get(rule, len(self._rank)), rule

    def _lines(self, item: Item) -> list[str]:
        """The item's body, what else holds of its opportunity, and by when to answer."""
        lines = clean_text(item.body).split("\n")
        if item.also:
            names = ("、" if self.language == "zh-CN" else ", ").join(self._rule_name(rule) for _, rule in item.also)
            lines.append(self.text("also", rules=names))
        if item.due_at is not None:
            lines.append(self.text("due", due=clock(item.due_at.astimezone(self.zone))))
        return lines

    def _rule_name(self, rule: str) -> str:
        return self.rule_names[rule].in_language(self.language) if rule in self.rule_names else rule

    def _heading(self, recipient: str, rule: str, items: Sequence[Item]) -> str:
        parts = [self.text("message_heading", recipient=recipient, rule=self._rule_name(rule), count=len(items))]
        for key, count in (
            ("message_fresh", sum(item.is_fresh for item in items)),
            ("message_escalated", sum(item.from_name is not None for item in items)),
        ):
            if count:
                parts.append(self.text(key, count=count))
        amounts = [item.amount for item in items if item.amount is not None]
        if amounts:
            parts.append(self.text("message_total", amount=money(sum(amounts), self.currency, self.language)))
        return ("，" if self.language == "zh-CN" else ", ").join(parts)

    def _marks(self, item: Item) -> str:
        marks = [self.text("mark_fresh")] if item.is_fresh else []
        if item.from_name is not None:
            marks.append(self.text("mark_escalated", name=markdown_text(item.from_name)))
        if item.to_name is not None:
            marks.append(self.text("mark_escalated_to", name=markdown_text(item.to_name)))
        if not marks:
            return ""
        return f"（{'，'.join(marks)}）" if self.language == "zh-CN" else f" ({', '.join(marks)})"


def _recipients(alert: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Who is told of an alert: (id, name) of the recipient and of whom it was escalated to."""
    told = [(alert["recipient_id"], alert["recipient_name"])]
    if alert["escalated_to_id"] is not None and alert["escalated_to_id"] != alert["recipient_id"]:
        told.append((alert["escalated_to_id"], alert["escalated_to_name"]))
    return told


def _subject(alert: Mapping[str, Any]) -> str:
    """What an alert is about: alerts on one opportunity are told as one, others each for itself."""
    return alert["opportunity_id"] if alert["opportunity_id"] is not None else alert["alert_key"]
