"""Reports as the company's files show them: Chinese headers, texts, one frame for each kind of file.

Every frame carries `_file` (the file it goes to) besides the file's own columns, all of them text, in the
order of recording. Form files are UTF-8 with a byte order mark; the clerk's and the CRM's are GB18030.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_contracts.playbook import load_playbook
from simulation import notes
from simulation.market import customer_names
from simulation.organisation import OFFICES
from simulation.parameters import STAGES
from simulation.records import ACTIONS, Desk
from simulation.timeline import DAY, KINDS, LOST_EVENT, LOST_REASONS, REOPENED_EVENT, WON_EVENT

Ints = NDArray[np.int64]
PLAYBOOK = load_playbook("fmcg_five_stage")
STAGE_NAMES = [next(s.name.zh for s in PLAYBOOK.stages if s.stage == code) for code in STAGES]
ACTION_NAMES = {a.action: a.name.zh for s in PLAYBOOK.stages for a in s.required_actions}
KIND_NAMES = dict(zip(KINDS, ("上门拜访", "电话沟通", "方案演示", "技术对接", "样品试用", "商务谈判"), strict=True))
STATUS_NAMES = ("已计划", "已完成", "改期", "已取消", "客户爽约")
PAPER_RESULTS = ("已约", "完成", "改约", "取消", "未见到")
MEASURES = ("陪同拜访", "技术支持", "价格支持", "辅导")
EVENT_NAMES = {WON_EVENT: "赢单", LOST_EVENT: "丢单", REOPENED_EVENT: "重新打开"}
# What is attached to a done visit of a kind (by its place in KINDS), and how often.
EVIDENCE = {2: ("反馈表.pdf", 0.75), 3: ("会议纪要.pdf", 0.80), 4: ("试用照片.jpg", 0.75)}

VISITS, STAGE_CHANGES, DEEDS, SIGNINGS, ANSWERS = "拜访记录", "阶段变更", "必做动作", "签约", "主管干预"
DAILY, DAILY_ANSWERS, CRM = "日报汇总", "主管批复汇总", "商机_CRM导出"


class Renderer:
    """Texts of one chunk: identifiers and names once per opportunity, then frames by kind of file."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.opp, self.people = desk, desk.opp, desk.people
        office = desk.people.office[desk.opp.rep]
        self.ids = pl.Series([f"SJ{number + 1:08d}" for number in desk.opp.number], dtype=pl.String)
        self.customers = pl.Series([f"KH{number + 1:08d}" for number in desk.opp.customer], dtype=pl.String)
        self.names = pl.Series(customer_names(desk.p.seed, desk.opp.customer, office), dtype=pl.String)
        self.rep_ids, self.rep_names = pl.Series(desk.people.rep_id), pl.Series(desk.people.name)
        self.start = np.datetime64(desk.p.start, "s")

    def when(self, seconds: Ints, pattern: str) -> pl.Series:
        """Seconds as text by a strftime pattern."""
        moments = pl.Series((self.start + seconds.astype("timedelta64[s]")).astype("datetime64[ms]"))
        return moments.dt.strftime(pattern)

    def at(self, seconds: Ints) -> pl.Series:
        """Form time; blank where negative."""
        return self.blank(self.when(seconds, "%Y-%m-%d %H:%M:%S"), seconds < 0)

    def blank(self, texts: pl.Series, where: NDArray[np.bool_]) -> pl.Series:
        """The texts, blank at some places."""
        return texts.zip_with(pl.Series(~where), pl.Series([""], dtype=pl.String).new_from_index(0, len(texts)))

    def file(self, kind: str, recorded: Ints) -> pl.Series:
        """The monthly file of each row."""
        return kind + self.when(recorded, "_%Y-%m") + ".csv"

    def visits(self, rows: pl.DataFrame) -> pl.DataFrame:
        """拜访记录: one row per report on a visit, form route."""
        c = arrays(rows)
        rng, p = self.desk.rng, self.desk.p.reporting
        n = len(rows)
        ids = visit_ids(self.opp.number[c["opp"]], c["number"])
        done = c["status"] == 1
        office = self.people.office[self.opp.rep[c["opp"]]]
        located = done & (c["kind"] != 1) & (rng.random(n) >= p.missing_position)
        where = np.asarray([(o.latitude, o.longitude) for o in OFFICES])[office] + rng.normal(0, 0.06, (n, 2))
        position = [self.blank(pl.Series(np.round(where[:, k], 5)).cast(pl.String), ~located) for k in range(2)]
        return pl.DataFrame(
            {
                "_file": self.file(VISITS, c["recorded"]),
                "拜访编号": ids,
                "工号": self.rep_ids.gather(c["owner"]),
                "业务员": self.rep_names.gather(c["owner"]),
                "客户编号": self.customers.gather(c["opp"]),
                "客户名称": self.names.gather(c["opp"]),
                "商机编号": self.blank(self.ids.gather(c["opp"]), c["unnamed"]),
                "拜访类型": pl.Series([KIND_NAMES[k] for k in KINDS]).gather(c["kind"]),
                "状态": pl.Series(STATUS_NAMES).gather(c["status"]),
                "计划时间": self.at(c["plan"]),
                "改约至": self.at(c["to"]),
                "发生时间": self.at(c["t"]),
                "纬度": position[0],
                "经度": position[1],
                "备注": self.note(c),
                "附件": self.attachments(c, ids),
                "提交时间": self.at(c["recorded"]),
            }
        )

    def note(self, c: dict[str, NDArray]) -> pl.Series:
        """Notes, with what is hidden told now and then, and sometimes falsely."""
        rng, p = self.desk.rng, self.desk.p.reporting
        n = len(c["opp"])
        rival = (c["status"] == 1) & (rng.random(n) < np.where(c["rival"], p.rival_told, p.rival_told_falsely))
        stall = (c["status"] == 1) & c["stalled"] & (rng.random(n) < p.stall_told)
        return pl.Series(notes.visit_notes(rng, p.note, c["kind"], KINDS, c["status"], rival, stall), dtype=pl.String)

    def attachments(self, c: dict[str, NDArray], ids: pl.Series) -> pl.Series:
        """Files attached to done visits, by kind; ';' between."""
        u = self.desk.rng.random(len(ids))
        names = np.full(len(ids), "", dtype=object)
        done = c["status"] == 1
        for kind, (name, share) in EVIDENCE.items():
            names[done & (c["kind"] == kind) & (u < share)] = name
        photo = done & np.isin(c["kind"], (0, 3, 4)) & ((u * 997) % 1 < 0.35)
        names[photo & (names == "")] = "门头照.jpg"
        both = photo & (names != "") & (names != "门头照.jpg")
        tail = pl.Series(names, dtype=pl.String)
        first = self.blank(ids + "_" + tail, names == "")
        return first + self.blank(";" + ids + "_合影.jpg", ~both)

    def stage_changes(self, rows: pl.DataFrame) -> pl.DataFrame:
        """阶段变更: one row per stage event, form route."""
        c = arrays(rows)
        return pl.DataFrame(
            {
                "_file": self.file(STAGE_CHANGES, c["recorded"]),
                "商机编号": self.ids.gather(c["opp"]),
                "变更类型": _event_names(c["code"]),
                "阶段": self.stage_text(c["code"], c["detail"]),
                "丢单原因": self.reason_text(c["code"], c["detail"]),
                "发生时间": self.at(c["t"]),
                "工号": self.rep_ids.gather(c["owner"]),
                "提交时间": self.at(c["recorded"]),
            }
        )

    def stage_text(self, code: Ints, detail: Ints) -> pl.Series:
        """The stage entered or reopened in; blank for an end."""
        stage = np.where(code == REOPENED_EVENT, detail, np.minimum(code, 4))
        return self.blank(pl.Series(STAGE_NAMES).gather(stage), (code == WON_EVENT) | (code == LOST_EVENT))

    def reason_text(self, code: Ints, detail: Ints) -> pl.Series:
        """Why it was lost."""
        is_lost = code == LOST_EVENT
        return self.blank(pl.Series(LOST_REASONS).gather(np.where(is_lost, detail, 0)), ~is_lost)

    def deeds(self, rows: pl.DataFrame) -> pl.DataFrame:
        """必做动作: one row per required action done or waived, form route."""
        c = arrays(rows)
        supervisors = pl.Series([s[0] for s in self.people.supervisors])
        return pl.DataFrame(
            {
                "_file": self.file(DEEDS, c["recorded"]),
                "商机编号": self.ids.gather(c["opp"]),
                "动作": pl.Series([ACTION_NAMES[a] for a, _, _ in ACTIONS]).gather(c["action"]),
                "完成时间": self.at(c["t"]),
                "证明材料": self.evidence(c),
                "工号": self.rep_ids.gather(c["owner"]),
                "豁免人": self.blank(supervisors.gather(c["team"]), ~c["is_waived"]),
                "提交时间": self.at(c["recorded"]),
            }
        )

    def evidence(self, c: dict[str, NDArray]) -> pl.Series:
        """The name of the file that proves an action."""
        tails = pl.Series([f"_{ACTION_NAMES[a]}.{ending}" for a, _, ending in ACTIONS]).gather(c["action"])
        return self.blank(self.ids.gather(c["opp"]) + tails, ~c["has_evidence"])

    def signings(self, rows: pl.DataFrame) -> pl.DataFrame:
        """签约: one row per contract, form route."""
        c = arrays(rows)
        return pl.DataFrame(
            {
                "_file": self.file(SIGNINGS, c["recorded"]),
                "商机编号": self.ids.gather(c["opp"]),
                "合同编号": self.contracts(c),
                "签约金额": money(c["amount"]),
                "签约时间": self.at(c["t"]),
                "工号": self.rep_ids.gather(c["owner"]),
                "提交时间": self.at(c["recorded"]),
            }
        )

    def contracts(self, c: dict[str, NDArray]) -> pl.Series:
        """Contract numbers; a supplement's ends in -B."""
        main = pl.Series([f"HT{number + 1:08d}" for number in self.opp.number[c["opp"]]], dtype=pl.String)
        return main + self.blank(pl.Series(["-B"]).new_from_index(0, len(main)), c["number"] == 1)

    def answers(self, rows: pl.DataFrame) -> pl.DataFrame:
        """主管干预 (form route): one row per supervisor's answer."""
        c = arrays(rows)
        return pl.DataFrame(
            {
                "_file": self.file(ANSWERS, c["recorded"]),
                "干预编号": _answer_ids(self.opp.number[c["opp"]], c["asked"]),
                "商机编号": self.ids.gather(c["opp"]),
                "主管工号": pl.Series([s[0] for s in self.people.supervisors]).gather(c["team"]),
                "措施": pl.Series(MEASURES).gather(c["measure"]),
                "说明": pl.Series(notes.answer_notes(self.desk.rng, c["measure"]), dtype=pl.String),
                "求助时间": self.at(c["asked"]),
                "干预时间": self.at(c["t"]),
                "提交时间": self.at(c["recorded"]),
            }
        )

    def daily_answers(self, rows: pl.DataFrame) -> pl.DataFrame:
        """主管批复汇总 (paper route): the same, with days only, typed by a clerk."""
        frame = self.answers(rows)
        c = arrays(rows)
        return frame.with_columns(
            _file=self.file(DAILY_ANSWERS, c["recorded"]),
            求助时间=self.when(c["asked"], "%Y/%m/%d"),
            干预时间=self.when(c["t"], "%Y/%m/%d"),
            提交时间=self.when(c["recorded"], "%Y/%m/%d %H:%M"),
        ).rename({"求助时间": "求助日期", "干预时间": "批复日期", "提交时间": "录入时间"})

    def crm(self, rows: pl.DataFrame) -> pl.DataFrame:
        """商机_CRM导出: one row per version, by quarter of the change."""
        c = arrays(rows)
        o, market = self.opp, self.desk.p.market
        offices = pl.Series([office.name for office in OFFICES])
        month = self.when(c["recorded"], "%m").cast(pl.Int32)
        quarter = ((month + 2) // 3).cast(pl.String)
        return pl.DataFrame(
            {
                "_file": CRM + self.when(c["recorded"], "_%Y") + "Q" + quarter + ".csv",
                "商机编号": self.ids.gather(c["opp"]),
                "商机名称": self.names.gather(c["opp"]) + "合作",
                "客户编号": self.customers.gather(c["opp"]),
                "客户名称": self.names.gather(c["opp"]),
                "办事处": offices.gather(self.people.office[o.rep[c["opp"]]]),
                "负责人工号": self.rep_ids.gather(c["owner"]),
                "产品线": pl.Series([row[0] for row in market.products]).gather(o.product[c["opp"]]),
                "渠道": pl.Series([row[0] for row in market.channels]).gather(o.channel[c["opp"]]),
                "线索来源": pl.Series([row[0] for row in market.lead_sources]).gather(o.source[c["opp"]]),
                "预计金额": money(c["amount"]),
                "创建时间": self.when((o.created * DAY + o.created_second)[c["opp"]], "%Y/%m/%d %H:%M:%S"),
                "更新时间": self.when(c["recorded"], "%Y/%m/%d %H:%M:%S"),
            }
        )


def arrays(rows: pl.DataFrame) -> dict[str, NDArray]:
    """The frame's columns as arrays."""
    return {name: rows[name].to_numpy() for name in rows.columns}


def visit_ids(number: Ints, visit: Ints) -> pl.Series:
    """Identifiers of visits: the opportunity's number and the visit's place in it."""
    return "BF" + pl.Series(number + 1).cast(pl.String).str.zfill(8) + pl.Series(visit).cast(pl.String).str.zfill(3)


def _answer_ids(number: Ints, asked: Ints) -> pl.Series:
    day = pl.Series(asked // DAY).cast(pl.String).str.zfill(4)
    return "GY" + pl.Series(number + 1).cast(pl.String).str.zfill(8) + day


def _event_names(code: Ints) -> pl.Series:
    return pl.Series(["进入阶段"] * 5 + [EVENT_NAMES[k] for k in (5, 6, 7)]).gather(code)


def money(amount: NDArray[np.float64]) -> pl.Series:
    """Amounts with two decimals."""
    cents = pl.Series(np.round(amount * 100).astype(np.int64))
    return (cents // 100).cast(pl.String) + "." + (cents % 100).cast(pl.String).str.zfill(2)
