"""The way in: `simulate` writes a company's inbox and, beside it, the truth.

Opportunities are made in chunks of whole reps, each with a random generator of its own, spawned from the
seed by the chunk's place; memory does not grow with the factor, and a chunk's rows do not depend on any
other chunk. A chunk is appended to the files as soon as it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.daily import COLUMNS, daily_reports
from simulation.daily_reports.facts import routine_facts, told_facts
from simulation.daily_reports.write import DailyReportFiles
from simulation.dirt import spoil
from simulation.effects import write_effects
from simulation.hazards import Rates, Schedule, rates, schedule
from simulation.market import Opportunities, draw
from simulation.organisation import OFFICES, People, build
from simulation.parameters import Parameters
from simulation.process import Cast, Look, Story, World, live
from simulation.records import (
    Desk,
    Quotation,
    action_rows,
    answer_rows,
    crm_rows,
    quotations,
    signing_rows,
    stage_rows,
    visit_rows,
)
from simulation.reference import write_reference
from simulation.render import ANSWERS, CRM, DAILY, DAILY_ANSWERS, DEEDS, SIGNINGS, STAGE_CHANGES, VISITS, Renderer
from simulation.routine import routine_visits
from simulation.timeline import DAY, Timeline, tell
from simulation.truth import Lives, Oracles, Truth
from simulation.writers import CsvFiles

Ints = NDArray[np.int64]
Progress = Callable[[str, int, int], None]
CHUNK = 5_000  # opportunities, about
AFTER = 61  # days lived beyond the horizon, so that every landmark's outcome is known
ENCODINGS = {DAILY: "gb18030", DAILY_ANSWERS: "gb18030", CRM: "gb18030"}


@dataclass(frozen=True)
class Summary:
    """What was written."""

    opportunities: int
    reps: int
    rows: dict[str, int]

    @property
    def visit_records(self) -> int:
        """Rows of 拜访记录 and 日报汇总: what `factor` is scaled by."""
        return sum(count for file, count in self.rows.items() if file.startswith((VISITS, DAILY)))

    def __str__(self) -> str:
        return (
            f"{self.opportunities:,} opportunities of {self.reps:,} reps, {self.visit_records:,} visit records, "
            f"{sum(self.rows.values()):,} rows in {len(self.rows)} files"
        )


@dataclass(frozen=True)
class Worlds:
    """What all chunks share: schedules by office with and without the switch, and rates with and without effect."""

    schedules: list[Schedule]
    real: Ints
    unswitched: Ints
    rates: Rates
    no_effect: Rates
    days: int


def simulate(out: Path, parameters: Parameters, progress: Progress | None = None) -> Summary:
    """Write `out`/inbox and `out`/truth. The same parameters give the same bytes.

    `progress` is called with (what, chunks done, chunks). Files already there are replaced.
    """
    inbox, truth_folder = out / "inbox", out / "truth"
    for folder in (inbox, truth_folder):
        folder.mkdir(parents=True, exist_ok=True)
    people = build(parameters)
    chunks = list(enumerate(split(people)))
    worlds = _worlds(parameters)
    oracles = Oracles(worlds.rates, worlds.schedules, parameters)
    legacy = _legacy(parameters, people, inbox, truth_folder)
    with CsvFiles(inbox) as files, Truth(truth_folder, parameters, people) as truth:
        for number, reps in chunks:
            _chunk(parameters, people, worlds, oracles, number, reps, files, truth, legacy)
            if progress is not None:
                progress("opportunities", number + 1, len(chunks))
        rows = {**files.rows, **write_reference(parameters, people, inbox)}
        if legacy is not None:
            legacy.close()
            rows |= legacy.rows
        truth.write_small({"opportunities": people.opportunities, "reps": len(people.rep_id), "rows": rows})
    write_effects(truth_folder, parameters)
    return Summary(people.opportunities, len(people.rep_id), rows)


def _worlds(p: Parameters) -> Worlds:
    days = p.days + p.horizon_days + AFTER
    schedules: list[Schedule] = []
    places: dict[bytes, int] = {}

    def place(region: str, city: str, with_switch: bool) -> int:
        made = schedule(p, region, city, days, with_switch=with_switch)
        key = np.concatenate([made.work, made.advance, made.fail, made.same_day, made.later_day]).tobytes()
        if key not in places:
            places[key] = len(schedules)
            schedules.append(made)
        return places[key]

    real = np.asarray([place(o.region, o.city, True) for o in OFFICES])
    unswitched = np.asarray([place(o.region, o.city, False) for o in OFFICES])
    with_effect, without = rates(p.hazards, p.help), rates(p.hazards, p.help, with_effect=False)
    return Worlds(schedules, real, unswitched, with_effect, without, days)


def split(people: People) -> Iterator[Ints]:
    """Runs of whole reps with about CHUNK opportunities each."""
    place = np.cumsum(people.leads) // CHUNK
    for number in np.unique(place):
        yield np.flatnonzero(place == number)


def _chunk(
    p: Parameters,
    people: People,
    worlds: Worlds,
    oracles: Oracles,
    number: int,
    reps: Ints,
    files: CsvFiles,
    truth: Truth,
    legacy: DailyReportFiles | None,
) -> None:
    """Make one chunk and append it; its place alone seeds it."""
    rng = np.random.default_rng(np.random.SeedSequence(p.seed, spawn_key=(3, number)))
    opp = draw(p, people, reps, rng)
    if not len(opp):
        return
    lives, told = _live(p, people, worlds, opp, rng)
    truth.write_chunk(lives, told.answers, oracles, rng)
    desk = Desk.open(p, people, opp, worlds.schedules, worlds.real, rng)
    for kind, frame in _frames(desk, told, reps, legacy):
        spoiled, counts = spoil(frame, kind, p.dirt, rng)
        truth.dirt.update(counts)
        files.append(spoiled, encoding=ENCODINGS.get(kind, "utf-8-sig"))


def _live(
    p: Parameters, people: People, worlds: Worlds, opp: Opportunities, rng: np.random.Generator
) -> tuple[Lives, Timeline]:
    """Live the chunk in three worlds with the same chances, and give times to the real one."""
    office = people.office[opp.rep]
    cast = Cast(opp.strength, opp.created, worlds.real[office])
    other = Cast(opp.strength, opp.created, worlds.unswitched[office])
    real = World.begin(worlds.rates, worlds.schedules, cast.schedule, opp.rival, opp.created)
    unhelped = World.begin(worlds.no_effect, worlds.schedules, cast.schedule, opp.rival, opp.created)
    unswitched = World.begin(worlds.rates, worlds.schedules, other.schedule, opp.rival, opp.created)
    story = Story()
    v = p.visits
    visits: dict[str, NDArray[np.float64] | float] = {
        "active": np.asarray(v.active),
        "stalled": v.stalled,
        "overdue_after_days": v.overdue_after_days,
        "overdue": v.overdue,
        "not_held": v.not_held,
        "not_held_ghost": v.not_held_ghost,
    }
    looks = list(
        live(
            cast,
            [real, unhelped, unswitched],
            rng,
            last_day=worlds.days - 1,
            visits=visits,
            story=story,
            monday=(-p.start.weekday()) % 7,
            looks_until=p.days - 1,
        )
    )
    look = Look(*(np.concatenate([getattr(k, name) for k in looks]) for name in ("who", "day", "state", "silence")))
    rival_since = np.where(opp.rival, opp.created, -1)
    came, came_on, _ = story.rivals.table()
    rival_since[came] = came_on
    return Lives(opp, cast, look, real, unhelped, unswitched, rival_since), tell(p, opp, real, story, rng)


def _frames(
    desk: Desk, told: Timeline, reps: Ints, legacy: DailyReportFiles | None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each kind of file's rows of the chunk, in a fixed order."""
    r = Renderer(desk)
    visits, stages, deeds = visit_rows(desk, told), stage_rows(desk, told), action_rows(desk, told)
    quotation = quotations(desk, told)
    signings, answers = signing_rows(desk, told, quotation), answer_rows(desk, told)
    on_form = pl.col("is_form")
    done = int((visits["status"] == 1).sum())
    form_rounds, paper_rounds = routine_visits(desk, r, reps, done)
    form_visits = r.visits(visits.filter(on_form))
    yield VISITS, _in_order(pl.concat([form_visits, form_rounds], how="diagonal"), form_visits.columns, "提交时间")
    yield STAGE_CHANGES, r.stage_changes(stages.filter(on_form))
    yield DEEDS, r.deeds(deeds.filter(on_form))
    yield SIGNINGS, r.signings(signings.filter(on_form))
    yield ANSWERS, r.answers(answers.filter(on_form))
    yield CRM, r.crm(crm_rows(desk, told, quotation))
    paper_visits = pl.concat([visits.filter(~on_form), _told_twice(desk, visits)])
    paper = [paper_visits, *(rows.filter(~on_form) for rows in (stages, deeds, signings))]
    if legacy is not None:
        paper, paper_rounds = _handed_over(desk, r, told, quotation, paper, paper_rounds, reps, legacy)
    reports = daily_reports(r, *paper)
    yield DAILY, _in_order(pl.concat([reports, paper_rounds], how="diagonal"), ["_file", *COLUMNS], "录入时间")
    yield DAILY_ANSWERS, r.daily_answers(answers.filter(~on_form))


def _legacy(p: Parameters, people: People, inbox: Path, truth: Path) -> DailyReportFiles | None:
    """The writer of legacy daily reports, if the company has them."""
    if p.daily_reports is None:
        return None
    return DailyReportFiles(inbox, truth, people, p.daily_reports, seed=p.seed, start=p.start, end=p.end)


def _handed_over(
    desk: Desk,
    r: Renderer,
    told: Timeline,
    quotation: Quotation,
    paper: list[pl.DataFrame],
    rounds: pl.DataFrame,
    reps: Ints,
    legacy: DailyReportFiles,
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Give the paper route of some offices to their own daily reports; returns what is left to the clerk."""
    own = legacy.offices[desk.people.office[desk.opp.rep]]  # by opportunity
    here = [pl.Series(own[rows["opp"].to_numpy()], dtype=pl.Boolean) for rows in paper]
    visits, stages, deeds, signings = (rows.filter(mask) for rows, mask in zip(paper, here, strict=True))
    of_rep = rounds["工号"].str.slice(2).cast(pl.Int64).to_numpy() - 1
    own_round = pl.Series(legacy.offices[desk.people.office[of_rep]], dtype=pl.Boolean)
    facts = told_facts(desk, r, told, quotation, visits, stages, deeds, signings)
    routine = routine_facts(desk.people, rounds.filter(own_round), np.datetime64(desk.p.start, "D"))
    legacy.add(pl.concat([facts, routine]), through=int(desk.people.office[reps].max()))
    return [rows.filter(~mask) for rows, mask in zip(paper, here, strict=True)], rounds.filter(~own_round)


def _told_twice(desk: Desk, visits: pl.DataFrame) -> pl.DataFrame:
    """Where a region has just gone over to the form, some visits still stand in the daily report too."""
    reporting = desk.p.reporting
    switch = (reporting.switch_day - desk.p.start).days * DAY
    office = desk.people.office[desk.opp.rep[visits["opp"].to_numpy()]]
    there = np.asarray([o.region == reporting.switch_region for o in OFFICES])[office]
    chosen = there & (desk.rng.random(len(visits)) < reporting.twice_told)
    twice = visits.filter(
        pl.Series(chosen),
        pl.col("is_form"),
        pl.col("status") == 1,
        pl.col("t").is_between(switch, switch + 31 * DAY),
    )
    t = twice["t"].to_numpy()
    recorded = desk.recorded(t, np.zeros(len(t), dtype=bool), may_wait=False)
    twice = twice.with_columns(recorded=pl.Series(recorded, dtype=pl.Int64), is_form=pl.lit(False))
    return twice.filter(pl.col("recorded") < desk.last).select(visits.columns)


def _in_order(frame: pl.DataFrame, columns: list[str], by: str) -> pl.DataFrame:
    return frame.select(columns).fill_null("").sort(by, maintain_order=True)
