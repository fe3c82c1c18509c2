"""The figures that leadership reads first, one card each: how much, against what, and whether that is good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assets.reports.model import Compared, Figure
from assets.reports.words import Words

Tone = Literal["good", "bad", "even"]
COMPARED = ("signed_amount", "conversion", "cycle")


@dataclass(frozen=True)
class Change:
    """How the figure changed against a week or a year ago; `why` says why that cannot be told."""

    against: str
    text: str
    tone: Tone
    why: str = ""


@dataclass(frozen=True)
class Card:
    """A figure in words, and what stands small below it."""

    label: str
    value: str
    note: str = ""
    changes: tuple[Change, ...] = ()


def cards(words: Words) -> list[Card]:
    """Signings, conversion, cycle; the quarter; cities; answers; recovered value and its return."""
    return [
        *(_compared(words, words.report.figure(key)) for key in COMPARED),
        _target(words),
        _cities(words),
        _alerts(words),
        *_recovered(words),
    ]


def _compared(words: Words, figure: Compared) -> Card:
    is_chance = figure.key == "conversion" and words.report.is_conversion_change_chance
    changes = tuple(
        _change(words, against, figure.now, before, figure.better, is_chance=is_chance and against == "against_week")
        for against, before in (("against_week", figure.week_ago), ("against_year", figure.year_ago))
    )
    note = words.why(figure.now) or words.interval(figure.now)
    return Card(words.text(f"figure_{figure.key}"), words.show(figure.now), note, changes)


def _change(
    words: Words,
    against: str,
    now: Figure,
    before: Figure,
    better: Literal["up", "down", "neither"],
    *,
    is_chance: bool = False,
) -> Change:
    """A change is neither good nor bad, too, where it is within chance."""
    text = words.short_change(now, before)
    tone: Tone = "even"
    if not is_chance and better != "neither" and text[:1] in ("▲", "▼"):
        tone = "good" if (text[0] == "▲") == (better == "up") else "bad"
    return Change(words.text(against), text, tone, words.why(before) if now.value is not None else "")


def _target(words: Words) -> Card:
    data = words.report.targets
    company = data.company
    if company is None or not company.target:
        return Card(words.text("card_target_none"), "—", words.text(data.why or "why_no_target"))
    share = words.share(float(company.signed / company.target))
    if company.forecast.value is None:
        note = words.why(company.forecast)
    else:
        note = words.text("card_target_note", forecast=words.show(company.forecast), p=words.show(company.p_target_met))
    return Card(words.text("card_target", period=data.period), share, note)


def _cities(words: Words) -> Card:
    report = words.report
    silent = Figure(len(report.silent_cities), "count")
    if not report.cities:
        return Card(words.text("section_cities"), "—", words.text("why_no_cities"))
    value = words.text("card_cities", silent=len(report.silent_cities), cities=words.count(report.cities))
    change = _change(words, "against_week", silent, report.silent_before, "down")
    return Card(words.text("section_cities"), value, "", (change,))


def _alerts(words: Words) -> Card:
    data = words.report.alerts
    note = words.text("card_alerts_note", opened=words.count(data.opened), responded=words.count(data.responded))
    change = _change(words, "against_week", data.response, data.response_before, "down")
    return Card(words.text("card_alerts"), words.show(data.response), note, (change,))


def _recovered(words: Words) -> Iterator[Card]:
    whole = next((r for r in words.report.recovered if r.period == "all" and r.region is None), None)
    label, returned = words.text("card_recovered"), words.text("column_roi")
    if whole is None:
        why = words.text("why_no_alert")
        yield from (Card(label, "—", why), Card(returned, "—", why))
        return
    since = words.day(whole.span_from)
    gross = words.text("card_recovered_note", gross=words.show(whole.gross), since=since)
    yield Card(label, words.show(whole.incremental), words.why(whole.incremental) or gross)
    cost = words.text("card_roi_note", cost=words.show(whole.cost), payback=words.show(whole.payback))
    yield Card(returned, words.show(whole.roi_incremental), words.why(whole.roi_incremental) or cost)
