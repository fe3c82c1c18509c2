"""What people write: notes on visits and answers, in the words that reps use, with hints of what is hidden."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Strings = NDArray[np.object_]
BY_KIND = {
    "visit": (
        "拜访客户，了解近期销量和库存", "到店查看陈列，整理货架", "与采购经理沟通新品，态度积极",
        "给客户送样品册和价目表", "客户在忙，聊了二十分钟，约下次详谈", "走访门店，记录竞品铺货情况",
        "见到老板，谈了合作意向", "核对上月对账单，顺便介绍促销方案",
    ),
    "call": (
        "电话沟通，客户表示再看看", "电话确认下次见面时间", "电话跟进，客户要求补充资料", "微信语音沟通了账期问题",
        "电话回访，客户反馈产品动销一般", "电话里介绍了本月政策", "与财务电话核对开票信息",
    ),
    "demo": (
        "方案演示顺利，客户提了几个问题", "演示了动销方案和陈列方案", "演示时负责人不在，由店长代听",
        "演示后客户要求调整首批品项", "讲解了冷链配送方案，客户较认可",
    ),
    "technical_meeting": (
        "技术对接会，确认系统对接和配送要求", "与质检部开技术会，资料齐全", "技术对接：温控和保质期要求已确认",
        "对接会上确定了条码和开票流程",
    ),
    "sample_trial": (
        "样品试用，店员反馈口感不错", "样品上架试销三天", "试吃活动效果较好，走了两箱", "样品试用，客户要再观察一周",
    ),
    "negotiation": (
        "商谈价格和返点，差两个点", "谈账期，客户要求六十天", "谈合同条款，首单数量基本确定",
        "客户要求再降价，已报主管", "谈进场费和堆头费用",
    ),
}  # fmt: skip
PLANNED = ("约好见面", "已和客户约时间", "准备带样品过去", "约了采购一起谈")
MOVED = (
    "客户临时有会，改约", "对方出差，往后推", "客户说这周忙，改到下周", "老板不在，改时间", "天气原因改期",
    "客户要求推迟，等总部消息",
)  # fmt: skip
NOT_HELD = ("客户没接电话", "到店人不在", "客户取消了见面", "打了两次没人接", "爽约，前台说出去了", "微信没回")
RIVALS = ("竞品报价更低", "客户说另一家也在谈", "看到竞品业务员在店里", "客户拿竞品的返点来压价", "对手给了更长账期")
STALLS = (
    "客户说等预算", "要等总部审批，没有时间表", "报价发出去没有反馈", "客户说年底再说", "对方内部换人，事情放下了",
)  # fmt: skip
FORMULAS = (
    "=1+1 客户给的公式", '=HYPERLINK("http://example.invalid","报价")', "+86客户来电",
    "-库存不足，先不进货", "@王经理 跟进",
)  # fmt: skip
SCRIPTS = ("<script>alert(1)</script>", "客户发来<img src=x onerror=alert(1)>", "<b>重点客户</b>")
ANSWERS = (
    ("陪同拜访，见到客户负责人", "周内一起上门拜访"), ("请技术支持一起对接", "安排技术同事补一次对接会"),
    ("特批两个点返利", "批了账期三十天"), ("和业务员复盘，定了下一步", "指导话术，先约见决策人"),
)  # fmt: skip


def visit_notes(
    rng: np.random.Generator,
    share: float,
    kind: NDArray[np.int64],
    kinds: tuple[str, ...],
    status: NDArray[np.int64],
    rival_told: NDArray[np.bool_],
    stall_told: NDArray[np.bool_],
) -> Strings:
    """One note per visit report, "" for none. `status` counts as in records.STATUSES."""
    n = len(kind)
    notes = np.full(n, "", dtype=object)
    pick, written = rng.random(n), rng.random(n) < share
    for number, name in enumerate(kinds):
        _fill(notes, written & (status == 1) & (kind == number), BY_KIND[name], pick)
    _fill(notes, written & (status == 0), PLANNED, pick)
    _fill(notes, written & (status == 2), MOVED, pick)
    _fill(notes, written & (status >= 3), NOT_HELD, pick)
    again = rng.random(n)
    for told, phrases in ((rival_told, RIVALS), (stall_told, STALLS)):
        here = np.flatnonzero(told & written)
        notes[here] = notes[here] + "，" + np.asarray(phrases, dtype=object)[(again[here] * len(phrases)).astype(int)]
    return notes


def answer_notes(rng: np.random.Generator, measure: NDArray[np.int64]) -> Strings:
    """One note per supervisor's answer."""
    notes = np.full(len(measure), "", dtype=object)
    pick = rng.random(len(measure))
    for number, phrases in enumerate(ANSWERS):
        _fill(notes, measure == number, phrases, pick)
    return notes


def _fill(notes: Strings, here: NDArray[np.bool_], phrases: tuple[str, ...], pick: NDArray[np.float64]) -> None:
    notes[here] = np.asarray(phrases, dtype=object)[(pick[here] * len(phrases)).astype(int)]
