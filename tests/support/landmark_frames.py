"""Landmark tables for tests of `models`: few columns, seeded, with a known cause of failure."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

MONDAY = datetime(2025, 3, 3)
STAGES = ["first_contact", "needs_confirmed", "quotation"]
ACTIONS = ["survey", "technical_meeting", "offer"]


def landmark_frame(rows: int = 3000, seed: int = 3, horizon: float = 90.0) -> pl.DataFrame:
    """Landmarks and their labels: reschedules and silence make failure likelier, a passed offer signing."""
    rng = np.random.default_rng(seed)
    stage = rng.integers(1, 4, rows)
    reschedules, silent = rng.poisson(0.8, rows), rng.exponential(6, rows)
    passed = [[code for code in ACTIONS if rng.random() < 0.4] for _ in range(rows)]
    offer = np.array(["offer" in codes for codes in passed])
    fail_rate = 0.006 * np.exp(0.5 * np.minimum(reschedules, 3) + 0.03 * silent)
    sign_rate = 0.004 * stage * np.exp(0.6 * offer)
    fail_day, sign_day = rng.exponential(1 / fail_rate), rng.exponential(1 / sign_rate)
    first = np.minimum(fail_day, sign_day)
    followed = rng.choice([20.0, 50.0, horizon], rows, p=[0.15, 0.15, 0.7])
    closed = first <= followed
    names = np.where(fail_day < sign_day, "failed", "signed")
    return pl.DataFrame(
        {
            "opportunity_key": np.arange(rows, dtype=np.int32) // 3,
            "opportunity_id": [f"O{n // 3:05d}" for n in range(rows)],
            "landmark_at": [MONDAY + timedelta(weeks=n % 3) for n in range(rows)],
            "team": [f"T{n % 4}" for n in range(rows)],
            "stage": [STAGES[s - 1] for s in stage],
            "stage_no": stage,
            "stage_days": rng.exponential(8, rows),
            "sla_ratio": rng.exponential(0.8, rows),
            "silent_days": silent,
            "reschedules": reschedules,
            "technical_meetings": [int("technical_meeting" in codes) for codes in passed],
            "actions_missing": [int(3 - len(codes)) for codes in passed],
            "product_line": np.where(rng.random(rows) < 0.5, "a", "b").tolist(),
            "channel": [None if n % 7 == 0 else "store" for n in range(rows)],
            "lead_source": np.where(rng.random(rows) < 0.3, "fair", "web").tolist(),
            "region": np.where(rng.random(rows) < 0.5, "east", "south").tolist(),
            "actions_passed": passed,
            "followed_days": followed,
            "outcome": [str(n) if c else None for n, c in zip(names, closed, strict=True)],
            "event_days": np.where(closed, first, np.nan),
        },
        schema_overrides={"outcome": pl.String, "channel": pl.String},
        strict=False,
    ).with_columns(pl.col("event_days").fill_nan(None))
