"""Many alerts, few messages: one for each recipient and rule, the weightiest alerts first.

Only what nobody has answered, and what still holds, is told. An escalated alert stands in the supervisor's
message and, marked, in that of whom it was escalated to. Pure functions of the alerts; channels render a
message as they can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from data_contracts.figures import money
from data_contracts.safe_cells import clean_text, markdown_text
from data_contracts.texts import Language, Name, Texts

LISTED, TOLD_WHOLE = 10, 3


@dataclass(frozen=True)
class Item:
    """One alert in a message; `is_fresh`: it opened at this evaluation; `from_name`: escalated from."""

    alert_key: str
    title: str
    body: str
    amount: Decimal | None
    is_fresh: bool
    from_name: str | None


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
        return tuple(item.alert_key for item in self.items)


class Composer:
    """Composes and renders messages in one language."""

    def __init__(self, language: Language, currency: str, rule_names: Mapping[str, Name], at: datetime) -> None:
        self.language, self.currency, self.rule_names, self.at = language, currency, rule_names, at
        self.text = Texts("alerts", language)
        self._ending = "zh" if language == "zh-CN" else "en"

    def compose(self, alerts: Sequence[Mapping[str, Any]]) -> list[Message]:
        """Group the open ones among `alerts` (rows of `ops.alerts`, in the order in which they shall stand)."""
        groups: dict[tuple[str, str], tuple[str, list[Item]]] = {}
        for alert in alerts:
            if alert["status"] != "open" or alert["cleared_since"] is not None:
                continue
            self._file(groups, alert, alert["recipient_id"], alert["recipient_name"], None)
            if alert["escalated_to_id"] is not None:
                self._file(groups, alert, alert["escalated_to_id"], alert["escalated_to_name"], alert["recipient_name"])
        return [
            Message(recipient, name, rule, self._heading(name, rule, items), tuple(items))
            for (recipient, rule), (name, items) in sorted(groups.items())
        ]

    def markdown(self, message: Message) -> str:
        """A message as Markdown: the first few whole, some more by title, the rest by number."""
        lines = [f"## {markdown_text(message.heading)}", ""]
        for position, item in enumerate(message.items[:LISTED], start=1):
            lines.append(f"{position}. **{markdown_text(clean_text(item.title))}**{self._marks(item)}")
            if position <= TOLD_WHOLE:
                lines += [f"   {markdown_text(line)}  " for line in clean_text(item.body).split("\n")]
        left = len(message.items) - LISTED
        if left > 0:
            lines += ["", self.text("message_more", count=left)]
        return "\n".join(lines) + "\n"

    def preview(self, messages: Sequence[Message], as_of: str) -> str:
        """All messages in one Markdown document."""
        head = f"# {self.text('message_preview', as_of=as_of)}\n"
        parts = [self.markdown(message) for message in messages] or [self.text("message_none") + "\n"]
        return "\n".join([head, *parts])

    def _file(
        self,
        groups: dict[tuple[str, str], tuple[str, list[Item]]],
        alert: Mapping[str, Any],
        recipient_id: str,
        recipient_name: str,
        from_name: str | None,
    ) -> None:
        item = Item(
            alert["alert_key"],
            alert[f"title_{self._ending}"],
            alert[f"body_{self._ending}"],
            alert["amount"],
            alert["opened_at"] == self.at,
            from_name,
        )
        groups.setdefault((recipient_id, alert["rule"]), (recipient_name, []))[1].append(item)

    def _heading(self, recipient: str, rule: str, items: Sequence[Item]) -> str:
        named = self.rule_names[rule].in_language(self.language) if rule in self.rule_names else rule
        parts = [self.text("message_heading", recipient=recipient, rule=named, count=len(items))]
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
        if not marks:
            return ""
        return f"（{'，'.join(marks)}）" if self.language == "zh-CN" else f" ({', '.join(marks)})"
