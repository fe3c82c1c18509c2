"""The signing forecast of a moment: what goes into it, and the tables that come out of it.

Places are pairs of region and city: everything is forecast for those and summed up, so cities add up to regions
and regions to the company, in expectation and in every draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.risk.landmarks import read_table
from assets.risk.training import midnight
from models.features import Floats
from models.forecast import Arrivals, Forecast, Open, Shocks, forecast, incidence_by_age, interval, signed_from_age
from models.hazards import SIGN, RiskModel, outcome_codes

WEEKS = 13
ARRIVAL_DAYS = 91
CURVE_DAYS = 400
CURVE_WINDOW = 91.0
SHRINK = 100.0
SEED = 13
Place = tuple[str | None, str | None]


@dataclass(frozen=True)
class Span:
    """Boundaries of the forecast: weeks from the one that holds the moment, and the quarter's end.

    `days` are the boundaries in days from the moment; cell c ends at days[c], lies in week[c] (13 for beyond the
    weeks) and within the running quarter where in_quarter[c].
    """

    week_starts: tuple[date, ...]
    quarter_start: date
    quarter_end: date
    days: Floats
    week: NDArray[np.int64]
    in_quarter: NDArray[np.bool_]

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> Span:
        """Thirteen calendar weeks, of the first only the rest, and the calendar quarter, in company time."""
        day = moment.astimezone(zone).date()
        monday = day - timedelta(days=day.weekday())
        starts = tuple(monday + timedelta(weeks=n) for n in range(WEEKS))
        quarter = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        after = date(day.year + quarter.month // 10, (quarter.month + 2) % 12 + 1, 1)
        ends = sorted({*(start + timedelta(weeks=1) for start in starts), after})
        days = np.array([(midnight(end, zone) - moment).total_seconds() / 86400 for end in ends])
        week = np.array([min((end - monday - timedelta(days=1)).days // 7, WEEKS) for end in ends])
        return cls(starts, quarter, after, days, week, np.array([end <= after for end in ends]))


@dataclass(frozen=True)
class Outlook:
    """A forecast with what its cells and places mean."""

    span: Span
    places: Sequence[Place]
    drawn: Forecast

    def scope_masks(self) -> dict[tuple[str, str | None], NDArray[np.bool_]]:
        """Which places belong to each scope: the company, each region and each city; null is not known."""
        masks: dict[tuple[str, str | None], NDArray[np.bool_]] = {("company", None): np.ones(len(self.places), bool)}
        for level, name in ((0, "region"), (1, "city")):
            values = sorted({place[level] for place in self.places}, key=lambda v: (v is None, v or ""))
            for value in values:
                masks[name, value] = np.array([place[level] == value for place in self.places])
        return masks


def outlook(
    con: duckdb.DuckDBPyConnection,
    rows: pl.DataFrame,
    model: RiskModel | None,
    moment: datetime,
    zone: ZoneInfo,
    shocks: Shocks,
) -> Outlook:
    """The forecast at `moment`: `rows` are the landmarks open then, and all else is as known then
    (ml.work_beginnings must hold that moment). Without a model the age curve alone says who signs."""
    span = Span.of(moment, zone)
    begun = read_table(con, "from ml.work_beginnings where known_at = $moment", moment=moment)
    curves = _curves(begun)
    places = place_index(rows, begun)
    region_of = _numbered([region for region, _ in places])
    mean_amount, amount_spread, ratio = amounts_known(con, moment)
    if model is not None:
        signed_by = model.incidence(model.encoder.transform(rows), span.days.tolist())[:, :, SIGN]
    else:
        age = rows["age_days"].fill_null(0.0).cast(pl.Float64).to_numpy()
        signed_by = signed_from_age(curves, age, span.days)
    expected = rows["amount"].cast(pl.Float64).to_numpy()
    open_ = Open(
        place=_places_of(rows, places),
        amount=np.where(np.isnan(expected), mean_amount, expected * ratio),
        signed_by=signed_by,
    )
    signing_rate = _arrival_rate(begun, places) * _conversion(begun, places)
    arrivals = Arrivals(signing_rate, curves[SIGN], mean_amount, amount_spread)
    return Outlook(span, places, forecast(open_, arrivals, span.days, region_of, shocks, SEED))


def _curves(begun: pl.DataFrame) -> Floats:
    days = begun["closed_age_days"].fill_null(float("inf")).to_numpy()
    followed = np.maximum(begun["age_days"].to_numpy(), 0.0)
    return incidence_by_age(np.maximum(days, 0.0), outcome_codes(begun), followed, CURVE_DAYS, CURVE_WINDOW)


def place_index(rows: pl.DataFrame, begun: pl.DataFrame) -> list[Place]:
    """Every pair of region and city in which something is open or arrives, in order, unknown last."""
    pairs = {*rows.select("region", "city").iter_rows(), *begun.select("region", "city").iter_rows()}
    return sorted(pairs or {(None, None)}, key=lambda p: (p[0] is None, p[0] or "", p[1] is None, p[1] or ""))


def _places_of(frame: pl.DataFrame, places: Sequence[Place]) -> NDArray[np.int64]:
    index = {place: n for n, place in enumerate(places)}
    return np.array([index[pair] for pair in frame.select("region", "city").iter_rows()], dtype=np.int64)


def _numbered(values: Sequence[str | None]) -> NDArray[np.int64]:
    index = {value: n for n, value in enumerate(dict.fromkeys(values))}
    return np.array([index[value] for value in values], dtype=np.int64)


def _arrival_rate(begun: pl.DataFrame, places: Sequence[Place]) -> Floats:
    """Arrivals a day and place, of the last 13 weeks observed (or as long as there is history). Those that
    closed before their place was known are spread as the others."""
    if not begun.height:
        return np.zeros(len(places))
    recent = begun.filter(pl.col("age_days") < ARRIVAL_DAYS)
    length = min(float(ARRIVAL_DAYS), max(float(begun["age_days"].max()), 7.0))  # type: ignore[arg-type]
    counts = np.bincount(_places_of(recent, places), minlength=len(places)).astype(float)
    known = np.array([place != (None, None) for place in places])
    if counts[known].sum() > 0:
        counts = np.where(known, counts * counts.sum() / counts[known].sum(), 0.0)
    rate: Floats = counts / length
    return rate


def _conversion(begun: pl.DataFrame, places: Sequence[Place]) -> Floats:
    """How much more of a place's opportunities are signed than of all, by the last 13 weeks' closings: a city's
    share is shrunk to its region's, and that to the company's, by 100 closings each."""
    closed = begun.filter(pl.col("age_days") - pl.col("closed_age_days") <= CURVE_WINDOW)
    if not closed.height or not (closed["outcome"] == "signed").any():
        return np.ones(len(places))
    place, signed = _places_of(closed, places), (closed["outcome"] == "signed").to_numpy()
    overall = float(signed.mean())
    region = _numbered([name for name, _ in places])
    of_region = _shrunk_share(region[place], signed, np.full(int(region.max()) + 1, overall))
    factor: Floats = _shrunk_share(place, signed, of_region[region]) / overall
    return factor


def _shrunk_share(where: NDArray[np.int64], signed: NDArray[np.bool_], above: Floats) -> Floats:
    counted = np.bincount(where, minlength=len(above))
    share: Floats = (np.bincount(where, signed, minlength=len(above)) + SHRINK * above) / (counted + SHRINK)
    return share


def amounts_known(con: duckdb.DuckDBPyConnection, moment: datetime) -> tuple[float, float, float]:
    """Mean and coefficient of variation of a signing's amount, and signed over expected amounts, of the year before."""
    mean, spread, ratio = read_table(
        con,
        """select avg(amount) as mean, stddev_pop(amount) / nullif(avg(amount), 0) as spread,
                  sum(amount) filter (expected_amount > 0 and is_recorded)
                    / nullif(sum(expected_amount) filter (expected_amount > 0 and is_recorded), 0) as ratio
           from (from ml.work_wins where visible_at <= $moment and signed_at > $moment - interval 365 days
                 and amount is not null order by opportunity_key, signed_at)""",
        moment=moment,
    ).row(0)
    return (
        float(mean or 0.0),
        float(min(max(spread if spread is not None else 0.7, 0.1), 3.0)),
        float(min(max(ratio if ratio is not None else 1.0, 0.3), 3.0)),
    )


def week_rows(look: Outlook) -> list[dict[str, Any]]:
    """Rows of ml.forecast: every scope and week, with how many of the week's days are forecast."""
    length = np.diff(look.span.days, prepend=0.0)
    weeks = [(start, look.span.week == n) for n, start in enumerate(look.span.week_starts)]
    return [
        {"week_start": start, "scope": scope, "scope_id": scope_id, "days": float(length[cells].sum())}
        | summed(look, mask, cells)
        for (scope, scope_id), mask in look.scope_masks().items()
        for start, cells in weeks
    ]


def summed(look: Outlook, mask: NDArray[np.bool_], cells: NDArray[np.bool_]) -> dict[str, float]:
    """Expected signings and amount of some places and cells, each with its 80% interval."""
    drawn, result = look.drawn, dict[str, float]()
    for name, mean, draws in (
        ("signings", drawn.mean_signings, drawn.signings),
        ("amount", drawn.mean_amounts, drawn.amounts),
    ):
        low, high = interval(draws[mask][:, cells].sum(axis=(0, 1), dtype=np.float64))
        result[name] = float(mean[mask][:, cells].sum())
        result[f"{name}_low"], result[f"{name}_high"] = float(low), float(high)
    return result


def quarter_rows(con: duckdb.DuckDBPyConnection, look: Outlook) -> list[dict[str, Any]]:
    """Rows of ml.forecast_quarter: signed so far, what the quarter will come to, and the chance to meet the target.

    Where no target is set for the quarter, those of its three months are summed, if all three are there.
    """
    span = look.span
    targets, period = _targets(con, span.quarter_start, span.quarter_end)
    signed = _signed(con, span.quarter_start, span.quarter_end)
    rows = []
    masks = look.scope_masks()
    for key in [*masks, *(k for k in targets if k not in masks)]:
        mask = masks.get(key, np.zeros(len(look.places), bool))
        so_far, target = signed.get(key, 0.0), targets.get(key)
        rest = look.drawn.amounts[mask][:, span.in_quarter].sum(axis=(0, 1), dtype=np.float64)
        low, high = interval(rest)
        expected = so_far + float(look.drawn.mean_amounts[mask][:, span.in_quarter].sum())
        rows.append(
            {
                "scope": key[0],
                "scope_id": key[1],
                "period": period,
                "target": target,
                "signed": so_far,
                "forecast": expected,
                "low": so_far + float(low),
                "high": so_far + float(high),
                "p_target_met": None if target is None else float((so_far + rest >= target).mean()),
                "gap": None if target is None else target - expected,
            }
        )
    return rows


def _targets(con: duckdb.DuckDBPyConnection, start: date, end: date) -> tuple[dict[tuple[str, str | None], float], str]:
    """Targets of the quarter by scope, and the period's name."""
    whole = con.execute(
        "select period, scope, scope_id, target::double from marts.signing_target"
        " where period_start = $start and period_end = $end order by period, scope, scope_id",
        {"start": start, "end": end},
    ).fetchall()
    name = whole[0][0] if whole else f"{start.year}-Q{(start.month + 2) // 3}"
    if whole:
        return {(scope, scope_id): target for _, scope, scope_id, target in whole}, name
    months = con.execute(
        """select scope, scope_id, sum(target)::double from marts.signing_target
           where period_start >= $start and period_end <= $end and datesub('month', period_start, period_end) = 1
           group by scope, scope_id having count(distinct period_start) = 3 order by all""",
        {"start": start, "end": end},
    ).fetchall()
    return {(scope, scope_id): target for scope, scope_id, target in months}, name


def _signed(con: duckdb.DuckDBPyConnection, start: date, end: date) -> dict[tuple[str, str | None], float]:
    """Signed in the quarter, as marts.signing_target counts it."""
    rows = con.execute(
        """with signed as (
             select region, city, amount from ml.work_wins
             where is_recorded and signed_at >= $start::date::timestamptz and signed_at < $end::date::timestamptz)
           select 'company', null, sum(amount::decimal(18, 2))::double from signed
           union all select 'region', region, sum(amount::decimal(18, 2))::double from signed group by region
           union all select 'city', city, sum(amount::decimal(18, 2))::double from signed group by city""",
        {"start": start, "end": end},
    ).fetchall()
    return {(scope, scope_id): amount or 0.0 for scope, scope_id, amount in rows}
