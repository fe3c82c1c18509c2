"""What the worked examples of the core marts share: which marts to build, and how to read a spell."""

from __future__ import annotations

from typing import Any

from assets.marts.build import MARTS
from tiny import Tiny

# Everything up to the variants: the marts of sections 4 and 5 that stand on stage events.
CORE = MARTS[: MARTS.index("variants") + 1]
SPELLS = MARTS[: MARTS.index("warnings") + 1]


def built(as_of: str, events: str, marts: tuple[str, ...] = SPELLS, **options: Any) -> Tiny:
    """A tiny warehouse with these stage events and its marts, up to spells and warnings by default."""
    tiny = Tiny(as_of=as_of, **options)
    tiny.events(events)
    return tiny.build(*marts)


def spells(tiny: Tiny, opportunity: str) -> list[str]:
    """The spells of an opportunity, a line each: `stage_no entered - left exit`, times as month-day hour:minute."""
    rows = tiny.rows(
        """
        select stage_no || ' ' || strftime(entered_at, '%m-%d %H:%M') || ' - '
               || coalesce(strftime(left_at, '%m-%d %H:%M'), '') || ' ' || exit
        from marts.stage_spells where opportunity_id = ? order by spell_no""",
        opportunity,
    )
    return [row[0].replace(" 00:00", "") for row in rows]


def flags(tiny: Tiny, opportunity: str, flag: str) -> list[bool]:
    """One flag of each spell of an opportunity, in order."""
    sql = f"select {flag} from marts.stage_spells where opportunity_id = ? order by spell_no"
    return [row[0] for row in tiny.rows(sql, opportunity)]


def warnings(tiny: Tiny, opportunity: str) -> list[str]:
    """The warnings of an opportunity, `month-day warning`."""
    rows = tiny.rows(
        """
        select strftime(occurred_at, '%m-%d ') || warning from marts.warnings
        where opportunity_id = ? order by occurred_at, warning""",
        opportunity,
    )
    return [row[0] for row in rows]


def life(tiny: Tiny, opportunity: str) -> tuple[Any, ...]:
    """(status, closed on, first won on, lapses) of an opportunity."""
    (row,) = tiny.rows(
        """
        select status, strftime(closed_at, '%m-%d'), strftime(won_at, '%m-%d'), lapses
        from marts.opportunity_lives where opportunity_id = ?""",
        opportunity,
    )
    return row
