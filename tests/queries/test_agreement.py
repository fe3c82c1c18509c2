"""Answers agree: with their lists, with the marts, with their own SQL, and with lifelines and numpy."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from funnel_requests import dimensions, filters, requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.utils import median_survival_times

from queries.dimensions import DIMENSIONS, Filter
from queries.dwell import DwellRequest, SpellCell, dwell, dwell_curve, spells_behind
from queries.funnel import Cell, funnel, list_behind, projected, time_to_convert
from queries.funnel_request import FunnelRequest, epoch_us
from queries.process import process_of
from queries.snapshot import Snapshot
from queries.statistics import incidence_interval
from queries.variants import PathRequest, transitions, variants

STAGES = ["first_contact", "needs_confirmed", "solution_demo", "quotation", "contract_signed"]
several = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@several
@given(requests, st.randoms(use_true_random=False))
def test_every_list_is_as_long_as_its_count(company: Snapshot, request: FunnelRequest, random: Any) -> None:
    answer = funnel(company, request)
    rows = answer.frame.to_dicts()
    for row in random.sample(rows, min(2, len(rows))):
        group = {
            "period_start": row.get("period_start"),
            "values": {dimension: row[dimension] for dimension in request.by},
        }
        expected = [
            ("counted", "all", row["counted"]),
            ("cohort", "all", row["cohort"]),
            ("excluded", "all", row["excluded"]),
        ]
        if answer.plan.window_us is not None:
            expected += [
                ("counted", "mature", row["counted_mature"]),
                ("cohort", "young", row["cohort_young"]),
                ("counted", "young", row["counted"] - row["counted_mature"]),
            ]
        for what, basis, count in expected:
            cell = Cell(stage=row["stage"], what=what, basis=basis, **group)  # type: ignore[arg-type]
            behind = list_behind(company, request, cell).frame
            assert behind.height == count
            assert behind["opportunity_id"].n_unique() == count


@several
@given(requests)
def test_counts_fall_add_up_and_never_exceed_their_denominator(company: Snapshot, request: FunnelRequest) -> None:
    frame = funnel(company, request).frame
    if frame.is_empty():
        return
    groups = [c for c in frame.columns if c in (*DIMENSIONS, "period_start")]
    for _, group in frame.group_by(groups) if groups else [((), frame)]:
        counted = group.sort("stage_no")["counted"].to_list()
        assert all(a >= b for a, b in itertools.pairwise(counted))
        assert counted[0] <= group["cohort"][0]
    if request.meaning == "reached":
        first = frame.filter(pl.col("stage_no") == pl.col("stage_no").min())
        assert first["counted"].to_list() == first["cohort"].to_list()
    for name in ("overall", "step"):
        known = frame.drop_nulls(name)
        assert (known[f"{name}_low"] <= known[name] + 1e-12).all()
        assert (known[name] <= known[f"{name}_high"] + 1e-12).all()


@several
@given(requests)
def test_the_shown_sql_gives_the_same_figures(company: Snapshot, request: FunnelRequest) -> None:
    answer = funnel(company, request)
    shown = company.sql_text(answer.sql, limit=100_000)
    assert shown["counted"].to_list() == answer.frame["counted"].to_list()


@pytest.mark.parametrize("period", ["none", "month", "quarter"])
@pytest.mark.parametrize("dimension", [None, "region", "city", "product_line", "channel", "lead_source", "owner_id"])
def test_the_funnel_mart_says_the_same(company: Snapshot, period: str, dimension: str | None) -> None:
    own: dict[str, pl.DataFrame] = {
        meaning: funnel(
            company, FunnelRequest(meaning=meaning, period=period, by=(dimension,) if dimension else ())  # type: ignore[arg-type]
        ).frame
        for meaning in ("reached", "observed", "direct")
    }  # fmt: skip
    mart = company.query(
        "from marts.funnel where period_type = $period and dimension = $dimension"
        " order by period_start, value nulls last, stage_no",
        {"period": "all" if period == "none" else period, "dimension": dimension or "all"},
    )
    order = [c for c in ("period_start", dimension, "stage_no") if c in own["reached"].columns]
    reached = own["reached"].sort(order, nulls_last=True)
    assert reached.height == mart.height
    for ours, theirs in (
        ("cohort", "cohort"),
        ("counted", "reached"),
        ("cohort_mature", "cohort_mature"),
        ("counted_mature", "reached_mature"),
        ("cohort_young", "cohort_immature"),
    ):
        assert reached[ours].to_list() == mart[theirs].to_list(), ours
    for meaning in ("observed", "direct"):
        assert own[meaning].sort(order, nulls_last=True)["counted"].to_list() == mart[meaning].to_list()
    for ours, theirs in (("overall", "rate_overall"), ("step", "rate_step")):
        for ending in ("", "_low", "_high"):
            assert reached[ours + ending].to_list() == pytest.approx(mart[theirs + ending].to_list(), nan_ok=True)


ORDERLY = (Filter(dimension="lead_source", values=("fair", "call", "web")),)


def _follow_up(
    company: Snapshot, stage_no: int, window_days: float | None, *, only_orderly: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Days to reaching (1), failing (2) or censoring (0), worked out row by row."""
    as_of = epoch_us(process_of(company).as_of)
    horizon = float("inf") if window_days is None else window_days * 86_400e6
    days, events = [], []
    for reached, outcome, outcome_at in company.query(
        f"""select list_transform(reached_at, lambda t: epoch_us(t)), outcome, epoch_us(outcome_at)
            from marts.funnel_paths where {"lead_source is not null" if only_orderly else "true"}"""
    ).iter_rows():
        at, entry = reached[stage_no - 1], reached[0]
        closed = outcome_at if outcome != "open" else None
        end, event = (at, 1) if at is not None else (closed, 2) if closed is not None else (as_of, 0)
        if end - entry > horizon:
            end, event = entry + horizon, 0
        days.append((end - entry) / 86_400e6)
        events.append(event)
    return np.array(days), np.array(events)


def _aalen_johansen(days: np.ndarray, events: np.ndarray) -> tuple[float, float]:
    """Incidence at the end of follow-up and its variance, as the textbook writes the sums: slow and obvious."""
    steps, survival, incidence = [], 1.0, 0.0
    for t in np.unique(days):
        n, d = int((days >= t).sum()), int(((days == t) & (events > 0)).sum())
        d1 = int(((days == t) & (events == 1)).sum())
        incidence += survival * d1 / n
        steps.append((n, d, d1, survival, incidence))
        survival *= 1 - d / n
    variance = 0.0
    for n, d, d1, before, so_far in steps:
        to_come = incidence - so_far
        variance += to_come**2 * d / (n * (n - d)) if n > d else 0.0
        variance += before**2 * d1 * (n - d1) / n**3 - 2 * to_come * before * d1 / n**2
    return incidence, variance


@pytest.mark.parametrize("window_days", [None, 30.0])
def test_projected_rates_with_ties_are_the_textbooks(company: Snapshot, window_days: float | None) -> None:
    answer = projected(company, FunnelRequest(window_days=window_days)).frame
    assert answer["stage_no"].to_list() == [2, 3, 4, 5]
    for row in answer.to_dicts():
        days, events = _follow_up(company, row["stage_no"], window_days, only_orderly=False)
        assert (row["units"], row["counted"]) == (len(days), int((events == 1).sum()))
        incidence, variance = _aalen_johansen(days, events)
        interval = incidence_interval(incidence, variance)
        assert interval is not None
        assert [row["projected"], row["low"], row["high"]] == pytest.approx(
            [incidence, interval.low, interval.high], abs=1e-9
        )


@pytest.mark.parametrize("window_days", [None, 30.0])
def test_projected_rates_without_ties_are_lifelines(company: Snapshot, window_days: float | None) -> None:
    """lifelines jitters ties of two kinds and forgets events at time 0: so no ties, and a day later for all."""
    answer = projected(company, FunnelRequest(window_days=window_days, filters=ORDERLY)).frame
    for row in answer.to_dicts():
        days, events = _follow_up(company, row["stage_no"], window_days, only_orderly=True)
        fitter = AalenJohansenFitter().fit(days + 1, events, event_of_interest=1)
        assert row["projected"] == pytest.approx(float(fitter.cumulative_density_.iloc[-1, 0]), abs=1e-9)
        bounds = sorted(fitter.confidence_interval_.iloc[-1].to_list())
        assert [row["low"], row["high"]] == pytest.approx(bounds, abs=1e-9)


def test_times_to_convert_are_numpys_quantiles(company: Snapshot) -> None:
    times = time_to_convert(company, FunnelRequest(window_days=None)).frame
    for row in times.to_dicts():
        days, events = _follow_up(company, row["stage_no"], None, only_orderly=False)
        expected = np.quantile(days[events == 1], [0.25, 0.5, 0.75, 0.9])
        assert [row[f"overall_p{p}"] for p in (25, 50, 75, 90)] == pytest.approx(expected.tolist())


@pytest.mark.parametrize("dimension", [None, "region", "city", "product_line", "channel", "owner_id"])
def test_the_dwell_mart_says_the_same(company: Snapshot, dimension: str | None) -> None:
    answer = dwell(company, DwellRequest(by=(dimension,) if dimension else ())).frame
    mart = company.query(
        "from marts.dwell where dimension = $d order by value nulls last, stage_no", {"d": dimension or "all"}
    )
    assert answer.height == mart.height
    names = [c for c in mart.columns if c in answer.columns and c not in ("stage", "stage_no")]
    assert len(names) >= 13
    for name in names:
        assert answer[name].to_list() == pytest.approx(mart[name].to_list(), nan_ok=True), name


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("clock", ["calendar", "business"])
def test_survival_is_lifelines(company: Snapshot, stage: str, clock: str) -> None:
    column = "dwell_days" if clock == "calendar" else "dwell_business_days"
    spells = company.query(
        f"select {column} as days, is_censored from marts.stage_spells where stage = $s", {"s": stage}
    )
    fitter = KaplanMeierFitter().fit(spells["days"].to_numpy(), ~spells["is_censored"].to_numpy())
    request = DwellRequest(clock=clock)  # type: ignore[arg-type]
    row = dwell(company, request).frame.filter(pl.col("stage") == stage).row(0, named=True)
    assert row["km_median_days"] == pytest.approx(fitter.median_survival_time_)
    bounds = median_survival_times(fitter.confidence_interval_).iloc[0].tolist()
    found = [float("inf") if row[b] is None else row[b] for b in ("km_median_low", "km_median_high")]
    assert found == pytest.approx(bounds)
    curve = dwell_curve(company, request, stage).frame
    expected = fitter.survival_function_.loc[curve["days"].to_numpy()].iloc[:, 0].tolist()
    assert curve["survival"].to_list() == pytest.approx(expected, abs=1e-9)
    low, high = (fitter.confidence_interval_.loc[curve["days"].to_numpy()].iloc[:, n].tolist() for n in (0, 1))
    inside = [0 < s < 1 for s in curve["survival"]]
    assert [v for v, i in zip(curve["low"], inside, strict=True) if i] == pytest.approx(
        [v for v, i in zip(low, inside, strict=True) if i], abs=1e-9
    )
    assert [v for v, i in zip(curve["high"], inside, strict=True) if i] == pytest.approx(
        [v for v, i in zip(high, inside, strict=True) if i], abs=1e-9
    )


@several
@given(st.lists(dimensions, unique=True, max_size=2).map(tuple), st.lists(filters, max_size=1).map(tuple), st.randoms())
def test_spells_behind_are_as_many_as_the_figure(
    company: Snapshot, by: tuple[str, ...], kept: tuple[Filter, ...], random: Any
) -> None:
    request = DwellRequest(by=by, filters=kept, entered_from=date(2025, 2, 1))
    rows = dwell(company, request).frame.to_dicts()
    for row in random.sample(rows, min(2, len(rows))):
        for what in ("spells", "completed", "censored", "advanced", "overrun", "overrun_open"):
            cell = SpellCell(stage=row["stage"], what=what, values={d: row[d] for d in by})  # type: ignore[arg-type]
            assert spells_behind(company, request, cell).frame.height == row[what]


def test_variants_and_transitions_are_the_marts(company: Snapshot) -> None:
    own = variants(company, PathRequest()).frame
    mart = company.query("from marts.variants order by variant_no")
    for name in ("steps", "is_open", "opportunities", "example_opportunity_id"):
        assert own[name].to_list() == mart[name].to_list(), name
    for name in ("share", "coverage", "median_days", "p90_days"):
        assert own[name].to_list() == pytest.approx(mart[name].to_list(), nan_ok=True), name
    units = company.query("select count(distinct opportunity_key) as n from marts.stage_spells")["n"][0]
    assert own["opportunities"].sum() == units
    moves, mart = transitions(company, PathRequest()).frame, company.query("from marts.transitions")
    keys = ["from_stage", "to_stage"]
    moves, mart = moves.sort(keys), mart.sort(keys)
    assert moves.columns == mart.columns
    for name in moves.columns:
        expected = mart[name].to_list()
        numbers = mart[name].dtype == pl.Float64
        assert moves[name].to_list() == (pytest.approx(expected, nan_ok=True) if numbers else expected), name


def test_variants_can_be_narrowed(company: Snapshot) -> None:
    east = PathRequest(filters=(Filter(dimension="region", values=("east",)),), cohort_to=date(2025, 6, 1))
    expected = company.query(
        """select count(*) as n from marts.funnel_paths p
           where region = 'east' and cohort_at < '2025-06-01 00:00'
             and exists (from marts.stage_spells s where s.opportunity_key = p.opportunity_key)"""
    )["n"][0]
    assert variants(company, east).frame["opportunities"].sum() == expected > 0


def test_the_snapshot_says_what_its_columns_mean(company: Snapshot) -> None:
    """In the company's language, for any tool that shows a table's comments."""
    ((meaning,),) = company.query(
        """select comment from duckdb_columns()
           where schema_name = 'marts' and table_name = 'stage_spells' and column_name = 'is_overrun'"""
    ).rows()
    assert meaning == "按时限的口径，停留大于时限。"
