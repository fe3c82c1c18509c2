"""A report's figures as words in one language: formatted numbers, why one is missing, and how one changed."""

from __future__ import annotations

from datetime import date, datetime

from assets.reports.model import Figure, WeeklyReport
from data_contracts.figures import MISSING, chance, clock, duration, money, number, percent, points
from data_contracts.safe_cells import clean_text
from data_contracts.texts import Language, Name, Texts

# A return of so many times its cost is told in times, not in per cent.
MANY_TIMES = 10


class Words:
    """Formats for one report and language. Every method gives plain text; escaping is the renderer's."""

    def __init__(self, report: WeeklyReport, language: Language) -> None:
        self.report, self.language = report, language
        self.text = Texts("reports", language)

    def name(self, name: Name | None) -> str:
        """A name in the language; unknown where there is none."""
        return self.text("unknown") if name is None else name.in_language(self.language)

    def said(self, value: str | None) -> str:
        """A text of the data; unknown where there is none."""
        return clean_text(value) if value is not None else self.text("unknown")

    def why(self, figure: Figure) -> str:
        """Why a figure has no value; empty where it has one."""
        return "" if figure.why is None else self.text(figure.why)

    def show(self, figure: Figure) -> str:
        """A figure's value with its unit, or a dash."""
        return self._formatted(figure.value, figure)

    def interval(self, figure: Figure) -> str:
        """A figure's interval, empty where it has none."""
        if figure.low is None or figure.high is None:
            return ""
        return self.text("interval", low=self._formatted(figure.low, figure), high=self._formatted(figure.high, figure))

    def change(self, now: Figure, before: Figure) -> str:
        """How a figure changed, in words; money in per cent, shares in points, counts and times in their own."""
        if now.value is None or before.value is None:
            return self.text("missing_change")
        difference = float(now.value) - float(before.value)
        size = self._size_of_change(now, before, difference)
        if size is None:
            return self.text("no_change")
        return self.text("up" if difference > 0 else "down", change=size)

    def short_change(self, now: Figure, before: Figure) -> str:
        """The same for a card: an arrow and the size; a dash where it cannot be said."""
        if now.value is None or before.value is None:
            return MISSING
        difference = float(now.value) - float(before.value)
        size = self._size_of_change(now, before, difference)
        return self.text("no_change") if size is None else f"{'▲' if difference > 0 else '▼'} {size}"

    def money(self, amount: float) -> str:
        return money(amount, self.report.currency, self.language)

    def hours(self, hours: float | None) -> str:
        return duration(hours, self.language)

    def count(self, count: int) -> str:
        return number(count)

    def share(self, share: float) -> str:
        return percent(share)

    def day(self, day: date | datetime | None) -> str:
        return MISSING if day is None else f"{day:%Y-%m-%d}"

    def clock(self, instant: datetime | None) -> str:
        return clock(instant)

    def route(self, source_kind: str | None) -> str:
        """A source kind as a reporting route."""
        return self._named("route", source_kind)

    def record(self, record: str | None) -> str:
        """The name of a canonical record."""
        return self._named("record", record)

    def list(self, parts: list[str]) -> str:
        return self.text("list_separator").join(parts)

    def definition(self, section: str) -> str:
        """What the figures of a section mean."""
        report = self.report
        return self.text(
            f"definition_{section}",
            window=MISSING if report.window_days is None else number(report.window_days, 1),
            cohort=report.cohort_days,
            horizon=report.horizon_days,
        )

    def _named(self, prefix: str, code: str | None) -> str:
        if code is None:
            return self.text("unknown")
        return self.text(f"{prefix}_{code}") if f"{prefix}_{code}" in self.text else code

    def _formatted(self, value: object, figure: Figure) -> str:
        if value is None:
            return MISSING
        amount = float(value)  # type: ignore[arg-type]  # a Number by the model
        if figure.kind == "money":
            return self.money(amount)
        if figure.kind == "share":
            return percent(amount)
        if figure.kind == "chance":
            return chance(amount)
        if figure.kind == "ratio":
            return self.text("times", value=number(amount, 0)) if amount >= MANY_TIMES else percent(amount, 0)
        if figure.kind == "hours":
            return duration(amount, self.language)
        if figure.kind == "days":
            return self.text("days", value=number(amount, 1))
        if figure.kind == "months":
            if 0 < amount < 1:
                return self.text("under_a_month")
            return self.text("months", value=number(amount, 1))
        return number(amount, 0 if figure.kind == "count" else 2)

    def _size_of_change(self, now: Figure, before: Figure, difference: float) -> str | None:
        """How much it changed; None where nothing is left of it when rounded for reading."""
        if now.kind in ("share", "chance", "ratio"):
            size, none = points(abs(difference), self.language), points(0.0, self.language)
            return None if size == none else size.lstrip("+")
        base = float(before.value or 0)
        if now.kind == "money" and base:
            size, none = percent(abs(difference) / base, 0), percent(0.0, 0)
        else:
            size, none = self._formatted(abs(difference), now), self._formatted(0, now)
        return None if size == none else size
