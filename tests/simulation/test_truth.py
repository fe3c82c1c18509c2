"""The oracle is right, cannot be perfect, and the effects in the other worlds are the parameters'."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

from simulation.hazards import SHAPE, rates, schedule
from simulation.oracle import Oracle
from simulation.parameters import Help, Parameters
from simulation.process import LAPSED, LOST, WON, Cast, Story, World, live
from simulation.truth import ANSWERED


def _auc(outcome: np.ndarray, score: np.ndarray) -> float:
    order = np.argsort(score, kind="stable")
    rank = np.empty(len(score))
    rank[order] = np.arange(1, len(score) + 1)
    positive = outcome.sum()
    return float((rank[outcome].sum() - positive * (positive + 1) / 2) / (positive * (len(outcome) - positive)))


def _run(world: World, cast: Cast, last_day: int, seed: int) -> list:
    p = Parameters()
    visits = {
        name: np.asarray(getattr(p.visits, name))
        for name in ("active", "stalled", "overdue_after_days", "overdue", "not_held", "not_held_ghost")
    }
    rng = np.random.default_rng(seed)
    looks = live(cast, [world], rng, last_day=last_day, visits=visits, story=Story(), monday=5, looks_until=last_day)
    return list(looks)


@pytest.mark.parametrize(("strength", "helped"), [(-1.0, 0), (0.0, 0), (0.0, ANSWERED), (1.2, 0)])
def test_the_oracle_equals_the_share_of_many_lives(strength, helped):
    """20,000 lives of one strength, all new on a Monday in March, with or without an answer at work from that
    morning on: how many fail and sign within 90 days."""
    p = Parameters()
    n, monday = 20_000, 68  # 2025-03-10
    days = schedule(p, "华中", "武汉", monday + 120)
    table = rates(p.hazards, p.help)
    cast = Cast(np.full(n, strength), np.full(n, monday - 1), np.zeros(n, dtype=np.int64))
    world = World.begin(table, [days], cast.schedule, np.zeros(n, dtype=bool), cast.created)
    world.axes[6] = helped
    _run(world, cast, monday + 90 - 1, seed=11)
    within = world.closed < monday + 90
    failed = (np.isin(world.outcome, (LOST, LAPSED)) & within).mean()
    signed = ((world.outcome == WON) & within).mean()
    oracle = Oracle(table, days, np.asarray([monday]), 90)
    nothing = np.zeros(1, dtype=np.int64)
    odds = oracle.probabilities(np.asarray([monday]), np.asarray([strength]), nothing + helped, nothing - 1, nothing)
    p_fail, p_sign = odds[0]
    assert p_fail == pytest.approx(failed, abs=4 * np.sqrt(failed * (1 - failed) / n))
    assert p_sign == pytest.approx(signed, abs=4 * np.sqrt(signed * (1 - signed) / n))


@pytest.mark.slow
def test_the_oracle_is_calibrated_and_not_perfect(company):
    """By tenth of p_fail; the ceiling leaves a model something to learn and something that it cannot know."""
    marks = company.truth("landmarks")
    tenths = marks.group_by((pl.col("p_fail") * 10).floor()).agg(
        n=pl.col("opportunity_id").n_unique(), said=pl.col("p_fail").mean(), came=pl.col("failed").mean()
    )
    for row in tenths.iter_rows(named=True):
        error = 4 * np.sqrt(row["said"] * (1 - row["said"]) / row["n"]) + 0.005
        assert row["came"] == pytest.approx(row["said"], abs=error), row
    assert marks["p_sign"].mean() == pytest.approx(marks["signed"].mean(), abs=0.012)
    assert (marks["p_fail"] + marks["p_sign"]).max() <= 1.0001
    assert 0.80 <= _auc(marks["failed"].to_numpy(), marks["p_fail"].to_numpy()) <= 0.86


@pytest.mark.slow
def test_no_simple_rule_comes_near_the_oracle(company):
    """More than two reschedules and no technical meeting: high precision, but it finds few."""
    marks = company.truth("landmarks")
    rule = (pl.col("reschedules") >= 3) & ~pl.col("has_technical_meeting")
    flagged = marks.filter(rule)
    assert flagged["failed"].mean() > marks["failed"].mean() + 0.08
    assert len(flagged) < 0.1 * len(marks)
    assert _auc(marks["failed"].to_numpy(), marks.select(rule.cast(pl.Float64)).to_series().to_numpy()) < 0.6


def test_an_answer_changes_the_hazard_of_failing_and_nothing_else():
    p = Parameters()
    real, without = rates(p.hazards, p.help), rates(p.hazards, p.help, with_effect=False)
    helped = np.indices(SHAPE)[6] == 2
    for name in real.event:
        ratio = real.event[name][real.event[name] > 0] / without.event[name][real.event[name] > 0]
        expected = np.exp(p.help.effect) if name in ("lost", "ghost") else 1.0
        assert ratio[helped[real.event[name] > 0]] == pytest.approx(expected)
        assert ratio[~helped[real.event[name] > 0]] == pytest.approx(1.0)


def test_the_effect_of_answers_is_found_again_in_the_other_world():
    """200,000 lives with an answer at work, one working day, the same chances in both worlds: the ratio of those
    lost or gone silent is the effect, but for the share that competition between events takes."""
    p = Parameters()
    n, monday = 200_000, 68
    days = schedule(p, "华东", "上海", monday + 2)
    cast = Cast(np.zeros(n), np.full(n, monday - 1), np.zeros(n, dtype=np.int64))
    failed = []
    for with_effect in (True, False):
        table = rates(p.hazards, p.help, with_effect=with_effect)
        world = World.begin(table, [days], cast.schedule, np.zeros(n, dtype=bool), cast.created)
        world.axes[0], world.axes[6] = 3, 2
        _run(world, cast, monday, seed=5)
        failed.append(((world.outcome == LOST) | (world.ghost >= 0)).sum())
    assert np.log(failed[0] / failed[1]) == pytest.approx(Help().effect, abs=0.06)


@pytest.mark.slow
def test_an_answer_helps_whom_it_reaches(company):
    """An answer's true effect on each landmark: it lowers the odds of failing, not for a silent customer, and not
    where one is at work already. A year's mean is some points."""
    marks = company.truth("landmarks").with_columns(
        gain=pl.col("p_sign_if_answered") - pl.col("p_sign"), spared=pl.col("p_fail") - pl.col("p_fail_if_answered")
    )
    silent, at_work = pl.col("silence_days").is_not_null(), pl.col("help") == "answered"
    assert marks.filter(silent | at_work).select((pl.col("gain") == 0).all() & (pl.col("spared") == 0).all()).item()
    reached = marks.filter(~silent, ~at_work)
    assert len(reached) > 0.5 * len(marks)
    assert reached.select(((pl.col("gain") >= -0.002) & (pl.col("spared") >= -0.002)).all()).item()
    assert 0.03 < reached["gain"].mean() < 0.09
    assert 0.04 < reached["spared"].mean() < 0.14


@pytest.mark.slow
def test_answers_save_opportunities(company):
    lives = company.truth("opportunities")
    with_answers, without = (lives[name] == "won" for name in ("outcome", "outcome_without_answers"))
    assert 1.03 < with_answers.sum() / without.sum() < 1.15
    saved = lives.filter(pl.col("saved_by_answers"))
    assert (saved["outcome"] == "won").all()
    assert saved["outcome_without_answers"].is_in(["lost", "lapsed"]).all()
    assert len(saved) == pytest.approx(with_answers.sum() - without.sum(), abs=0.3 * len(saved))


def test_who_was_never_answered_lives_alike_without_answers(tiny_company):
    lives = tiny_company.truth("opportunities")
    answered = tiny_company.truth("help_calls").drop_nulls("answered_at")["opportunity_id"].unique()
    others = lives.filter(~pl.col("opportunity_id").is_in(answered.implode()))
    assert len(others) > 200
    assert (others["outcome"] == others["outcome_without_answers"]).all()
    assert others["closed_on"].equals(others["closed_on_without_answers"])


@pytest.mark.slow
def test_only_the_region_that_switched_would_have_lived_otherwise(company):
    lives = company.truth("opportunities")
    closed_before = pl.col("closed_on_without_switch") < company.parameters.reporting.switch_day
    elsewhere = lives.filter((pl.col("region") != "华中") | closed_before)
    assert (elsewhere["outcome"] == elsewhere["outcome_without_switch"]).all()
    effects = json.loads((company.folder / "truth" / "effects.json").read_text(encoding="utf-8"))["switch"]
    assert effects["with"]["opportunities"] == effects["without"]["opportunities"] > 200
    assert effects["with"]["conversion"] > effects["without"]["conversion"]
    assert effects["with"]["mean_days_to_win"] < effects["without"]["mean_days_to_win"]


@pytest.mark.slow
def test_landmarks_are_the_mondays_on_which_an_opportunity_was_open(company):
    marks = company.truth("landmarks").join(company.truth("opportunities"), on="opportunity_id")
    day = pl.col("landmark_at").dt.date()
    assert marks.select((pl.col("landmark_at").dt.weekday() == 1).all()).item()
    assert marks.select((day > pl.col("created_on")).all()).item()
    assert marks.select((pl.col("closed_on_right") >= day).all()).item()
    lived = pl.col("closed_on_right").first() - pl.col("created_on").first()
    finished = marks.filter(pl.col("closed_on_right") < date(2025, 12, 29))
    whole = finished.group_by("opportunity_id").agg(n=pl.len(), days=lived)
    assert len(whole) > 5_000
    assert whole.select(((pl.col("n") - pl.col("days").dt.total_days() / 7).abs() < 1).all()).item()
    assert marks["landmark_at"].max().date() <= date(2025, 12, 29)
