"""The truth beside the inbox: what would have happened, the hidden causes, and the oracle's odds on each Monday.

`truth/` is for tests and benchmarks. No asset may read it, and nothing in the inbox names it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulation.dirt import EXPECTED, Counts
from simulation.hazards import SHAPE, Rates, Schedule
from simulation.market import Opportunities
from simulation.oracle import Oracle
from simulation.organisation import OFFICES, People
from simulation.parameters import STAGES, Parameters
from simulation.process import LAPSED, LOST, OUTCOMES, WON, Cast, Look, World
from simulation.timeline import DAY, Answers

Ints = NDArray[np.int64]
ANSWERED = 2  # the last axis of a state: none, asked for, an answer works


class Oracles:
    """The oracle of each schedule, solved when first asked for; Mondays on which two schedules agree are shared."""

    def __init__(self, rates: Rates, schedules: list[Schedule], p: Parameters) -> None:
        self.rates, self.schedules, self.horizon = rates, schedules, p.horizon_days
        first = (-p.start.weekday()) % 7
        self.mondays = np.arange(first, p.days, 7)
        self._home: NDArray[np.int64] | None = None
        self._solved: dict[int, Oracle] = {}

    def home(self) -> NDArray[np.int64]:
        """(schedule, Monday number): the first schedule whose days from that Monday on are the same."""
        if self._home is None:
            seen: dict[tuple[int, bytes], int] = {}
            home = np.zeros((len(self.schedules), len(self.mondays)), dtype=np.int64)
            for k, s in enumerate(self.schedules):
                days = np.stack([s.work, s.advance, s.fail, s.same_day, s.later_day])
                for m, monday in enumerate(self.mondays):
                    key = (m, days[:, monday : monday + self.horizon].tobytes())
                    home[k, m] = seen.setdefault(key, k)
            self._home = home
        return self._home

    def probabilities(self, schedule: Ints, look: Look, strength: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2): p_fail, p_sign of each row of `look`."""
        home = self.home()
        here = home[schedule, np.searchsorted(self.mondays, look.day)]
        stage, _, count, met, _, rival, _ = np.unravel_index(look.state, SHAPE)
        ghost_state = ((stage * 4 + count) * 2 + met) * 2 + rival
        result = np.empty((len(look.who), 2))
        for k in np.unique(here):
            rows = here == k
            if k not in self._solved:
                own = np.unique(np.where(home == k)[1])
                self._solved[k] = Oracle(self.rates, self.schedules[k], self.mondays[own], self.horizon)
            result[rows] = self._solved[k].probabilities(
                look.day[rows], strength[rows], look.state[rows], look.silence[rows], ghost_state[rows]
            )
        return result


@dataclass(frozen=True)
class Lives:
    """A chunk's worlds: as it was, without any effect of answers, and without the switch of route."""

    opp: Opportunities
    cast: Cast
    looks: Look
    real: World
    unhelped: World
    unswitched: World
    rival_since: Ints


class Truth:
    """Writer of truth/: parquet files appended chunk by chunk, and counts; a context manager."""

    def __init__(self, folder: Path, p: Parameters, people: People) -> None:
        self.folder, self.p, self.people = folder, p, people
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._ids = np.asarray(people.rep_id, dtype=object)
        expected = people.opportunities * 4.5
        self.share = min(1.0, p.landmarks_at_most / expected) if expected else 1.0
        self.dirt: Counts = Counter()

    def write_chunk(self, lives: Lives, answers: Answers, oracles: Oracles, rng: np.random.Generator) -> None:
        """Append one chunk."""
        opp, ids = lives.opp, [f"SJ{number + 1:08d}" for number in lives.opp.number]
        self._append("opportunities", self._opportunities(lives, ids))
        self._append("landmarks", self._landmarks(lives, ids, oracles, rng))
        answered = answers.answered >= 0
        self._append(
            "help_calls",
            pl.DataFrame(
                {
                    "opportunity_id": pl.Series(ids).gather(answers.opp),
                    "asked_at": self._times(answers.asked),
                    "answered_at": self._times(answers.answered),
                    "hours_to_answer": pl.Series(
                        np.where(answered, (answers.answered - answers.asked) / 3600, np.nan)
                    ).fill_nan(None),
                    "stage": pl.Series(STAGES).gather(answers.stage),
                    "region": pl.Series([o.region for o in OFFICES]).gather(self.people.office[opp.rep[answers.opp]]),
                }
            ),
        )

    def _opportunities(self, lives: Lives, ids: list[str]) -> pl.DataFrame:
        """One row per opportunity: hidden causes, outcome, and outcomes in the other worlds."""
        opp, real = lives.opp, lives.real
        failed = np.isin(real.outcome, (LOST, LAPSED))
        unhelped_failed = np.isin(lives.unhelped.outcome, (LOST, LAPSED))
        worlds: dict[str, Any] = {}
        for name, world in (("", real), ("_without_answers", lives.unhelped), ("_without_switch", lives.unswitched)):
            worlds[f"outcome{name}"] = pl.Series(OUTCOMES).gather(world.outcome.astype(np.int64))
            worlds[f"closed_on{name}"] = self._days(world.closed)
        return pl.DataFrame(
            {
                "opportunity_id": ids,
                "rep_id": self._ids[opp.rep],
                "city": pl.Series([o.city for o in OFFICES]).gather(self.people.office[opp.rep]),
                "region": pl.Series([o.region for o in OFFICES]).gather(self.people.office[opp.rep]),
                "created_on": self._days(opp.created),
                "rep_skill": self.people.skill[opp.rep],
                "fit": opp.fit,
                "strength": opp.strength,
                "rival_since": self._days(lives.rival_since),
                **worlds,
                "saved_by_answers": ~failed & unhelped_failed & (real.outcome == WON),
            }
        )

    def _landmarks(self, lives: Lives, ids: list[str], oracles: Oracles, rng: np.random.Generator) -> pl.DataFrame:
        """One row per open opportunity and Monday: the oracle's odds, also had an answer begun to work that
        morning (nothing changes for a silent customer), the hidden state, what came of it."""
        look, real = lives.looks, lives.real
        kept = (rng.random(len(lives.opp)) < self.share)[look.who]
        look = Look(look.who[kept], look.day[kept], look.state[kept], look.silence[kept])
        schedule, strength = lives.cast.schedule[look.who], lives.cast.strength[look.who]
        odds = oracles.probabilities(schedule, look, strength)
        answered = Look(look.who, look.day, look.state - look.state % SHAPE[-1] + ANSWERED, look.silence)
        odds_if_answered = oracles.probabilities(schedule, answered, strength)
        stage, half, count, met, stalled, rival, helped = np.unravel_index(look.state, SHAPE)
        within = real.closed[look.who] < look.day + self.p.horizon_days
        outcome = real.outcome[look.who]
        return pl.DataFrame(
            {
                "opportunity_id": pl.Series(ids).gather(look.who),
                "landmark_at": self._times(look.day * DAY),
                "p_fail": odds[:, 0].astype(np.float32),
                "p_sign": odds[:, 1].astype(np.float32),
                "p_fail_if_answered": odds_if_answered[:, 0].astype(np.float32),
                "p_sign_if_answered": odds_if_answered[:, 1].astype(np.float32),
                "failed": within & np.isin(outcome, (LOST, LAPSED)),
                "signed": within & (outcome == WON),
                "closed_on": self._days(np.where(within, real.closed[look.who], -1)),
                "stage": pl.Series(STAGES).gather(stage),
                "is_second_half": half == 1,
                "reschedules": count.astype(np.int8),
                "has_technical_meeting": met == 1,
                "is_stalled": stalled == 1,
                "has_rival": rival == 1,
                "help": pl.Series(("none", "asked", "answered")).gather(helped),
                "silence_days": pl.Series(look.silence).cast(pl.Int16),
            }
        ).with_columns(pl.when(pl.col("silence_days") >= 0).then(pl.col("silence_days")).alias("silence_days"))

    def write_small(self, summary: dict[str, Any]) -> None:
        """Write reps, parameters, dirt and summary."""
        people = self.people
        pl.DataFrame(
            {
                "rep_id": people.rep_id,
                "office": pl.Series([o.name for o in OFFICES]).gather(people.office),
                "skill": people.skill,
            }
        ).write_parquet(self.folder / "reps.parquet")
        (self.folder / "parameters.json").write_text(self.p.model_dump_json(indent=2), encoding="utf-8")
        lines = [
            json.dumps({"file": file, "kind": kind, "expected": EXPECTED[kind], "rows": rows}, ensure_ascii=False)
            for (file, kind), rows in sorted(self.dirt.items())
        ]
        (self.folder / "dirt.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        text = json.dumps(summary, ensure_ascii=False, indent=2, sort_keys=True)
        (self.folder / "summary.json").write_text(text + "\n", encoding="utf-8")

    def _append(self, name: str, frame: pl.DataFrame) -> None:
        table = frame.to_arrow()
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self.folder / f"{name}.parquet", table.schema, compression="zstd")
        self._writers[name].write_table(table)

    def _times(self, seconds: Ints) -> pl.Series:
        """Local times (company's timezone, no offset written); null where negative."""
        moments = np.datetime64(self.p.start, "s") + seconds.astype("timedelta64[s]")
        series = pl.Series(moments.astype("datetime64[ms]"))
        return pl.select(pl.when(pl.Series(seconds >= 0)).then(series)).to_series()

    def _days(self, days: Ints) -> pl.Series:
        moments = (np.datetime64(self.p.start, "D") + days.astype("timedelta64[D]")).astype("datetime64[ms]")
        return pl.select(pl.when(pl.Series(days >= 0)).then(pl.Series(moments).cast(pl.Date))).to_series()

    def __enter__(self) -> Truth:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()
