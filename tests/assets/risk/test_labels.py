"""Labels, worked out by hand: what became of a landmark within 30 days, as known at a later moment.

Records are told at once unless said, so nothing is subtracted for late reports unless a test makes it so.
"""

from __future__ import annotations

from collections.abc import Callable

from tiny import Tiny

Build = Callable[..., Tiny]
MONDAY = "2025-03-10 00:00"


def label(tiny: Tiny, known_at: str, opportunity: str = "A", landmark: str = MONDAY) -> tuple[object, ...]:
    """(followed_days, outcome, event_days) of a landmark, as known at a moment."""
    (row,) = tiny.rows(
        """select followed_days, outcome, event_days from ml.work_labels
           join ml.landmarks using (opportunity_key, landmark_at)
           where known_at = ? and landmark_at = ? and opportunity_id = ?""",
        tiny.time(known_at),
        tiny.time(landmark),
        opportunity,
    )
    return row


def test_failed_signed_and_still_open_within_the_window(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-06-01 00:00")
    tiny.events("""
        A | 2025-03-05 00:00 | enter first_contact
        A | 2025-03-20 12:00 | lost price
        B | 2025-03-05 00:00 | enter first_contact
        B | 2025-04-09 00:00 | won
        C | 2025-03-05 00:00 | enter first_contact
        C | 2025-04-09 00:01 | won
    """)
    landmarks(tiny, "2025-06-01 00:00")
    assert label(tiny, "2025-06-01 00:00", "A") == (30.0, "failed", 10.5)
    # Exactly at the window's end counts; a minute later it was still open at the end.
    assert label(tiny, "2025-06-01 00:00", "B") == (30.0, "signed", 30.0)
    assert label(tiny, "2025-06-01 00:00", "C") == (30.0, None, None)


def test_what_is_not_known_yet_is_censored(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-06-01 00:00")
    tiny.events("""
        A | 2025-03-05 00:00 | enter first_contact
        A | 2025-03-20 12:00 | lost price
    """)
    landmarks(tiny, "2025-03-18 00:00", "2025-03-25 00:00")
    assert label(tiny, "2025-03-18 00:00") == (8.0, None, None)
    assert label(tiny, "2025-03-25 00:00") == (15.0, "failed", 10.5)


def test_a_lapse_is_a_failure_and_a_return_undoes_it(landmarks: Build) -> None:
    """Silent from 02-10 on: lapsed 45 days later, on 03-27, 17 days after the landmark. B comes back on 04-02."""
    tiny = Tiny(as_of="2025-06-01 00:00")
    tiny.events("""
        A | 2025-02-10 00:00 | enter first_contact
        B | 2025-02-10 00:00 | enter first_contact
        B | 2025-04-02 00:00 | enter quotation
    """)
    landmarks(tiny, "2025-04-01 00:00", "2025-05-01 00:00")
    assert label(tiny, "2025-04-01 00:00", "A") == (22.0, "failed", 17.0)
    assert label(tiny, "2025-05-01 00:00", "A") == (30.0, "failed", 17.0)
    # On 04-01 B was lapsed; by the window's end on 04-09 it was open again.
    assert label(tiny, "2025-04-01 00:00", "B") == (22.0, "failed", 17.0)
    assert label(tiny, "2025-05-01 00:00", "B") == (30.0, None, None)


def test_closed_before_the_landmark_and_told_after_counts_from_its_first_day(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-06-01 00:00")
    tiny.events("""
        A | 2025-03-05 00:00 | enter first_contact
        A | 2025-03-08 00:00 | lost price | recorded 2025-03-12 00:00
    """)
    landmarks(tiny, "2025-05-01 00:00")
    assert label(tiny, "2025-05-01 00:00") == (30.0, "failed", 0.0)


def test_a_reopened_loss_is_no_loss_unless_it_ends_as_one(landmarks: Build) -> None:
    tiny = Tiny(as_of="2025-06-01 00:00")
    tiny.events("""
        A | 2025-03-05 00:00 | enter first_contact
        A | 2025-03-12 00:00 | lost price
        A | 2025-03-14 00:00 | reopened
        A | 2025-03-20 00:00 | won
    """)
    landmarks(tiny, "2025-03-13 00:00", "2025-05-01 00:00")
    assert label(tiny, "2025-03-13 00:00") == (3.0, "failed", 2.0)
    assert label(tiny, "2025-05-01 00:00") == (30.0, "signed", 10.0)


def test_the_last_days_before_the_cut_are_left_out_where_reports_are_late(landmarks: Build) -> None:
    """Every record comes three days late: on 04-01 nothing after 03-29 may be taken to be known."""
    tiny = Tiny(as_of="2025-06-01 00:00")
    tiny.events("""
        A | 2025-03-01 00:00 | enter first_contact | recorded 2025-03-04 00:00
        A | 2025-03-08 00:00 | enter quotation     | recorded 2025-03-11 00:00
    """)
    landmarks(tiny, "2025-04-01 00:00")
    assert label(tiny, "2025-04-01 00:00") == (19.0, None, None)
