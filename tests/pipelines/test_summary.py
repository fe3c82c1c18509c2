"""What a run ends with, against figures worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.summary import CONVERSION, FIGURES, LEAK, OVERRUN
from queries.snapshot import open_snapshot
from snapshot_fixture import publish_tiny, with_tables
from tiny import Tiny


def asked(tiny: Tiny, root: Path, *queries: str) -> list[dict[str, Any] | None]:
    published = publish_tiny(with_tables(tiny).build(), root)
    with open_snapshot(published) as snapshot:
        return [next(iter(snapshot.query(sql).to_dicts()), None) for sql in queries]


def test_conversion_is_the_first_win_within_the_window_of_the_latest_mature_month(tmp_path: Path) -> None:
    """January's last instant + 90 days is 05-02: mature. February's is not, whatever D and E came to."""
    tiny = Tiny(as_of="2025-05-10 00:00")
    tiny.events("""
        A | 2025-01-05 09:00 | enter first_contact
        A | 2025-01-20 09:00 | enter contract_signed
        A | 2025-02-01 09:00 | won
        B | 2025-01-06 09:00 | enter first_contact
        B | 2025-05-06 09:00 | won
        C | 2025-01-07 09:00 | enter first_contact
        C | 2025-01-09 09:00 | lost price
        F | 2025-01-08 09:00 | enter contract_signed
        D | 2025-02-01 09:00 | enter first_contact
        D | 2025-02-02 09:00 | won
        E | 2025-02-01 09:00 | enter first_contact
        E | 2025-02-02 09:00 | won
    """)
    conversion, leak = asked(tiny, tmp_path, CONVERSION, LEAK)
    assert conversion == {"cohort": 4, "rate": 0.25}
    # Of four, two got to each stage after the first (F began at the last), and one of those two was signed in time:
    # both steps lose half, and the earlier comes first.
    assert leak is not None
    assert leak["leak"] == 0.5


def test_without_a_mature_month_nothing_is_said_of_conversion(tmp_path: Path) -> None:
    tiny = Tiny(as_of="2025-03-10 00:00")
    tiny.events("A | 2025-03-05 09:00 | enter quotation")
    conversion, leak, overrun, figures = asked(tiny, tmp_path, CONVERSION, LEAK, OVERRUN, FIGURES)
    assert (conversion, leak, overrun) == (None, None, None)
    assert figures is not None
    assert (figures["opportunities"], figures["open"], figures["won"]) == (1, 1, 0)
