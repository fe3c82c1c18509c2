"""truth/effects.json: what answers and the change of route really did, from the same opportunities' other worlds.

The estimates of later work (effect of an intervention; before and after the roll-out) are held against these.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from simulation.parameters import Parameters


def write_effects(folder: Path, p: Parameters) -> None:
    """Summarise truth/opportunities.parquet over cohorts old enough to have had the horizon."""
    last = p.end + timedelta(days=1 - p.horizon_days)
    every = pl.scan_parquet(folder / "opportunities.parquet").filter(pl.col("created_on") < last)
    switch = p.reporting.switch_day
    moved = every.filter(pl.col("region") == p.reporting.switch_region, pl.col("created_on") >= switch)
    effects = {
        "cohorts_before": str(last),
        "answers": {
            "log_hazard_ratio_of_failing": p.help.effect,
            "mean_days_of_effect": round(1 / p.help.fade, 6),
            "with": _figures(every, ""),
            "without": _figures(every, "_without_answers"),
        },
        "switch": {
            "region": p.reporting.switch_region,
            "day": str(switch),
            "log_hazard_ratio_of_advancing": -p.hazards.advance_on_paper,
            "with": _figures(moved, ""),
            "without": _figures(moved, "_without_switch"),
        },
    }
    text = json.dumps(effects, ensure_ascii=False, indent=2)
    (folder / "effects.json").write_text(text + "\n", encoding="utf-8")


def _figures(opportunities: pl.LazyFrame, world: str) -> dict[str, Any]:
    """Opportunities, won, conversion and the mean days from creation to winning of those won, in one world."""
    won = pl.col(f"outcome{world}") == "won"
    days = (pl.col(f"closed_on{world}") - pl.col("created_on")).dt.total_days()
    row = opportunities.select(n=pl.len(), won=won.sum(), days=days.filter(won).mean()).collect().row(0, named=True)
    return {
        "opportunities": row["n"],
        "won": row["won"],
        "conversion": round(row["won"] / row["n"], 6) if row["n"] else None,
        "mean_days_to_win": None if row["days"] is None else round(row["days"], 4),
    }
