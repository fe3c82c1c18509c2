"""The company shows the published figures, within what chance allows at half its size."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise

import polars as pl
import pytest

from simulation.organisation import OFFICES
from simulation.parameters import Published

pytestmark = pytest.mark.slow
WHITE_PAPER = Published()
OLD_ENOUGH = date(2025, 10, 3)
PAPER = ("西南", "东北")


@pytest.fixture(scope="module")
def opportunities(company) -> pl.DataFrame:
    return company.truth("opportunities")


def _time(column: str, pattern: str) -> pl.Expr:
    return pl.col(column).str.to_datetime(pattern, strict=False)


def test_lead_to_first_order(opportunities):
    mature = opportunities.filter(pl.col("created_on") < OLD_ENOUGH)
    assert (mature["outcome"] == "won").mean() == pytest.approx(WHITE_PAPER.conversion, abs=0.015)


def test_demonstration_to_quotation(company):
    """Mean days from entering the demonstration to entering the quotation, over both routes' own files."""
    form = company.rows("阶段变更").select("商机编号", "阶段", at=_time("发生时间", "%Y-%m-%d %H:%M:%S"))
    paper = company.rows("日报汇总").select("商机编号", "阶段", at=_time("日期", "%Y/%m/%d"))
    entered = pl.concat([form, paper]).drop_nulls().group_by("商机编号")
    first = entered.agg(
        shown=pl.col("at").filter(pl.col("阶段") == "方案演示").min(),
        quoted=pl.col("at").filter(pl.col("阶段") == "报价").min(),
    ).drop_nulls()
    days = (first["quoted"] - first["shown"]).dt.total_seconds() / 86_400
    assert days.filter(days >= 0).mean() == pytest.approx(WHITE_PAPER.demonstration_to_quotation_days, abs=0.5)


def test_reporting_delay_by_route(company):
    form = company.rows("拜访记录").select(
        delay=_time("提交时间", "%Y-%m-%d %H:%M:%S") - _time("发生时间", "%Y-%m-%d %H:%M:%S")
    )["delay"]
    assert form.dt.total_seconds().median() / 60 < WHITE_PAPER.form_delay_minutes
    paper = company.rows("日报汇总").select(delay=_time("录入时间", "%Y/%m/%d %H:%M") - _time("日期", "%Y/%m/%d"))
    hours = paper["delay"].dt.total_seconds() / 3600
    assert hours.mean() == pytest.approx(WHITE_PAPER.paper_delay_hours, abs=3)


def test_supervisors_answer_sooner_on_the_form(company):
    calls = company.truth("help_calls")
    switched = (pl.col("region") == "华中") & (pl.col("asked_at") < datetime(2025, 7, 1))
    on_paper = pl.col("region").is_in(PAPER) | switched
    hours = calls.group_by(on_paper.alias("on_paper")).agg(pl.col("hours_to_answer").mean())
    mean = dict(hours.iter_rows())
    assert mean[True] / 24 == pytest.approx(WHITE_PAPER.paper_answer_days, abs=0.25)
    assert mean[False] == pytest.approx(WHITE_PAPER.form_answer_hours, abs=0.5)


def test_cities_go_two_weeks_without_a_signing(opportunities):
    won = opportunities.filter(pl.col("outcome") == "won", pl.col("closed_on") <= date(2025, 12, 31))
    silent = set()
    for city, days in won.sort("closed_on").group_by("city").agg(pl.col("closed_on")).iter_rows():
        gaps = [(b - a).days for a, b in pairwise(days)]
        if max(gaps, default=0) >= 14:
            silent.add(city)
    assert len(silent) >= 5
    assert {"贵阳", "石家庄"} <= silent
    assert {office.city for office in OFFICES} - silent, "no city is busy enough"


def test_spring_festival_is_quiet(opportunities):
    created = opportunities["created_on"]
    feast = created.is_between(date(2025, 1, 28), date(2025, 2, 4)).sum()
    ordinary = created.is_between(date(2025, 3, 11), date(2025, 3, 18)).sum()
    assert feast < 0.1 * ordinary


def test_the_paper_route_is_slower_and_signs_less(opportunities):
    mature = opportunities.filter(pl.col("created_on") < OLD_ENOUGH)
    won = mature.group_by(pl.col("region").is_in(PAPER).alias("paper")).agg(
        share=(pl.col("outcome") == "won").mean(),
        days=(pl.col("closed_on") - pl.col("created_on")).filter(pl.col("outcome") == "won").mean().dt.total_days(),
    )
    paper, form = (won.filter(pl.col("paper") == value).row(0, named=True) for value in (True, False))
    assert paper["share"] < form["share"] - 0.03
    assert paper["days"] > form["days"] + 2


def test_records_are_as_many_as_a_sales_force_writes(company):
    """At factor 1 about 19,500 opportunities and 390,000 reports on visits; half of each here."""
    assert 8_800 < company.summary.opportunities < 10_800
    assert 150_000 < company.summary.visit_records < 240_000
