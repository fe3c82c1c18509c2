"""Visits to customers with no opportunity: the ordinary rounds of a rep, reported like any other."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation import notes
from simulation.hazards import working_share
from simulation.market import customer_names
from simulation.records import Desk
from simulation.render import DAILY, KIND_NAMES, PAPER_RESULTS, STATUS_NAMES, VISITS, Renderer
from simulation.timeline import DAY, KINDS

CUSTOMERS_PER_REP = 12


def routine_visits(desk: Desk, r: Renderer, reps: np.ndarray, visits: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(拜访记录 rows, 日报汇总 rows) of about routine_share x `visits` rounds by the chunk's reps."""
    p, rng = desk.p, desk.rng
    n = round(visits * p.visits.routine_share)
    edges = np.cumsum(working_share(p, p.days))
    day = np.searchsorted(edges / edges[-1], rng.random(n))
    weight = np.cumsum(desk.people.leads[reps] + 1e-9)
    rep = reps[np.searchsorted(weight / weight[-1], rng.random(n)).clip(max=len(reps) - 1)]
    gone = (desk.people.leaves[rep] >= 0) & (day >= desk.people.leaves[rep])
    rep, day = rep[~gone], day[~gone]
    t = day * DAY + rng.integers(9 * 3600, 17 * 3600, len(rep))
    order = np.argsort(t, kind="stable")
    rep, t = rep[order], t[order]
    is_form = desk.rep_form(rep, t)
    recorded = desk.recorded(t, is_form)
    kind = np.where(rng.random(len(rep)) < 0.75, 0, 1)
    customer = rep * CUSTOMERS_PER_REP + rng.integers(0, CUSTOMERS_PER_REP, len(rep))
    none = np.zeros(len(rep), dtype=bool)
    note = notes.visit_notes(rng, p.reporting.note, kind, KINDS, np.ones(len(rep), dtype=np.int64), none, none)
    offset = 10**9  # their customers' names are drawn apart from those of opportunities
    number = (reps[0] + 1) * 1_000_000 + np.arange(len(rep)) + 1
    frame = pl.DataFrame(
        {
            "编号": pl.Series([f"BR{k:012d}" for k in number], dtype=pl.String),
            "工号": r.rep_ids.gather(rep),
            "业务员": r.rep_names.gather(rep),
            "客户编号": pl.Series([f"KL{k + 1:08d}" for k in customer], dtype=pl.String),
            "客户名称": pl.Series(customer_names(p.seed, customer + offset, desk.people.office[rep]), dtype=pl.String),
            "方式": pl.Series([KIND_NAMES[k] for k in KINDS]).gather(kind),
            "备注": pl.Series(note, dtype=pl.String),
            "_t": t,
            "_recorded": recorded,
            "_form": is_form,
        }
    ).filter(pl.col("_recorded") < desk.last)
    form, paper = frame.filter("_form"), frame.filter(~pl.col("_form"))
    return _form_rows(r, form), _paper_rows(r, paper)


def _form_rows(r: Renderer, rows: pl.DataFrame) -> pl.DataFrame:
    recorded = rows["_recorded"].to_numpy()
    return (
        rows.with_columns(
            _file=r.file(VISITS, recorded),
            状态=pl.lit(STATUS_NAMES[1]),
            发生时间=r.at(rows["_t"].to_numpy()),
            提交时间=r.at(recorded),
        )
        .rename({"编号": "拜访编号", "方式": "拜访类型"})
        .drop("_t", "_recorded", "_form")
    )


def _paper_rows(r: Renderer, rows: pl.DataFrame) -> pl.DataFrame:
    recorded = rows["_recorded"].to_numpy()
    return rows.with_columns(
        _file=r.file(DAILY, recorded),
        结果=pl.lit(PAPER_RESULTS[1]),
        日期=r.when(rows["_t"].to_numpy(), "%Y/%m/%d"),
        录入时间=r.when(recorded, "%Y/%m/%d %H:%M"),
    ).drop("_t", "_recorded", "_form")
