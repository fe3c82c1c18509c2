"""日报汇总: the paper route's monthly table, typed by a clerk. One row may tell of a visit, a move and a contract."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.records import ACTIONS
from simulation.render import (
    ACTION_NAMES,
    DAILY,
    KIND_NAMES,
    PAPER_RESULTS,
    STAGE_NAMES,
    Renderer,
    arrays,
    money,
    visit_ids,
)
from simulation.timeline import DAY, KINDS, REOPENED_EVENT

COLUMNS = (
    "编号", "日期", "工号", "业务员", "客户编号", "客户名称", "商机编号", "方式", "结果", "原定日期", "改约日期",
    "阶段", "丢单原因", "完成动作", "证明材料", "豁免人", "签约金额", "合同编号", "备注", "附件", "录入时间",
)  # fmt: skip


def daily_reports(
    r: Renderer, visits: pl.DataFrame, stages: pl.DataFrame, deeds: pl.DataFrame, signings: pl.DataFrame
) -> pl.DataFrame:
    """The rows of the paper route (all frames: reports of that route). A stage event and a signing stand in the
    row of the day's visit, if that was reported; else in a row of their own, without a visit's number."""
    parts = [_visits(r, visits), _stages(r, stages), _signings(r, signings), _deeds(r, deeds)]
    visit_part, *others = (part.with_columns(pl.lit(k).alias("_part")) for k, part in enumerate(parts))
    moves = pl.concat(others[:2], how="diagonal").filter(pl.col("_joins"))
    merged = moves.group_by("_key", maintain_order=True).agg(
        pl.col("阶段", "丢单原因", "签约金额", "合同编号").drop_nulls().first()
    )
    # At most one visit report of a day carries the day's move: the first done one.
    visit_part = visit_part.with_columns(
        _carries=(pl.col("_done") & (pl.int_range(pl.len()).over("_key", "_done") == 0))
    )
    keys = visit_part.filter("_carries").select("_key")
    carried = merged.join(keys, on="_key", how="semi")
    told = visit_part.join(
        carried.with_columns(_carries=pl.lit(True)), on=["_key", "_carries"], how="left", maintain_order="left"
    )
    alone = pl.concat(others, how="diagonal").filter(
        ~pl.col("_joins").fill_null(False) | ~pl.col("_key").is_in(carried["_key"].implode())
    )
    rows = pl.concat([told, alone], how="diagonal").sort("_recorded", maintain_order=True)
    rows = rows.with_columns([pl.lit("").alias(name) for name in COLUMNS if name not in rows.columns])
    recorded = rows["_recorded"].to_numpy()
    rows = rows.with_columns(_file=r.file(DAILY, recorded), 录入时间=r.when(recorded, "%Y/%m/%d %H:%M"))
    return rows.select("_file", *[pl.col(name).fill_null("") for name in COLUMNS])


def _common(r: Renderer, c: dict[str, NDArray]) -> dict[str, pl.Series]:
    return {
        "日期": r.when(c["t"], "%Y/%m/%d"),
        "工号": r.rep_ids.gather(c["owner"]),
        "业务员": r.rep_names.gather(c["owner"]),
        "客户编号": r.customers.gather(c["opp"]),
        "客户名称": r.names.gather(c["opp"]),
        "_key": pl.Series(c["opp"].astype(np.int64) * 4096 + c["t"] // DAY),
        "_recorded": pl.Series(c["recorded"]),
    }


def _visits(r: Renderer, rows: pl.DataFrame) -> pl.DataFrame:
    c = arrays(rows)
    ids = visit_ids(r.opp.number[c["opp"]], c["number"])
    return pl.DataFrame(
        {
            **_common(r, c),
            "编号": ids,
            "商机编号": r.blank(r.ids.gather(c["opp"]), c["unnamed"]),
            "方式": pl.Series([KIND_NAMES[k] for k in KINDS]).gather(c["kind"]),
            "结果": pl.Series(PAPER_RESULTS).gather(c["status"]),
            "原定日期": r.blank(r.when(c["plan"], "%Y/%m/%d"), c["plan"] < 0),
            "改约日期": r.blank(r.when(c["to"], "%Y/%m/%d"), c["to"] < 0),
            "备注": r.note(c),
            "附件": r.attachments(c, ids),
            "_done": pl.Series((c["status"] == 1) & ~c["unnamed"]),
        }
    )


def _stages(r: Renderer, rows: pl.DataFrame) -> pl.DataFrame:
    c = arrays(rows)
    names = pl.Series([*STAGE_NAMES, "赢单", "丢单", "重新打开"])
    return pl.DataFrame(
        {
            **_common(r, c),
            "商机编号": r.ids.gather(c["opp"]),
            "阶段": names.gather(c["code"]),
            "丢单原因": r.reason_text(c["code"], c["detail"]),
            "_joins": pl.Series(c["has_visit"] & (c["code"] != REOPENED_EVENT)),
        }
    )


def _signings(r: Renderer, rows: pl.DataFrame) -> pl.DataFrame:
    c = arrays(rows)
    return pl.DataFrame(
        {
            **_common(r, c),
            "商机编号": r.ids.gather(c["opp"]),
            "签约金额": money(c["amount"]),
            "合同编号": r.contracts(c),
            "_joins": pl.Series(c["number"] == 1),
        }
    )


def _deeds(r: Renderer, rows: pl.DataFrame) -> pl.DataFrame:
    c = arrays(rows)
    supervisors = pl.Series([s[0] for s in r.people.supervisors])
    return pl.DataFrame(
        {
            **_common(r, c),
            "商机编号": r.ids.gather(c["opp"]),
            "完成动作": pl.Series([ACTION_NAMES[a] for a, _, _ in ACTIONS]).gather(c["action"]),
            "证明材料": r.evidence(c),
            "豁免人": r.blank(supervisors.gather(c["team"]), ~c["is_waived"]),
        }
    )
