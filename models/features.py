"""The feature catalogue: which columns of the landmark table a model reads, and how they become numbers.

Each feature belongs to a group: what a person would call one reason. Effects are computed per group, because
"three reschedules, the last one yesterday" is one reason and not three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Group = Literal[
    "stage_time",
    "silence",
    "visits",
    "reschedules",
    "technical_meeting",
    "actions",
    "path",
    "reporting",
    "deal",
    "record",
    "help",
    "season",
]
SHRINK = 30.0  # landmarks that a category's own share must outweigh


@dataclass(frozen=True)
class Feature:
    """One column of the landmark table; `is_category` columns hold text."""

    name: str
    group: Group | None
    is_category: bool = False


def _of(group: Group | None, *names: str) -> tuple[Feature, ...]:
    return tuple(Feature(name, group) for name in names)


# The stage is nobody's reason: an opportunity is compared with others of its stage.
CATALOGUE: tuple[Feature, ...] = (
    *_of(None, "stage_no"),
    *_of("stage_time", "stage_days", "sla_ratio"),
    *_of("silence", "silent_days", "activities_14d", "activities_28d", "days_per_activity"),
    *_of("visits", "visits_done", "visits_28d", "calls_done", "demos_done", "samples_done", "negotiations_done"),
    *_of(
        "visits", "days_since_visit", "no_shows", "cancellations", "missed_streak", "planned_ahead", "days_to_planned"
    ),
    *_of("visits", "planned_untold", "activities"),
    *_of("reschedules", "reschedules", "reschedule_streak", "days_since_reschedule", "reschedule_share"),
    *_of("technical_meeting", "technical_meetings"),
    *_of("actions", "actions_missing", "actions_missed_before"),
    *_of("path", "age_days", "furthest_stage_no", "reworks", "skips", "reopenings"),
    *_of("reporting", "delay_hours", "late_share", "form_share"),
    *_of("deal", "amount", "amount_change", "owner_changes"),
    *(Feature(name, "deal", is_category=True) for name in ("product_line", "channel", "lead_source")),
    *_of("record", "office_lift", "owner_lift", "owner_open"),
    *_of("record", "customer_failed", "customer_signed"),
    Feature("region", "record", is_category=True),
    *_of("help", "interventions", "days_since_intervention"),
    *_of("season", "working_days_ahead", "days_to_quarter_end"),
)
ACTION = "passed_"  # passed_<code>: 1 when that required action of the playbook is passed


@dataclass(frozen=True)
class Encoder:
    """How landmark rows become a matrix, fitted on training rows: columns that vary, categories as shares.

    A category's value is the share of training landmarks with it that failed, shrunk to the share of all: few
    levels, so what it learns of any one landmark is nothing. A level never seen is missing.
    """

    columns: tuple[str, ...]
    levels: Mapping[str, Mapping[str, float]]

    @classmethod
    def fit(cls, frame: pl.DataFrame, has_failed: NDArray[np.bool_], action_codes: Sequence[str]) -> Encoder:
        """Choose the columns of `frame` that vary; `has_failed` says which of its rows failed."""
        overall = float(has_failed.mean()) if len(has_failed) else 0.5
        levels: dict[str, dict[str, float]] = {}
        for feature in (f for f in CATALOGUE if f.is_category and f.name in frame.columns):
            told = frame.select(pl.col(feature.name).alias("level"), pl.Series("failed", has_failed)).drop_nulls()
            counted = told.group_by("level").agg(pl.len().alias("n"), pl.col("failed").sum()).sort("level")
            levels[feature.name] = {
                level: (failed + SHRINK * overall) / (n + SHRINK) for level, n, failed in counted.iter_rows()
            }
        names = [f.name for f in CATALOGUE if f.name in frame.columns] + [ACTION + code for code in action_codes]
        candidate = cls(tuple(names), levels)
        matrix = candidate.transform(frame)
        varying = [
            name for name, column in zip(names, matrix.T, strict=True) if len(np.unique(column[~np.isnan(column)])) > 1
        ]
        return cls(tuple(varying), levels)

    def transform(self, frame: pl.DataFrame) -> Floats:
        """(rows, columns) matrix; missing is NaN."""
        matrix = np.empty((frame.height, len(self.columns)))
        for place, name in enumerate(self.columns):
            if name in self.levels:
                shares = self.levels[name]
                column = frame[name].replace_strict(
                    list(shares), list(shares.values()), default=None, return_dtype=pl.Float64
                )
            elif name.startswith(ACTION):
                column = frame["actions_passed"].list.contains(name.removeprefix(ACTION))
            else:
                column = frame[name]
            matrix[:, place] = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return matrix

    def groups(self) -> dict[str, list[int]]:
        """Column positions of each group, in the catalogue's order; the stage has none."""
        by_name = {f.name: f.group for f in CATALOGUE}
        places: dict[str, list[int]] = {}
        for place, name in enumerate(self.columns):
            group = "actions" if name.startswith(ACTION) else by_name[name]
            if group is not None:
                places.setdefault(group, []).append(place)
        return places

    def to_dict(self) -> dict[str, Any]:
        return {"columns": list(self.columns), "levels": {k: dict(v) for k, v in self.levels.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Encoder:
        return cls(tuple(data["columns"]), {k: dict(v) for k, v in data["levels"].items()})
