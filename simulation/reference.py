"""What headquarters sends besides reports: 组织架构.xlsx, 目标.xlsx and 费用明细.csv."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simulation.organisation import OFFICES, People
from simulation.parameters import REGIONS, Parameters
from simulation.writers import BOM, write_workbook

ORGANISATION, TARGETS, COSTS = "组织架构.xlsx", "目标.xlsx", "费用明细.csv"
ORGANISATION_HEADER = (
    "工号", "姓名", "岗位", "上级工号", "上级姓名", "办事处", "城市", "省份", "大区", "手机号",
    "生效日期", "失效日期", "登记时间",
)  # fmt: skip
TARGET_HEADER = ("期间", "范围", "名称", "目标金额", "下达时间")
COST_HEADER = ("月份", "类别", "项目", "金额", "工时", "渠道", "活动", "大区", "入账时间")


def write_reference(p: Parameters, people: People, inbox: Path) -> dict[str, int]:
    """Write the three files; returns rows by file."""
    return {
        ORGANISATION: write_workbook(inbox / ORGANISATION, _organisation(p, people)),
        TARGETS: write_workbook(inbox / TARGETS, {"季度目标": (TARGET_HEADER, _targets(p, people))}),
        COSTS: _costs(p, people, inbox / COSTS),
    }


def _organisation(p: Parameters, people: People) -> dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    """One sheet per region. A changed team is two rows, the first valid until the second begins."""
    since, known = date(2024, 1, 1), f"{p.start - timedelta(days=7)} 09:00:00"
    manager = {region: (code, name) for code, name, region in people.managers}
    sheets: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {}
    for region in REGIONS:
        code, name = manager[region]
        rows: list[tuple[Any, ...]] = [(code, name, "大区经理", "", "", "", "", "", region, "", str(since), "", known)]
        for team_id, team_name, at in people.supervisors:
            office = OFFICES[at]
            if office.region == region:
                place = (office.name, office.city, office.province, region)
                rows.append((team_id, team_name, "主管", code, name, *place, "", str(since), "", known))
        for rep in np.flatnonzero([OFFICES[o].region == region for o in people.office]):
            office = OFFICES[people.office[rep]]
            moved, left = _day(p, people.moves[rep]), _day(p, people.leaves[rep])
            spans = [(since, moved or left, people.supervisor[rep], known)]
            if moved is not None:
                spans.append((moved, None, people.next_supervisor[rep], f"{moved} 09:00:00"))
            for begin, end, team, told in spans:
                team_id, team_name, _ = people.supervisors[team]
                rows.append(
                    (
                        people.rep_id[rep],
                        people.name[rep],
                        "业务员",
                        team_id,
                        team_name,
                        office.name,
                        office.city,
                        office.province,
                        region,
                        people.phone[rep],
                        str(begin),
                        str(end or ""),
                        told,
                    )
                )
        sheets[region] = (ORGANISATION_HEADER, rows)
    return sheets


def _day(p: Parameters, number: int) -> date | None:
    return None if number < 0 else p.start + timedelta(int(number))


def _targets(p: Parameters, people: People) -> list[tuple[Any, ...]]:
    """Quarterly targets: what the plan expects to be signed, stretched, rounded to 10,000 CNY. A quarter's signings
    come of the leads since a month before it, so the first quarter's target is lower."""
    m = p.market
    channel = sum(row[1] * row[3] for row in m.channels)
    product = sum(row[1] * row[3] for row in m.products)
    mean = m.signed_share * m.amount_median * float(np.exp(m.amount_sigma**2 / 2)) * channel * product
    per_office = np.bincount(people.office, weights=people.leads, minlength=len(OFFICES)) / (p.days / 365)
    luck = np.random.default_rng(np.random.SeedSequence(p.seed, spawn_key=(1,))).normal(1, 0.05, len(OFFICES))
    rows: list[tuple[Any, ...]] = []
    for first in _quarters(p):
        season = sum(p.season.leads_by_month[(first.month - 1 + k - 1) % 12] for k in range(3)) / 12
        ramp = 0.42 if first == p.start.replace(day=1) else 1.0
        told = f"{first - timedelta(days=5)} 18:00:00"
        period = f"{first.year}-Q{(first.month + 2) // 3}"
        plan = per_office * season * ramp * m.planned_conversion * mean * m.target_stretch * luck
        amounts = np.maximum(np.round(plan / 10_000), 1) * 10_000
        city = {OFFICES[k].city: float(a) for k, a in enumerate(amounts)}
        region = {r: sum(city[o.city] for o in OFFICES if o.region == r) for r in REGIONS}
        rows.append((period, "公司", "", sum(region.values()), told))
        rows += [(period, "大区", name, amount, told) for name, amount in region.items()]
        rows += [(period, "城市", name, amount, told) for name, amount in city.items()]
    return rows


def _quarters(p: Parameters) -> list[date]:
    months = _months(p)
    return sorted({month.replace(month=(month.month - 1) // 3 * 3 + 1) for month in months})


def _months(p: Parameters) -> list[date]:
    months, month = [], p.start.replace(day=1)
    while month <= p.end:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def _costs(p: Parameters, people: People, path: Path) -> int:
    """Monthly: what the programme costs, and marketing spend by lead source and region. Booked at the month's end."""
    m = p.market
    rng = np.random.default_rng(np.random.SeedSequence(p.seed, spawn_key=(2,)))
    leads = np.bincount(people.office, weights=people.leads, minlength=len(OFFICES)) / (p.days / 365)
    lines = [",".join(COST_HEADER)]
    for month in _months(p):
        last = month.replace(day=monthrange(month.year, month.month)[1])
        booked = f"{last + timedelta(days=1)} 00:00:00"
        label = f"{month:%Y-%m}"
        scale = max(p.factor, 0.05)
        for item, amount, hours in (
            ("平台运维与服务器", 12_000, 0),
            ("数据专员", 26_000, 160),
            ("培训与推广", 9_000 if month.month % 3 == 1 else 2_000, 40),
        ):
            lines.append(f"{label},项目投入,{item},{amount * scale:.2f},{hours * scale:g},,,,{booked}")
        season = p.season.leads_by_month[month.month - 1] / 12
        for source, share, _, spend in m.lead_sources:
            if not spend:
                continue
            for region in REGIONS:
                count = leads[[o.region == region for o in OFFICES]].sum() * season * share
                amount = count * spend * rng.normal(1, 0.06)
                campaign = f"{month.year}年{month.month}月{source}"
                lines.append(f"{label},市场投放,{source}投放,{amount:.2f},,{source},{campaign},{region},{booked}")
    path.write_bytes(BOM + ("\n".join(lines) + "\n").encode("utf-8"))
    return len(lines) - 1
